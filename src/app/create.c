/*
 * Making a lake, new or of a backup: whole, or not at all.
 *
 * meta.db gets its name last, when it has the first key and this key has been
 * told, or when all is there that the backup names: a folder with a meta.db is
 * a lake that somebody can use.  The database is made in a folder of its own,
 * init.new, or in restore.new.  What fails is undone; what was killed leaves
 * nothing that a second run does not take over.
 */
#include "app/app_inside.h"

#include <string.h>

#include "auth/auth.h"
#include "base/fault.h"
#include "base/filecopy.h"
#include "base/fileio.h"
#include "base/metric.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"
#include "upkeep/upkeep.h"

/* What a lake has beside its database and its master key. */
enum { PARTS = 5 };
static const char *const	parts[PARTS] = { "blocks", "tmp", "writer.lock",
    "queue.lock", "metrics" };

struct making {
	const struct conf	*conf;
	const struct app_first	*first;
	struct restore_opts	*restore;	/* or NULL: a new lake */
	struct restore_report	*restored;
	const char		*dir, *draft, *master;
	bool			 had_dir, had_master, had[PARTS];
	struct file_owner	 was;	/* the folder, when it was there */
	int			 lock;
};

static const char *
in(struct cx *cx, const struct making *m, const char *name)
{
	return str_printf(cx->mem, "%s/%s", m->dir, name).p;
}

/* Where locks do not work between processes, no lake. */
static enum err
lock_take(struct cx *cx, struct making *m)
{
	const char	*path = in(cx, m, "writer.lock");
	enum err	 e;
	int		 other;
	bool		 works;

	if ((e = file_lock_open(cx, path, &m->lock)) != OK)
		return e;
	if (!file_try_lock(m->lock))
		return fail(cx, E_CONF, "another process works in %s", m->dir);
	if ((e = file_lock_open(cx, path, &other)) != OK)
		return e;
	works = !file_try_lock(other);
	file_close(other);
	return works ? OK : fail(cx, E_CONF, "%s: file locks do not work "
	    "here; a lake must lie on a local disk", m->dir);
}

/* What may be in a folder that a backup is restored into. */
static enum err
empty_name(struct cx *cx, const char *name, void *arg)
{
	static const char *const	may[] = { "lost+found", "master.key",
	    "writer.lock" };
	const struct making		*m = arg;
	size_t				 i;

	for (i = 0; i < sizeof may / sizeof may[0]; i++)
		if (strcmp(name, may[i]) == 0)
			return OK;
	return fail(cx, E_CONF, "%s has other things in it (%s): a backup is "
	    "restored into a folder that is empty, or not there", m->dir,
	    name);
}

/* A folder that is empty, or that a restore which was killed has begun: then
 * nothing in it is anybody else's. */
static enum err
restore_begin(struct cx *cx, struct making *m)
{
	size_t	i;

	for (i = 0; i < PARTS; i++)
		m->had[i] = false;
	return m->had_dir && !file_exists(m->draft) &&
	    !fault_skip("RESTORE_EMPTY") ? file_each(cx, m->dir, empty_name,
	    m) : OK;
}

/* The folder, ours alone from here on. */
static enum err
begin(struct cx *cx, struct making *m)
{
	enum err	e;
	size_t		i;

	m->lock = -1;
	m->draft = in(cx, m, m->restore != NULL ? "restore.new" : "init.new");
	if ((e = modes_check_new(cx, m->dir)) != OK ||
	    (e = file_owner(cx, m->dir, &m->was, &m->had_dir)) != OK)
		return e;
	for (i = 0; i < PARTS; i++)
		m->had[i] = file_exists(in(cx, m, parts[i]));
	if ((m->restore != NULL && (e = restore_begin(cx, m)) != OK) ||
	    (e = file_make_dir(cx, m->dir)) != OK)
		return e;
	if ((e = lock_take(cx, m)) != OK) {
		if (!m->had_dir)
			file_remove_dir(m->dir);
		return e;
	}
	if (file_exists(in(cx, m, "meta.db")))
		return fail(cx, E_CONF, "%s is a lake already", m->dir);
	m->had_master = file_exists(m->master);
	return m->restore != NULL ? OK : file_remove_tree(cx, m->draft);
}

