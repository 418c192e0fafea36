/* What two trees changed of a third, path by path. */
#include "engine/three.h"

#include <string.h>

enum err
three_open(struct cx *cx, struct engine *eng, const struct oid *base,
    const struct oid *src, const struct oid *dst, struct str from,
    struct three *t)
{
	enum err	e;

	memset(t, 0, sizeof *t);
	t->use_s = t->use_d = true;
	e = tree_diff_open(cx, &eng->trees, NULL, base, src, from, &t->src);
	if (e == OK)
		e = tree_diff_open(cx, &eng->trees, NULL, base, dst, from,
		    &t->dst);
	return e;
}

void
three_close(struct three *t)
{
	tree_diff_close(&t->src);
	tree_diff_close(&t->dst);
}

enum err
three_next(struct cx *cx, struct three *t, struct three_item *it, bool *there)
{
	enum err	e;
	int		o;

	if (t->use_s && (e = tree_diff_next(cx, &t->src, &t->s,
	    &t->has_s)) != OK)
		return e;
	if (t->use_d && (e = tree_diff_next(cx, &t->dst, &t->d,
	    &t->has_d)) != OK)
		return e;
	*there = t->has_s || t->has_d;
	o = !t->has_d ? -1 : !t->has_s ? 1 : str_cmp(t->s.key, t->d.key);
	t->use_s = t->has_s && o <= 0;
	t->use_d = t->has_d && o >= 0;
	if (!*there)
		return OK;
	it->path = t->use_s ? t->s.key : t->d.key;
	it->base = t->use_s ? t->s.a : t->d.a;
	it->src = t->use_s ? t->s.b : it->base;
	it->dst = t->use_d ? t->d.b : it->base;
	/* Different bytes may still be the same content. */
	if ((e = entry_bytes_same(cx, it->base, it->src, &it->by_src)) != OK ||
	    (e = entry_bytes_same(cx, it->base, it->dst, &it->by_dst)) != OK)
		return e;
	it->by_src = !it->by_src;
	it->by_dst = !it->by_dst;
	return OK;
}
