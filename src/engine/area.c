/* Staging areas: the rows of a branch, and when an area is full. */
#include "engine/area.h"

#include "base/buf.h"
#include "base/limit.h"
#include "engine/engine_inside.h"
#include "lake/keys.h"

enum { TOMB = 0, ENTRY = 1 };

struct str
area_row_value(struct str row)
{
	return row.n > 0 && row.p[0] == ENTRY ? str_from(row, 1) :
	    (struct str){ NULL, 0 };
}

/* Rows and tombstones written to an area: an upper bound is enough. */
static enum err
area_count_find(struct cx *cx, struct kv_tx *tx, struct str key,
    uint64_t *rows, uint64_t *tombs)
{
	struct str	v;
	enum err	e;
	bool		there;

	*rows = *tombs = 0;
	if ((e = kv_find(cx, tx, key, &v, &there)) != OK)
		return e;
	if (there && (!take_varint(&v, rows) || !take_varint(&v, tombs)))
		return fail(cx, E_CORRUPT, "area count cannot be read");
	return OK;
}

enum err
area_rows(struct cx *cx, struct kv_tx *tx, const struct branch *br,
    uint64_t area, uint64_t *rows)
{
	uint64_t	tombs;

	return area_count_find(cx, tx, key_count(cx, &br->uid, area), rows,
	    &tombs);
}

static enum err
area_count_add(struct cx *cx, struct kv_tx *tx, const struct branch *br,
    bool tomb, uint64_t *rows, uint64_t *tombs)
{
	struct str	key = key_count(cx, &br->uid, br->open);
	struct buf	b;
	enum err	e;

	if ((e = area_count_find(cx, tx, key, rows, tombs)) != OK)
		return e;
	*rows += 1;
	*tombs += tomb;
	buf_init(&b, cx->mem, 64);
	buf_varint(&b, *rows);
	buf_varint(&b, *tombs);
	return kv_put(cx, tx, key, &b);
}

/*
 * Follows the tree, or random writes would rewrite it again and again; but a
 * slice of a fold takes in an area whole, in seconds.
 */
static enum err
area_is_full(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct branch *br, uint64_t rows, uint64_t tombs, bool *full)
{
	uint64_t	n, limit;
	enum err	e;

	*full = tombs >= eng->opt.area_tombs;
	if (*full || rows < eng->opt.area_rows)
		return OK;
	if ((e = tree_count(cx, &eng->trees, tx, &br->working, &n)) != OK)
		return e;
	limit = n / 16 < AREA_MOST ? n / 16 : AREA_MOST;
	*full = rows >= limit;
	return OK;
}

enum err
area_put(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    struct branch *br, struct str path, struct str bytes, bool *sealed)
{
	struct str	key = key_row(cx, &br->uid, br->open, path), old;
	struct buf	b;
	uint64_t	rows, tombs;
	enum err	e;
	bool		there, full, tomb = bytes.p == NULL;

	*sealed = false;
	buf_init(&b, cx->mem, LIMIT_ENTRY + 1);
	buf_byte(&b, tomb ? TOMB : ENTRY);
	buf_str(&b, bytes);
	if ((e = kv_find(cx, tx, key, &old, &there)) != OK ||
	    (e = kv_put(cx, tx, key, &b)) != OK)
		return e;
	if (there && (!tomb || area_row_value(old).p == NULL))
		return OK;
	if ((e = area_count_add(cx, tx, br, tomb, &rows, &tombs)) != OK ||
	    (e = area_is_full(cx, eng, tx, br, rows, tombs, &full)) != OK)
		return e;
	if (full && br->open - br->low < SEALED_MAX) {
		br->open++;
		*sealed = true;
	}
	return OK;
}

enum err
area_check_backlog(struct cx *cx, const struct branch *br)
{
	if (br->open - br->low >= SEALED_MAX)
		return fail(cx, E_BUSY, "branch \"%.*s\" has %llu areas that "
		    "wait to be folded, try again", STRF(br->name),
		    (unsigned long long)(br->open - br->low));
	return OK;
}

enum err
area_is_empty(struct cx *cx, struct kv_tx *tx, const struct branch *br,
    uint64_t area, bool *empty)
{
	struct keys_range	 in;
	struct kv_cursor	*cur;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	in = key_range(cx, key_area(cx, &br->uid, area));
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK ||
	    (e = kv_next(cx, tx, cur, &k, &v, &there)) != OK)
		return e;
	kv_cursor_close(tx, cur);
	*empty = !there;
	return OK;
}
