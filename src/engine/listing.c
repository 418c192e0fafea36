/* Pages of a view: prefix, delimiter, continuation. */
#include "engine/listing.h"

#include <string.h>

#include "base/vec.h"
#include "engine/area.h"
#include "engine/keys.h"

struct list {
	struct engine		*eng;
	struct str		 repo, ref;
	const struct list_query	*q;
	struct list_page	*out;
	VEC(struct list_item)	 items;
};

bool
list_group(const struct list_query *q, struct str path, struct str *group)
{
	struct str	rest = str_from(path, q->prefix.n);
	size_t		at;

	if (q->delimiter.n == 0)
		return false;
	at = str_find_str(rest, q->delimiter);
	if (at == rest.n)
		return false;
	*group = str_to(path, q->prefix.n + at + q->delimiter.n);
	return true;
}

struct str
list_first(struct cx *cx, const struct list_query *q)
{
	struct str	group;

	if (str_cmp(q->after, q->prefix) < 0 || q->after.n == 0)
		return q->prefix;
	if (str_starts(q->after, q->prefix) &&
	    list_group(q, q->after, &group) && str_is(group, q->after))
		return key_end(cx, q->after);
	return str_after(cx->mem, q->after);
}

static enum err
list_walk(struct cx *cx, struct list *l, struct merged *m)
{
	const struct list_query	*q = l->q;
	struct list_item	*it;
	struct str		 path, value, group;
	enum err		 e;
	bool			 there;

	while ((e = merged_next(cx, m, &path, &value, &there)) == OK && there) {
		if (!str_starts(path, q->prefix))
			break;
		if (value.p == NULL)
			continue;
		if (l->items.n == q->limit) {
			l->out->more = true;
			break;
		}
		it = VEC_PUSH(cx->mem, &l->items);
		it->is_prefix = list_group(q, path, &group);
		it->path = str_dup(cx->mem, it->is_prefix ? group : path);
		if (!it->is_prefix)
			e = entry_parse(cx, str_dup(cx->mem, value), &it->en);
		else
			e = merged_seek(cx, m, key_end(cx, it->path));
		if (e != OK)
			break;
	}
	return e;
}

static enum err
list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct list	*l = arg;
	struct merged	 m;
	struct view	 v;
	struct repo	 r;
	enum err	 e;

	l->items.n = 0;
	l->out->more = false;
	if ((e = repo_find(cx, tx, l->repo, &r)) != OK ||
	    (e = ref_view(cx, tx, &r, l->ref, &v)) != OK || l->q->limit == 0)
		return e;
	e = merged_open(cx, l->eng, tx, &v.br.uid, v.staged ? v.br.low : 1,
	    v.staged ? v.br.open : 0, &v.tree, list_first(cx, l->q), &m);
	if (e == OK)
		e = list_walk(cx, l, &m);
	merged_close(&m);
	return e;
}

enum err
object_list(struct cx *cx, struct engine *eng, struct str repo,
    struct str ref, const struct list_query *q, struct list_page *out)
{
	struct list	l = { .eng = eng, .repo = repo, .ref = ref, .q = q,
	    .out = out };
	enum err	e;

	e = kv_read(cx, eng->kv, list_fn, &l);
	out->at = l.items.at;
	out->n = l.items.n;
	return e;
}
