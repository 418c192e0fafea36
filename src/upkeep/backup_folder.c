/* The folder of a backup. */
#include "upkeep/backup_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/fileio.h"

#define FORM_NAME	"lakegate-backup"
#define FORM_FIRST	"lakegate backup 1\nlake "

enum { FORM_MOST = 200 };

static const char *
backup_folder_in(struct cx *cx, const char *dir, const char *name)
{
	return str_printf(cx->mem, "%s/%s", dir, name).p;
}

/* The path without links, and a slash behind it. */
static enum err
backup_folder_real(struct cx *cx, const char *path, struct str *out)
{
	char	*real = realpath(path, NULL);

	if (real == NULL)
		return fail(cx, E_STORE, "%s: %s", path, strerror(errno));
	*out = str_printf(cx->mem, "%s/", real);
	free(real);
	return OK;
}

enum err
backup_folder_apart(struct cx *cx, const char *lake, const char *backup)
{
	struct str	a, b;
	enum err	e;

	if ((e = backup_folder_real(cx, lake, &a)) != OK ||
	    (e = backup_folder_real(cx, backup, &b)) != OK)
		return e;
	if ((!str_starts(a, b) && !str_starts(b, a)) ||
	    fault_skip("BACKUP_APART"))
		return OK;
	return fail(cx, E_CONF, "the lake %s and the backup %s lie in each "
	    "other: give another folder, best on another disk", lake, backup);
}

enum err
backup_folder_read(struct cx *cx, const char *dir, struct uid *lake,
    bool *is_backup)
{
	const char	*path = backup_folder_in(cx, dir, FORM_NAME);
	char		*p = arena_get(cx->mem, FORM_MOST);
	struct str	 text = { p, 0 }, first = STR(FORM_FIRST);
	enum err	 e;
	int		 fd;

	*is_backup = file_is_plain(path);
	if (!*is_backup)
		return OK;
	if ((e = file_open(cx, path, &fd)) != OK)
		return e;
	e = file_pread(cx, fd, p, FORM_MOST, 0, &text.n);
	file_close(fd);
	if (e != OK)
		return e;
	if (!str_starts(text, first) || text.n < first.n + 32 ||
	    !enc_unhex(str_to(str_from(text, first.n), 32), lake->b,
	    sizeof lake->b))
		return fail(cx, E_CONF, "%s is not a form of backups that this "
		    "program knows", path);
	return OK;
}

/* What an empty folder may have; the lock is that of a first backup, killed. */
static enum err
backup_folder_name(struct cx *cx, const char *name, void *dir)
{
	if (strcmp(name, "lock") == 0 || strcmp(name, "lost+found") == 0)
		return OK;
	return fail(cx, E_CONF, "%s has other things in it, and is no backup: "
	    "give a folder that is empty, or not there", (const char *)dir);
}

static enum err
backup_folder_modes(struct cx *cx, const char *dir)
{
	struct file_owner	own;
	enum err		e;
	bool			there;

	if ((e = file_owner(cx, dir, &own, &there)) != OK)
		return e;
	if (own.user != geteuid() && !fault_skip("BACKUP_OWNER"))
		return fail(cx, E_CONF, "%s belongs to another user than the "
		    "lake: a backup is its owner's", dir);
	if ((own.mode & 077) != 0 && !fault_skip("BACKUP_MODES"))
		return fail(cx, E_CONF, "%s may be used by others than its "
		    "owner: type chmod 700 %s", dir, dir);
	return OK;
}

/* Is it a backup of this lake, or free to become one? */
static enum err
backup_folder_check(struct cx *cx, const char *dir, const struct uid *id,
    bool *is_backup)
{
	struct uid	other;
	enum err	e;

	if ((e = backup_folder_modes(cx, dir)) != OK ||
	    (e = backup_folder_read(cx, dir, &other, is_backup)) != OK)
		return e;
	if (!*is_backup && !fault_skip("BACKUP_FOREIGN"))
		return file_each(cx, dir, backup_folder_name,
		    (void *)(uintptr_t)dir);
	if (*is_backup && !uid_is(&other, id) && !fault_skip("BACKUP_OTHER"))
		return fail(cx, E_CONF, "%s is the backup of another lake: "
		    "give another folder", dir);
	return OK;
}

static enum err
backup_folder_mark(struct cx *cx, const char *dir, const struct uid *id)
{
	char	hex[33];

	enc_hex(hex, id->b, sizeof id->b);
	return file_replace(cx, dir, FORM_NAME, str_printf(cx->mem,
	    FORM_FIRST "%s\n", hex));
}

enum err
backup_folder_lock(struct cx *cx, const char *dir, int *lock)
{
	enum err	e;

	*lock = -1;
	if (!file_is_writable(dir))
		return OK;
	if ((e = file_lock_open(cx, backup_folder_in(cx, dir, "lock"),
	    lock)) != OK)
		return e;
	if (file_try_lock(*lock) || fault_skip("BACKUP_ONE"))
		return OK;
	file_close(*lock);
	*lock = -1;
	return fail(cx, E_BUSY, "another backup or restore uses %s", dir);
}

enum err
backup_folder_take(struct cx *cx, const char *dir, const char *lake,
    const struct uid *id, int *lock)
{
	enum err	e;
	bool		was_there = file_exists(dir), is_backup;

	*lock = -1;
	if ((e = file_make_dir(cx, dir)) != OK)
		return e;
	if ((e = backup_folder_apart(cx, lake, dir)) != OK) {
		if (!was_there)
			file_remove_dir(dir);
		return e;
	}
	/* Looked at once more under the lock: another may have begun. */
	if ((e = backup_folder_check(cx, dir, id, &is_backup)) != OK ||
	    (e = backup_folder_lock(cx, dir, lock)) != OK ||
	    (e = backup_folder_check(cx, dir, id, &is_backup)) != OK)
		return e;
	return is_backup ? OK : backup_folder_mark(cx, dir, id);
}
