/* A backup of the lake, while it is in use: DESIGN 2, its steps in order. */
#include "upkeep/upkeep.h"

#include <string.h>

#include "base/fault.h"
#include "base/filecopy.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "base/limit.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/backup_folder.h"
#include "upkeep/backup_sum.h"
#include "upkeep/bloom.h"
#include "upkeep/lease.h"
#include "upkeep/mark.h"

enum { LOG_LEAST = 16 * LIMIT_UNIT_MIB };

struct backup {
	struct engine			*eng;	/* the lake's */
	const struct backup_opts	*opt;
	struct backup_report		*r;
	struct uid			 id;	/* of the lake */
	int				 lock, lease;
	struct block			*block;	/* of the backup */
	struct bloom			 named;	/* blocks of the copy */
	struct filecopy			 fc;
};

static const char *
backup_in(struct cx *cx, const char *dir, const char *name)
{
	return str_printf(cx->mem, "%s/%s", dir, name).p;
}

/* Points at which tests stop it, or kill it. */
static enum err
backup_point(struct cx *cx, const char *point)
{
	return fault(point) ? fail(cx, E_DISK_FULL, "stopped by a test") : OK;
}

/* ---- before anything is written ---------------------------------------- */

static enum err
backup_id_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uid	*id = arg;	/* a new one, for a lake without */
	struct str	 v;
	enum err	 e;
	bool		 there;

	if ((e = kv_find(cx, tx, key_lake(), &v, &there)) != OK)
		return e;
	if (!there)
		return kv_put_bytes(cx, tx, key_lake(), uid_str(id));
	if (v.n != sizeof *id)
		return fail(cx, E_CORRUPT, "the id of the lake cannot be read");
	memcpy(id->b, v.p, sizeof *id);
	return OK;
}

/* Written by the first backup; the others wait for no writer. */
static enum err
backup_id(struct cx *cx, struct backup *b)
{
	struct str	v;
	enum err	e;
	bool		there;

	if ((e = kv_get(cx, b->eng->kv, key_lake(), &v, &there)) != OK)
		return e;
	if (there && v.n == sizeof b->id) {
		memcpy(b->id.b, v.p, sizeof b->id);
		return OK;
	}
	ident_random(b->id.b, sizeof b->id.b);
	return kv_write(cx, b->eng->kv, backup_id_fn, &b->id);
}

struct backup_sum {
	struct backup	*b;
	uint64_t	 n, bytes;
};

static enum err
backup_sum_block(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct backup_sum	*s = arg;

	s->n++;
	if (!file_is_plain(block_path(cx, s->b->block, id).p))
		s->bytes += size;
	return OK;
}

static enum err
backup_room_on(struct cx *cx, const char *where, uint64_t need, uint64_t keep,
    const char *what)
{
	uint64_t	bytes;
	enum err	e;

	if ((e = file_free_space(cx, where, &bytes)) != OK)
		return e;
	if ((bytes >= keep && bytes - keep >= need) ||
	    fault_skip("BACKUP_ROOM"))
		return OK;
	return fail(cx, E_DISK_FULL, "%s: %llu bytes are needed for %s, and "
	    "%llu are free%s", where, (unsigned long long)need, what,
	    (unsigned long long)(bytes > keep ? bytes - keep : 0), keep > 0 ?
	    " above the setting reserve" : "");
}

