/* GetObject, HeadObject, GetObjectAttributes. */
#include "s3/s3_call.h"

#include "base/enc.h"
#include "base/when.h"
#include "base/xml.h"
#include "s3/s3_meta.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

/* One part of a multipart object; any other object is its own part 1. */
static enum err
part_span(struct cx *cx, struct s3_call *c, const struct entry *en,
    struct str number, struct span *out)
{
	uint64_t	n, i;

	if (request_header(c->req, "range").n > 0)
		return fail(cx, E_BAD_REQUEST, "Cannot specify both Range "
		    "header and partNumber query parameter");
	if (!str_u64(number, LIMIT_PARTS, &n) || n == 0)
		return fail(cx, E_BAD_ARGUMENT, "Part number must be an "
		    "integer between 1 and %d, inclusive", LIMIT_PARTS);
	if (n > (en->n_parts > 0 ? en->n_parts : 1))
		return s3_fail(cx, E_BAD_RANGE, "InvalidPartNumber", "The "
		    "requested partnumber is not satisfiable");
	*out = (struct span){ en->size > 0, 0, en->size };
	if (en->n_parts == 0)
		return OK;
	for (i = 0; i + 1 < n; i++)
		out->off += en->parts[i];
	out->len = en->parts[n - 1];
	response_header(c->res, "x-amz-mp-parts-count",
	    str_printf(cx->mem, "%zu", en->n_parts));
	return OK;
}

/* How much of the object the client wants. */
static enum err
get_take_span(struct cx *cx, struct s3_call *c, const struct entry *en,
    struct span *out)
{
	struct str	number = request_param(c->req, "partNumber");
	enum err	e;

	if (number.p != NULL)
		return part_span(cx, c, en, number, out);
	e = span_parse(cx, request_header(c->req, "range"), en->size, out);
	if (e == E_BAD_RANGE) {
		response_no_span(cx, c->res, en->size);
		s3_meta_state(cx, c, en);
	}
	return e;
}

/* Have the parts the checksum that the object has?  A copy may have another. */
static bool
has_part_sums(const struct entry *en)
{
	return en->part_sums.n > 0 && pair_find(en->sums, en->n_sums,
	    en->part_sum_kind) != NULL;
}

static struct str
part_sum(struct cx *cx, const struct entry *en, uint64_t number)
{
	size_t	n = en->part_sums.n / en->n_parts;

	return enc_base64(cx->mem, en->part_sums.p + (number - 1) * n, n);
}

/* Checksums of exactly the bytes that are answered, or none. */
static void
sum_headers(struct cx *cx, struct s3_call *c, const struct entry *en,
    const struct span *part)
{
	struct str	number = request_param(c->req, "partNumber");
	struct pair	sum;
	struct entry	one = *en;
	uint64_t	n;

	if (!str_is_nocase(request_header(c->req, "x-amz-checksum-mode"),
	    STR("ENABLED")))
		return;
	if (!part->partial || (number.n > 0 && en->n_parts == 0)) {
		s3_sums_headers(c, en);
	} else if (has_part_sums(en) && str_u64(number, LIMIT_PARTS, &n)) {
		sum = (struct pair){ en->part_sum_kind, part_sum(cx, en, n) };
		one.sums = &sum;
		one.n_sums = 1;
		s3_sums_headers(c, &one);
	}
}

static enum err
get_answer(struct cx *cx, struct s3_call *c, const struct entry *en,
    const struct span *part)
{
	struct file_span *files;
	struct source	 bytes;
	enum err	 e;

	/* Open before answering: after the first byte no error can be told. */
	if (c->req->method == M_GET && ((e = object_source(cx, c->eng,
	    en, part->off, part->len, &bytes)) != OK ||
	    (e = object_files(cx, c->eng, en, part->off, part->len,
	    &files, &c->res->n_files)) != OK))
		return e;
	s3_meta_headers(cx, c, en);
	sum_headers(cx, c, en, part);
	response_span(cx, c->res, part, en->size);
	if (c->req->method == M_GET) {
		response_source(c->res, &bytes, part->len);
		c->res->files = files;
	}
	return OK;
}

/* GET or HEAD one object; the front drops the body for HEAD. */
enum err
s3_get_object(struct cx *cx, struct s3_call *c)
{
	struct entry	en;
	struct cond	cond;
	struct span	part;
	enum err	e;

	/* What does this path name at this ref? */
	if ((e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = object_open(cx, c->eng, &c->at, &en)) != OK)
		return e;

	/* Does the client want it in this state, and how much of it? */
	e = cond_check(cx, &cond, COND_READ, &en);
	if (e == E_NOT_MODIFIED)
		s3_meta_headers(cx, c, &en);
	if (e != OK || (e = get_take_span(cx, c, &en, &part)) != OK)
		return e;
	return get_answer(cx, c, &en, &part);
}

/* ---- GetObjectAttributes ----------------------------------------------- */

