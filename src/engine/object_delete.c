/* Deletions of objects. */
#include "engine/engine.h"

#include "base/fault.h"
#include "engine/area.h"
#include "engine/write.h"

struct object_delete {
	struct write	 w;
	struct object_delete_item *items;	/* each with its result */
	size_t		 n;
};

static enum err
object_delete_item(struct cx *cx, struct kv_tx *tx, struct write *w,
    struct object_delete_item *it)
{
	struct arena_mark	mark = arena_mark(cx->mem);

	it->marker = false;
	it->result = write_cond(cx, tx, w, it->path, &it->cond);
	if (it->result == OK)
		it->result = write_delete(cx, tx, w, it->path, &it->marker);
	if (!fault_skip("DELETE_MEMORY"))
		arena_back(cx->mem, mark);
	if (it->result != E_PRECONDITION && it->result != E_NO_SUCH_OBJECT)
		return it->result;
	it->words = str_dup(cx->mem, str_of(cx->words));
	cx_forget(cx);
	return OK;
}

static enum err
object_delete_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_delete	*d = arg;
	size_t			 i;
	enum err		 e;

	e = write_look(cx, tx, &d->w);
	for (i = 0; e == OK && i < d->n; i++)
		e = write_look_path(cx, tx, &d->w, d->items[i].path);
	return e;
}

static enum err
object_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_delete	*d = arg;
	size_t			 i;
	enum err		 e;

	if ((e = write_open(cx, tx, &d->w)) != OK)
		return e;
	for (i = 0; i < d->n; i++)
		if ((e = object_delete_item(cx, tx, &d->w,
		    &d->items[i])) != OK ||
		    /* Tombstones may seal areas on the way. */
		    (d->w.sealed &&
		    (e = area_check_backlog(cx, &d->w.br)) != OK))
			return e;
	return write_close(cx, tx, &d->w);
}

/* What one transaction deletes. */
static enum err
object_delete_some(struct cx *cx, struct object_delete *d)
{
	enum err	e;

	if ((e = kv_read(cx, d->w.eng->kv, object_delete_look_fn, d)) != OK)
		return e;
	return write_run(cx, &d->w, object_delete_fn, d);
}

/* Those that an error left. */
static void
object_delete_failed(struct cx *cx, struct object_delete_item *items,
    size_t n, enum err e)
{
	struct str	words = str_dup(cx->mem, str_of(cx_public(cx)));
	size_t		i;

	for (i = 0; i < n; i++) {
		items[i].marker = false;
		items[i].result = e;
		items[i].words = words;
	}
}

enum err
objects_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, struct object_delete_item *items, size_t n,
    bool force)
{
	struct object_delete	d = { .w = { .eng = eng, .repo = repo,
	    .branch = branch, .force = force } };
	size_t			i = 0;
	enum err		e;

	do {
		d.items = items + i;
		d.n = n - i < OPS_PATHS ? n - i : OPS_PATHS;
		if ((e = object_delete_some(cx, &d)) != OK)
			object_delete_failed(cx, d.items, n - i, e);
		i += d.n;
	} while (e == OK && i < n);
	return e;
}

enum err
object_delete(struct cx *cx, struct engine *eng, const struct target *at,
    const struct cond *cond, bool force, bool *marker)
{
	struct object_delete_item	it = { .path = at->path,
	    .cond = *cond };
	enum err			e;

	if ((e = objects_delete(cx, eng, at->repo, at->ref, &it, 1,
	    force)) != OK)
		return e;
	*marker = it.marker;
	return it.result == OK ? OK :
	    fail(cx, it.result, "%.*s", STRF(it.words));
}
