/*
 * Who may read a lake: its owner, and in blocks/ one group (block_file.c).
 *
 * A folder that is closed (0700) closes all that is in it.  Only where the
 * group may pass through it (2710) the names inside are looked at, each of
 * them, so that no list of them has to be kept.
 */
#include "app/app_inside.h"

#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fileio.h"

static enum err
modes_refuse(struct cx *cx, const char *path, const char *mode)
{
	return fail(cx, E_CONF, "%s may be used by others than its owner: type "
	    "chmod %s %s", path, mode, path);
}

static enum err
name_check(struct cx *cx, const char *name, void *dir)
{
	const char		*path = str_printf(cx->mem, "%s/%s",
	    (const char *)dir, name).p;
	bool			 blocks = strcmp(name, "blocks") == 0, there;
	struct file_owner	 own;
	enum err		 e;

	if ((e = file_owner(cx, path, &own, &there)) != OK || !there)
		return e;
	return (own.mode & (blocks ? 027 : 077)) == 0 ? OK :
	    modes_refuse(cx, path, blocks ? "g-w,o=" : "go=");
}

enum err
modes_check(struct cx *cx, const char *dir)
{
	struct file_owner	own, blocks = { .mode = 0 };
	enum err		e;
	bool			there;

	if (fault_skip("LAKE_MODES"))
		return OK;
	if ((e = file_owner(cx, dir, &own, &there)) != OK || !there)
		return e;
	if ((own.mode & 067) != 0) {
		if ((e = file_owner(cx, str_printf(cx->mem, "%s/blocks",
		    dir).p, &blocks, &there)) != OK)
			return e;
		return modes_refuse(cx, dir, (blocks.mode & 02050) == 02050 ?
		    "2710" : "700");
	}
	return (own.mode & 010) == 0 ? OK :
	    file_each(cx, dir, name_check, (void *)(uintptr_t)dir);
}

enum err
modes_check_new(struct cx *cx, const char *dir)
{
	struct file_owner	own;
	enum err		e;
	bool			there;

	if ((e = file_owner(cx, dir, &own, &there)) != OK || !there)
		return e;
	if (own.user != geteuid() && !fault_skip("LAKE_OWNER"))
		return fail(cx, E_CONF, "%s belongs to another user: make the "
		    "lake as that user", dir);
	return modes_check(cx, dir);
}

enum err
modes_check_key(struct cx *cx, const char *path)
{
	struct file_owner	own;
	enum err		e;
	bool			there;

	if ((e = file_owner(cx, path, &own, &there)) != OK || !there ||
	    (own.mode & 027) == 0 || fault_skip("KEY_MODES"))
		return e;
	return modes_refuse(cx, path, "g-w,o=");
}
