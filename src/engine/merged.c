/* Staged rows of several areas, laid over each other and over a tree. */
#include "engine/merged.h"

#include <string.h>

#include "base/fault.h"
#include "engine/area.h"
#include "lake/keys.h"

enum { ROW_HEAD = 1 + sizeof(struct uid) + 8 };	/* before the path */

static enum err
merged_step(struct cx *cx, struct merged *m, struct merged_layer *l)
{
	struct str	v;
	enum err	e;

	if (l->cur == NULL)
		return tree_next(cx, m->tx, &m->tree, &l->key, &l->value,
		    &l->there);
	if ((e = kv_next(cx, m->tx, l->cur, &l->key, &v, &l->there)) != OK ||
	    !l->there)
		return e;
	l->key = str_from(l->key, ROW_HEAD);
	l->value = area_row_value(v);
	return OK;
}

enum err
merged_open(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct merged_range *in, struct str from, struct merged *m)
{
	struct keys_range	 keys;
	struct merged_layer	*l;
	uint64_t		 area;
	enum err		 e;

	memset(m, 0, sizeof *m);
	m->tx = tx;
	m->uid = in->uid;
	m->low = in->low;
	if (in->high - in->low + 1 > SEALED_MAX + 2)
		return fail(cx, E_CORRUPT, "a branch has too many areas");
	for (area = in->high; area >= in->low; area--) {
		l = &m->layer[m->n++];
		keys = key_range(cx, key_area(cx, &m->uid, area));
		if ((e = kv_scan(cx, tx, key_row(cx, &m->uid, area, from),
		    keys.hi, &l->cur)) != OK ||
		    (e = merged_step(cx, m, l)) != OK)
			return e;
	}
	if (in->tree == NULL)
		return OK;
	m->with_tree = true;
	l = &m->layer[m->n];
	if ((e = tree_open(cx, &eng->trees, tx, in->tree, from,
	    &m->tree)) != OK)
		return e;
	return merged_step(cx, m, l);
}

/* What was returned last is stepped over only at the next call: until then
 * its slices live in the cursors. */
static enum err
merged_step_over(struct cx *cx, struct merged *m, struct merged_layer *end)
{
	struct str		 last = { (const char *)m->last, m->nlast };
	struct merged_layer	*l;
	enum err		 e;

	for (l = m->layer; m->returned && l < end; l++)
		if (l->there && str_is(l->key, last) &&
		    (e = merged_step(cx, m, l)) != OK)
			return e;
	m->returned = false;
	return OK;
}

enum err
merged_next(struct cx *cx, struct merged *m, struct str *path,
    struct str *value, bool *there)
{
	struct merged_layer	*least = NULL, *l, *end;
	enum err		 e;

	end = m->layer + m->n + m->with_tree;
	if ((e = merged_step_over(cx, m, end)) != OK)
		return e;
	for (l = m->layer; l < end; l++)
		if (l->there && (least == NULL ||
		    str_cmp(l->key, least->key) < 0))
			least = l;
	*there = least != NULL;
	if (!*there)
		return OK;
	if (least->key.n > sizeof m->last && !fault_skip("ROW_PATH"))
		return fail(cx, E_CORRUPT, "a staged path is too long");
	*path = least->key;
	*value = least->value;
	memcpy(m->last, path->p, path->n);
	m->nlast = path->n;
	m->returned = true;
	return OK;
}

enum err
merged_seek(struct cx *cx, struct merged *m, struct str from)
{
	struct merged_layer	*l;
	size_t			 i;
	enum err		 e;

	m->returned = false;
	for (i = 0; i < m->n; i++) {
		l = &m->layer[i];
		if (l->there && str_cmp(l->key, from) >= 0)
			continue;
		if ((e = kv_seek(cx, m->tx, l->cur, key_row(cx, &m->uid,
		    m->low + m->n - 1 - i, from))) != OK ||
		    (e = merged_step(cx, m, l)) != OK)
			return e;
	}
	l = &m->layer[m->n];
	if (!m->with_tree || (l->there && str_cmp(l->key, from) >= 0))
		return OK;
	if ((e = tree_seek(cx, m->tx, &m->tree, from)) != OK)
		return e;
	return merged_step(cx, m, l);
}

void
merged_close(struct merged *m)
{
	if (m->with_tree)
		tree_close(&m->tree);
}
