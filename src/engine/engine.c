/* Open, close, readiness, and one slice of maintenance. */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/fileio.h"
#include "engine/area.h"
#include "engine/disk.h"
#include "engine/engine_inside.h"
#include "engine/fold.h"
#include "engine/records.h"

enum { DROP_ROWS = 900 };	/* and counts of some areas */

void
engine_defaults(struct engine_opts *o)
{
	*o = (struct engine_opts){ .inline_max = 32 * 1024,
	    .cache_bytes = 8 << 20, .area_rows = 10000, .area_tombs = 2000,
	    .fold_rows = AREA_MOST, .part_least = 5 << 20 };
}

struct engine *
engine_open(struct kv *kv, struct block *block, const struct engine_opts *o)
{
	struct engine	*eng = calloc(1, sizeof *eng);

	if (eng == NULL)
		abort();
	eng->kv = kv;
	eng->block = block;
	eng->opt = *o;
	eng->trees = (struct trees){ kv, node_cache_open(o->cache_bytes) };
	todo_init(&eng->todo);
	return eng;
}

void
engine_close(struct engine *eng)
{
	if (eng == NULL)
		return;
	todo_release(&eng->todo);
	node_cache_close(eng->trees.cache);
	free(eng);
}

enum err
engine_init(struct cx *cx, struct engine *eng)
{
	return gc_state_init(cx, eng->kv);
}

enum err
engine_ready(struct cx *cx, struct engine *eng)
{
	struct gc_state	gs;
	enum err	e;

	if ((e = gc_state_read(cx, eng->kv, &gs)) != OK ||
	    (e = disk_check(cx, eng)) != OK)
		return e;
	return eng->opt.dir == NULL || file_is_writable(eng->opt.dir) ? OK :
	    fail(cx, E_STORE, "%s cannot be written to", eng->opt.dir);
}

struct engine_low {
	struct branch_id	id;
	uint64_t		low;
};

static enum err
engine_low_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct engine_low	*a = arg;
	struct branch		 br;
	enum err		 e;
	bool			 there;

	a->low = 0;
	if ((e = branch_find(cx, tx, &a->id.ruid, a->id.name, &br,
	    &there)) == OK && there && uid_is(&br.uid, &a->id.uid))
		a->low = br.low;
	return e;
}

enum err
engine_maintain(struct cx *cx, struct engine *eng, bool *more)
{
	struct engine_low	a = { .low = 0 };
	enum err		e;
	bool			did, rows = false;

	*more = false;
	if (!todo_take(cx, &eng->todo, &a.id))
		return OK;
	if ((e = fold_branch(cx, eng, &a.id, &did)) != OK ||
	    (e = kv_read(cx, eng->kv, engine_low_fn, &a)) != OK)
		return e;
	if (a.low > 0 && (e = fold_drop(cx, eng, &a.id.uid, a.low, DROP_ROWS,
	    &rows)) != OK)
		return e;
	if (did || rows)
		todo_add(&eng->todo, &a.id.ruid, a.id.name, &a.id.uid);
	*more = !todo_is_empty(&eng->todo);
	return OK;
}
