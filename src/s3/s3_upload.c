/* Multipart uploads. */
#include "s3/s3_upload.h"

#include <string.h>

#include "base/budget.h"
#include "base/enc.h"
#include "base/vec.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_body.h"
#include "s3/s3_meta.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

/* The least that a part is in a list, and what it takes when it is joined. */
enum { PART_LEAST = 50, PART_COST = 1024 };

enum err
s3_upload_id(struct cx *cx, const struct s3_call *c, struct uid *id)
{
	if (!enc_unhex(request_param(c->req, "uploadId"), id->b,
	    sizeof id->b))
		return fail(cx, E_NO_SUCH_UPLOAD, "The specified upload does "
		    "not exist. The upload ID may be invalid, or the upload "
		    "may have been aborted or completed.");
	return OK;
}

struct str
s3_upload_id_text(struct cx *cx, const struct uid *id)
{
	return enc_hex_str(cx->mem, id->b, sizeof id->b);
}

static enum err
take_number(struct cx *cx, const struct s3_call *c, uint32_t *out)
{
	uint64_t	n;

	if (!str_u64(request_param(c->req, "partNumber"), LIMIT_PARTS, &n) ||
	    n == 0)
		return fail(cx, E_BAD_ARGUMENT, "Part number must be an "
		    "integer between 1 and %d, inclusive", LIMIT_PARTS);
	*out = (uint32_t)n;
	return OK;
}

/* x-amz-checksum-type; p NULL: it was not sent. */
static enum err
take_sum_type(struct cx *cx, const struct s3_call *c, struct str *type)
{
	*type = request_header(c->req, "x-amz-checksum-type");
	if (type->p == NULL || str_is(*type, s3_sums_type(true)) ||
	    str_is(*type, s3_sums_type(false)))
		return OK;
	return fail(cx, E_BAD_REQUEST, "Value for x-amz-checksum-type header "
	    "is invalid: COMPOSITE or FULL_OBJECT.");
}

/* x-amz-checksum-algorithm and -type; CRCs default as AWS has them. */
static enum err
take_sum_kind(struct cx *cx, const struct s3_call *c, struct upload *u)
{
	struct str		 type;
	const struct digest_sum	*sum;
	enum err		 e;

	if ((e = take_sum_type(cx, c, &type)) != OK ||
	    (e = s3_sums_algorithm(cx, c, &sum)) != OK || sum == NULL)
		return e;
	u->sum_kind = str_of(sum->name);
	/* One over all parts is the default where there is no other. */
	u->sum_composite = type.p != NULL ? str_is(type, STR("COMPOSITE")) :
	    sum->kind != DIGEST_CRC64NVME;
	if (u->sum_composite ? sum->kind == DIGEST_CRC64NVME : !sum->is_crc)
		return fail(cx, E_BAD_REQUEST, "The %.*s checksum type cannot "
		    "be used with the %.*s checksum algorithm.", STRF(type),
		    STRF(u->sum_kind));
	return OK;
}

enum err
s3_create_multipart_upload(struct cx *cx, struct s3_call *c)
{
	const struct cond	none = { .mtime = 0 };
	struct upload		u = { .created = 0 };
	struct buf		b;
	enum err		e;

	if ((e = s3_meta_take(cx, c, &u.meta)) != OK ||
	    (e = take_sum_kind(cx, c, &u)) != OK ||
	    (e = object_check_write(cx, c->eng, &c->at, &none, false)) != OK ||
	    (e = upload_create(cx, c->eng, &c->at, &u)) != OK)
		return e;
	if (u.sum_kind.n > 0) {
		response_header(c->res, "x-amz-checksum-algorithm",
		    request_header(c->req, "x-amz-checksum-algorithm"));
		response_header(c->res, "x-amz-checksum-type",
		    s3_sums_type(u.sum_composite));
	}
	s3_xml_begin(cx, &b, "InitiateMultipartUploadResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", c->key);
	xml_put(&b, "UploadId", s3_upload_id_text(cx, &u.id));
	s3_xml_end(c, &b, "InitiateMultipartUploadResult");
	return OK;
}

enum err
s3_upload_part(struct cx *cx, struct s3_call *c)
{
	struct upload_part	 part = { .number = 0 };
	struct s3_body	 *in;
	struct upload	 u;
	struct body	*body;
	struct uid	 id;
	enum err	 e;

	if ((e = s3_upload_id(cx, c, &id)) != OK ||
	    (e = take_number(cx, c, &part.number)) != OK ||
	    (e = upload_get(cx, c->eng, &c->at, &id, &u)) != OK ||
	    (e = s3_body_open(cx, c, u.sum_kind, &in)) != OK)
		return e;
	if (u.sum_kind.n > 0 && in->n_sums > 1)
		return fail(cx, E_BAD_REQUEST, "Checksum Type mismatch "
		    "occurred, expected checksum Type: %.*s, actual checksum "
		    "Type: %s", STRF(u.sum_kind), in->sums[0].name);
	if ((e = s3_body_take(cx, in, LIMIT_OBJECT_PUT, &body)) != OK)
		return e;
	part.en.etag = body_etag(cx, body);
	s3_body_sums(cx, in, &part.en);
	if ((e = upload_part(cx, c->eng, &c->at, &id, &part, body)) != OK)
		return e;
	response_header(c->res, "ETag", s3_meta_etag(cx, part.en.etag));
	s3_sums_part_headers(c, &part.en);
	return OK;
}

