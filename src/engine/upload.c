/* Multipart uploads. */
#include "engine/engine.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/vec.h"
#include "engine/area.h"
#include "engine/body.h"
#include "engine/branches.h"
#include "engine/fold.h"
#include "engine/listing.h"
#include "engine/records.h"
#include "engine/versions.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

enum { RECORD_MAX = 1 << 20, PART_LEAST = 5 << 20 };

struct uploading {
	struct engine		*eng;
	const struct target	*at;
	const struct uid	*id;
	struct repo		 r;
	struct branch		 br;
	struct gc_state		 gs;
	struct upload		*u;
	/* a part */
	struct part		*part;
	struct body		*body;
	const struct target	*src;
	const struct cond	*src_cond;
	uint64_t		 off, len;
	/* completion */
	const struct complete_opts *opt;
	struct part		*parts;		/* as listed */
	uint64_t		 turn;
	struct str		 list;		/* digest of the list */
	struct uid		 manifest;
	bool			 again, sealed;
	struct entry		*out;
	/* lists */
	uint32_t		 after;
	size_t			 limit;
	struct part_page	*page;
};

static enum err
no_such_upload(struct cx *cx)
{
	return fail(cx, E_NO_SUCH_UPLOAD, "The specified upload does not "
	    "exist. It may have been aborted or completed.");
}

static enum err
upload_write(struct cx *cx, struct kv_tx *tx, const struct upload *u)
{
	struct buf	b;

	buf_init(&b, cx->mem, RECORD_MAX);
	upload_format(&b, u);
	if (!buf_ok(&b))
		return fail(cx, E_METADATA_TOO_LARGE, "the upload's metadata "
		    "is too large");
	return kv_put(cx, tx, key_upload(cx, &u->uid, u->path, &u->id), &b);
}

/* Branch and upload; with any, a completed one too. */
static enum err
upload_find(struct cx *cx, struct kv_tx *tx, struct uploading *s, bool any)
{
	struct str	v;
	enum err	e;
	bool		there;

	if ((e = branch_open(cx, tx, s->at->repo, s->at->ref, false, &s->r,
	    &s->br)) != OK ||
	    (e = kv_find(cx, tx, key_upload(cx, &s->br.uid, s->at->path,
	    s->id), &v, &there)) != OK)
		return e;
	if (!there)
		return no_such_upload(cx);
	if ((e = upload_parse(cx, v, s->u)) != OK)
		return e;
	return s->u->done && !any ? no_such_upload(cx) : OK;
}

static enum err
create_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	enum err		 e;

	if ((e = branch_open(cx, tx, s->at->repo, s->at->ref, false, &s->r,
	    &s->br)) != OK)
		return e;
	s->u->uid = s->br.uid;
	return upload_write(cx, tx, s->u);
}

enum err
upload_create(struct cx *cx, struct engine *eng, const struct target *at,
    struct upload *u)
{
	struct uploading	s = { .eng = eng, .at = at, .u = u };

	ident_random(u->id.b, sizeof u->id);
	u->path = at->path;
	u->created = cx->now;
	return kv_write(cx, eng->kv, create_fn, &s);
}

static enum err
get_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return upload_find(cx, tx, arg, false);
}

enum err
upload_get(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct upload *out)
{
	struct uploading	s = { .eng = eng, .at = at, .id = id,
	    .u = out };

	return kv_read(cx, eng->kv, get_fn, &s);
}

/* ---- parts ------------------------------------------------------------- */

static enum err
part_write(struct cx *cx, struct kv_tx *tx, struct uploading *s)
{
	struct buf	b;
	enum err	e;

	buf_init(&b, cx->mem, RECORD_MAX);
	entry_format(&b, &s->part->en);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "the part has too many pieces");
	s->u->turn++;
	if ((e = claim_entry(cx, tx, &s->gs, &s->part->en)) != OK ||
	    (e = kv_put(cx, tx, key_part(cx, s->id, s->part->number),
	    &b)) != OK)
		return e;
	return upload_write(cx, tx, s->u);
}

static enum err
part_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	enum err		 e;

	if ((e = upload_find(cx, tx, s, false)) != OK ||
	    (e = gc_state_find(cx, tx, &s->gs)) != OK ||
	    (e = body_give(cx, tx, &s->gs, s->body, &s->part->en)) != OK)
		return e;
	return part_write(cx, tx, s);
}

