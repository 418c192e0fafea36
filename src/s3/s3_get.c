/* GetObject, HeadObject, GetObjectAttributes. */
#include "s3/s3_call.h"

#include "base/enc.h"
#include "base/when.h"
#include "base/xml.h"

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

/* What the Range header asks for. */
static enum err
range_span(struct cx *cx, struct s3_call *c, uint64_t size, struct span *out)
{
	enum err	e;

	e = span_parse(cx, request_header(c->req, "range"), size, out);
	if (e == E_BAD_RANGE)
		response_no_span(cx, c->res, size);
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
		s3_sum_headers(c, en);
	} else if (has_part_sums(en) && str_u64(number, LIMIT_PARTS, &n)) {
		sum = (struct pair){ en->part_sum_kind, part_sum(cx, en, n) };
		one.sums = &sum;
		one.n_sums = 1;
		s3_sum_headers(c, &one);
	}
}

/* GET or HEAD one object; the front drops the body for HEAD. */
enum err
s3_get_object(struct cx *cx, struct s3_call *c)
{
	struct entry	 en;
	struct cond	 cond;
	struct span	 part;
	struct source	 bytes;
	struct file_span *files;
	struct str	 number;
	enum err	 e;

	/* What does this path name at this ref? */
	if ((e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = object_open(cx, c->eng, &c->at, &en)) != OK)
		return e;

	/* Does the client want it in this state, and how much of it? */
	e = cond_check(cx, &cond, COND_READ, &en);
	if (e == E_NOT_MODIFIED)
		s3_entry_headers(cx, c, &en);
	if (e != OK)
		return e;
	number = request_param(c->req, "partNumber");
	if ((e = number.p != NULL ? part_span(cx, c, &en, number, &part) :
	    range_span(cx, c, en.size, &part)) != OK)
		return e;

	/* Open before answering: after the first byte no error can be told. */
	if (c->req->method == M_GET && ((e = object_source(cx, c->eng,
	    &en, part.off, part.len, &bytes)) != OK ||
	    (e = object_files(cx, c->eng, &en, part.off, part.len,
	    &files, &c->res->n_files)) != OK))
		return e;
	s3_entry_headers(cx, c, &en);
	sum_headers(cx, c, &en, &part);
	response_span(cx, c->res, &part, en.size);
	if (c->req->method == M_GET) {
		response_source(c->res, &bytes, part.len);
		c->res->files = files;
	}
	return OK;
}

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

static void
put_parts(struct cx *cx, struct buf *b, const struct entry *en,
    uint64_t after, uint64_t most)
{
	uint64_t	n;

	if (en->n_parts == 0)
		return;
	buf_z(b, "<ObjectParts>");
	xml_put_u64(b, "PartsCount", en->n_parts);
	xml_put_u64(b, "PartNumberMarker", after);
	xml_put_u64(b, "MaxParts", most);
	for (n = after; n < en->n_parts && n - after < most; n++) {
		buf_z(b, "<Part>");
		xml_put_u64(b, "PartNumber", n + 1);
		xml_put_u64(b, "Size", en->parts[n]);
		if (has_part_sums(en))
			s3_put_sum(b, en->part_sum_kind,
			    part_sum(cx, en, n + 1));
		buf_z(b, "</Part>");
	}
	xml_put_u64(b, "NextPartNumberMarker", n);
	xml_put_bool(b, "IsTruncated", n < en->n_parts);
	buf_z(b, "</ObjectParts>");
}

static enum err
check_attributes(struct cx *cx, struct str list)
{
	struct str	known = STR("ETag,Checksum,ObjectParts,StorageClass,"
	    "ObjectSize"), one;

	if (list.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "x-amz-object-attributes must "
		    "name some of %.*s", STRF(known));
	while (str_split(&list, ',', &one))
		if (!asks(known, str_z(cx->mem, str_trim(one))))
			return fail(cx, E_BAD_ARGUMENT, "Invalid attribute "
			    "name specified.");
	return OK;
}

enum err
s3_get_object_attributes(struct cx *cx, struct s3_call *c)
{
	struct str	what = request_header(c->req,
	    "x-amz-object-attributes");
	struct cond	cond;
	struct entry	en;
	struct buf	b;
	uint64_t	after, most;
	enum err	e;

	if ((e = check_attributes(cx, what)) != OK ||
	    (e = s3_number(cx, c, "x-amz-part-number-marker", 0, LIMIT_PARTS,
	    &after)) != OK ||
	    (e = s3_number(cx, c, "x-amz-max-parts", LIMIT_PAGE, LIMIT_PAGE,
	    &most)) != OK ||
	    (e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = object_open(cx, c->eng, &c->at, &en)) != OK ||
	    (e = cond_check(cx, &cond, COND_READ, &en)) != OK)
		return e;
	response_header(c->res, "Last-Modified", when_http(cx->mem,
	    en.mtime));
	s3_version_header(c, &en);
	s3_xml_begin(cx, &b, "GetObjectAttributesResponse");
	if (asks(what, "ETag"))
		xml_put(&b, "ETag", en.etag);
	if (asks(what, "Checksum") && en.n_sums > 0) {
		buf_z(&b, "<Checksum>");
		s3_put_sums(&b, &en);
		s3_put_sum_type(&b, &en);
		buf_z(&b, "</Checksum>");
	}
	if (asks(what, "ObjectParts"))
		put_parts(cx, &b, &en, after < en.n_parts ? after : en.n_parts,
		    most);
	if (asks(what, "StorageClass"))
		xml_put(&b, "StorageClass", STR("STANDARD"));
	if (asks(what, "ObjectSize"))
		xml_put_u64(&b, "ObjectSize", en.size);
	s3_xml_end(c, &b, "GetObjectAttributesResponse");
	return OK;
}
