/* Best common ancestors. */
#include "engine/merge_base.h"

#include "engine/records.h"
#include "engine/walk.h"

enum { LEFT = 1, RIGHT = 2, BOTH = 3 };

static enum err
merge_base_see(struct cx *cx, struct engine *eng, const struct uid *ruid,
    struct walk *w, const struct oid *id, unsigned colour)
{
	struct walk_commit	*wc;
	enum err		 e;
	bool			 fresh;

	if ((e = walk_see(cx, w, id, &wc, &fresh)) != OK)
		return e;
	wc->colour |= colour;
	return fresh ? walk_load(cx, w, eng, ruid, BY_GENERATION, wc) : OK;
}

/*
 * Largest generation first, colours handed to the parents: the first commit
 * with both is a best common ancestor, since a commit is taken only after all
 * its descendants.  [I13]
 */
enum err
merge_base_of(struct cx *cx, struct engine *eng, const struct uid *ruid,
    const struct oid *left, const struct oid *right, struct oid *base,
    bool *found)
{
	struct walk_commit	*wc;
	struct walk		 w;
	size_t			 i;
	enum err		 e;

	*found = false;
	walk_init(&w, cx->mem);
	if ((e = merge_base_see(cx, eng, ruid, &w, left, LEFT)) != OK ||
	    (e = merge_base_see(cx, eng, ruid, &w, right, RIGHT)) != OK)
		return e;
	while ((wc = walk_take(&w)) != NULL) {
		if (wc->colour == BOTH) {
			*base = wc->id;
			*found = true;
			return OK;
		}
		for (i = 0; i < wc->n_parents; i++)
			if ((e = merge_base_see(cx, eng, ruid, &w,
			    &wc->parents[i], wc->colour)) != OK)
				return e;
	}
	return OK;
}

enum err
merge_base(struct cx *cx, struct engine *eng, struct str repo,
    struct str left, struct str right, struct merge_base *out)
{
	struct repo	r;
	struct oid	id;
	enum err	e;

	out->base = (struct commit){ .n_parents = 0 };
	if ((e = repo_get(cx, eng, repo, &r)) != OK ||
	    (e = ref_commit(cx, eng, repo, left, &out->left)) != OK ||
	    (e = ref_commit(cx, eng, repo, right, &out->right)) != OK ||
	    (e = merge_base_of(cx, eng, &r.ruid, &out->left.id,
	    &out->right.id, &id, &out->found)) != OK || !out->found)
		return e;
	return commit_load(cx, eng->kv, &r.ruid, &id, &out->base);
}