enum err
upload_part(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct part *part, struct body *b)
{
	struct upload		u;
	struct uploading	s = { .eng = eng, .at = at, .id = id, .u = &u,
	    .part = part, .body = b };
	enum err		e;

	if ((e = body_keep(cx, b)) != OK)
		return e;
	part->en.mtime = cx->now;
	e = kv_write(cx, eng->kv, part_fn, &s);
	if (e == E_CONDEMNED) {
		cx_forget(cx);
		if ((e = body_rename(cx, b)) == OK)
			e = kv_write(cx, eng->kv, part_fn, &s);
	}
	b->named = e == OK || e == E_STORE;
	return e;
}

/* The extents of bytes off … off+len of an entry. */
static void
cut_extents(struct cx *cx, const struct entry *en, uint64_t off,
    uint64_t len, struct entry *out)
{
	const struct entry_extent	*x = en->extents;
	struct entry_extent		*y;
	uint64_t			 n;

	out->extents = y = arena_get(cx->mem, en->n_extents * sizeof *y);
	out->n_extents = 0;
	out->has_manifest = false;
	out->size = len;
	for (; len > 0; x++) {
		if (off >= x->len) {
			off -= x->len;
			continue;
		}
		n = x->len - off < len ? x->len - off : len;
		y[out->n_extents++] = (struct entry_extent){ x->block,
		    x->off + off, n };
		len -= n;
		off = 0;
	}
}

static enum err
part_copy_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	struct entry		 src;
	struct str		 m;
	enum err		 e;
	bool			 there = true;

	/* The source is read in the tx that names its blocks.  [I9] */
	if ((e = version_get(cx, s->eng, tx, s->src, &src)) != OK ||
	    (e = cond_check(cx, s->src_cond, COND_WRITE, &src)) != OK)
		return e;
	if (src.has_manifest) {
		if ((e = kv_find(cx, tx, key_manifest(cx, &src.manifest), &m,
		    &there)) != OK)
			return e;
		if (!there)
			return fail(cx, E_CORRUPT, "a manifest is missing");
		if ((e = entry_manifest_parse(cx, m, &src)) != OK)
			return e;
	}
	if (s->off > src.size || s->len > src.size - s->off)
		return fail(cx, E_BAD_RANGE, "the source has %llu bytes",
		    (unsigned long long)src.size);
	cut_extents(cx, &src, s->off, s->len, &s->part->en);
	if ((e = upload_find(cx, tx, s, false)) != OK ||
	    (e = gc_state_find(cx, tx, &s->gs)) != OK)
		return e;
	return part_write(cx, tx, s);
}

static void
part_set_sum(struct cx *cx, struct part *p, struct pair sum)
{
	p->en.sums = arena_get(cx->mem, sizeof *p->en.sums);
	p->en.sums[0] = sum;
	p->en.n_sums = 1;
}

/*
 * The part's MD5, and the checksum that the upload asks for, are the source's
 * where it is taken whole, else they have to be read from the bytes; the tx
 * then takes the extents only of the very object that was read.
 */
static enum err
read_span(struct cx *cx, struct uploading *s, const struct entry *en)
{
	const struct digest_sum	*kind = digest_sum_named(s->u->sum_kind);
	const struct pair	*known = en->sums_composite ? NULL :
	    pair_find(en->sums, en->n_sums, s->u->sum_kind);
	unsigned char		 raw[DIGEST_MAX];
	struct source		 src;
	struct digest		 d[2];
	char			*hex;
	enum err		 e;

	if (s->off == 0 && s->len == en->size && en->etag.n == 32 &&
	    (kind == NULL || known != NULL)) {
		s->part->en.etag = en->etag;
		if (kind != NULL)
			part_set_sum(cx, s->part, *known);
		return OK;
	}
	if ((e = object_source(cx, s->eng, en, s->off, s->len, &src)) != OK)
		return e;
	digest_begin(&d[0], DIGEST_MD5);
	if (kind != NULL)
		digest_begin(&d[1], kind->kind);
	e = source_digest(cx, &src, d, kind != NULL ? 2 : 1);
	digest_end(&d[0], raw);
	hex = arena_get(cx->mem, 33);
	enc_hex(hex, raw, 16);
	s->part->en.etag = str_of(hex);
	if (kind == NULL)
		return e;
	digest_end(&d[1], raw);
	part_set_sum(cx, s->part, (struct pair){ s->u->sum_kind,
	    enc_base64(cx->mem, raw, digest_size(kind->kind)) });
	return e;
}