struct wanted {
	struct str	list;		/* of attributes, as sent */
	struct entry	en;
	uint64_t	after, most;	/* of its parts */
};

static void
put_etag(struct cx *cx, struct buf *b, const struct wanted *w)
{
	(void)cx;
	xml_put(b, "ETag", w->en.etag);
}

static void
put_checksum(struct cx *cx, struct buf *b, const struct wanted *w)
{
	(void)cx;
	if (w->en.n_sums == 0)
		return;
	buf_z(b, "<Checksum>");
	s3_sums_put(b, &w->en);
	s3_sums_put_type(b, &w->en);
	buf_z(b, "</Checksum>");
}

static void
attributes_put_part(struct cx *cx, struct buf *b, const struct entry *en,
    uint64_t number)
{
	buf_z(b, "<Part>");
	xml_put_u64(b, "PartNumber", number);
	xml_put_u64(b, "Size", en->parts[number - 1]);
	if (has_part_sums(en))
		s3_sums_put_one(b, en->part_sum_kind,
		    part_sum(cx, en, number));
	buf_z(b, "</Part>");
}

static void
put_parts(struct cx *cx, struct buf *b, const struct wanted *w)
{
	uint64_t	all = w->en.n_parts, n;
	uint64_t	after = w->after < all ? w->after : all;

	if (all == 0)
		return;
	buf_z(b, "<ObjectParts>");
	xml_put_u64(b, "PartsCount", all);
	xml_put_u64(b, "PartNumberMarker", after);
	xml_put_u64(b, "MaxParts", w->most);
	for (n = after; n < all && n - after < w->most; n++)
		attributes_put_part(cx, b, &w->en, n + 1);
	xml_put_u64(b, "NextPartNumberMarker", n);
	xml_put_bool(b, "IsTruncated", n < all);
	buf_z(b, "</ObjectParts>");
}

static void
put_class(struct cx *cx, struct buf *b, const struct wanted *w)
{
	(void)cx;
	xml_put(b, "StorageClass", s3_meta_class(&w->en));
}

static void
put_size(struct cx *cx, struct buf *b, const struct wanted *w)
{
	(void)cx;
	xml_put_u64(b, "ObjectSize", w->en.size);
}

static const struct {
	const char	*name;
	void		(*put)(struct cx *cx, struct buf *b,
			    const struct wanted *w);
} attributes[] = {
	{ "ETag", put_etag }, { "Checksum", put_checksum },
	{ "ObjectParts", put_parts }, { "StorageClass", put_class },
	{ "ObjectSize", put_size },
};
enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0] };

/* Is this attribute asked for? */
static bool
asks(struct str list, const char *name)
{
	struct str	one;

	while (str_split(&list, ',', &one))
		if (str_is(str_trim(one), str_of(name)))
			return true;
	return false;
}

static enum err
no_attributes(struct cx *cx)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx->mem, 1024);
	for (i = 0; i < ATTRIBUTES; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", attributes[i].name);
	return fail(cx, E_BAD_ARGUMENT, "x-amz-object-attributes must name "
	    "some of %.*s", STRF(buf_as_str(&b)));
}

static enum err
check_attributes(struct cx *cx, struct str list)
{
	struct str	one;
	size_t		i;

	if (list.n == 0)
		return no_attributes(cx);
	while (str_split(&list, ',', &one)) {
		for (i = 0; i < ATTRIBUTES && !str_is(str_trim(one),
		    str_of(attributes[i].name)); i++)
			continue;
		if (i == ATTRIBUTES)
			return fail(cx, E_BAD_ARGUMENT, "Invalid attribute "
			    "name specified.");
	}
	return OK;
}

enum err
s3_get_object_attributes(struct cx *cx, struct s3_call *c)
{
	struct wanted	w = { .list = request_header(c->req,
	    "x-amz-object-attributes") };
	struct cond	cond;
	struct buf	b;
	size_t		i;
	enum err	e;

	if ((e = check_attributes(cx, w.list)) != OK ||
	    (e = s3_take_number(cx, c, "x-amz-part-number-marker", 0,
	    LIMIT_PARTS, &w.after)) != OK ||
	    (e = s3_take_number(cx, c, "x-amz-max-parts", LIMIT_PAGE,
	    LIMIT_PAGE, &w.most)) != OK ||
	    (e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = object_open(cx, c->eng, &c->at, &w.en)) != OK ||
	    (e = cond_check(cx, &cond, COND_READ, &w.en)) != OK)
		return e;
	response_header(c->res, "Last-Modified", when_http(cx->mem,
	    w.en.mtime));
	s3_meta_version(c, &w.en);
	s3_xml_begin(cx, &b, "GetObjectAttributesResponse");
	for (i = 0; i < ATTRIBUTES; i++)
		if (asks(w.list, attributes[i].name))
			attributes[i].put(cx, &b, &w);
	s3_xml_end(c, &b, "GetObjectAttributesResponse");
	return OK;
}
