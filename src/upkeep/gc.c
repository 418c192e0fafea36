/* Garbage collection: DESIGN 6, step by step. */
#include "upkeep/upkeep.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/vec.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "upkeep/mark.h"
#include "upkeep/reap.h"
#include "upkeep/rows.h"

enum { BATCH = 256, ROUNDS = 1000 };

/* Blocks have nothing under them: a filter that errs keeps garbage only. */
struct bloom {
	unsigned char	*bits;
	uint64_t	 mask;		/* of a bit's number */
	uint64_t	 seed;
};

struct gc {
	struct engine		*eng;
	const struct gc_opts	*opt;
	struct gc_report	*r;
	uint64_t		 epoch;		/* g: of this cycle */
	bool			 overtaken;
	struct mark		 m;
	struct bloom		 bloom;
	uint64_t		 counted;
	/* a batch of records for one tx */
	kv_fn			*batch_fn;
	struct arena		*batch_mem;	/* of the keys */
	struct str		 keys[BATCH];
	size_t			 n;
	/* grey notes taken */
	VEC(struct str)		 notes;
	bool			 ended;
};

/* ---- filter ------------------------------------------------------------ */

static void
bloom_open(struct bloom *b, uint64_t things)
{
	uint64_t	bits = 1 << 16;

	while (bits < things * 12)
		bits *= 2;
	b->mask = bits - 1;
	b->bits = calloc(1, bits / 8);
	if (b->bits == NULL)
		abort();
	ident_random(&b->seed, sizeof b->seed);
}

/* Six bits from two halves of the id, mixed. */
static bool
bloom_touch(struct bloom *b, const struct uid *id, bool set)
{
	uint64_t	x, y, bit;
	unsigned	i;
	bool		all = true;

	memcpy(&x, id->b, sizeof x);
	memcpy(&y, id->b + 8, sizeof y);
	x = (x ^ b->seed) * 0x9e3779b97f4a7c15u;
	y = (y ^ x ^ x >> 29) * 0xd6e8feb86659fd93u;
	x ^= y >> 31;
	y |= 1;
	for (i = 0; i < 6; i++, x += y) {
		bit = (x ^ x >> 32) & b->mask;
		all = all && (b->bits[bit / 8] >> (bit % 8) & 1) != 0;
		if (set)
			b->bits[bit / 8] |= (unsigned char)(1 << (bit % 8));
	}
	return all;
}

static enum err
mark_blocks(struct cx *cx, struct mark *m, struct str path,
    const struct entry *en)
{
	struct gc	*gc = m->arg;
	size_t		 i;

	(void)cx;
	(void)path;
	for (i = 0; i < en->n_extents; i++)
		bloom_touch(&gc->bloom, &en->extents[i].block, true);
	return OK;
}

static enum err
count_row(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)cx;
	(void)key;
	(void)value;
	((struct gc *)arg)->counted++;
	return OK;
}

static enum err
count_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	(void)cx;
	(void)id;
	(void)size;
	((struct gc *)arg)->counted++;
	return OK;
}

/* ---- the cycle's transactions ------------------------------------------ */

static enum err
bump_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct range	 grey = key_range(cx, key_letter(cx, 'g'));
	struct gc_state	 gs;
	size_t		 n;
	enum err	 e;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	gc->epoch = ++gs.epoch;
	gs.marking = true;
	if ((e = kv_clear(cx, tx, grey.lo, grey.hi, 100000, &n)) != OK)
		return e;
	return gc_state_put(cx, tx, &gs);
}

/* Is this still our cycle?  An overtaken collector just ends.  (N_TWO) */
static enum err
ours(struct cx *cx, struct kv_tx *tx, struct gc *gc, struct gc_state *gs)
{
	enum err	e;

	if ((e = gc_state_find(cx, tx, gs)) == OK)
		gc->overtaken = gs->epoch != gc->epoch;
	return e;
}