/* What it would take at most.  Also makes the filter, for that many blocks. */
static enum err
backup_room(struct cx *cx, struct backup *b)
{
	const struct backup_opts	*opt = b->opt;
	struct backup_sum		 s = { b, 0, 0 };
	uint64_t			 db, log, growth;
	enum err			 e;
	bool				 near, there;

	if ((e = block_each(cx, b->eng->block, backup_sum_block, &s)) != OK ||
	    (e = file_size(cx, backup_in(cx, opt->lake, "meta.db"), &db,
	    &there)) != OK ||
	    (e = file_size(cx, backup_in(cx, opt->lake, "meta.db-wal"), &log,
	    &there)) != OK)
		return e;
	bloom_open(&b->named, s.n);
	near = file_same_disk(opt->lake, opt->to);
	growth = db / 4 > LOG_LEAST ? db / 4 : LOG_LEAST;
	if ((e = backup_room_on(cx, opt->lake, growth + (near ? db + log : 0),
	    opt->reserve, "the log of the database, which grows by what is "
	    "written meanwhile")) != OK)
		return e;
	return near ? OK : backup_room_on(cx, opt->to, db + log + s.bytes, 0,
	    "the backup");
}

/* ---- 1: the database, and the key -------------------------------------- */

static void
backup_told(void *arg, uint64_t done, uint64_t total)
{
	const struct backup	*b = arg;

	if (b->opt->progress != NULL)
		b->opt->progress(b->opt->arg, "copying database", done, total);
}

/* Beside the one that is there, until the new database has its name. */
static enum err
backup_key(struct cx *cx, struct backup *b)
{
	struct filecopy	fc = { .draft = backup_in(cx, b->opt->to, "new/key"),
	    .no_clone = true };
	const char	*there = backup_in(cx, b->opt->to, "master.key");
	struct str	old = STR(""), key;
	enum err	e;

	b->r->two_keys = file_exists(str_printf(cx->mem, "%s.new",
	    b->opt->master).p);
	if ((e = file_read_all(cx, b->opt->master, 100, &key)) != OK ||
	    (file_exists(there) &&
	    (e = file_read_all(cx, there, 100, &old)) != OK))
		return e;
	b->r->old_key = old.n > 0 && !str_is(old, key);
	if (!b->opt->with_key)
		return OK;
	if (b->r->two_keys)
		return fail(cx, E_CONF, "a rekey was interrupted, so there are "
		    "two master keys: run `lakegate rekey` to its end first");
	b->r->old_key = false;
	return str_is(old, key) ? OK : filecopy_make(cx, &fc, b->opt->master,
	    backup_in(cx, b->opt->to, "master.key.new"));
}

static enum err
backup_database(struct cx *cx, struct backup *b)
{
	const char	*draft = backup_in(cx, b->opt->to, "new");
	enum err	 e;
	int		 rekey;
	bool		 there;

	if ((e = file_remove_tree(cx, draft)) != OK ||
	    (e = file_make_dir(cx, draft)) != OK ||
	    (e = file_lock_open(cx, b->opt->rekey, &rekey)) != OK)
		return e;
	if (!file_try_lock(rekey) && !fault_skip("BACKUP_REKEY"))
		e = fail(cx, E_BUSY, "a `lakegate rekey` is under way: try "
		    "again when it is done");
	if (e == OK && (e = kv_copy(cx, b->eng->kv, draft, backup_told,
	    b)) == OK)
		e = backup_key(cx, b);
	file_close(rekey);
	if (e != OK || (e = backup_point(cx, "backup.copied")) != OK)
		return e;
	return file_size(cx, backup_in(cx, draft, "meta.db"), &b->r->database,
	    &there);
}

/* ---- 2: what it names -------------------------------------------------- */

static enum err
backup_on_missing(struct cx *cx, struct mark *m)
{
	((struct backup *)m->arg)->r->damaged++;
	cx_forget(cx);
	return OK;
}

/* A file, and no link, that has all that is named. */
static enum err
backup_has(struct cx *cx, const char *path, uint64_t least, bool *has)
{
	uint64_t	size;
	enum err	e;

	*has = file_is_plain(path);
	if (!*has)
		return OK;
	if ((e = file_size(cx, path, &size, has)) == OK)
		*has = *has && size >= least;
	return e;
}

