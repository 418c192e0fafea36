/* What is kept beside an object's bytes, as headers have it. */
#include "s3/s3_meta.h"

#include <string.h>

#include "base/vec.h"
#include "base/when.h"
#include "s3/s3_tags.h"

/* What the API calls X-Amz-Meta-foo is the header x-amz-meta-foo. */
static const struct str	meta_api = STR_INIT("X-Amz-Meta-");
static const struct str	meta_s3 = STR_INIT("x-amz-meta-");

/* aws-chunked is framing, not an encoding of the object; all else is kept byte
 * for byte. */
static struct str
object_encoding(struct cx *cx, struct str value)
{
	struct str	rest = value, one;
	struct buf	b;
	bool		first = true;

	buf_init(&b, cx->mem, 2 * LIMIT_META_HTTP);
	while (str_split(&rest, ',', &one)) {
		if (str_is_nocase(str_trim(one), STR("aws-chunked")))
			continue;
		if (!first)
			buf_byte(&b, ',');
		buf_str(&b, one);
		first = false;
	}
	return buf_ok(&b) ? str_trim(buf_as_str(&b)) : value;
}

/* The classes of S3.  Nothing is stored in another way: a class is told back,
 * but for those from which an object must be restored before it is read. */
static const struct {
	struct str	name;
	bool		restored;
} classes[] = {
	{ STR_INIT("STANDARD"), false },
	{ STR_INIT("REDUCED_REDUNDANCY"), false },
	{ STR_INIT("STANDARD_IA"), false },
	{ STR_INIT("ONEZONE_IA"), false },
	{ STR_INIT("INTELLIGENT_TIERING"), false },
	{ STR_INIT("GLACIER_IR"), false },
	{ STR_INIT("GLACIER"), true },
	{ STR_INIT("DEEP_ARCHIVE"), true },
};
enum { CLASSES = sizeof classes / sizeof classes[0] };

/* Beside Content-Type: a header as it comes and as it goes, which the query
 * parameter response-<it> replaces; and what of its value is kept. */
static const struct {
	const char	*sent, *name;
	struct str	(*part)(struct cx *cx, struct str value);
} kept[] = {
	{ "cache-control", "Cache-Control", NULL },
	{ "content-disposition", "Content-Disposition", NULL },
	{ "content-encoding", "Content-Encoding", object_encoding },
	{ "content-language", "Content-Language", NULL },
	{ "expires", "Expires", NULL },
};
enum { KEPT = sizeof kept / sizeof kept[0] };

/* ---- of a write -------------------------------------------------------- */

static enum err
take_class(struct cx *cx, const struct s3_call *c, struct str *class)
{
	size_t	i;

	*class = request_header(c->req, S3_META_CLASS);
	if (class->p == NULL)
		return OK;
	for (i = 0; i < CLASSES && !str_is(*class, classes[i].name); i++)
		continue;
	if (i == CLASSES)
		return s3_fail(cx, E_BAD_REQUEST, "InvalidStorageClass", "The "
		    "storage class you specified is not valid: \"%.*s\".",
		    STRF(*class));
	if (classes[i].restored)
		return fail(cx, E_NOT_IMPLEMENTED, "Objects of the storage "
		    "class %.*s are read after RestoreObject, which is not "
		    "implemented: use GLACIER_IR or another class.",
		    STRF(*class));
	if (i == 0)			/* STANDARD goes without saying */
		class->p = NULL;
	return OK;
}

static enum err
take_user_meta(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	VEC(struct pair)	 meta = { 0 };
	const struct pair	*h;
	struct pair		*p;
	struct str		 name;
	size_t			 i, total = 0;

	for (i = 0; i < c->req->n_headers; i++) {
		h = &c->req->headers[i];
		name = h->name;
		if (!str_take(&name, meta_s3))
			continue;
		p = VEC_PUSH(cx->mem, &meta);
		p->name = str_printf(cx->mem, "%.*s%.*s", STRF(meta_api),
		    STRF(name));
		p->value = header_decode(cx, h->value);
		total += name.n + p->value.n;
	}
	if (total > LIMIT_METADATA)
		return fail(cx, E_METADATA_TOO_LARGE, "Your metadata headers "
		    "have %zu bytes; the maximum is %d.", total,
		    LIMIT_METADATA);
	en->meta = meta.at;
	en->n_meta = meta.n;
	return OK;
}

