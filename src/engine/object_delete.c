/* Deletions of objects. */
#include "engine/engine.h"

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
	it->marker = false;
	it->result = write_cond(cx, tx, w, it->path, &it->cond);
	if (it->result == OK)
		it->result = write_delete(cx, tx, w, it->path, &it->marker);
	if (it->result != E_PRECONDITION && it->result != E_NO_SUCH_OBJECT)
		return it->result;
	it->words = str_dup(cx->mem, str_of(cx->words));
	cx_forget(cx);
	return OK;
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
		    /* 1000 tombstones may seal areas on the way. */
		    (d->w.sealed &&
		    (e = area_check_backlog(cx, &d->w.br)) != OK))
			return e;
	return write_close(cx, tx, &d->w);
}

enum err
objects_delete(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, struct object_delete_item *items, size_t n,
    bool force)
{
	struct object_delete	d = { .w = { .eng = eng, .repo = repo,
	    .branch = branch, .force = force }, .items = items, .n = n };

	return write_run(cx, &d.w, object_delete_fn, &d);
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