static enum err
backup_block(struct cx *cx, struct backup *b, const struct entry_extent *x)
{
	const char	*to = block_path(cx, b->block, &x->block).p;
	const char	*from = block_path(cx, b->eng->block, &x->block).p;
	enum err	 e;
	bool		 has;

	bloom_add(&b->named, &x->block);
	if ((e = backup_has(cx, to, x->off + x->len, &has)) != OK || has)
		return e;
	if ((e = backup_has(cx, from, x->off + x->len, &has)) != OK)
		return e;
	if (!has) {
		b->r->damaged++;
		return OK;
	}
	if ((e = backup_point(cx, "backup.block")) != OK)
		return e;
	b->r->fresh++;
	return filecopy_make(cx, &b->fc, from, to);
}

static enum err
backup_entry(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct arena_mark	back = arena_mark(cx->mem);
	enum err		e = OK;
	size_t			i;

	(void)path;
	for (i = 0; e == OK && i < en->n_extents; i++)
		if (block_id_is_file(&en->extents[i].block))
			e = backup_block(cx, m->arg, &en->extents[i]);
	arena_back(cx->mem, back);
	return e;
}

static enum err
backup_walk(struct cx *cx, struct backup *b, struct engine *copy)
{
	struct mark	m;
	enum err	e;

	mark_init(&m, copy);
	m.arg = b;
	m.entry = backup_entry;
	m.on_missing = backup_on_missing;
	m.progress = b->opt->progress;
	m.progress_arg = b->opt->arg;
	e = mark_roots(cx, &m);
	mark_release(&m);
	return e;
}

/* Every root of the copy, which nobody else knows yet. */
static enum err
backup_blocks(struct cx *cx, struct backup *b)
{
	const struct kv_sqlite_opts	 opt = { .relaxed = true };
	struct engine_opts		 o;
	struct engine			*copy;
	struct kv			*kv;
	enum err			 e;

	if ((e = kv_sqlite_open(cx, backup_in(cx, b->opt->to, "new"), &opt,
	    &kv)) != OK)
		return e;
	engine_defaults(&o);
	copy = engine_open(kv, b->block, &o);
	e = backup_walk(cx, b, copy);
	engine_close(copy);
	kv_close(kv);
	if (e != OK || b->r->damaged == 0 ||
	    !file_exists(backup_in(cx, b->opt->to, "meta.db")) ||
	    fault_skip("BACKUP_DAMAGED"))
		return e;
	return fail(cx, E_CORRUPT, "%llu things that the lake names are "
	    "missing: the backup in %s is left as it was.  See `lakegate "
	    "fsck`; a backup into a new folder takes what there is",
	    (unsigned long long)b->r->damaged, b->opt->to);
}

/* ---- 3 and 4: its name, and what lost its own --------------------------- */

static enum err
backup_sync(struct cx *cx, struct backup *b)
{
	struct arena_mark	back;
	struct uid		id = { { 0 } };
	const char		*db = backup_in(cx, b->opt->to, "new/meta.db");
	enum err		e;
	unsigned		i;
	int			fd;

	if (file_exists(backup_in(cx, b->opt->to, "new/meta.db-wal")))
		return fail(cx, E_DISK_FULL, "the copy of the database in %s "
		    "cannot be completed", b->opt->to);
	if ((e = file_open(cx, db, &fd)) != OK)
		return e;
	e = file_sync(cx, fd);
	file_close(fd);
	for (i = 0; e == OK && b->r->fresh > 0 && i < 256; i++) {
		back = arena_mark(cx->mem);
		id.b[sizeof id.b - 1] = (unsigned char)i;
		e = file_sync_dir(cx, str_printf(cx->mem, "%s/blocks/%02x",
		    b->opt->to, i).p);
		arena_back(cx->mem, back);
	}
	return e;
}

