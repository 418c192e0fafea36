/* What a ref shows, path by path. */
#include "engine/view.h"

#include "engine/area.h"
#include "lake/keys.h"
#include "tree/tree.h"

struct view
view_of_branch(const struct branch *br)
{
	return (struct view){ .staged = true, .br = *br, .commit = br->head,
	    .tree = br->working };
}

struct merged_range
view_range(const struct view *v)
{
	return (struct merged_range){ v->br.uid, v->staged ? v->br.low : 1,
	    v->staged ? v->br.open : 0, &v->tree };
}

enum err
view_find(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct view *v, struct str path, struct str *bytes, bool *there)
{
	struct str	row;
	uint64_t	area;
	enum err	e;

	for (area = v->staged ? v->br.open : 0;
	    v->staged && area >= v->br.low; area--) {
		if ((e = kv_find(cx, tx, key_row(cx, &v->br.uid, area, path),
		    &row, there)) != OK)
			return e;
		if (*there) {
			*bytes = area_row_value(row);
			*there = bytes->p != NULL;
			return OK;
		}
	}
	return tree_find(cx, &eng->trees, tx, &v->tree, path, bytes, there);
}

enum err
view_get(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct view *v, struct str path, struct entry *out)
{
	struct str	bytes;
	enum err	e;
	bool		there;

	if ((e = view_find(cx, eng, tx, v, path, &bytes, &there)) != OK)
		return e;
	if (!there)
		return fail(cx, E_NO_SUCH_OBJECT, "object \"%.*s\" not found",
		    STRF(path));
	return entry_parse(cx, bytes, out);
}