enum err
upload_part_copy(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct part *part, const struct target *src,
    const struct cond *cond, uint64_t off, uint64_t len)
{
	struct upload		u;
	struct cond		same = *cond;
	struct uploading	s = { .eng = eng, .at = at, .id = id, .u = &u,
	    .part = part, .src = src, .src_cond = &same, .off = off };
	struct entry		en;
	enum err		e;

	if ((e = kv_read(cx, eng->kv, get_fn, &s)) != OK ||
	    (e = object_open(cx, eng, src, &en)) != OK ||
	    (e = cond_check(cx, cond, COND_WRITE, &en)) != OK)
		return e;
	if (off > en.size || len > en.size - off)
		return fail(cx, E_BAD_RANGE, "the source has %llu bytes",
		    (unsigned long long)en.size);
	s.len = len > 0 ? len : en.size - off;
	if ((e = read_span(cx, &s, &en)) != OK)
		return e;
	/* Changed in between: a precondition, as if the client had said so. */
	same.if_match = en.etag;
	part->en.mtime = cx->now;
	return kv_write(cx, eng->kv, part_copy_fn, &s);
}

static enum err
parts_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	struct range		 in = key_range(cx, key_parts(cx, s->id));
	VEC(struct part)	 found = { 0 };
	struct kv_cursor	*cur;
	struct part		*p;
	struct str		 k, v;
	enum err		 e;
	bool			 there;

	s->page->more = false;
	if ((e = upload_find(cx, tx, s, false)) != OK ||
	    (e = kv_scan(cx, tx, key_part(cx, s->id, s->after + 1), in.hi,
	    &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if (found.n == s->limit) {
			s->page->more = true;
			break;
		}
		p = VEC_PUSH(cx->mem, &found);
		k = str_from(k, in.lo.n);
		if (!take_be32(&k, &p->number))
			return fail(cx, E_CORRUPT, "part key");
		if ((e = entry_parse(cx, str_dup(cx->mem, v), &p->en)) != OK)
			return e;
	}
	s->page->at = found.at;
	s->page->n = found.n;
	return e;
}

enum err
upload_parts(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, uint32_t after, size_t limit, struct upload *u,
    struct part_page *out)
{
	struct uploading	s = { .eng = eng, .at = at, .id = id, .u = u,
	    .after = after, .limit = limit, .page = out };

	return kv_read(cx, eng->kv, parts_fn, &s);
}

/* ---- completion -------------------------------------------------------- */

static enum err
part_of_list(struct cx *cx, struct kv_tx *tx, struct uploading *s, size_t i)
{
	const struct complete_item	*it = &s->opt->items[i];
	struct part			*p = &s->parts[i];
	struct pair			*sum;
	struct str			 v;
	enum err			 e;
	bool				 there;

	if (i > 0 && it->number <= it[-1].number)
		return fail(cx, E_PART_ORDER, "The list of parts was not in "
		    "ascending order.");
	if ((e = kv_find(cx, tx, key_part(cx, s->id, it->number), &v,
	    &there)) != OK || (there &&
	    (e = entry_parse(cx, v, &p->en)) != OK))
		return e;
	p->number = it->number;
	sum = there && it->sum.name.n > 0 ?
	    pair_find(p->en.sums, p->en.n_sums, it->sum.name) : NULL;
	if (!there || !str_is(p->en.etag, it->etag) ||
	    (sum != NULL && !str_is(sum->value, it->sum.value)))
		return fail(cx, E_INVALID_PART, "Part %u could not be found, "
		    "or its ETag or checksum is another.", it->number);
	return OK;
}

static enum err
gather_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	enum err		 e;
	size_t			 i;

	if ((e = upload_find(cx, tx, s, true)) != OK)
		return e;
	s->turn = s->u->turn;
	if (s->u->done)
		return str_is(s->u->done_list, s->list) ? OK :
		    no_such_upload(cx);
	for (i = 0; i < s->opt->n; i++)
		if ((e = part_of_list(cx, tx, s, i)) != OK)
			return e;
	for (i = 0; i + 1 < s->opt->n; i++)
		if (s->parts[i].en.size < PART_LEAST)
			return fail(cx, E_PART_TOO_SMALL, "Part %u has %llu "
			    "bytes; all but the last need 5 MiB.",
			    s->parts[i].number,
			    (unsigned long long)s->parts[i].en.size);
	return OK;
}

