/* Byte forms of the engine's values. */
#include "lake/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"

/* An entry or manifest with checksums of parts is of the later version. */
enum { VERSION = 1, WITH_PART_SUMS = 2, LIST_MAX = 100000 };

struct oid_hex
oid_hex(const struct oid *id)
{
	struct oid_hex	h;

	enc_hex(h.z, id->b, sizeof id->b);
	return h;
}

bool
oid_parse(struct str hex, struct oid *out)
{
	return enc_unhex(hex, out->b, sizeof out->b);
}

bool
oid_is(const struct oid *a, const struct oid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

bool
oid_is_zero(const struct oid *a)
{
	static const struct oid	zero;

	return oid_is(a, &zero);
}

bool
uid_is(const struct uid *a, const struct uid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

struct str
oid_str(const struct oid *id)
{
	return (struct str){ (const char *)id->b, sizeof id->b };
}

struct str
uid_str(const struct uid *id)
{
	return (struct str){ (const char *)id->b, sizeof id->b };
}

struct pair *
pairs_find(struct pair *at, size_t n, struct str name)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (str_is(at[i].name, name))
			return &at[i];
	return NULL;
}

static void
put_pairs(struct buf *b, const struct pair *at, size_t n)
{
	size_t	i;

	buf_varint(b, n);
	for (i = 0; i < n; i++) {
		buf_field(b, at[i].name);
		buf_field(b, at[i].value);
	}
}

static bool
take_pairs(struct cx *cx, struct str *s, struct pair **at, size_t *n)
{
	uint64_t	count, i;

	*at = NULL;
	*n = 0;
	if (!take_varint(s, &count) || count > s->n)
		return false;
	if (count == 0)
		return true;
	*at = arena_get(cx->mem, count * sizeof **at);
	for (i = 0; i < count; i++)
		if (!take_field(s, &(*at)[i].name) ||
		    !take_field(s, &(*at)[i].value))
			return false;
	*n = count;
	return true;
}

static void
put_id(struct buf *b, const void *id, size_t n)
{
	buf_add(b, id, n);
}

static bool
take_flag(struct str *s, bool *out)
{
	uint8_t	c;

	if (!take_byte(s, &c))
		return false;
	*out = c != 0;
	return true;
}

static bool
take_version(struct str *s)
{
	uint8_t	c;

	return take_byte(s, &c) && c == VERSION;
}

static bool
take_entry_version(struct str *s, uint8_t *out)
{
	return take_byte(s, out) &&
	    (*out == VERSION || *out == WITH_PART_SUMS);
}

static bool
take_time(struct str *s, int64_t *out)
{
	uint64_t	v;

	if (!take_varint(s, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

static enum err
damaged(struct cx *cx, const char *what)
{
	return fail(cx, E_CORRUPT, "%s record cannot be read", what);
}

static void
put_extents(struct buf *b, const struct entry *en)
{
	size_t	i;

	buf_varint(b, en->n_extents);
	for (i = 0; i < en->n_extents; i++) {
		put_id(b, en->extents[i].block.b, sizeof(struct uid));
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
take_extents(struct cx *cx, struct str *s, uint8_t version, struct entry *en)
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
	put_pairs(b, en->meta, en->n_meta);
	put_pairs(b, en->headers, en->n_headers);
	put_pairs(b, en->sums, en->n_sums);
	buf_byte(b, en->sums_composite);
	put_pairs(b, en->tags, en->n_tags);
	buf_byte(b, en->has_manifest);
	if (en->has_manifest)
		put_id(b, en->manifest.b, sizeof en->manifest);
	else
		put_extents(b, en);
}

enum err
entry_parse(struct cx *cx, struct str s, struct entry *en)
{
	uint8_t	version;

	memset(en, 0, sizeof *en);
	if (!take_entry_version(&s, &version) ||
	    !take_varint(&s, &en->size) ||
	    !take_time(&s, &en->mtime) || !take_field(&s, &en->etag) ||
	    !take_field(&s, &en->content_type) ||
	    !take_pairs(cx, &s, &en->meta, &en->n_meta) ||
	    !take_pairs(cx, &s, &en->headers, &en->n_headers) ||
	    !take_pairs(cx, &s, &en->sums, &en->n_sums) ||
	    !take_flag(&s, &en->sums_composite) ||
	    !take_pairs(cx, &s, &en->tags, &en->n_tags) ||
	    !take_flag(&s, &en->has_manifest))
		return damaged(cx, "entry");
	if (en->has_manifest ?
	    !take_bytes(&s, sizeof en->manifest, en->manifest.b) :
	    !take_extents(cx, &s, version, en))
		return damaged(cx, "entry");
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
manifest_format(struct buf *b, const struct entry *en)
{
	buf_byte(b, en->part_sums.n > 0 ? WITH_PART_SUMS : VERSION);
	put_extents(b, en);
}

enum err
manifest_parse(struct cx *cx, struct str s, struct entry *into)
{
	uint8_t	version;

	if (!take_entry_version(&s, &version) ||
	    !take_extents(cx, &s, version, into))
		return damaged(cx, "manifest");
	return OK;
}

void
repo_format(struct buf *b, const struct repo *r)
{
	size_t	i;

	buf_byte(b, VERSION);
	put_id(b, r->ruid.b, sizeof r->ruid);
	buf_varint(b, (uint64_t)r->created);
	buf_field(b, r->default_branch);
	buf_field(b, r->storage_namespace);
	buf_byte(b, r->read_only);
	put_pairs(b, r->meta, r->n_meta);
	buf_varint(b, r->n_protect);
	for (i = 0; i < r->n_protect; i++)
		buf_field(b, r->protect[i]);
	put_pairs(b, r->settings, r->n_settings);
}

enum err
repo_parse(struct cx *cx, struct str s, struct repo *r)
{
	uint64_t	n, i;

	memset(r, 0, sizeof *r);
	if (!take_version(&s) || !take_bytes(&s, sizeof r->ruid, r->ruid.b) ||
	    !take_time(&s, &r->created) ||
	    !take_field(&s, &r->default_branch) ||
	    !take_field(&s, &r->storage_namespace) ||
	    !take_flag(&s, &r->read_only) ||
	    !take_pairs(cx, &s, &r->meta, &r->n_meta) ||
	    !take_varint(&s, &n) || n > s.n)
		return damaged(cx, "repository");
	r->protect = arena_get(cx->mem, n * sizeof *r->protect);
	for (i = 0; i < n; i++)
		if (!take_field(&s, &r->protect[i]))
			return damaged(cx, "repository");
	r->n_protect = n;
	/* Records from before there were settings end here. */
	if (s.n > 0 && !take_pairs(cx, &s, &r->settings, &r->n_settings))
		return damaged(cx, "repository");
	return OK;
}

struct str
repo_setting(const struct repo *r, const char *name)
{
	const struct pair	*p = pairs_find(r->settings, r->n_settings,
	    str_of(name));

	return p != NULL ? p->value : STR("");
}

bool
repo_has_versions(const struct repo *r)
{
	return str_is(repo_setting(r, SETTING_VERSIONING), STR("Enabled"));
}

void
branch_format(struct buf *b, const struct branch *br)
{
	buf_byte(b, VERSION);
	put_id(b, br->uid.b, sizeof br->uid);
	put_id(b, br->head.b, sizeof br->head);
	put_id(b, br->working.b, sizeof br->working);
	buf_varint(b, br->low);
	buf_varint(b, br->open);
	buf_byte(b, br->hidden);
	buf_byte(b, br->cut.live);
	if (!br->cut.live)
		return;
	put_id(b, br->cut.ticket.b, sizeof br->cut.ticket);
	buf_varint(b, br->cut.upto);
	buf_varint(b, (uint64_t)br->cut.since);
	buf_byte(b, br->cut.known);
	put_id(b, br->cut.tree.b, sizeof br->cut.tree);
}

enum err
branch_parse(struct cx *cx, struct str s, struct branch *br)
{
	struct cut	*c = &br->cut;

	memset(br, 0, sizeof *br);
	if (!take_version(&s) || !take_bytes(&s, sizeof br->uid, br->uid.b) ||
	    !take_bytes(&s, sizeof br->head, br->head.b) ||
	    !take_bytes(&s, sizeof br->working, br->working.b) ||
	    !take_varint(&s, &br->low) || !take_varint(&s, &br->open) ||
	    !take_flag(&s, &br->hidden) || !take_flag(&s, &c->live))
		return damaged(cx, "branch");
	if (c->live && (!take_bytes(&s, sizeof c->ticket, c->ticket.b) ||
	    !take_varint(&s, &c->upto) || !take_time(&s, &c->since) ||
	    !take_flag(&s, &c->known) ||
	    !take_bytes(&s, sizeof c->tree, c->tree.b)))
		return damaged(cx, "branch");
	return OK;
}

static int
pair_order(const void *a, const void *b)
{
	const struct pair	*x = a, *y = b;

	return str_cmp(x->name, y->name);
}

void
commit_format(struct buf *b, struct commit *c)
{
	size_t	i;

	if (c->n_meta > 1)
		qsort(c->meta, c->n_meta, sizeof *c->meta, pair_order);
	buf_byte(b, VERSION);
	put_id(b, c->tree.b, sizeof c->tree);
	buf_varint(b, c->n_parents);
	for (i = 0; i < c->n_parents; i++)
		put_id(b, c->parents[i].b, sizeof c->parents[i]);
	buf_varint(b, c->generation);
	buf_varint(b, (uint64_t)c->date);
	buf_field(b, c->committer);
	buf_field(b, c->message);
	put_pairs(b, c->meta, c->n_meta);
	digest_of(DIGEST_SHA256, b->p, b->n, c->id.b);
}

enum err
commit_parse(struct cx *cx, struct str s, struct commit *c)
{
	uint64_t	n, i;

	memset(c, 0, sizeof *c);
	digest_of(DIGEST_SHA256, s.p, s.n, c->id.b);
	if (!take_version(&s) || !take_bytes(&s, sizeof c->tree, c->tree.b) ||
	    !take_varint(&s, &n) || n > COMMIT_PARENTS)
		return damaged(cx, "commit");
	for (i = 0; i < n; i++)
		if (!take_bytes(&s, sizeof c->parents[i], c->parents[i].b))
			return damaged(cx, "commit");
	c->n_parents = n;
	if (!take_varint(&s, &c->generation) || !take_time(&s, &c->date) ||
	    !take_field(&s, &c->committer) || !take_field(&s, &c->message) ||
	    !take_pairs(cx, &s, &c->meta, &c->n_meta))
		return damaged(cx, "commit");
	return OK;
}

void
headmove_format(struct buf *b, const struct headmove *m)
{
	buf_byte(b, VERSION);
	buf_varint(b, (uint64_t)m->time);
	put_id(b, m->uid.b, sizeof m->uid);
	put_id(b, m->old.b, sizeof m->old);
	put_id(b, m->new.b, sizeof m->new);
	buf_field(b, m->who);
	buf_field(b, m->what);
}

enum err
headmove_parse(struct cx *cx, struct str s, struct headmove *m)
{
	if (!take_version(&s) || !take_time(&s, &m->time) ||
	    !take_bytes(&s, sizeof m->uid, m->uid.b) ||
	    !take_bytes(&s, sizeof m->old, m->old.b) ||
	    !take_bytes(&s, sizeof m->new, m->new.b) ||
	    !take_field(&s, &m->who) || !take_field(&s, &m->what))
		return damaged(cx, "head log");
	return OK;
}

void
upload_format(struct buf *b, const struct upload *u)
{
	struct buf	meta;

	buf_byte(b, VERSION);
	put_id(b, u->uid.b, sizeof u->uid);
	put_id(b, u->id.b, sizeof u->id);
	buf_field(b, u->path);
	buf_varint(b, (uint64_t)u->created);
	buf_varint(b, u->turn);
	buf_field(b, u->sum_kind);
	buf_byte(b, u->sum_composite);
	buf_byte(b, u->done);
	buf_field(b, u->done_list);
	buf_field(b, u->done_etag);
	buf_init(&meta, b->mem, b->cap);
	entry_format(&meta, &u->meta);
	buf_field(b, buf_as_str(&meta));
}

enum err
upload_parse(struct cx *cx, struct str s, struct upload *u)
{
	struct str	meta;

	memset(u, 0, sizeof *u);
	if (!take_version(&s) || !take_bytes(&s, sizeof u->uid, u->uid.b) ||
	    !take_bytes(&s, sizeof u->id, u->id.b) ||
	    !take_field(&s, &u->path) || !take_time(&s, &u->created) ||
	    !take_varint(&s, &u->turn) || !take_field(&s, &u->sum_kind) ||
	    !take_flag(&s, &u->sum_composite) || !take_flag(&s, &u->done) ||
	    !take_field(&s, &u->done_list) || !take_field(&s, &u->done_etag) ||
	    !take_field(&s, &meta))
		return damaged(cx, "upload");
	return entry_parse(cx, meta, &u->meta);
}
