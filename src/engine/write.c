/* The shape of every write to what a branch has staged. */
#include "engine/write.h"

#include "base/fault.h"
#include "engine/branches.h"
#include "engine/fold.h"
#include "engine/records.h"
#include "engine/view.h"
#include "lake/keys.h"

enum err
write_look(struct cx *cx, struct kv_tx *tx, struct write *w)
{
	return branch_open(cx, tx, w->repo, w->branch, w->force, &w->r, &w->br);
}

enum err
write_look_path(struct cx *cx, struct kv_tx *tx, const struct write *w,
    struct str path)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct str		bytes;
	enum err		e;
	bool			there;

	if (fault_skip("LOOK_FIRST"))
		return OK;
	if ((e = tree_find(cx, &w->eng->trees, tx, &w->br.working, path,
	    &bytes, &there)) == OK)
		arena_back(cx->mem, mark);
	return e;
}

enum err
write_open(struct cx *cx, struct kv_tx *tx, struct write *w)
{
	enum err	e;

	w->sealed = false;
	if ((e = branch_open(cx, tx, w->repo, w->branch, w->force, &w->r,
	    &w->br)) != OK || (e = area_check_backlog(cx, &w->br)) != OK)
		return e;
	return gc_state_find(cx, tx, &w->gs);
}

enum err
write_cond(struct cx *cx, struct kv_tx *tx, const struct write *w,
    struct str path, const struct cond *cond)
{
	struct view	v = view_of_branch(&w->br);
	struct entry	old;
	struct str	bytes;
	enum err	e;
	bool		there;

	if (cond_is_empty(cond))
		return OK;
	if ((e = view_find(cx, w->eng, tx, &v, path, &bytes, &there)) != OK ||
	    (there && (e = entry_parse(cx, bytes, &old)) != OK))
		return e;
	return cond_check(cx, cond, COND_WRITE, there ? &old : NULL);
}

static enum err
write_bytes(struct cx *cx, struct kv_tx *tx, struct write *w, struct str path,
    struct str bytes)
{
	enum err	e;
	bool		sealed;

	e = area_put(cx, w->eng, tx, &w->br, path, bytes, &sealed);
	w->sealed = w->sealed || sealed;
	return e;
}

enum err
write_row(struct cx *cx, struct kv_tx *tx, struct write *w, struct str path,
    const struct entry *en)
{
	struct str	bytes;
	enum err	e;

	if ((e = entry_bytes(cx, en, &bytes)) != OK)
		return e;
	return write_bytes(cx, tx, w, path, bytes);
}

/*
 * A tombstone where something lies below; otherwise the row of the open area
 * is all there is.  Below are sealed areas too, not only the tree.  (N_TOMB)
 */
enum err
write_delete(struct cx *cx, struct kv_tx *tx, struct write *w,
    struct str path, bool *marker)
{
	struct view	v = view_of_branch(&w->br), below = v;
	struct str	bytes;
	enum err	e;
	bool		there;

	below.br.open--;
	below.staged = below.br.open >= below.br.low &&
	    !fault_skip("N_TOMB");
	if ((e = view_find(cx, w->eng, tx, &below, path, &bytes,
	    &there)) != OK)
		return e;
	*marker = there && repo_has_versions(&w->r);
	if (!there)
		return kv_delete(cx, tx, key_row(cx, &w->br.uid, w->br.open,
		    path));
	if ((e = view_find(cx, w->eng, tx, &v, path, &bytes, &there)) != OK)
		return e;
	return there ? write_bytes(cx, tx, w, path,
	    (struct str){ NULL, 0 }) : OK;
}

enum err
write_close(struct cx *cx, struct kv_tx *tx, struct write *w)
{
	return w->sealed ? branch_put(cx, tx, &w->r.ruid, &w->br) : OK;
}

enum err
write_run(struct cx *cx, struct write *w, kv_fn *fn, void *arg)
{
	struct cx	aside;
	enum err	e;

	e = kv_write(cx, w->eng->kv, fn, arg);
	if (e == OK && w->sealed)
		todo_add(&w->eng->todo, &w->r.ruid, w->br.name, &w->br.uid);
	if (w->br.open - w->br.low >= SEALED_HELP) {
		aside = cx_aside(cx);
		fold_help(&aside, w->eng, w->repo, w->branch);
	}
	return e;
}