/* The multipart ETag: MD5 of the parts' MD5s, and how many.  [S3] */
static struct str
multipart_etag(struct cx *cx, const struct uploading *s)
{
	unsigned char	md5[16];
	struct digest	d;
	char		hex[33];
	size_t		i;

	digest_begin(&d, DIGEST_MD5);
	for (i = 0; i < s->opt->n; i++)
		if (enc_unhex(s->parts[i].en.etag, md5, sizeof md5))
			digest_feed(&d, md5, sizeof md5);
	digest_end(&d, md5);
	enc_hex(hex, md5, sizeof md5);
	return str_printf(cx->mem, "%s-%zu", hex, s->opt->n);
}

static uint64_t
crc_value(const unsigned char *p, size_t n)
{
	uint64_t	v = 0;
	size_t		i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/*
 * The whole object's checksum from its parts', which are kept too; false: some
 * have none.
 */
static bool
join_sums(struct cx *cx, struct uploading *s, enum digest_kind kind,
    struct entry *en, struct str *out)
{
	size_t		 i, n = digest_size(kind);
	unsigned char	*all = arena_get(cx->mem, s->opt->n * n), *one = all;
	unsigned char	 whole[DIGEST_MAX];
	const struct pair *p;
	uint64_t	 crc = 0, v;

	for (i = 0; i < s->opt->n; i++, one += n) {
		p = pair_find(s->parts[i].en.sums, s->parts[i].en.n_sums,
		    s->u->sum_kind);
		if (p == NULL || !enc_unbase64(p->value, one, n))
			return false;
		v = crc_value(one, n);
		crc = i == 0 ? v : digest_crc_join(kind, crc, v,
		    s->parts[i].en.size);
	}
	en->part_sum_kind = s->u->sum_kind;
	en->part_sums = (struct str){ (char *)all, s->opt->n * n };
	if (s->u->sum_composite)
		digest_of(kind, all, s->opt->n * n, whole);
	else
		for (i = 0; i < n; i++)
			whole[i] = (unsigned char)(crc >> (8 * (n - 1 - i)));
	*out = enc_base64(cx->mem, whole, n);
	if (s->u->sum_composite)
		*out = str_printf(cx->mem, "%.*s-%zu", STRF(*out), s->opt->n);
	return true;
}

static enum err
whole_sum(struct cx *cx, struct uploading *s, struct entry *en)
{
	const struct digest_sum	*kind = digest_sum_named(s->u->sum_kind);
	const struct pair	*want = &s->opt->sum;
	struct str		 value;

	if (kind == NULL || !join_sums(cx, s, kind->kind, en, &value))
		return OK;
	if (want->name.n > 0 && str_is(want->name, s->u->sum_kind) &&
	    !str_is(want->value, value))
		return fail(cx, E_BAD_DIGEST, "the checksum of the whole "
		    "object is %.*s", STRF(value));
	en->sums = arena_get(cx->mem, sizeof *en->sums);
	en->sums[0] = (struct pair){ s->u->sum_kind, value };
	en->n_sums = 1;
	en->sums_composite = s->u->sum_composite;
	return OK;
}

/* The object that the listed parts make. */
static enum err
assemble(struct cx *cx, struct uploading *s)
{
	struct entry	*en = s->out;
	size_t		 i, j, n = 0;

	*en = s->u->meta;
	en->mtime = cx->now;
	en->etag = multipart_etag(cx, s);
	for (i = 0; i < s->opt->n; i++)
		n += s->parts[i].en.n_extents;
	en->extents = arena_get(cx->mem, n * sizeof *en->extents);
	en->parts = arena_get(cx->mem, s->opt->n * sizeof *en->parts);
	en->n_extents = 0;
	en->n_parts = s->opt->n;
	en->size = 0;
	for (i = 0; i < s->opt->n; i++) {
		en->parts[i] = s->parts[i].en.size;
		en->size += s->parts[i].en.size;
		for (j = 0; j < s->parts[i].en.n_extents; j++)
			en->extents[en->n_extents++] =
			    s->parts[i].en.extents[j];
	}
	if (s->opt->has_size && s->opt->size != en->size)
		return fail(cx, E_BAD_REQUEST, "The provided "
		    "'x-amz-mp-object-size' header does not match the %llu "
		    "bytes of the parts.", (unsigned long long)en->size);
	return whole_sum(cx, s, en);
}

static enum err
manifest_write(struct cx *cx, struct kv_tx *tx, struct uploading *s)
{
	struct uid	now = block_id_new(s->gs.epoch, BLOCK_IN_KV);
	struct entry	*en = s->out;
	struct buf	b;

	en->has_manifest = en->n_extents > ENTRY_EXTENTS ||
	    en->n_parts > ENTRY_EXTENTS;
	if (!en->has_manifest)
		return OK;
	memcpy(s->manifest.b, now.b, 8);
	en->manifest = s->manifest;
	buf_init(&b, cx->mem, 8 << 20);
	entry_manifest_format(&b, en);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "the object has too many pieces");
	return kv_put(cx, tx, key_manifest(cx, &en->manifest), &b);
}

