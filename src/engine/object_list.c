/* Pages of a view: prefix, delimiter, continuation. */
#include "engine/engine.h"

#include <string.h>

#include "base/vec.h"
#include "engine/listing.h"
#include "engine/refs.h"
#include "lake/keys.h"

struct object_list {
	struct engine		*eng;
	struct str		 repo, ref;
	const struct list_query	*q;
	/* set anew by each run */
	struct list_fill	 fill;
	VEC(struct list_item)	 found;
};

/* A path of the view; one that makes a group stands for all of it. */
static enum err
object_list_take(struct cx *cx, struct object_list *l, struct merged *m,
    struct str path, struct str value)
{
	struct list_item	*it;
	struct str		 group;
	bool			 is_prefix = list_group(l->q, path, &group);

	if (is_prefix)
		path = group;
	if (!list_takes(&l->fill, list_cost(path) +
	    (is_prefix ? 0 : list_cost(value))))
		return OK;
	it = VEC_PUSH(cx->mem, &l->found);
	it->is_prefix = is_prefix;
	it->path = str_dup(cx->mem, path);
	return is_prefix ? merged_seek(cx, m, key_end(cx, it->path)) :
	    entry_parse(cx, str_dup(cx->mem, value), &it->en);
}

static enum err
object_list_walk(struct cx *cx, struct object_list *l, struct merged *m)
{
	struct str	path, value;
	enum err	e = OK;
	bool		there;

	while (e == OK && !l->fill.more &&
	    (e = merged_next(cx, m, &path, &value, &there)) == OK && there &&
	    str_starts(path, l->q->prefix))
		if (value.p != NULL)
			e = object_list_take(cx, l, m, path, value);
	return e;
}

static enum err
object_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct object_list	*l = arg;
	struct merged_range	 in;
	struct merged		 m;
	struct view		 v;
	struct repo		 r;
	enum err		 e;

	memset(&l->found, 0, sizeof l->found);
	l->fill = (struct list_fill){ .limit = l->q->limit };
	if ((e = repo_find(cx, tx, l->repo, &r)) != OK ||
	    (e = ref_view(cx, tx, &r, l->ref, &v)) != OK || l->q->limit == 0)
		return e;
	in = view_range(&v);
	e = merged_open(cx, l->eng, tx, &in, list_first(cx, l->q), &m);
	if (e == OK)
		e = object_list_walk(cx, l, &m);
	merged_close(&m);
	return e;
}

enum err
object_list(struct cx *cx, struct engine *eng, struct str repo,
    struct str ref, const struct list_query *q, struct list_page *out)
{
	struct object_list	l = { .eng = eng, .repo = repo, .ref = ref,
	    .q = q };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	e = kv_read(cx, eng->kv, object_list_fn, &l);
	*out = (struct list_page){ l.found.at, l.found.n, l.fill.more };
	return e;
}