static enum err
notes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc		*gc = arg;
	struct range		 grey = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct gc_state		 gs;
	struct str		 k, v;
	size_t			 i;
	enum err		 e;
	bool			 there;

	gc->notes.at = NULL;
	gc->notes.n = gc->notes.room = 0;
	if ((e = ours(cx, tx, gc, &gs)) != OK || gc->overtaken ||
	    (e = kv_scan(cx, tx, grey.lo, grey.hi, &cur)) != OK)
		return e;
	while (gc->notes.n < BATCH &&
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there)
		*VEC_PUSH(cx->mem, &gc->notes) = str_dup(cx->mem, k);
	kv_cursor_close(tx, cur);
	for (i = 0; e == OK && i < gc->notes.n; i++)
		e = kv_delete(cx, tx, gc->notes.at[i]);
	return e;
}

/* This one tx condemns. */
static enum err
end_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc		*gc = arg;
	struct range		 grey = key_range(cx, key_letter(cx, 'g'));
	struct kv_cursor	*cur;
	struct gc_state		 gs;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	gc->ended = false;
	if ((e = ours(cx, tx, gc, &gs)) != OK || gc->overtaken ||
	    (e = kv_scan(cx, tx, grey.lo, grey.hi, &cur)) != OK ||
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) != OK || there)
		return e;
	gs.floor = gc->epoch;
	gs.marking = false;
	gc->ended = true;
	return gc_state_put(cx, tx, &gs);
}

static enum err
mark_note(struct cx *cx, struct gc *gc, struct str note)
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
		bloom_touch(&gc->bloom, &uid, true);
		return OK;
	}
}

/* Work off the notes until there are none. */
static enum err
mark_notes(struct cx *cx, struct gc *gc)
{
	struct arena_mark	back;
	size_t			i;
	enum err		e = OK;

	do {
		back = arena_mark(cx->mem);
		if ((e = kv_write(cx, gc->eng->kv, notes_fn, gc)) != OK)
			return e;
		for (i = 0; e == OK && i < gc->notes.n; i++)
			e = mark_note(cx, gc, gc->notes.at[i]);
		i = gc->notes.n;
		arena_back(cx->mem, back);
	} while (e == OK && i > 0 && !gc->overtaken);
	return e;
}

/* ---- batches of deletions ---------------------------------------------- */

static enum err
batch_run(struct cx *cx, struct gc *gc)
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

static enum err
batch_add(struct cx *cx, struct gc *gc, struct str key)
{
	enum err	e;

	if (gc->n == BATCH && (e = batch_run(cx, gc)) != OK)
		return e;
	gc->keys[gc->n++] = str_dup(gc->batch_mem, key);
	return OK;
}

/* All rows of a kind, what fn picks of them in batches under batch_fn. */
static enum err
pass(struct cx *cx, struct gc *gc, char letter, bool keys_only, row_fn *fn,
    kv_fn *batch_fn)
{
	enum err	e;

	gc->batch_fn = batch_fn;
	if ((e = rows_each(cx, gc->eng->kv, key_letter(cx, letter), keys_only,
	    fn, gc)) != OK)
		return e;
	return batch_run(cx, gc);
}

/* The record of another kind with the same rest: C… and D…. */
static struct str
same_but(struct cx *cx, struct str key, char letter)
{
	char	*p = arena_dup(cx->mem, key.p, key.n);

	p[0] = letter;
	return (struct str){ p, key.n };
}

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

	if ((e = ours(cx, tx, gc, &gs)) != OK || gc->overtaken)
		return e;
	for (i = 0; i < gc->n; i++) {
		marked = mark_has(&gc->m, GREY_COMMIT,
		    str_from(gc->keys[i], 1));
		doom = same_but(cx, gc->keys[i], 'D');
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
	    batch_add(cx, gc, key);
}

/* A marked commit that an earlier cycle doomed. */
static enum err
undoom_row(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;

	(void)value;
	return mark_has(&gc->m, GREY_COMMIT, str_from(key, 1)) ?
	    batch_add(cx, gc, key) : OK;
}

/* ---- sweep: each deletion looks again in its tx ------------------------ */