/* "bytes=a-b", both ends given.  [S3 UploadPartCopy] */
static enum err
take_copy_range(struct cx *cx, const struct s3_call *c,
    struct upload_copy *from)
{
	struct str	r = request_header(c->req, "x-amz-copy-source-range");
	uint64_t	a, b;
	size_t		dash;
	bool		is_bytes;

	if (r.p == NULL)
		return OK;
	is_bytes = str_take(&r, STR("bytes="));
	dash = str_find(r, '-');
	if (!is_bytes || !str_u64(str_to(r, dash), INT64_MAX, &a) ||
	    !str_u64(str_from(r, dash + 1), INT64_MAX, &b) || b < a)
		return fail(cx, E_BAD_ARGUMENT, "The x-amz-copy-source-range "
		    "value must be of the form bytes=first-last where first "
		    "and last are the zero-based offsets of the first and "
		    "last bytes to copy");
	from->off = a;
	from->len = b - a + 1;
	return OK;
}

enum err
s3_upload_part_copy(struct cx *cx, struct s3_call *c)
{
	struct upload_part	part = { .number = 0 };
	struct cond		cond;
	struct uid		id;
	struct target		src;
	struct upload_copy	from = { .src = &src, .cond = &cond };
	struct buf		b;
	enum err		e;

	if ((e = s3_upload_id(cx, c, &id)) != OK ||
	    (e = take_number(cx, c, &part.number)) != OK ||
	    (e = s3_take_copy_source(cx, c, &src)) != OK ||
	    (e = take_copy_range(cx, c, &from)) != OK ||
	    (e = s3_take_cond(cx, c, "x-amz-copy-source-", &cond)) != OK ||
	    (e = upload_part_copy(cx, c->eng, &c->at, &id, &part,
	    &from)) != OK)
		return e;
	if (src.version.n > 0)
		response_header(c->res, "x-amz-copy-source-version-id",
		    src.version);
	s3_xml_begin(cx, &b, "CopyPartResult");
	xml_put(&b, "LastModified", when_iso(cx->mem, part.en.mtime));
	xml_put(&b, "ETag", s3_meta_etag(cx, part.en.etag));
	s3_sums_put(&b, &part.en);
	s3_xml_end(c, &b, "CopyPartResult");
	return OK;
}

static enum err
take_part(struct cx *cx, struct xml *x, struct upload_complete_item *it)
{
	struct xml_field	 fields[2 + DIGEST_SUMS];
	struct str		 number = STR(""), sums[DIGEST_SUMS];
	uint64_t		 n;
	size_t			 i;
	enum err		 e;

	memset(it, 0, sizeof *it);
	memset(sums, 0, sizeof sums);
	fields[0] = (struct xml_field){ "PartNumber", &number };
	fields[1] = (struct xml_field){ "ETag", &it->etag };
	for (i = 0; i < DIGEST_SUMS; i++)
		fields[2 + i] = (struct xml_field){ digest_sums[i].element,
		    &sums[i] };
	if ((e = xml_fields(cx, x, 1, fields, 2 + DIGEST_SUMS)) != OK)
		return e;
	if (!str_u64(str_trim(number), LIMIT_PARTS, &n) || n == 0)
		return fail(cx, E_BAD_ARGUMENT, "<PartNumber> must be an "
		    "integer between 1 and %d", LIMIT_PARTS);
	it->number = (uint32_t)n;
	it->etag = s3_take_etag(it->etag);
	for (i = 0; i < DIGEST_SUMS && sums[i].n == 0; i++)
		continue;
	if (i < DIGEST_SUMS)
		it->sum = (struct pair){ str_of(digest_sums[i].name),
		    sums[i] };
	return OK;
}

/* "<base64>", or "<base64>-<parts>" of checksums of parts. */
static bool
is_object_sum(const struct digest_sum *kind, struct str value)
{
	unsigned char	raw[DIGEST_MAX];
	size_t		dash = str_find(value, '-');
	struct str	parts = str_from(value, dash + 1);
	uint64_t	n;

	return enc_unbase64(str_to(value, dash), raw,
	    digest_size(kind->kind)) && (dash == value.n ||
	    (str_u64(parts, LIMIT_PARTS, &n) && parts.p[0] != '0'));
}

/* x-amz-checksum-… speaks here of the object, not of this body. */
static enum err
take_object_sum(struct cx *cx, const struct s3_call *c,
    struct upload_complete_opts *opt)
{
	const struct request	*req = c->req;
	const struct digest_sum	*kind;
	const struct pair	*h;
	struct str		 name;