static const char *
master_new(struct cx *cx, const char *master)
{
	return str_printf(cx->mem, "%s.new", master).p;
}

/* Leave the folder as it was found. */
static void
undo(struct cx *cx, const struct making *m)
{
	struct cx	aside = cx_aside(cx);
	size_t		i;

	if (!m->had_master) {
		file_unlink(&aside, m->master);
		file_unlink(&aside, master_new(cx, m->master));
	}
	file_remove_tree(&aside, m->had_dir ? m->draft : m->dir);
	if (!m->had_dir)
		return;
	file_unlink(&aside, in(cx, m, "meta.db"));
	for (i = 0; i < PARTS; i++)
		if (!m->had[i])
			file_remove_tree(&aside, in(cx, m, parts[i]));
	file_share_dir(&aside, m->dir, m->was.group, m->was.mode);
}

static enum err
make_key(struct cx *cx, const struct making *m, struct kv *kv,
    struct cred_key *key)
{
	const struct app_first	*f = m->first;
	struct auth_opts	 opt = { m->master, m->conf->session };
	struct auth		*a;
	enum err		 e;

	if ((e = auth_open(cx, kv, &opt, &a)) != OK)
		return e;
	if (!f->none)
		e = cred_key_create_first(cx, a, f->user, f->id, f->secret,
		    key);
	auth_close(a);
	return e;
}

static enum err
draft_clear(struct cx *cx, const char *name, void *draft)
{
	return file_remove_tree(cx, str_printf(cx->mem, "%s/%s",
	    (const char *)draft, name).p);
}

static enum err
create_restored(struct cx *cx, const struct making *m, struct block *block)
{
	struct restore_opts	*opt = m->restore;
	enum err		 e;

	opt->lake = m->dir;
	opt->draft = m->draft;
	/* All but the folder's name is of a restore that was killed. */
	return (e = file_each(cx, m->draft, draft_clear, (void *)(uintptr_t)
	    m->draft)) != OK ? e : restore_run(cx, block, opt, m->restored);
}

static enum err
new_database(struct cx *cx, const struct making *m, struct block *block,
    struct cred_key *key)
{
	struct kv_sqlite_opts	 opt = { .create = true };
	struct engine_opts	 o;
	struct engine		*eng;
	struct kv		*kv;
	enum err		 e;

	if ((e = kv_sqlite_open(cx, m->draft, &opt, &kv)) != OK)
		return e;
	engine_defaults(&o);
	eng = engine_open(kv, block, &o);
	if ((e = engine_init(cx, eng)) == OK)
		e = make_key(cx, m, kv, key);
	engine_close(eng);
	kv_close(kv);
	return e;
}

/* The database, complete and closed, under its temporary name. */
static enum err
make_database(struct cx *cx, const struct making *m, struct block *block,
    struct cred_key *key)
{
	enum err	e;

	e = m->restore != NULL ? create_restored(cx, m, block) :
	    new_database(cx, m, block, key);
	/* SQLite says nothing when it cannot move its log into the file. */
	if (e == OK && file_exists(str_printf(cx->mem, "%s/meta.db-wal",
	    m->draft).p))
		return fail(cx, E_DISK_FULL, "the database in %s cannot be "
		    "completed", m->draft);
	return e;
}

/* The backup's, where it has one; both, of a rekey that was interrupted. */
static enum err
restore_master(struct cx *cx, const struct making *m)
{
	const char	*from = str_printf(cx->mem, "%s/master.key",
	    m->restore->from).p;
	struct filecopy	 fc = { .no_clone = true, .draft = in(cx, m,
	    "restore.new/key") };
	enum err	 e;

	if (!file_exists(from))
		return OK;
	if ((e = filecopy_make(cx, &fc, from, m->master)) != OK ||
	    !file_exists(master_new(cx, from)))
		return e;
	return filecopy_make(cx, &fc, master_new(cx, from),
	    master_new(cx, m->master));
}

