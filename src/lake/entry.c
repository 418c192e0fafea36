/* Byte forms of entries and manifests. */
#include "lake/entry.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"

/* An entry or manifest with checksums of parts is of the later version. */
enum { VERSION = 1, WITH_PART_SUMS = 2, LIST_MAX = 100000 };

static enum err
entry_damaged(struct cx *cx, const char *what)
{
	return fail(cx, E_CORRUPT, "%s record cannot be read", what);
}

static bool
entry_take_version(struct str *s, uint8_t *out)
{
	return take_byte(s, out) &&
	    (*out == VERSION || *out == WITH_PART_SUMS);
}

static void
entry_put_extents(struct buf *b, const struct entry *en)
{
	size_t	i;

	buf_varint(b, en->n_extents);
	for (i = 0; i < en->n_extents; i++) {
		buf_add(b, en->extents[i].block.b, sizeof(struct uid));
		buf_varint(b, en->extents[i].off);
		buf_varint(b, en->extents[i].len);
	}
	buf_varint(b, en->n_parts);
	for (i = 0; i < en->n_parts; i++)
		buf_varint(b, en->parts[i]);
	if (en->part_sums.n > 0) {
		buf_field(b, en->part_sum_kind);
		buf_field(b, en->part_sums);
	}
}

static bool
entry_take_extents(struct cx *cx, struct str *s, uint8_t version,
    struct entry *en)
{
	uint64_t	n, i;

	if (!take_varint(s, &n) || n > LIST_MAX || n > s->n)
		return false;
	en->n_extents = n;
	en->extents = arena_get(cx->mem, n * sizeof *en->extents);
	for (i = 0; i < n; i++)
		if (!take_bytes(s, sizeof(struct uid),
		    en->extents[i].block.b) ||
		    !take_varint(s, &en->extents[i].off) ||
		    !take_varint(s, &en->extents[i].len))
			return false;
	if (!take_varint(s, &n) || n > LIST_MAX || n > s->n)
		return false;
	en->n_parts = n;
	en->parts = arena_get(cx->mem, n * sizeof *en->parts);
	for (i = 0; i < n; i++)
		if (!take_varint(s, &en->parts[i]))
			return false;
	return version == VERSION || (take_field(s, &en->part_sum_kind) &&
	    take_field(s, &en->part_sums));
}

void
entry_format(struct buf *b, const struct entry *en)
{
	buf_byte(b, en->part_sums.n > 0 && !en->has_manifest ?
	    WITH_PART_SUMS : VERSION);
	buf_varint(b, en->size);
	buf_varint(b, (uint64_t)en->mtime);
	buf_field(b, en->etag);
	buf_field(b, en->content_type);
	buf_pairs(b, en->meta, en->n_meta);
	buf_pairs(b, en->headers, en->n_headers);
	buf_pairs(b, en->sums, en->n_sums);
	buf_byte(b, en->sums_composite);
	buf_pairs(b, en->tags, en->n_tags);
	buf_byte(b, en->has_manifest);
	if (en->has_manifest)
		buf_add(b, en->manifest.b, sizeof en->manifest);
	else
		entry_put_extents(b, en);
}

enum err
entry_parse(struct cx *cx, struct str s, struct entry *en)
{
	uint8_t	version;

	memset(en, 0, sizeof *en);
	if (!entry_take_version(&s, &version) ||
	    !take_varint(&s, &en->size) ||
	    !take_time(&s, &en->mtime) || !take_field(&s, &en->etag) ||
	    !take_field(&s, &en->content_type) ||
	    !take_pairs(cx->mem, &s, &en->meta, &en->n_meta) ||
	    !take_pairs(cx->mem, &s, &en->headers, &en->n_headers) ||
	    !take_pairs(cx->mem, &s, &en->sums, &en->n_sums) ||
	    !take_flag(&s, &en->sums_composite) ||
	    !take_pairs(cx->mem, &s, &en->tags, &en->n_tags) ||
	    !take_flag(&s, &en->has_manifest))
		return entry_damaged(cx, "entry");
	if (en->has_manifest ?
	    !take_bytes(&s, sizeof en->manifest, en->manifest.b) :
	    !entry_take_extents(cx, &s, version, en))
		return entry_damaged(cx, "entry");
	return OK;
}

/* Each of a is among b. */
static bool
pairs_within(const struct pair *a, size_t na, const struct pair *b, size_t nb)
{
	size_t	i, k;

	for (i = 0; i < na; i++) {
		for (k = 0; k < nb; k++)
			if (str_is(a[i].name, b[k].name) &&
			    str_is(a[i].value, b[k].value))
				break;
		if (k == nb)
			return false;
	}
	return true;
}

/* Order does not count: both lists are small. */
static bool
pairs_same(const struct pair *a, size_t na, const struct pair *b, size_t nb)
{
	return na == nb && pairs_within(a, na, b, nb) &&
	    pairs_within(b, nb, a, na);
}

bool
entry_same(const struct entry *a, const struct entry *b)
{
	return a->size == b->size && str_is(a->etag, b->etag) &&
	    str_is(a->content_type, b->content_type) &&
	    pairs_same(a->meta, a->n_meta, b->meta, b->n_meta) &&
	    pairs_same(a->headers, a->n_headers, b->headers, b->n_headers) &&
	    pairs_same(a->tags, a->n_tags, b->tags, b->n_tags);
}

enum err
entry_bytes_same(struct cx *cx, struct str a, struct str b, bool *same)
{
	struct arena_mark	mark = arena_mark(cx->mem);
	struct entry		x, y;
	enum err		e;

	*same = a.p == NULL && b.p == NULL;
	if (a.p == NULL || b.p == NULL)
		return OK;
	if ((e = entry_parse(cx, a, &x)) == OK &&
	    (e = entry_parse(cx, b, &y)) == OK)
		*same = entry_same(&x, &y);
	arena_back(cx->mem, mark);
	return e;
}

void
entry_manifest_format(struct buf *b, const struct entry *en)
{
	buf_byte(b, en->part_sums.n > 0 ? WITH_PART_SUMS : VERSION);
	entry_put_extents(b, en);
}

enum err
entry_manifest_parse(struct cx *cx, struct str s, struct entry *into)
{
	uint8_t	version;

	if (!entry_take_version(&s, &version) ||
	    !entry_take_extents(cx, &s, version, into))
		return entry_damaged(cx, "manifest");
	return OK;
}
