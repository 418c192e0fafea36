/* Staging areas: rows, views, and layers over each other. */
#include "engine/area.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "lake/keys.h"

enum { TOMB = 0, ENTRY = 1 };

static struct str
row_value(struct str row)
{
	return row.n > 0 && row.p[0] == ENTRY ? str_from(row, 1) :
	    (struct str){ NULL, 0 };
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
			*bytes = row_value(row);
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

/* Rows and tombstones written to an area: an upper bound is enough. */
static enum err
count_add(struct cx *cx, struct kv_tx *tx, const struct branch *br,
    bool tomb, uint64_t *rows, uint64_t *tombs)
{
	struct str	key = key_count(cx, &br->uid, br->open), v;
	struct buf	b;
	enum err	e;
	bool		there;

	*rows = *tombs = 0;
	if ((e = kv_find(cx, tx, key, &v, &there)) != OK)
		return e;
	if (there && (!take_varint(&v, rows) || !take_varint(&v, tombs)))
		return fail(cx, E_CORRUPT, "area count cannot be read");
	*rows += 1;
	*tombs += tomb;
	buf_init(&b, cx->mem, 64);
	buf_varint(&b, *rows);
	buf_varint(&b, *tombs);
	return kv_put(cx, tx, key, &b);
}

/* Follows the tree, or random writes would rewrite it again and again. */
static enum err
is_full(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct branch *br, uint64_t rows, uint64_t tombs, bool *full)
{
	uint64_t	n, limit;
	enum err	e;

	*full = tombs >= eng->opt.area_tombs;
	if (*full || rows < eng->opt.area_rows)
		return OK;
	if ((e = tree_count(cx, &eng->trees, tx, &br->working, &n)) != OK)
		return e;
	limit = n / 16 < 100000 ? n / 16 : 100000;
	*full = rows >= limit;
	return OK;
}

enum err
entry_bytes(struct cx *cx, const struct entry *en, struct str *out)
{
	struct buf	b;

	buf_init(&b, cx->mem, LIMIT_ENTRY);
	entry_format(&b, en);
	*out = buf_as_str(&b);
	if (!fault_skip("ENTRY_WHOLE") && !buf_ok(&b))
		return fail(cx, E_METADATA_TOO_LARGE, "the metadata, headers "
		    "and tags of an object may have %d bytes in all",
		    LIMIT_ENTRY);
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
	if (there && (!tomb || row_value(old).p == NULL))
		return OK;
	if ((e = count_add(cx, tx, br, tomb, &rows, &tombs)) != OK ||
	    (e = is_full(cx, eng, tx, br, rows, tombs, &full)) != OK)
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
	struct range		 in;
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

/* ---- layers ------------------------------------------------------------ */

enum { ROW_HEAD = 1 + sizeof(struct uid) + 8 };	/* before the path */

static enum err
layer_step(struct cx *cx, struct merged *m, struct layer *l)
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
	l->value = row_value(v);
	return OK;
}

enum err
merged_open(struct cx *cx, struct engine *eng, struct kv_tx *tx,
    const struct uid *uid, uint64_t low, uint64_t high,
    const struct oid *tree, struct str from, struct merged *m)
{
	struct range	in;
	struct layer	*l;
	uint64_t	 area;
	enum err	 e;

	memset(m, 0, sizeof *m);
	m->tx = tx;
	m->uid = *uid;
	m->low = low;
	if (high - low + 1 > SEALED_MAX + 2)
		return fail(cx, E_CORRUPT, "a branch has too many areas");
	for (area = high; area >= low; area--) {
		l = &m->layer[m->n++];
		in = key_range(cx, key_area(cx, uid, area));
		if ((e = kv_scan(cx, tx, key_row(cx, uid, area, from), in.hi,
		    &l->cur)) != OK || (e = layer_step(cx, m, l)) != OK)
			return e;
	}
	if (tree == NULL)
		return OK;
	m->with_tree = true;
	l = &m->layer[m->n];
	if ((e = tree_open(cx, &eng->trees, tx, tree, from, &m->tree)) != OK)
		return e;
	return layer_step(cx, m, l);
}

/* What was given out last is stepped over only at the next call: until then
 * its slices live in the cursors. */
static enum err
step_over_last(struct cx *cx, struct merged *m, struct layer *end)
{
	struct str	 last = { (const char *)m->last, m->nlast };
	struct layer	*l;
	enum err	 e;

	for (l = m->layer; m->given && l < end; l++)
		if (l->there && str_is(l->key, last) &&
		    (e = layer_step(cx, m, l)) != OK)
			return e;
	m->given = false;
	return OK;
}

enum err
merged_next(struct cx *cx, struct merged *m, struct str *path,
    struct str *value, bool *there)
{
	struct layer	*least = NULL, *l, *end;
	enum err	 e;

	end = m->layer + m->n + m->with_tree;
	if ((e = step_over_last(cx, m, end)) != OK)
		return e;
	for (l = m->layer; l < end; l++)
		if (l->there && (least == NULL ||
		    str_cmp(l->key, least->key) < 0))
			least = l;
	*there = least != NULL;
	if (!*there)
		return OK;
	if (least->key.n > sizeof m->last)
		return fail(cx, E_CORRUPT, "a staged path is too long");
	*path = least->key;
	*value = least->value;
	memcpy(m->last, path->p, path->n);
	m->nlast = path->n;
	m->given = true;
	return OK;
}

enum err
merged_seek(struct cx *cx, struct merged *m, struct str from)
{
	struct layer	*l;
	size_t		 i;
	enum err	 e;

	m->given = false;
	for (i = 0; i < m->n; i++) {
		l = &m->layer[i];
		if (l->there && str_cmp(l->key, from) >= 0)
			continue;
		if ((e = kv_seek(cx, m->tx, l->cur, key_row(cx, &m->uid,
		    m->low + m->n - 1 - i, from))) != OK ||
		    (e = layer_step(cx, m, l)) != OK)
			return e;
	}
	l = &m->layer[m->n];
	if (!m->with_tree || (l->there && str_cmp(l->key, from) >= 0))
		return OK;
	if ((e = tree_seek(cx, m->tx, &m->tree, from)) != OK)
		return e;
	return layer_step(cx, m, l);
}

void
merged_close(struct merged *m)
{
	if (m->with_tree)
		tree_close(&m->tree);
}