	for (h = req->headers; h < req->headers + req->n_headers; h++) {
		name = h->name;
		if (!str_take(&name, STR("x-amz-checksum-")) ||
		    (kind = digest_sum_named(name)) == NULL)
			continue;
		if (!is_object_sum(kind, h->value))
			return fail(cx, E_BAD_REQUEST, "Value for %.*s header "
			    "is invalid.", STRF(h->name));
		if (opt->sum.name.n > 0)
			return fail(cx, E_BAD_REQUEST, "Expecting a single "
			    "x-amz-checksum- header. Multiple checksum Types "
			    "are not allowed.");
		opt->sum = (struct pair){ str_of(kind->name), h->value };
	}
	return OK;
}

/* x-amz-checksum-type says again what the upload was made with.  One that has
 * been completed gives its answer again. */
static enum err
check_sum_type(struct cx *cx, struct s3_call *c, const struct uid *id)
{
	struct cx	aside = cx_aside(cx);
	struct str	type;
	struct upload	u;
	enum err	e;

	if ((e = take_sum_type(cx, c, &type)) != OK || type.p == NULL ||
	    upload_get(&aside, c->eng, &c->at, id, &u) != OK ||
	    str_is(type, s3_sums_type(u.sum_composite)))
		return e;
	return fail(cx, E_BAD_DIGEST, "The checksum type %.*s is not that of "
	    "the upload, which is %.*s.", STRF(type),
	    STRF(s3_sums_type(u.sum_composite)));
}

/* At once what the list takes, and its parts when they are joined. */
static enum err
claim_memory(struct cx *cx, const struct s3_body *in)
{
	uint64_t	parts = in->length / PART_LEAST;

	if (in->length > LIMIT_BODY_COMPLETE)
		return OK;		/* it will be refused */
	return budget_claim(cx, (size_t)in->length + PART_COST *
	    (parts < LIMIT_PARTS ? (size_t)parts : LIMIT_PARTS));
}

static enum err
take_parts(struct cx *cx, struct s3_body *in, struct upload_complete_opts *opt)
{
	VEC(struct upload_complete_item) items = { 0 };
	struct xml	*x;
	enum err	e;
	bool		there;

	if ((e = claim_memory(cx, in)) != OK ||
	    (e = s3_body_xml(cx, in, LIMIT_BODY_COMPLETE,
	    "CompleteMultipartUpload", &x)) != OK)
		return e;
	while ((e = xml_next(cx, x, 0, &there)) == OK && there) {
		if (!xml_is(x, "Part"))
			continue;
		if (items.n == LIMIT_PARTS)
			return fail(cx, E_BAD_XML, "a completion lists 1 to "
			    "%d parts", LIMIT_PARTS);
		if ((e = take_part(cx, x, VEC_PUSH(cx->mem, &items))) != OK)
			return e;
	}
	if (e != OK || (e = xml_close(cx, x)) != OK)
		return e;
	opt->items = items.at;
	opt->n = items.n;
	return OK;
}

static enum err
take_completion(struct cx *cx, struct s3_call *c,
    struct upload_complete_opts *opt)
{
	struct str	v = request_header(c->req, "x-amz-mp-object-size");
	struct s3_body	*in;
	enum err	e;

	if ((e = s3_body_open(cx, c, STR(""), &in)) != OK ||
	    (e = take_object_sum(cx, c, opt)) != OK ||
	    (e = take_parts(cx, in, opt)) != OK)
		return e;
	opt->has_size = v.p != NULL;
	if (opt->has_size && !str_u64(v, INT64_MAX, &opt->size))
		return fail(cx, E_BAD_REQUEST, "x-amz-mp-object-size is no "
		    "number");
	return OK;
}

enum err
s3_complete_multipart_upload(struct cx *cx, struct s3_call *c)
{
	struct upload_complete_opts	opt = { .n = 0 };
	struct entry			en;
	struct uid			id;
	struct buf			b;
	enum err			e;

	if ((e = s3_upload_id(cx, c, &id)) != OK ||
	    (e = s3_take_cond(cx, c, "", &opt.cond)) != OK ||
	    (e = check_sum_type(cx, c, &id)) != OK ||
	    (e = take_completion(cx, c, &opt)) != OK ||
	    (e = upload_complete(cx, c->eng, &c->at, &id, &opt, &en)) != OK)
		return e;
	s3_meta_version(c, &en);
	s3_xml_begin(cx, &b, "CompleteMultipartUploadResult");
	xml_put(&b, "Location", str_printf(cx->mem, "%s://%.*s%.*s",
	    c->req->https ? "https" : "http", STRF(c->req->host),
	    STRF(c->req->raw_path)));
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", c->key);
	xml_put(&b, "ETag", s3_meta_etag(cx, en.etag));
	s3_sums_put(&b, &en);
	s3_sums_put_type(&b, &en);
	s3_xml_end(c, &b, "CompleteMultipartUploadResult");
	return OK;
}

enum err
s3_abort_multipart_upload(struct cx *cx, struct s3_call *c)
{
	struct uid	id;
	enum err	e;

	if ((e = s3_upload_id(cx, c, &id)) != OK ||
	    (e = upload_abort(cx, c->eng, &c->at, &id)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}