static enum err
take_headers(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	VEC(struct pair)	 headers = { 0 };
	struct str		 v;
	size_t			 i, total;
	enum err		 e;

	if ((e = take_class(cx, c, &v)) != OK)
		return e;
	if (v.p != NULL)
		*VEC_PUSH(cx->mem, &headers) = (struct pair){
		    STR(S3_META_CLASS), v };
	en->content_type = request_header(c->req, "content-type");
	if (en->content_type.n == 0)
		en->content_type = STR("binary/octet-stream");
	total = en->content_type.n;
	for (i = 0; i < KEPT; i++) {
		v = request_header(c->req, kept[i].sent);
		if (kept[i].part != NULL)
			v = kept[i].part(cx, v);
		if (v.n == 0)
			continue;
		*VEC_PUSH(cx->mem, &headers) = (struct pair){
		    str_of(kept[i].name), v };
		total += v.n;
	}
	if (total > LIMIT_META_HTTP)
		return fail(cx, E_METADATA_TOO_LARGE, "Content-Type, "
		    "Cache-Control and the other headers that are kept have "
		    "%zu bytes; the maximum is %d.", total, LIMIT_META_HTTP);
	en->headers = headers.at;
	en->n_headers = headers.n;
	return OK;
}

enum err
s3_meta_take(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	enum err	e;

	memset(en, 0, sizeof *en);
	if ((e = take_headers(cx, c, en)) != OK ||
	    (e = take_user_meta(cx, c, en)) != OK)
		return e;
	return s3_tags_header(cx, c, en);
}

/* ---- of a read --------------------------------------------------------- */

/*
 * The API keeps any name and value.  Those that are no header, that the web
 * server would drop, or for which an answer has no room, are counted.
 * [S3 x-amz-missing-meta]
 */
static void
put_user_meta(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	const struct pair	*m;
	struct str		 value;
	size_t			 i, missing = 0, sent = 0;

	for (i = 0; i < en->n_meta; i++) {
		m = &en->meta[i];
		value = header_encode(cx, m->value);
		if (!str_starts_nocase(m->name, meta_api) ||
		    !header_is_legal(m->name, value) ||
		    (value.n == 0 && c->req->drops_empty) ||
		    sent + m->name.n + value.n > LIMIT_META_SENT) {
			missing++;
			continue;
		}
		sent += m->name.n + value.n;
		response_header(c->res, str_printf(cx->mem, "x-amz-meta-%.*s",
		    STRF(str_from(m->name, meta_api.n))).p, value);
	}
	if (missing > 0)
		response_header(c->res, "x-amz-missing-meta",
		    str_printf(cx->mem, "%zu", missing));
}

/* Without a type browsers and servers guess one. */
static void
put_type(struct s3_call *c, const struct entry *en)
{
	struct str	type = request_param(c->req, "response-content-type");

	if (type.p == NULL)
		type = en->content_type;
	if (type.n == 0 || type.n > LIMIT_META_HTTP ||
	    !header_is_legal(STR("Content-Type"), type))
		type = STR("binary/octet-stream");
	response_header(c->res, "Content-Type", type);
}

static void
put_headers(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	const struct pair	*h;
	struct str		 v;
	size_t			 i;

	for (i = 0; i < KEPT; i++) {
		v = request_param(c->req, str_printf(cx->mem, "response-%s",
		    kept[i].sent).p);
		h = pair_find(en->headers, en->n_headers,
		    str_of(kept[i].name));
		if (v.p == NULL && h != NULL)
			v = h->value;
		if (v.n > 0)
			response_header(c->res, kept[i].name, v);
	}
}

void
s3_meta_headers(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	put_type(c, en);
	put_headers(cx, c, en);
	s3_meta_state(cx, c, en);
	response_header(c->res, "Accept-Ranges", STR("bytes"));
	s3_meta_version(c, en);
	if (pair_find(en->headers, en->n_headers, STR(S3_META_CLASS)) != NULL)
		response_header(c->res, S3_META_CLASS, s3_meta_class(en));
	put_user_meta(cx, c, en);
	if (en->n_tags > 0)
		response_header(c->res, "x-amz-tagging-count",
		    str_printf(cx->mem, "%zu", en->n_tags));
}

void
s3_meta_state(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	response_header(c->res, "ETag", s3_meta_etag(cx, en->etag));
	response_header(c->res, "Last-Modified", when_http(cx->mem,
	    en->mtime));
}

struct str
s3_meta_class(const struct entry *en)
{
	const struct pair	*h = pair_find(en->headers, en->n_headers,
	    STR(S3_META_CLASS));

	return h != NULL ? h->value : classes[0].name;
}

void
s3_meta_version(struct s3_call *c, const struct entry *en)
{
	if (en->version.n > 0)
		response_header(c->res, "x-amz-version-id", en->version);
}

struct str
s3_meta_etag(struct cx *cx, struct str etag)
{
	return str_printf(cx->mem, "\"%.*s\"", STRF(etag));
}
