/* One cycle of garbage collection: whose turn it is, and batches of records. */
#include "upkeep/gc_inside.h"

#include "base/fault.h"
#include "lake/keys.h"

enum err
gc_cycle_check(struct cx *cx, struct kv_tx *tx, struct gc *gc,
    struct gc_state *gs)
{
	enum err	e;

	if ((e = gc_state_find(cx, tx, gs)) == OK)
		gc->overtaken = gs->epoch != gc->epoch &&
		    !fault_skip("N_TWO");
	return e;
}

void
gc_cycle_tell(const struct gc *gc, const char *phase)
{
	const struct gc_report	*r = gc->r;

	if (gc->opt->progress != NULL)
		gc->opt->progress(gc->opt->arg, phase, r->commits + r->nodes +
		    r->blocks, 0);
}

enum err
gc_cycle_flush(struct cx *cx, struct gc *gc)
{
	struct arena_mark	back = arena_mark(cx->mem);
	enum err		e = OK;

	if (gc->n > 0)
		e = kv_write(cx, gc->eng->kv, gc->batch_fn, gc);
	arena_back(cx->mem, back);
	gc->n = 0;
	arena_empty(gc->batch_mem);
	return e;
}

enum err
gc_cycle_add(struct cx *cx, struct gc *gc, struct str key)
{
	enum err	e;

	if (gc->n == GC_BATCH && (e = gc_cycle_flush(cx, gc)) != OK)
		return e;
	gc->keys[gc->n++] = str_dup(gc->batch_mem, key);
	return OK;
}

enum err
gc_cycle_pass(struct cx *cx, struct gc *gc, char letter, bool keys_only,
    row_fn *pick, kv_fn *batch_fn)
{
	enum err	e;

	gc->batch_fn = batch_fn;
	if ((e = rows_each(cx, gc->eng->kv, key_letter(cx, letter), keys_only,
	    pick, gc)) != OK)
		return e;
	return gc_cycle_flush(cx, gc);
}

struct str
gc_cycle_twin(struct cx *cx, struct str key, char letter)
{
	char	*p = arena_dup(cx->mem, key.p, key.n);

	p[0] = letter;
	return (struct str){ p, key.n };
}
