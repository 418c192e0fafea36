/* A backup becomes a lake: DESIGN 5. */
#include "upkeep/upkeep.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/filecopy.h"
#include "base/fileio.h"
#include "engine/engine_inside.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/gc_state.h"
#include "upkeep/backup_folder.h"
#include "upkeep/backup_sum.h"
#include "upkeep/rows.h"

enum { CLEAR = 1000 };

struct restore {
	const struct restore_opts	*opt;
	struct restore_report		*r;
	struct block			*from, *to;
	struct kv			*kv;
	struct filecopy			 fc;
	uint64_t			 epoch;	/* the highest of a block */
	uint64_t			 floor;	/* of the backup */
};

static const char *
restore_in(struct cx *cx, const char *dir, const char *name)
{
	return str_printf(cx->mem, "%s/%s", dir, name).p;
}

enum err
restore_check(struct cx *cx, const char *from, const char *lake)
{
	struct uid	id;
	enum err	e;
	bool		is_backup;

	if ((e = backup_folder_read(cx, from, &id, &is_backup)) != OK)
		return e;
	if (!is_backup)
		return fail(cx, E_CONF, "%s is no backup of `lakegate backup`",
		    from);
	if (!file_is_plain(restore_in(cx, from, "meta.db")))
		return fail(cx, E_CONF, "%s has no database: no backup into it "
		    "was run to its end", from);
	return file_exists(lake) ? backup_folder_apart(cx, lake, from) : OK;
}

/* ---- files ------------------------------------------------------------- */

static enum err
restore_sum(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct restore	*r = arg;

	(void)cx;
	r->r->blocks++;
	r->r->bytes += size;
	if (block_id_epoch(id) > r->epoch)
		r->epoch = block_id_epoch(id);
	return OK;
}

static enum err
restore_room(struct cx *cx, struct restore *r)
{
	uint64_t	bytes, need;
	enum err	e;
	bool		there;

	if ((e = block_each(cx, r->from, restore_sum, r)) != OK ||
	    (e = file_size(cx, restore_in(cx, r->opt->from, "meta.db"),
	    &r->r->database, &there)) != OK ||
	    (e = file_free_space(cx, r->opt->lake, &bytes)) != OK)
		return e;
	need = r->r->database + (file_same_disk(r->opt->from, r->opt->lake) ?
	    0 : r->r->bytes);
	return bytes >= need || fault_skip("RESTORE_ROOM") ? OK :
	    fail(cx, E_DISK_FULL, "%s: %llu bytes are needed for the lake, and "
	    "%llu are free", r->opt->lake, (unsigned long long)need,
	    (unsigned long long)bytes);
}

static enum err
restore_share(struct cx *cx, const char *path, unsigned group)
{
	enum err	e;
	int		fd;

	if ((e = file_open(cx, path, &fd)) != OK)
		return e;
	e = file_share(cx, fd, group, 0640);
	file_close(fd);
	return e;
}

static enum err
restore_block(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct restore	*r = arg;
	const char	*to = block_path(cx, r->to, id).p;
	uint64_t	 now;
	enum err	 e;
	bool		 there;

	if ((e = file_size(cx, to, &now, &there)) != OK)
		return e;
	if (fault("restore.block"))
		return fail(cx, E_DISK_FULL, "stopped by a test");
	if ((!there || now != size || !file_is_plain(to)) &&
	    (e = filecopy_make(cx, &r->fc, block_path(cx, r->from, id).p,
	    to)) != OK)
		return e;
	return r->opt->group == NULL ? OK : restore_share(cx, to,
	    *r->opt->group);
}

/* What was copied, before anything reads it. */
static enum err
restore_whole(struct cx *cx, struct restore *r, const char *db)
{
	enum sum_verdict	verdict;
	enum err		e;

	if ((e = backup_sum_check(cx, r->opt->from, db, &verdict)) != OK)
		return e;
	r->r->no_sum = verdict == SUM_NONE;
	r->r->bad_sum = verdict == SUM_BAD && !fault_skip("RESTORE_SUM");
	if (!r->r->bad_sum || r->opt->damaged)
		return OK;
	return fail(cx, E_CORRUPT, "the database of the backup %s has not the "
	    "checksum that was recorded with it: it was changed since, and "
	    "nothing was restored: take an older backup, or restore what "
	    "can be read of it with --damaged", r->opt->from);
}

static enum err
restore_files(struct cx *cx, struct restore *r)
{
	const struct restore_opts	*opt = r->opt;
	const char			*db = restore_in(cx, opt->draft,
	    "meta.db");
	struct arena_mark		 back;
	enum err			 e;
	unsigned			 i;

	/* The database is changed from here on, and a group's mode is not the
	 * backup's: those files are never shared. */
	r->fc.draft = restore_in(cx, opt->draft, "file");
	if ((e = filecopy_make(cx, &r->fc, restore_in(cx, opt->from,
	    "meta.db"), db)) != OK || (e = restore_whole(cx, r, db)) != OK)
		return e;
	r->fc.may_link = opt->group == NULL && file_same_disk(opt->from,
	    opt->lake);
	if ((e = block_each(cx, r->from, restore_block, r)) != OK)
		return e;
	for (i = 0; e == OK && i < 256; i++) {
		back = arena_mark(cx->mem);
		e = file_sync_dir(cx, str_printf(cx->mem, "%s/blocks/%02x",
		    opt->lake, i).p);
		arena_back(cx->mem, back);
	}
	return e;
}

