/* Doom: what marking did not reach among the commits. */
#include "upkeep/gc_inside.h"

#include "base/buf.h"
#include "lake/keys.h"

static enum err
doom_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	struct str	 v, doom;
	struct buf	 b;
	size_t		 i;
	enum err	 e;
	bool		 there, marked;

	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken)
		return e;
	for (i = 0; i < gc->n; i++) {
		marked = mark_has(&gc->m, GREY_COMMIT,
		    str_from(gc->keys[i], 1));
		doom = gc_cycle_twin(cx, gc->keys[i], 'D');
		if ((e = kv_find(cx, tx, doom, &v, &there)) != OK)
			return e;
		if (marked && there)
			e = kv_delete(cx, tx, doom);
		if (!marked && !there) {
			buf_init(&b, cx->mem, 16);
			buf_be64(&b, gc->epoch);
			e = kv_put(cx, tx, doom, &b);
		}
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
doom_row(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;

	(void)value;
	return mark_has(&gc->m, GREY_COMMIT, str_from(key, 1)) ? OK :
	    gc_cycle_add(cx, gc, key);
}

/* A marked commit that an earlier cycle doomed. */
static enum err
undoom_row(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;

	(void)value;
	return mark_has(&gc->m, GREY_COMMIT, str_from(key, 1)) ?
	    gc_cycle_add(cx, gc, key) : OK;
}

enum err
gc_doom(struct cx *cx, struct gc *gc)
{
	enum err	e;

	if ((e = gc_cycle_pass(cx, gc, 'C', true, doom_row, doom_fn)) != OK)
		return e;
	return gc_cycle_pass(cx, gc, 'D', true, undoom_row, doom_fn);
}
