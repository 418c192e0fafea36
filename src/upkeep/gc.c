/* Garbage collection: DESIGN 6, its steps in order. */
#include "upkeep/upkeep.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/vec.h"
#include "lake/keys.h"
#include "upkeep/gc_inside.h"
#include "upkeep/lease.h"
#include "upkeep/reap.h"

enum { ROUNDS = 1000 };

struct grey_notes {
	struct gc	*gc;
	VEC(struct str)	 taken;
};

/* ---- before marking ---------------------------------------------------- */

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

static enum err
gc_bump_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc		*gc = arg;
	struct keys_range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct gc_state		 gs;
	size_t			 n;
	enum err		 e;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	gc->epoch = ++gs.epoch;
	gs.marking = true;
	if ((e = kv_clear(cx, tx, grey.lo, grey.hi, 100000, &n)) != OK)
		return e;
	return gc_state_put(cx, tx, &gs);
}

/* ---- marking ----------------------------------------------------------- */

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

/* Another collector may have removed it: then this one is out of date. */
static enum err
gc_on_missing(struct cx *cx, struct mark *m)
{
	struct cx	aside = cx_aside(cx);
	struct gc	*gc = m->arg;

	if (kv_read(&aside, gc->eng->kv, gc_epoch_fn, gc) == OK &&
	    gc->overtaken)
		return fail(cx, E_CONDEMNED, "another gc overtook this one");
	return cx->code;
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

/* Mark what the grey notes name, until there are none. */
static enum err
gc_mark_notes(struct cx *cx, struct gc *gc)
{
	struct arena_mark	back;
	struct grey_notes	notes = { .gc = gc };
	size_t			i;
	enum err		e = OK;

	do {
		back = arena_mark(cx->mem);
		if ((e = kv_write(cx, gc->eng->kv, gc_notes_fn,
		    &notes)) != OK)
			return e;
		for (i = 0; e == OK && i < notes.taken.n; i++)
			e = gc_mark_note(cx, gc, notes.taken.at[i]);
		i = notes.taken.n;
		arena_back(cx->mem, back);
	} while (e == OK && i > 0 && !gc->overtaken);
	return e;
}

/* This one transaction condemns. */
static enum err
gc_end_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc		*gc = arg;
	struct keys_range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct gc_state		 gs;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	gc->condemned = false;
	if ((e = gc_cycle_check(cx, tx, gc, &gs)) != OK || gc->overtaken ||
	    (e = kv_scan(cx, tx, grey.lo, grey.hi, &cur)) != OK ||
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) != OK ||
	    (there && !fault_skip("N_ATOMIC")))
		return e;
	gs.floor = gc->epoch;
	gs.marking = false;
	gc->condemned = true;
	return gc_state_put(cx, tx, &gs);
}

/* Steps 2 to 4: notes that come after a round need another. */
static enum err
gc_mark_all(struct cx *cx, struct gc *gc)
{
	enum err	e;
	int		i;

	if ((e = mark_roots(cx, &gc->m)) != OK)
		return e;
	for (i = 0; i < ROUNDS && !gc->condemned && !gc->overtaken; i++) {
		if ((e = gc_mark_notes(cx, gc)) != OK ||
		    (e = gc_doom(cx, gc)) != OK ||
		    (e = kv_write(cx, gc->eng->kv, gc_end_fn, gc)) != OK)
			return e;
	}
	return OK;
}

/* ---- the whole cycle --------------------------------------------------- */

enum err
gc_run(struct cx *cx, struct engine *eng, const struct gc_opts *opt,
    struct gc_report *out)
{
	struct gc	gc = { .eng = eng, .opt = opt, .r = out, .lease = -1 };
	uint64_t	blocks;
	enum err	e;

	memset(out, 0, sizeof *out);
	gc_cycle_tell(&gc, "reaping");
	if ((e = reap_run(cx, eng, opt, out)) != OK ||
	    (e = gc_count_blocks(cx, eng, &blocks)) != OK ||
	    (e = kv_write(cx, eng->kv, gc_bump_fn, &gc)) != OK)
		return e;
	mark_init(&gc.m, eng);
	gc.batch_mem = arena_new();
	gc.m.arg = &gc;
	gc.m.entry = gc_mark_blocks;
	gc.m.on_missing = gc_on_missing;
	gc.m.progress = opt->progress;
	gc.m.progress_arg = opt->arg;
	bloom_open(&gc.bloom, blocks);
	e = gc_mark_all(cx, &gc);
	if (e == OK && gc.condemned &&
	    (e = lease_open(cx, eng, &gc.lease)) == OK &&
	    (e = gc_sweep(cx, &gc)) == OK)
		e = kv_trim(cx, eng->kv);
	if (e == E_CONDEMNED && gc.overtaken) {
		cx_forget(cx);
		e = OK;
	}
	mark_release(&gc.m);
	arena_free(gc.batch_mem);
	bloom_close(&gc.bloom);
	file_close(gc.lease);
	return e;
}
