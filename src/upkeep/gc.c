/* Garbage collection: DESIGN 6, its steps in order. */
#include "upkeep/upkeep.h"

#include <string.h>

#include "base/fault.h"
#include "lake/keys.h"
#include "upkeep/gc_inside.h"
#include "upkeep/reap.h"
#include "upkeep/seen.h"

/* Notes in one transaction, which changes the gc record too. */
enum { SLICE = 999 };

static enum err
gc_count_row(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)cx;
	(void)key;
	(void)value;
	++*(uint64_t *)arg;
	return OK;
}

static enum err
gc_count_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	(void)cx;
	(void)id;
	(void)size;
	++*(uint64_t *)arg;
	return OK;
}

static enum err
gc_count_blocks(struct cx *cx, struct engine *eng, uint64_t *n)
{
	enum err	e;

	*n = 0;
	if ((e = rows_each(cx, eng->kv, key_letter(cx, 'y'), true,
	    gc_count_row, n)) != OK)
		return e;
	return block_each(cx, eng->block, gc_count_file, n);
}

/* ---- a mark begins, and is left when it condemned nothing --------------- */

/*
 * The notes of a gc that died go, and marking is off meanwhile.  The epoch is a
 * new one already: if that gc lives after all, it must not end its mark without
 * them.  (N_RAISE)
 */
static enum err
gc_raise_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	enum err	 e;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	gc->epoch = gs.epoch += fault_skip("N_RAISE") ? 0 : 1;
	gs.marking = false;
	return gc_state_put(cx, tx, &gs);
}

/* While marking is off no note comes.  Another gc clears its own. */
static enum err
gc_clear_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc		*gc = arg;
	struct keys_range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct gc_state		 gs;
	enum err		 e;

	gc->cleared = 0;
	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken)
		return e;
	if (gs.marking) {
		gs.marking = false;
		if ((e = gc_state_put(cx, tx, &gs)) != OK)
			return e;
	}
	return kv_clear(cx, tx, grey.lo, grey.hi, SLICE, &gc->cleared);
}

static enum err
gc_clear(struct cx *cx, struct gc *gc)
{
	enum err	e;

	do
		e = kv_write(cx, gc->eng->kv, gc_clear_fn, gc);
	while (e == OK && gc->cleared == SLICE);
	return e;
}

static enum err
gc_start_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	enum err	 e;

	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken)
		return e;
	gs.marking = true;
	return gc_state_put(cx, tx, &gs);
}

static enum err
gc_begin(struct cx *cx, struct gc *gc)
{
	enum err	e;

	if ((e = kv_write(cx, gc->eng->kv, gc_raise_fn, gc)) != OK)
		return e;
	gc->began = true;
	if ((e = gc_clear(cx, gc)) != OK || gc->overtaken)
		return e;
	return kv_write(cx, gc->eng->kv, gc_start_fn, gc);
}

/* Writers leave notes no longer, and none is left. */
static void
gc_leave(struct cx *cx, struct gc *gc)
{
	struct cx	aside = cx_aside(cx);

	if (gc->began && !gc->condemned && !gc->overtaken &&
	    !fault_skip("GC_LEAVE"))
		gc_clear(&aside, gc);
}

/* ---- the whole cycle --------------------------------------------------- */

static enum err
gc_cycle(struct cx *cx, struct gc *gc)
{
	enum err	e;

	if ((e = gc_begin(cx, gc)) == OK && !gc->overtaken)
		e = gc_mark(cx, gc);
	gc_leave(cx, gc);
	if (e != OK || gc->overtaken ||
	    (gc->condemned && (e = gc_sweep(cx, gc)) != OK))
		return e;
	return gc_sweep_dead(cx, gc);
}

enum err
gc_run(struct cx *cx, struct engine *eng, const struct gc_opts *opt,
    struct gc_report *out)
{
	struct gc	gc = { .eng = eng, .opt = opt, .r = out };
	uint64_t	blocks;
	enum err	e;

	memset(out, 0, sizeof *out);
	gc_cycle_tell(&gc, "reaping");
	if ((e = reap_run(cx, eng, opt, out)) != OK ||
	    (e = gc_count_blocks(cx, eng, &blocks)) != OK)
		return e;
	mark_init_small(&gc.m, eng, opt->slots > 0 ? opt->slots : SEEN_MOST);
	gc.batch_mem = arena_new();
	bloom_open(&gc.bloom, blocks);
	e = gc_cycle(cx, &gc);
	out->overtaken = gc.overtaken;
	if (e == E_CONDEMNED && gc.overtaken) {
		cx_forget(cx);
		e = OK;
	}
	mark_release(&gc.m);
	arena_free(gc.batch_mem);
	bloom_close(&gc.bloom);
	return e;
}
