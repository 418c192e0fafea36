/* A priority queue of commits. */
#include "engine/walk.h"

#include <string.h>

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

enum err
walk_see(struct cx *cx, struct walk *w, const struct oid *id,
    struct walk_commit **out, bool *fresh)
{
	size_t	i = walk_slot(w, id);

	*fresh = w->table[i] == NULL;
	if (*fresh) {
		if (w->n_seen == WALK_MAX)
			return fail(cx, E_TOO_LARGE, "the history has more "
			    "than %d commits to look at", WALK_MAX);
		w->table[i] = arena_get(w->mem, sizeof **w->table);
		w->table[i]->id = *id;
		*out = w->table[i];
		if (++w->n_seen * 2 > w->size)
			walk_grow(w);
		return OK;
	}
	*out = w->table[i];
	return OK;
}

static bool
walk_before(const struct walk_commit *a, const struct walk_commit *b)
{
	if (a->rank != b->rank)
		return a->rank > b->rank;
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

	if (w->n == 0)
		return NULL;
	best = w->heap[0];
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
	wc->rank = rank == BY_DATE ? (uint64_t)c.date : c.generation;
	wc->n_parents = c.n_parents;
	wc->parents[0] = c.parents[0];
	wc->parents[1] = c.parents[1];
	arena_back(cx->mem, mark);
	walk_add(w, wc);
	return OK;
}