static enum err
backup_name(struct cx *cx, struct backup *b)
{
	const char	*to = b->opt->to;
	const char	*key = backup_in(cx, to, "master.key.new");
	enum err	 e;

	if ((e = backup_point(cx, "backup.whole")) != OK ||
	    (e = backup_sum_put(cx, to)) != OK ||
	    (e = file_sync_dir(cx, to)) != OK ||
	    (e = file_rename(cx, backup_in(cx, to, "new/meta.db"),
	    backup_in(cx, to, "meta.db"))) != OK ||
	    (e = file_sync_dir(cx, to)) != OK ||
	    (e = backup_point(cx, "backup.named")) != OK ||
	    (e = backup_sum_name(cx, to)) != OK)
		return e;
	if (file_exists(key) && ((e = file_rename(cx, key,
	    backup_in(cx, to, "master.key"))) != OK ||
	    (e = file_sync_dir(cx, to)) != OK))
		return e;
	return file_remove_tree(cx, backup_in(cx, to, "new"));
}

static enum err
backup_drop_block(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct backup	*b = arg;

	if (bloom_has(&b->named, id)) {
		b->r->blocks++;
		b->r->bytes += size;
		return OK;
	}
	if (b->r->damaged > 0)
		return OK;
	b->r->dropped++;
	return block_delete(cx, b->block, id);
}

static enum err
backup_steps(struct cx *cx, struct backup *b)
{
	enum err	e;
	size_t		n;

	if ((e = block_sweep(cx, b->block, &n)) != OK ||
	    (e = backup_room(cx, b)) != OK ||
	    (e = backup_database(cx, b)) != OK ||
	    (e = backup_blocks(cx, b)) != OK ||
	    (e = backup_sync(cx, b)) != OK ||
	    (e = backup_name(cx, b)) != OK)
		return e;
	e = block_each(cx, b->block, backup_drop_block, b);
	b->r->cloned = b->fc.cloned;
	b->r->linked = b->fc.linked;
	b->r->copied = b->fc.copied;
	return e;
}

/* Nobody leads a backup elsewhere by a link in its folder. */
static enum err
backup_folders(struct cx *cx, struct backup *b)
{
	struct arena_mark	back = arena_mark(cx->mem);
	const char		*path;
	enum err		e;
	unsigned		i;

	if ((e = block_file_open(cx, b->opt->to, true, &b->block)) != OK)
		return e;
	for (i = 0; i < 258; i++) {
		path = i > 255 ? backup_in(cx, b->opt->to, i == 256 ? "blocks" :
		    "tmp") : str_printf(cx->mem, "%s/blocks/%02x", b->opt->to,
		    i).p;
		if (!file_is_folder(path) && !fault_skip("BACKUP_LINKS"))
			return fail(cx, E_CONF, "%s is not a folder, but a "
			    "link: remove it", path);
		arena_back(cx->mem, back);
	}
	return OK;
}

/* The lock of the folder, the lease of the lake, the folders of blocks. */
static enum err
backup_begin(struct cx *cx, struct backup *b)
{
	enum err	e;

	if ((e = backup_id(cx, b)) != OK ||
	    (e = backup_folder_take(cx, b->opt->to, b->opt->lake, &b->id,
	    &b->lock)) != OK ||
	    (e = lease_open(cx, b->eng, &b->lease)) != OK ||
	    (e = lease_take(cx, b->lease)) != OK ||
	    (e = backup_sum_settle(cx, b->opt->to)) != OK)
		return e;
	b->fc = (struct filecopy){ .draft = backup_in(cx, b->opt->to,
	    "tmp/block"), .may_link = file_same_disk(b->opt->lake,
	    b->opt->to) };
	return backup_folders(cx, b);
}

enum err
backup_run(struct cx *cx, struct engine *eng, const struct backup_opts *opt,
    struct backup_report *out)
{
	struct backup	b = { .eng = eng, .opt = opt, .r = out, .lock = -1,
	    .lease = -1 };
	enum err	e;

	memset(out, 0, sizeof *out);
	if ((e = backup_begin(cx, &b)) == OK)
		e = backup_steps(cx, &b);
	bloom_close(&b.named);
	block_close(b.block);
	file_close(b.lease);
	file_close(b.lock);
	return e;
}