static enum err
cond_on_view(struct cx *cx, struct kv_tx *tx, const struct uploading *s)
{
	struct view	v = { .staged = true, .br = s->br,
	    .tree = s->br.working };
	struct entry	old;
	struct str	bytes;
	enum err	e;
	bool		there;

	if (cond_is_empty(&s->opt->cond))
		return OK;
	if ((e = view_find(cx, s->eng, tx, &v, s->at->path, &bytes,
	    &there)) != OK || (there &&
	    (e = entry_parse(cx, bytes, &old)) != OK))
		return e;
	return cond_check(cx, &s->opt->cond, COND_WRITE, there ? &old : NULL);
}

static enum err
complete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	struct range		 parts = key_range(cx, key_parts(cx, s->id));
	struct str		 bytes;
	size_t			 n;
	enum err		 e;

	if ((e = upload_find(cx, tx, s, true)) != OK)
		return e;
	s->again = s->u->done || s->u->turn != s->turn;
	if (s->again)
		return OK;
	if ((e = area_check_backlog(cx, &s->br)) != OK ||
	    (e = gc_state_find(cx, tx, &s->gs)) != OK ||
	    (e = cond_on_view(cx, tx, s)) != OK ||
	    (e = manifest_write(cx, tx, s)) != OK ||
	    (e = claim_entry(cx, tx, &s->gs, s->out)) != OK)
		return e;
	if ((e = entry_bytes(cx, s->out, &bytes)) != OK ||
	    (e = area_put(cx, s->eng, tx, &s->br, s->at->path, bytes,
	    &s->sealed)) != OK ||
	    (s->sealed && (e = branch_put(cx, tx, &s->r.ruid,
	    &s->br)) != OK))
		return e;
	s->out->version = version_staged(&s->r);
	s->u->done = true;
	s->u->done_list = s->list;
	s->u->done_etag = s->out->etag;
	s->u->meta.sums = s->out->sums;
	s->u->meta.n_sums = s->out->n_sums;
	s->u->meta.sums_composite = s->out->sums_composite;
	if ((e = upload_write(cx, tx, s->u)) != OK)
		return e;
	return kv_clear(cx, tx, parts.lo, parts.hi, LIMIT_PARTS + 1, &n);
}

/* What makes two completions the same request. */
static struct str
list_digest(struct cx *cx, const struct complete_opts *opt)
{
	unsigned char	*out = arena_get(cx->mem, SHA256_BYTES);
	struct digest	 d;
	uint32_t	 n;
	size_t		 i;

	digest_begin(&d, DIGEST_SHA256);
	for (i = 0; i < opt->n; i++) {
		n = opt->items[i].number;
		digest_feed(&d, &n, sizeof n);
		digest_feed(&d, opt->items[i].etag.p, opt->items[i].etag.n);
	}
	digest_end(&d, out);
	return (struct str){ (char *)out, SHA256_BYTES };
}

