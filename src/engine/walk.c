/* A priority queue of commits. */
#include "engine/walk.h"

#include <string.h>

#include "base/fault.h"
#include "base/vec.h"
#include "engine/records.h"

void
walk_init(struct walk *w, struct arena *mem)
{
	memset(w, 0, sizeof *w);
	w->mem = mem;
	w->size = 1024;
	w->table = arena_get(mem, w->size * sizeof *w->table);
}

static size_t
walk_slot(const struct walk *w, const struct oid *id)
{
	size_t	i;

	memcpy(&i, id->b, sizeof i);
	for (i &= w->size - 1; w->table[i] != NULL; i = (i + 1) & (w->size - 1))
		if (oid_is(&w->table[i]->id, id))
			break;
	return i;
}

static void
walk_grow(struct walk *w)
{
	struct walk_commit	**old = w->table;
	size_t			 i, n = w->size;

	w->size *= 2;
	w->table = arena_get(w->mem, w->size * sizeof *w->table);
	for (i = 0; i < n; i++)
		if (old[i] != NULL)
			w->table[walk_slot(w, &old[i]->id)] = old[i];
}

/* Out of the table; what had to go further for it moves up. */
static void
walk_forget(struct walk *w, const struct oid *id)
{
	size_t	i = walk_slot(w, id), at;

	w->table[i] = NULL;
	for (at = (i + 1) & (w->size - 1); w->table[at] != NULL;
	    at = (at + 1) & (w->size - 1)) {
		struct walk_commit	*c = w->table[at];

		w->table[at] = NULL;
		w->table[walk_slot(w, &c->id)] = c;
	}
}

static struct walk_commit *
walk_new(struct walk *w)
{
	struct walk_commit	*c = w->spare;

	if (c == NULL)
		return arena_get(w->mem, sizeof *c);
	w->spare = c->next;
	memset(c, 0, sizeof *c);
	return c;
}

static enum err
walk_check(struct cx *cx, const struct walk *w)
{
	if (w->n_seen == WALK_MAX)
		return fail(cx, E_TOO_LARGE, "the history has more than %d "
		    "commits to look at", WALK_MAX);
	if (!fault_skip("WALK_WIDE") && w->n == WALK_WIDE)
		return fail(cx, E_TOO_LARGE, "more than %d lines of history "
		    "are beside each other", WALK_WIDE);
	return OK;
}

enum err
walk_see(struct cx *cx, struct walk *w, const struct oid *id,
    struct walk_commit **out, bool *fresh)
{
	size_t		i = walk_slot(w, id);
	enum err	e;

	*fresh = w->table[i] == NULL;
	if (!*fresh) {
		*out = w->table[i];
		return OK;
	}
	if ((e = walk_check(cx, w)) != OK)
		return e;
	*out = w->table[i] = walk_new(w);
	(*out)->id = *id;
	w->n_seen++;
	if ((w->n + 1) * 2 > w->size)
		walk_grow(w);
	return OK;
}

static bool
walk_before(const struct walk_commit *a, const struct walk_commit *b)
{
	if (a->order != b->order)
		return a->order > b->order;
	if (a->generation != b->generation)
		return a->generation > b->generation;
	return memcmp(&a->id, &b->id, sizeof a->id) > 0;
}

static void
walk_add(struct walk *w, struct walk_commit *c)
{
	size_t	i, up;

	w->heap = vec_room(w->mem, w->heap, w->n, &w->room, sizeof *w->heap);
	for (i = w->n++; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!walk_before(c, w->heap[up]))
			break;
		w->heap[i] = w->heap[up];
	}
	w->heap[i] = c;
}

struct walk_commit *
walk_take(struct walk *w)
{
	struct walk_commit	*best, *last;
	size_t			 i, down;

	if (w->taken != NULL) {
		w->taken->next = w->spare;
		w->spare = w->taken;
		w->taken = NULL;
	}
	if (w->n == 0)
		return NULL;
	best = w->taken = w->heap[0];
	walk_forget(w, &best->id);
	last = w->heap[--w->n];
	for (i = 0; (down = 2 * i + 1) < w->n; i = down) {
		if (down + 1 < w->n &&
		    walk_before(w->heap[down + 1], w->heap[down]))
			down++;
		if (!walk_before(w->heap[down], last))
			break;
		w->heap[i] = w->heap[down];
	}
	if (w->n > 0)
		w->heap[i] = last;
	return best;
}

enum err
walk_load(struct cx *cx, struct walk *w, struct engine *eng,
    const struct uid *ruid, enum walk_rank rank, struct walk_commit *wc)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct commit		c;
	enum err		e;

	if ((e = commit_load(cx, eng->kv, ruid, &wc->id, &c)) != OK)
		return e;
	wc->order = rank == BY_DATE ? c.order : 0;
	wc->generation = c.generation;
	wc->latest = commit_latest(&c);
	wc->n_parents = c.n_parents;
	wc->parents[0] = c.parents[0];
	wc->parents[1] = c.parents[1];
	arena_back(cx->mem, mark);
	walk_add(w, wc);
	return OK;
}
