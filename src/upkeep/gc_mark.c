/* Marking, and how it ends: steps 2 to 4 of DESIGN 6. */
#include "upkeep/gc_inside.h"

#include "base/buf.h"
#include "base/fault.h"
#include "base/vec.h"
#include "lake/keys.h"

/* Each takes up to GC_BATCH notes: 2.5 million in all. */
enum { ROUNDS = 10000 };

struct grey_notes {
	struct gc	*gc;
	VEC(struct str)	 taken;
};

static enum err
gc_mark_blocks(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct gc	*gc = m->arg;
	size_t		 i;

	(void)cx;
	(void)path;
	for (i = 0; i < en->n_extents; i++)
		bloom_add(&gc->bloom, &en->extents[i].block);
	return OK;
}

static enum err
gc_epoch_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc_state	gs;

	return gc_cycle_check(cx, tx, arg, &gs);
}

/*
 * Another collector may have removed it: then this one is out of date.  If not,
 * nobody knows what it names, so this cycle condemns nothing.
 */
static enum err
gc_on_missing(struct cx *cx, struct mark *m)
{
	struct cx	aside = cx_aside(cx);
	struct gc	*gc = m->arg;

	if (kv_read(&aside, gc->eng->kv, gc_epoch_fn, gc) != OK)
		return cx_pass(cx, &aside);
	if (gc->overtaken)
		return fail(cx, E_CONDEMNED, "another gc overtook this one");
	gc->r->unreadable++;
	gc->unknown = !fault_skip("GC_UNKNOWN");
	cx_forget(cx);
	return OK;
}

static enum err
gc_notes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct grey_notes	*notes = arg;
	struct keys_range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct gc_state		 gs;
	struct str		 k, v;
	size_t			 i;
	enum err		 e;
	bool			 there;

	notes->taken.at = NULL;
	notes->taken.n = notes->taken.room = 0;
	if ((e = gc_cycle_check(cx, tx, notes->gc, &gs)) != OK ||
	    notes->gc->overtaken ||
	    (e = kv_scan(cx, tx, grey.lo, grey.hi, &cur)) != OK)
		return e;
	while (notes->taken.n < GC_BATCH &&
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		*VEC_PUSH(cx->mem, &notes->taken) = str_dup(cx->mem, k);
	kv_cursor_close(tx, cur);
	for (i = 0; e == OK && i < notes->taken.n; i++)
		e = kv_delete(cx, tx, notes->taken.at[i]);
	return e;
}

static enum err
gc_mark_note(struct cx *cx, struct gc *gc, struct str note)
{
	struct str	id = str_from(note, 2);
	struct uid	uid;
	struct oid	oid;

	switch (note.p[1]) {
	case GREY_NODE:
		take_bytes(&id, sizeof oid, oid.b);
		return mark_tree(cx, &gc->m, &oid);
	case GREY_COMMIT:
		take_bytes(&id, sizeof uid, uid.b);
		take_bytes(&id, sizeof oid, oid.b);
		return mark_commit(cx, &gc->m, &uid, &oid);
	case GREY_MANIFEST:
		take_bytes(&id, sizeof uid, uid.b);
		return mark_manifest(cx, &gc->m, &uid);
	default:
		take_bytes(&id, sizeof uid, uid.b);
		bloom_add(&gc->bloom, &uid);
		return OK;
	}
}

/* Mark what some notes name; how many there were. */
static enum err
gc_mark_notes(struct cx *cx, struct gc *gc, size_t *n)
{
	struct arena_mark	back = arena_mark(cx->mem);
	struct grey_notes	notes = { .gc = gc };
	size_t			i;
	enum err		e;

	e = kv_write(cx, gc->eng->kv, gc_notes_fn, &notes);
	for (i = 0; e == OK && i < notes.taken.n; i++)
		e = gc_mark_note(cx, gc, notes.taken.at[i]);
	*n = notes.taken.n;
	arena_back(cx->mem, back);
	return e == OK ? gc_cycle_flush(cx, gc) : e;
}

/*
 * Are there no notes but of a few blocks?  Nothing is below those, so they can
 * be taken here: that fn may run again does the filter no harm.
 */
static enum err
gc_end_notes(struct cx *cx, struct kv_tx *tx, struct gc *gc, bool *ended)
{
	struct keys_range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct uid		 id;
	struct str		 k, v;
	size_t			 n = 0;
	enum err		 e;
	bool			 there;

	*ended = false;
	if ((e = kv_scan_keys(cx, tx, grey.lo, grey.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if (fault_skip("N_ATOMIC"))
			break;
		if (k.p[1] != GREY_BLOCK || n++ == GC_BATCH)
			return OK;
		k = str_from(k, 2);
		take_bytes(&k, sizeof id, id.b);
		if (!fault_skip("END_BLOCKS"))
			bloom_add(&gc->bloom, &id);
	}
	*ended = e == OK;
	kv_cursor_close(tx, cur);
	return e == OK ? kv_clear(cx, tx, grey.lo, grey.hi, GC_BATCH, &n) : e;
}

/* This one transaction condemns. */
static enum err
gc_end_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	enum err	 e;
	bool		 ended;

	gc->condemned = false;
	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken ||
	    (e = gc_end_notes(cx, tx, gc, &ended)) != OK || !ended)
		return e;
	gs.floor = gc->epoch;
	gs.marking = false;
	gc->condemned = true;
	return gc_state_put(cx, tx, &gs);
}

/* Has the mark come to an end, in any way? */
static bool
gc_is_marked(const struct gc *gc)
{
	return gc->condemned || gc->overtaken || gc->unknown;
}

/* Notes that come while some are followed need another round. */
static enum err
gc_mark_rounds(struct cx *cx, struct gc *gc)
{
	unsigned	rounds = gc->opt->rounds > 0 ? gc->opt->rounds : ROUNDS;
	unsigned	i;
	size_t		n;
	enum err	e;

	for (i = 0; i < rounds; i++) {
		if ((e = gc_mark_notes(cx, gc, &n)) != OK || gc_is_marked(gc))
			return e;
		if (n == GC_BATCH)
			continue;
		if ((e = kv_write(cx, gc->eng->kv, gc_end_fn, gc)) != OK ||
		    gc_is_marked(gc))
			return e;
	}
	return fail(cx, E_BUSY, "gc did not come to its end: requests have "
	    "named more and more for it to look at, %u times; nothing was "
	    "condemned; run it when there is less to do", rounds);
}

enum err
gc_mark(struct cx *cx, struct gc *gc)
{
	enum err	e;

	gc->m.arg = gc;
	gc->m.entry = gc_mark_blocks;
	gc->m.on_missing = gc_on_missing;
	gc->m.progress = gc->opt->progress;
	gc->m.progress_arg = gc->opt->arg;
	if ((e = mark_roots(cx, &gc->m)) != OK || gc_is_marked(gc) ||
	    (e = gc_doom(cx, gc)) != OK || gc_is_marked(gc) ||
	    (e = mark_check(cx, &gc->m)) != OK)
		return e;
	gc->m.commit = gc_doom_pardon;
	return gc_mark_rounds(cx, gc);
}