/* ---- settled ----------------------------------------------------------- */

static enum err
restore_undoom_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return kv_delete(cx, tx, *(const struct str *)arg);
}

/* A doom that no floor has reached condemns nothing; the new floor would. */
static enum err
restore_undoom(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct restore	*r = arg;
	uint64_t	 doom;

	return take_be64(&value, &doom) && doom <= r->floor ? OK :
	    kv_write(cx, r->kv, restore_undoom_fn, &key);
}

static enum err
restore_notes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct keys_range	grey = key_range(cx, key_letter(cx, 'g'));

	return kv_clear(cx, tx, grey.lo, grey.hi, CLEAR, arg);
}

/* Ids begin with their epoch, so the last one has the highest. */
static enum err
restore_highest(struct cx *cx, struct kv_tx *tx, char letter, uint64_t *epoch)
{
	struct keys_range	all = key_range(cx, key_letter(cx, letter));
	struct str	k, v;
	uint64_t	at;
	enum err	e;
	bool		there;

	if ((e = kv_last(cx, tx, all.lo, all.hi, &k, &v, &there)) != OK ||
	    !there)
		return e;
	k = str_from(k, 1);
	if (take_be64(&k, &at) && at > *epoch)
		*epoch = at;
	return OK;
}

static enum err
restore_epoch_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct restore	*r = arg;
	struct gc_state		 gs;
	uint64_t		 top = r->epoch;
	enum err		 e;

	if ((e = gc_state_find(cx, tx, &gs)) != OK ||
	    (e = restore_highest(cx, tx, 'y', &top)) != OK ||
	    (e = restore_highest(cx, tx, 'M', &top)) != OK)
		return e;
	if (gs.epoch > top)
		top = gs.epoch;
	gs.epoch = gs.floor = top + 1;
	gs.marking = false;
	return fault_skip("RESTORE_EPOCH") ? OK : gc_state_put(cx, tx, &gs);
}

static enum err
restore_settle(struct cx *cx, struct restore *r)
{
	struct gc_state	gs;
	enum err	e;
	size_t		n;

	if ((e = gc_state_read(cx, r->kv, &gs)) != OK)
		return e;
	r->floor = gs.floor;
	if (!fault_skip("RESTORE_DOOM") && (e = rows_each(cx, r->kv,
	    key_letter(cx, 'D'), false, restore_undoom, r)) != OK)
		return e;
	do {
		if ((e = kv_write(cx, r->kv, restore_notes_fn, &n)) != OK)
			return e;
	} while (n == CLEAR);
	return kv_write(cx, r->kv, restore_epoch_fn, r);
}

/* ---- the whole --------------------------------------------------------- */

static enum err
restore_judge(struct cx *cx, struct restore *r)
{
	struct engine_opts	 o;
	struct engine		*eng;
	enum err		 e;

	engine_defaults(&o);
	eng = engine_open(r->kv, r->to, &o);
	e = fsck_run(cx, eng, &r->opt->fsck, &r->r->fsck);
	engine_close(eng);
	if (e != OK || r->r->fsck.problems == 0 || r->opt->damaged ||
	    fault_skip("RESTORE_WHOLE"))
		return e;
	return fail(cx, E_CORRUPT, "the backup %s is damaged (%llu problems), "
	    "and nothing was restored: take an older one, or restore what "
	    "there is with --damaged", r->opt->from,
	    (unsigned long long)r->r->fsck.problems);
}

static enum err
restore_database(struct cx *cx, struct restore *r)
{
	const struct kv_sqlite_opts	 durable = { .relaxed = false };
	uint64_t			 repositories;
	struct kv_sqlite_upgrade	 up = { .fn = upgrade_records,
	    .arg = &repositories };
	enum err			 e;

	/* A backup of an older version becomes a lake of this one. */
	if ((!fault_skip("RESTORE_FORMAT") &&
	    (e = kv_sqlite_upgrade(cx, r->opt->draft, &up)) != OK) ||
	    (e = kv_sqlite_open(cx, r->opt->draft, &durable, &r->kv)) != OK)
		return e;
	if ((e = restore_settle(cx, r)) == OK)
		e = restore_judge(cx, r);
	kv_close(r->kv);
	return e;
}

enum err
restore_run(struct cx *cx, struct block *block, const struct restore_opts *opt,
    struct restore_report *out)
{
	struct restore	r = { .opt = opt, .r = out, .to = block };
	enum err	e;
	int		lock;

	memset(out, 0, sizeof *out);
	if ((e = restore_check(cx, opt->from, opt->lake)) != OK ||
	    (e = backup_folder_lock(cx, opt->from, &lock)) != OK)
		return e;
	if ((e = block_file_open(cx, opt->from, false, &r.from)) == OK &&
	    (e = restore_room(cx, &r)) == OK &&
	    (e = restore_files(cx, &r)) == OK)
		e = restore_database(cx, &r);
	block_close(r.from);
	file_close(lock);
	return e;
}
