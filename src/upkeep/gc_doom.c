/* Doom: what marking did not reach among the commits. */
#include "upkeep/gc_inside.h"

#include "base/buf.h"
#include "base/fault.h"
#include "lake/keys.h"

/* Doom, or pardon, the commits of a batch. */
static enum err
doom_put(struct cx *cx, struct kv_tx *tx, struct gc *gc, bool pardon)
{
	struct gc_state	gs;
	struct str	v, doom;
	struct buf	b;
	size_t		i;
	enum err	e;
	bool		there;

	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken)
		return e;
	for (i = 0; i < gc->n; i++) {
		doom = gc_cycle_twin(cx, gc->keys[i], 'D');
		if ((e = kv_find(cx, tx, doom, &v, &there)) != OK)
			return e;
		if (pardon && there)
			e = kv_delete(cx, tx, doom);
		if (!pardon && !there) {
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
doom_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return doom_put(cx, tx, arg, false);
}

static enum err
pardon_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return doom_put(cx, tx, arg, true);
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
pardon_row(struct cx *cx, struct str key, struct str value, void *arg)
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
	return gc_cycle_pass(cx, gc, 'D', true, pardon_row, pardon_fn);
}

enum err
gc_doom_pardon(struct cx *cx, struct mark *m, const struct uid *ruid,
    const struct commit *c)
{
	struct gc	*gc = m->arg;

	gc->batch_fn = pardon_fn;
	return fault_skip("PARDON") ? OK :
	    gc_cycle_add(cx, gc, key_doom(cx, ruid, &c->id));
}
