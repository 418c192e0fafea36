/* Rows of a kv, page by page. */
#include "upkeep/rows.h"

#include "base/cx.h"
#include "base/vec.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { PAGE = 500 };

struct rows_page {
	struct str	 lo, hi;
	bool		 keys_only, ended;
	VEC(struct pair) rows;
};

static enum err
rows_page_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct rows_page		*p = arg;
	struct kv_cursor	*cur;
	struct pair		*row;
	struct str		 k, v;
	enum err		 e;
	bool			 there = true;

	e = p->keys_only ? kv_scan_keys(cx, tx, p->lo, p->hi, &cur) :
	    kv_scan(cx, tx, p->lo, p->hi, &cur);
	while (e == OK && p->rows.n < PAGE &&
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		row = VEC_PUSH(cx->mem, &p->rows);
		row->name = str_dup(cx->mem, k);
		row->value = str_dup(cx->mem, v);
	}
	p->ended = !there;
	return e;
}

/*
 * A value of this page cannot be read: the keys, then one value at a time.
 * What is gone by then does not come.
 */
static enum err
rows_one_by_one(struct cx *cx, struct kv *kv, struct rows_page *p)
{
	struct pair	row;
	size_t		i, n = 0;
	enum err	e;
	bool		there;

	p->keys_only = true;
	p->rows.n = 0;
	e = kv_read(cx, kv, rows_page_fn, p);
	p->keys_only = false;
	for (i = 0; e == OK && i < p->rows.n; i++) {
		row = p->rows.at[i];
		e = kv_get(cx, kv, row.name, &row.value, &there);
		if (e == E_CORRUPT) {
			cx_forget(cx);
			e = OK;
			row.value = STR("");
			there = true;
		}
		if (there)
			p->rows.at[n++] = row;
	}
	p->rows.n = n;
	return e;
}

enum err
rows_each(struct cx *cx, struct kv *kv, struct str prefix,
    bool keys_only, row_fn *fn, void *arg)
{
	struct keys_range	in = key_range(cx, prefix);
	struct rows_page	p = { .hi = in.hi, .keys_only = keys_only };
	struct arena_mark	mark;
	struct arena		*last = arena_new();
	size_t			i;
	enum err		e = OK;

	p.lo = in.lo;
	while (e == OK && !p.ended) {
		mark = arena_mark(cx->mem);
		p.rows.at = NULL;
		p.rows.n = p.rows.room = 0;
		e = kv_read(cx, kv, rows_page_fn, &p);
		if (e == E_CORRUPT && !keys_only) {
			cx_forget(cx);
			e = rows_one_by_one(cx, kv, &p);
		}
		for (i = 0; e == OK && i < p.rows.n; i++)
			e = fn(cx, p.rows.at[i].name, p.rows.at[i].value, arg);
		/* The last key outlives its page, however long it is. */
		if (p.rows.n > 0) {
			arena_empty(last);
			p.lo = str_after(last,
			    p.rows.at[p.rows.n - 1].name);
		}
		arena_back(cx->mem, mark);
	}
	arena_free(last);
	return e;
}