static enum err
sweep_commit_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct gc_state	 gs;
	struct str	 v;
	uint64_t	 doom;
	size_t		 i;
	enum err	 e;
	bool		 there;

	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		if (!there || !take_be64(&v, &doom) || doom > gs.floor)
			continue;
		if ((e = kv_delete(cx, tx, same_but(cx, gc->keys[i],
		    'C'))) != OK ||
		    (e = kv_delete(cx, tx, gc->keys[i])) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_commit(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;

	(void)value;
	if (mark_has(&gc->m, GREY_COMMIT, str_from(key, 1)))
		return OK;
	gc->r->commits++;
	return batch_add(cx, gc, key);
}

static enum err
sweep_node_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct str	 v;
	struct oid	 id;
	uint64_t	 stamp;
	size_t		 i;
	enum err	 e;
	bool		 there;

	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		/* A fold may have stamped it anew since we looked. */
		if (!there || !take_be64(&v, &stamp) || stamp >= gc->epoch)
			continue;
		memcpy(id.b, gc->keys[i].p + 1, sizeof id);
		if ((e = kv_delete(cx, tx, key_stamp(cx, &id))) != OK ||
		    (e = kv_delete(cx, tx, key_node(cx, &id))) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_keys_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	size_t		 i;
	enum err	 e = OK;

	for (i = 0; e == OK && i < gc->n; i++)
		e = kv_delete(cx, tx, gc->keys[i]);
	return e;
}

static enum err
dead_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc	*gc = arg;
	struct str	 v;
	struct buf	 b;
	size_t		 i;
	enum err	 e;
	bool		 there;

	for (i = 0; i < gc->n; i++) {
		if ((e = kv_find(cx, tx, gc->keys[i], &v, &there)) != OK)
			return e;
		if (there)
			continue;
		buf_init(&b, cx->mem, 16);
		buf_be64(&b, (uint64_t)cx->now);
		if ((e = kv_put(cx, tx, gc->keys[i], &b)) != OK)
			return e;
	}
	return OK;
}

static enum err
sweep_node(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	uint64_t	 stamp;

	if (mark_has(&gc->m, GREY_NODE, str_from(key, 1)) ||
	    !take_be64(&value, &stamp) || stamp >= gc->epoch)
		return OK;
	gc->r->nodes++;
	return batch_add(cx, gc, key);
}

static enum err
sweep_small(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;

	(void)value;
	memcpy(id.b, key.p + 1, sizeof id);
	if (block_id_epoch(&id) >= gc->epoch ||
	    bloom_touch(&gc->bloom, &id, false))
		return OK;
	gc->r->blocks++;
	return batch_add(cx, gc, key);
}

static enum err
sweep_manifest(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;

	(void)value;
	memcpy(id.b, key.p + 1, sizeof id);
	if (block_id_epoch(&id) >= gc->epoch ||
	    mark_has(&gc->m, GREY_MANIFEST, uid_str(&id)))
		return OK;
	return batch_add(cx, gc, key);
}

static enum err
sweep_file(struct cx *cx, const struct uid *id, uint64_t size, void *arg)
{
	struct gc	*gc = arg;

	(void)size;
	if (block_id_epoch(id) >= gc->epoch ||
	    bloom_touch(&gc->bloom, id, false))
		return OK;
	return batch_add(cx, gc, key_dead(cx, id));
}

/* Dead for longer than the grace: first the file, then the row.  [I20] */
static enum err
bury(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct gc	*gc = arg;
	struct uid	 id;
	uint64_t	 since, size;
	enum err	 e;
	bool		 there;

	memcpy(id.b, key.p + 1, sizeof id);
	if (!take_be64(&value, &since) ||
	    (int64_t)since + gc->opt->grace > cx->now)
		return OK;
	if ((e = block_size(cx, gc->eng->block, &id, &size, &there)) != OK ||
	    (e = block_delete(cx, gc->eng->block, &id)) != OK)
		return e;
	gc->r->blocks++;
	gc->r->bytes += size;
	return batch_add(cx, gc, key);
}

