/*
 * fsck: one check for each invariant that data can show (DESIGN 3, *).  Runs
 * beside writers: what it walks it reads in short snapshots.
 */
#include "upkeep/upkeep.h"

#include <string.h>

#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/fsck_inside.h"
#include "upkeep/rows.h"

static enum err
fsck_count_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct fsck	*f = arg;
	enum err	 e;
	bool		 later;

	(void)size;
	if (++f->r->blocks % 1024 == 0)
		fsck_progress(f, "counting blocks", f->r->blocks);
	if ((e = fsck_found_later(cx, f, block_id_epoch(id), &later)) == OK &&
	    later)
		fsck_found(f, "I12", "a block file is of a later epoch");
	return e;
}

static enum err
fsck_count_dead(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)cx;
	(void)key;
	(void)value;
	((struct fsck *)arg)->r->garbage++;
	return OK;
}

/* Damage takes any file.  What takes the newest alone is a copy by hand. */
static void
fsck_hint(const struct fsck *f)
{
	if (f->lacking > 0 && f->newest_lacking > f->newest_whole &&
	    f->opt->found != NULL)
		f->opt->found(f->opt->arg, "I8", "the newest files are "
		    "missing: this looks like a copy that was made by hand, "
		    "blocks/ before meta.db, while the lake was used; take "
		    "what is missing from there, or use `lakegate backup`");
}

static enum err
fsck_all(struct cx *cx, struct fsck *f)
{
	struct kv	*kv = f->eng->kv;
	enum err	 e;

	if (f->gs.floor > f->gs.epoch)
		fsck_found(f, "I12", "gc: the floor is above the epoch");
	e = fsck_walk(cx, f);
	fsck_hint(f);
	fsck_progress(f, "checking records", f->m.n);
	if (e == OK)
		e = fsck_records(cx, f);
	if (e == OK)
		e = block_each(cx, f->eng->block, fsck_count_file, f);
	if (e == OK)
		e = rows_each(cx, kv, key_letter(cx, 'X'), true,
		    fsck_count_dead, f);
	return e == OK ? fsck_store(cx, f) : e;
}

enum err
fsck_run(struct cx *cx, struct engine *eng, const struct fsck_opts *opt,
    struct fsck_report *out)
{
	struct fsck	f = { .eng = eng, .opt = opt, .r = out };
	enum err	e;

	memset(out, 0, sizeof *out);
	if ((e = gc_state_read(cx, eng->kv, &f.gs)) != OK)
		return e;
	mark_init(&f.said, eng);
	if ((e = fsck_repair_begin(cx, &f)) == OK)
		e = fsck_all(cx, &f);
	fsck_found_rest(&f);
	if (e == OK)
		e = fsck_repair(cx, &f);
	fsck_repair_end(&f);
	mark_release(&f.said);
	return e;
}