enum err
upload_complete(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, const struct complete_opts *opt,
    struct entry *out)
{
	struct upload		u;
	struct uploading	s = { .eng = eng, .at = at, .id = id, .u = &u,
	    .opt = opt, .out = out, .list = list_digest(cx, opt) };
	enum err		e;

	if (opt->n == 0 || opt->n > LIMIT_PARTS)
		return fail(cx, E_BAD_XML, "a completion lists 1 to %d parts",
		    LIMIT_PARTS);
	s.parts = arena_get(cx->mem, opt->n * sizeof *s.parts);
	s.manifest = block_id_new(0, BLOCK_IN_KV);
	do {
		if ((e = kv_read(cx, eng->kv, gather_fn, &s)) != OK)
			return e;
		if (u.done) {
			*out = u.meta;
			out->etag = u.done_etag;
			return OK;
		}
		if ((e = assemble(cx, &s)) != OK ||
		    (e = kv_write(cx, eng->kv, complete_fn, &s)) != OK)
			return e;
	} while (s.again);
	if (s.sealed)
		todo_add(&eng->todo, &s.r.ruid, at->ref, &s.br.uid);
	return OK;
}

static enum err
abort_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct uploading	*s = arg;
	struct range		 parts = key_range(cx, key_parts(cx, s->id));
	size_t			 n;
	enum err		 e;

	if ((e = upload_find(cx, tx, s, false)) != OK ||
	    (e = kv_delete(cx, tx, key_upload(cx, &s->u->uid, s->u->path,
	    s->id))) != OK)
		return e;
	return kv_clear(cx, tx, parts.lo, parts.hi, LIMIT_PARTS + 1, &n);
}

enum err
upload_abort(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id)
{
	struct upload		u;
	struct uploading	s = { .eng = eng, .at = at, .id = id,
	    .u = &u };

	return kv_write(cx, eng->kv, abort_fn, &s);
}

/* ---- lists of uploads -------------------------------------------------- */

struct listing_uploads {
	struct str		 repo, branch, after_id;
	const struct list_query	*q;
	struct upload_page	*out;
};

static enum err
list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct listing_uploads	*l = arg;
	VEC(struct upload)	 found = { 0 };
	struct kv_cursor	*cur;
	struct branch		 br;
	struct upload		 u;
	struct range		 in;
	struct repo		 r;
	struct uid		 id;
	struct str		 k, v, after;
	size_t			 cost = 0;
	enum err		 e;
	bool			 there;

	l->out->more = false;
	if ((e = repo_find(cx, tx, l->repo, &r)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, l->branch, &br)) != OK)
		return e;
	in = key_range(cx, key_uploads_at(cx, &br.uid, l->q->prefix));
	if (l->q->after.n > 0) {
		/* After one upload, or after all of a path. */
		memset(id.b, 0xff, sizeof id.b);
		enc_unhex(l->after_id, id.b, sizeof id.b);
		after = str_after(cx->mem, key_upload(cx, &br.uid,
		    l->q->after, &id));
		if (str_cmp(after, in.lo) > 0)
			in.lo = after;
	}
	if ((e = kv_scan(cx, tx, in.lo, in.hi, &cur)) != OK)
		return e;
	while ((e = kv_next(cx, tx, cur, &k, &v, &there)) == OK && there) {
		if ((e = upload_parse(cx, str_dup(cx->mem, v), &u)) != OK)
			return e;
		if (u.done)
			continue;
		if (list_full(l->q->limit, found.n, cost)) {
			l->out->more = true;
			break;
		}
		cost += list_cost(v);
		*VEC_PUSH(cx->mem, &found) = u;
	}
	l->out->at = found.at;
	l->out->n = found.n;
	return e;
}

enum err
upload_list(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, const struct list_query *q, struct str after_id,
    struct upload_page *out)
{
	struct listing_uploads	l = { repo, branch, after_id, q, out };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	return kv_read(cx, eng->kv, list_fn, &l);
}