static void
tell(struct gc *gc, const char *phase)
{
	const struct gc_report	*r = gc->r;

	if (gc->opt->progress != NULL)
		gc->opt->progress(gc->opt->arg, phase, r->commits + r->nodes +
		    r->blocks, 0);
}

static enum err
sweep(struct cx *cx, struct gc *gc)
{
	struct engine	*eng = gc->eng;
	size_t		 files;
	enum err	 e;

	/* Commits first: what is under them has no other name. */
	tell(gc, "sweeping records");
	if ((e = pass(cx, gc, 'D', true, sweep_commit,
	    sweep_commit_fn)) != OK ||
	    (e = pass(cx, gc, 'N', false, sweep_node, sweep_node_fn)) != OK ||
	    (e = pass(cx, gc, 'M', true, sweep_manifest,
	    sweep_keys_fn)) != OK ||
	    (e = pass(cx, gc, 'y', true, sweep_small, sweep_keys_fn)) != OK)
		return e;
	gc->batch_fn = dead_fn;
	tell(gc, "sweeping files");
	if ((e = block_each(cx, eng->block, sweep_file, gc)) != OK ||
	    (e = batch_run(cx, gc)) != OK ||
	    (e = pass(cx, gc, 'X', false, bury, sweep_keys_fn)) != OK ||
	    (e = block_sweep(cx, eng->block, &files)) != OK)
		return e;
	gc->r->files = files;
	return OK;
}

/* ---- the whole cycle --------------------------------------------------- */

static enum err
mark_all(struct cx *cx, struct gc *gc)
{
	enum err	e;
	int		i;

	if ((e = mark_roots(cx, &gc->m)) != OK)
		return e;
	for (i = 0; i < ROUNDS && !gc->ended && !gc->overtaken; i++) {
		if ((e = mark_notes(cx, gc)) != OK ||
		    (e = pass(cx, gc, 'C', true, doom_row, doom_fn)) != OK ||
		    (e = pass(cx, gc, 'D', true, undoom_row, doom_fn)) != OK ||
		    (e = kv_write(cx, gc->eng->kv, end_fn, gc)) != OK)
			return e;
	}
	return OK;
}

static enum err
epoch_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct gc_state	gs;

	return ours(cx, tx, arg, &gs);
}

/* A hole may be another collector's work: then this one is out of date. */
static enum err
hole(struct cx *cx, struct mark *m)
{
	struct cx	aside = *cx;
	struct gc	*gc = m->arg;

	if (kv_read(&aside, gc->eng->kv, epoch_fn, gc) == OK && gc->overtaken)
		return fail(cx, E_CONDEMNED, "another gc overtook this one");
	return cx->code;
}

enum err
gc_run(struct cx *cx, struct engine *eng, const struct gc_opts *opt,
    struct gc_report *out)
{
	struct gc	gc = { .eng = eng, .opt = opt, .r = out };
	enum err	e;

	memset(out, 0, sizeof *out);
	tell(&gc, "reaping");
	if ((e = reap_run(cx, eng, opt, out)) != OK ||
	    (e = rows_each(cx, eng->kv, key_letter(cx, 'y'), true, count_row,
	    &gc)) != OK ||
	    (e = block_each(cx, eng->block, count_file, &gc)) != OK ||
	    (e = kv_write(cx, eng->kv, bump_fn, &gc)) != OK)
		return e;
	mark_init(&gc.m, eng);
	gc.batch_mem = arena_new();
	gc.m.arg = &gc;
	gc.m.entry = mark_blocks;
	gc.m.missing = hole;
	gc.m.progress = opt->progress;
	gc.m.progress_arg = opt->arg;
	bloom_open(&gc.bloom, gc.counted);
	e = mark_all(cx, &gc);
	if (e == OK && gc.ended && (e = sweep(cx, &gc)) == OK)
		e = kv_trim(cx, eng->kv);
	if (e == E_CONDEMNED && gc.overtaken) {
		cx_forget(cx);
		e = OK;
	}
	mark_release(&gc.m);
	arena_free(gc.batch_mem);
	free(gc.bloom.bits);
	return e;
}
