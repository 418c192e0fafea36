/* The gc record. */
#include "tree/gc_state.h"

#include "base/buf.h"
#include "base/cx.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum err
gc_state_find(struct cx *cx, struct kv_tx *tx, struct gc_state *out)
{
	struct str	v;
	uint8_t		marking;
	enum err	e;
	bool		there;

	if ((e = kv_find(cx, tx, key_gc(), &v, &there)) != OK)
		return e;
	if (!there || !take_be64(&v, &out->epoch) ||
	    !take_be64(&v, &out->floor) || !take_byte(&v, &marking))
		return fail(cx, E_CORRUPT, "the gc record is missing: "
		    "is this a lake?");
	out->marking = marking != 0;
	return OK;
}

enum err
gc_state_put(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs)
{
	struct buf	b;

	buf_init(&b, cx->mem, 64);
	buf_be64(&b, gs->epoch);
	buf_be64(&b, gs->floor);
	buf_byte(&b, gs->marking);
	return kv_put(cx, tx, key_gc(), &b);
}

static enum err
gc_state_read_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return gc_state_find(cx, tx, arg);
}

enum err
gc_state_read(struct cx *cx, struct kv *kv, struct gc_state *out)
{
	return kv_read(cx, kv, gc_state_read_fn, out);
}

static enum err
gc_state_init_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc_state	gs = { .epoch = 1, .floor = 1 };

	(void)arg;
	return gc_state_put(cx, tx, &gs);
}

enum err
gc_state_init(struct cx *cx, struct kv *kv)
{
	return kv_write(cx, kv, gc_state_init_fn, NULL);
}
