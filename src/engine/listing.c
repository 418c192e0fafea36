/* Pages of a view: prefix, delimiter, continuation. */
#include "engine/listing.h"

#include <string.h>

#include "base/budget.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"
#include "engine/area.h"
#include "engine/records.h"
#include "lake/keys.h"

struct list {
	struct engine		*eng;
	struct str		 repo, ref;
	const struct list_query	*q;
	struct list_page	*out;
	VEC(struct list_item)	 items;
	size_t			 cost;
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

/*
 * Bytes that are written as six or so ("&quot;", "\\u0001"); and short
 * lengths, two of which are a pair of slices where the record is parsed.
 */
size_t
list_cost(struct str bytes)
{
	size_t		i, n = sizeof(struct list_item);
	unsigned char	c;

	for (i = 0; i < bytes.n; i++) {
		c = (unsigned char)bytes.p[i];
		n += c < 0x20 ? 16 : c >= 0x7f || c == '"' || c == '&' ||
		    c == '<' || c == '>' || c == '\\' || c == '\'' ? 6 : 1;
	}
	return n;
}

bool
list_full(size_t limit, size_t n, size_t cost)
{
	return n == limit || (!fault_skip("PAGE_BYTES") && n > 0 &&
	    cost >= LIMIT_PAGE_BYTES);
}

/* The records, and an answer that grew by doubling. */
enum err
list_claim(struct cx *cx, size_t limit)
{
	return budget_need(cx, 4 * (limit < LIMIT_PAGE_BYTES / LIMIT_ENTRY ?
	    limit * LIMIT_ENTRY : LIMIT_PAGE_BYTES));
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
		if (list_full(q->limit, l->items.n, l->cost)) {
			l->out->more = true;
			break;
		}
		it = VEC_PUSH(cx->mem, &l->items);
		it->is_prefix = list_group(q, path, &group);
		it->path = str_dup(cx->mem, it->is_prefix ? group : path);
		l->cost += list_cost(it->path);
		if (!it->is_prefix) {
			l->cost += list_cost(value);
			e = entry_parse(cx, str_dup(cx->mem, value), &it->en);
		} else
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

	l->items.n = l->cost = 0;
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

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	e = kv_read(cx, eng->kv, list_fn, &l);
	out->at = l.items.at;
	out->n = l.items.n;
	return e;
}