static enum err
make_master(struct cx *cx, const struct making *m)
{
	if (m->had_master)
		return OK;
	return m->restore != NULL ? restore_master(cx, m) :
	    master_make(cx, m->master);
}

static enum err
make_parts(struct cx *cx, const struct making *m, const unsigned *group,
    struct cred_key *key)
{
	struct block	*block = NULL;
	enum err	 e;
	int		 queue;

	/* The audit log may lie in the folder; one that is restored into stays
	 * empty of what is not of the restore. */
	if ((e = file_make_dir(cx, m->draft)) != OK || (m->restore == NULL &&
	    (e = app_audit_open(cx, m->conf)) != OK) ||
	    (e = make_master(cx, m)) != OK ||
	    (e = modes_check_key(cx, m->master)) != OK ||
	    (e = app_metrics_open(cx, in(cx, m, "metrics"))) != OK ||
	    (e = file_lock_open(cx, in(cx, m, "queue.lock"),
	    &queue)) != OK)
		return e;
	file_close(queue);
	if ((e = block_file_open(cx, m->dir, true, &block)) != OK)
		return e;
	e = make_database(cx, m, block, key);
	block_close(block);
	return e != OK || group == NULL ? e :
	    block_file_share(cx, m->dir, *group);
}

static enum err
create_make(struct cx *cx, const struct making *m, const unsigned *group)
{
	struct cred_key	key = { .created = 0 };
	enum err	e;

	if ((e = make_parts(cx, m, group, &key)) != OK ||
	    (m->first != NULL && !m->first->none &&
	    (e = m->first->tell(cx, &key)) != OK) ||
	    (e = file_sync_dir(cx, m->dir)) != OK ||
	    (e = file_rename(cx, str_printf(cx->mem, "%s/meta.db",
	    m->draft).p, in(cx, m, "meta.db"))) != OK ||
	    (e = file_sync_dir(cx, m->dir)) != OK)
		return e;
	/* It is a lake from here on. */
	return file_remove_tree(cx, m->draft);
}

/* Begun, and made or undone. */
static enum err
make_or_undo(struct cx *cx, struct making *m, const unsigned *group)
{
	enum err	e;

	m->dir = str_z(cx->mem, m->conf->lake);
	m->master = str_z(cx->mem, app_master_path(cx, m->conf));
	if ((e = begin(cx, m)) == OK && (e = create_make(cx, m, group)) != OK &&
	    !fault_skip("INIT_UNDO"))
		undo(cx, m);
	file_close(m->lock);
	return e;
}

enum err
app_create(struct cx *cx, const struct conf *c, const unsigned *group,
    const struct app_first *first)
{
	struct making	m = { .conf = c, .first = first, .lock = -1 };
	enum err	e;

	if (c->lake.n == 0)
		return fail(cx, E_CONF, "which folder? lakegate init DIR");
	if ((e = cred_key_check(cx, first->user, first->id, first->secret)) !=
	    OK)
		return e;
	return make_or_undo(cx, &m, group);
}

enum err
app_restore(struct cx *cx, const struct conf *c, struct restore_opts *opt,
    struct restore_report *out)
{
	struct making	m = { .conf = c, .restore = opt, .restored = out,
	    .lock = -1 };
	enum err	e;

	if (c->lake.n == 0)
		return fail(cx, E_CONF, "into which folder? lakegate --lake "
		    "NEW restore DIR");
	if ((e = restore_check(cx, opt->from, str_z(cx->mem, c->lake))) != OK)
		return e;
	if ((e = make_or_undo(cx, &m, opt->group)) != OK)
		return e;
	return app_audit_open(cx, c);
}
