/* Pages of records, each with the gc record of its snapshot. */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/vec.h"
#include "lake/keys.h"
#include "upkeep/rows.h"

enum { ROWS = 500, BYTES = 1 << 20 };

struct root_page {
	struct str	 lo, hi;
	bool		 keys_only, ended, unreadable;
	struct gc_state	 gs;
	VEC(struct pair) rows;
};

static enum err
fsck_page_rows(struct cx *cx, struct kv_tx *tx, struct root_page *p)
{
	struct kv_cursor	*cur;
	struct pair		*row;
	struct str		 k, v;
	size_t			 bytes = 0;
	enum err		 e;
	bool			 there = true;

	e = p->keys_only ? kv_scan_keys(cx, tx, p->lo, p->hi, &cur) :
	    kv_scan(cx, tx, p->lo, p->hi, &cur);
	while (e == OK && p->rows.n < ROWS && bytes < BYTES &&
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		row = VEC_PUSH(cx->mem, &p->rows);
		row->name = str_dup(cx->mem, k);
		row->value = p->keys_only ? (struct str){ NULL, 0 } :
		    str_dup(cx->mem, v);
		bytes += k.n + v.n;
	}
	p->ended = !there;
	return e;
}

static enum err
fsck_page_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct root_page	*p = arg;
	enum err		 e;

	p->rows.at = NULL;
	p->rows.n = p->rows.room = 0;
	p->unreadable = false;
	if ((e = gc_state_find(cx, tx, &p->gs)) != OK ||
	    (e = fsck_page_rows(cx, tx, p)) != E_CORRUPT || p->keys_only)
		return e;
	cx_forget(cx);
	p->unreadable = true;
	return OK;
}

enum err
fsck_rows(struct cx *cx, struct fsck *f, char letter, fsck_row_fn *fn)
{
	struct keys_range	in = key_range(cx, key_letter(cx, letter));
	struct root_page	p = { .lo = in.lo, .hi = in.hi };
	struct arena_mark	back;
	unsigned char		from[KV_KEY_MAX + 1];
	struct str		last;
	size_t			i;
	enum err		e = OK;

	while (e == OK && !p.ended) {
		back = arena_mark(cx->mem);
		e = kv_read(cx, f->eng->kv, fsck_page_fn, &p);
		p.keys_only = p.unreadable;
		for (i = 0; e == OK && !p.unreadable && i < p.rows.n; i++)
			e = fn(cx, f, p.rows.at[i].name, p.rows.at[i].value,
			    &p.gs);
		if (!p.unreadable && p.rows.n > 0) {
			last = p.rows.at[p.rows.n - 1].name;
			memcpy(from, last.p, last.n);
			from[last.n] = 0;
			p.lo = (struct str){ (char *)from, last.n + 1 };
		}
		arena_back(cx->mem, back);
	}
	return e;
}
