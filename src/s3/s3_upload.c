/* Multipart uploads. */
#include "s3/s3_call.h"

#include <string.h>

#include "base/budget.h"
#include "base/enc.h"
#include "base/vec.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"

/* The least that a part is in a list, and what it takes when it is joined. */
enum { PART_LEAST = 50, PART_COST = 1024 };

static enum err
take_id(struct cx *cx, const struct s3_call *c, struct uid *id)
{
	if (!enc_unhex(request_param(c->req, "uploadId"), id->b,
	    sizeof id->b))
		return fail(cx, E_NO_SUCH_UPLOAD, "The specified upload does "
		    "not exist. The upload ID may be invalid, or the upload "
		    "may have been aborted or completed.");
	return OK;
}

static struct str
id_text(struct cx *cx, const struct uid *id)
{
	char	*z = arena_get(cx->mem, 33);

	enc_hex(z, id->b, sizeof id->b);
	return str_of(z);
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

/* x-amz-checksum-algorithm and -type; CRCs default as AWS has them. */
static enum err
take_sum_kind(struct cx *cx, const struct s3_call *c, struct upload *u)
{
	struct str		 type = request_header(c->req,
	    "x-amz-checksum-type");
	const struct digest_sum	*sum;
	enum err		 e;

	if ((e = s3_take_algorithm(cx, c, &sum)) != OK || sum == NULL)
		return e;
	u->sum_kind = str_of(sum->name);
	/* One over all parts is the default where there is no other. */
	u->sum_composite = type.n > 0 ? str_is(type, STR("COMPOSITE")) :
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

	if ((e = s3_take_meta(cx, c, &u.meta)) != OK ||
	    (e = take_sum_kind(cx, c, &u)) != OK ||
	    (e = object_check_write(cx, c->eng, &c->at, &none, false)) != OK ||
	    (e = upload_create(cx, c->eng, &c->at, &u)) != OK)
		return e;
	if (u.sum_kind.n > 0) {
		response_header(c->res, "x-amz-checksum-algorithm",
		    request_header(c->req, "x-amz-checksum-algorithm"));
		response_header(c->res, "x-amz-checksum-type",
		    s3_sum_type(u.sum_composite));
	}
	s3_xml_begin(cx, &b, "InitiateMultipartUploadResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", c->key);
	xml_put(&b, "UploadId", id_text(cx, &u.id));
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

	if ((e = take_id(cx, c, &id)) != OK ||
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
	part.en.etag = s3_body_etag(cx, body);
	s3_body_sums(cx, in, &part.en);
	if ((e = upload_part(cx, c->eng, &c->at, &id, &part, body)) != OK)
		return e;
	response_header(c->res, "ETag", s3_quoted(cx, part.en.etag));
	for (size_t i = 0; i < part.en.n_sums; i++)
		response_header(c->res, str_printf(cx->mem,
		    "x-amz-checksum-%.*s", STRF(part.en.sums[i].name)).p,
		    part.en.sums[i].value);
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

	if (r.p == NULL)
		return OK;
	dash = str_find(r, '-');
	if (!str_starts(r, STR("bytes=")) || dash < 6 ||
	    !str_u64(str_from(str_to(r, dash), 6), INT64_MAX, &a) ||
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
	struct upload_part		part = { .number = 0 };
	struct cond		cond;
	struct uid		id;
	struct target		src;
	struct upload_copy	from = { .src = &src, .cond = &cond };
	struct buf		b;
	enum err		e;

	if ((e = take_id(cx, c, &id)) != OK ||
	    (e = take_number(cx, c, &part.number)) != OK ||
	    (e = s3_copy_source(cx, c, &src)) != OK ||
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
	xml_put(&b, "ETag", s3_quoted(cx, part.en.etag));
	s3_put_sums(&b, &part.en);
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
	it->etag = s3_unquoted(it->etag);
	for (i = 0; i < DIGEST_SUMS && sums[i].n == 0; i++)
		continue;
	if (i < DIGEST_SUMS)
		it->sum = (struct pair){ str_of(digest_sums[i].name),
		    sums[i] };
	return OK;
}

static enum err
take_list(struct cx *cx, struct s3_call *c, struct upload_complete_opts *opt)
{
	VEC(struct upload_complete_item) items = { 0 };
	struct s3_body	*in;
	struct xml	*x;
	struct str	v;
	uint64_t	parts;
	size_t		i;
	enum err	e;
	bool		there;

	/* Here a checksum header speaks of the object, not of this body. */
	if ((e = s3_body_open(cx, c, STR(""), &in)) != OK)
		return e;
	for (i = 0; i < in->n_sums; i++) {
		if (in->sums[i].in_trailer)
			continue;
		opt->sum = (struct pair){ str_of(in->sums[i].name),
		    in->sums[i].want };
		in->sums[i].want.p = NULL;
	}
	/* At once what the list takes, and its parts when they are joined. */
	parts = in->length / PART_LEAST;
	if (in->length <= LIMIT_BODY_COMPLETE && (e = budget_claim(cx,
	    (size_t)in->length + PART_COST * (parts < LIMIT_PARTS ?
	    (size_t)parts : LIMIT_PARTS))) != OK)
		return e;
	if ((e = s3_body_xml(cx, in, LIMIT_BODY_COMPLETE,
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
	v = request_header(c->req, "x-amz-mp-object-size");
	opt->has_size = v.n > 0;
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

	if ((e = take_id(cx, c, &id)) != OK ||
	    (e = s3_take_cond(cx, c, "", &opt.cond)) != OK ||
	    (e = take_list(cx, c, &opt)) != OK ||
	    (e = upload_complete(cx, c->eng, &c->at, &id, &opt, &en)) != OK)
		return e;
	s3_version_header(c, &en);
	s3_xml_begin(cx, &b, "CompleteMultipartUploadResult");
	xml_put(&b, "Location", str_printf(cx->mem, "%s://%.*s%.*s",
	    c->req->https ? "https" : "http", STRF(c->req->host),
	    STRF(c->req->raw_path)));
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", c->key);
	xml_put(&b, "ETag", s3_quoted(cx, en.etag));
	s3_put_sums(&b, &en);
	s3_put_sum_type(&b, &en);
	s3_xml_end(c, &b, "CompleteMultipartUploadResult");
	return OK;
}

enum err
s3_abort_multipart_upload(struct cx *cx, struct s3_call *c)
{
	struct uid	id;
	enum err	e;

	if ((e = take_id(cx, c, &id)) != OK ||
	    (e = upload_abort(cx, c->eng, &c->at, &id)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

/* What checksum the upload asks for. */
static void
put_sum_kind(struct buf *b, const struct upload *u)
{
	const struct digest_sum	*sum = digest_sum_named(u->sum_kind);

	if (sum == NULL)
		return;
	xml_put(b, "ChecksumAlgorithm", str_of(sum->algorithm));
	xml_put(b, "ChecksumType", s3_sum_type(u->sum_composite));
}

enum err
s3_list_parts(struct cx *cx, struct s3_call *c)
{
	struct upload_part_page	page;
	struct upload		u;
	struct uid		id;
	struct buf		b;
	uint64_t		limit, after;
	size_t			i;
	enum err		e;
	bool			url;

	if ((e = take_id(cx, c, &id)) != OK ||
	    (e = s3_take_encoding(cx, c, &url)) != OK ||
	    (e = s3_number(cx, c, "max-parts", LIMIT_PAGE, LIMIT_PAGE,
	    &limit)) != OK ||
	    (e = s3_number(cx, c, "part-number-marker", 0, LIMIT_PARTS,
	    &after)) != OK ||
	    (e = upload_list_parts(cx, c->eng, &c->at, &id,
	    (uint32_t)after, limit, &u, &page)) != OK)
		return e;
	s3_xml_begin(cx, &b, "ListPartsResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", s3_shown(cx, url, c->key));
	xml_put(&b, "UploadId", id_text(cx, &id));
	s3_put_owner(&b, c, "Initiator");
	s3_put_owner(&b, c, "Owner");
	xml_put(&b, "StorageClass", STR("STANDARD"));
	put_sum_kind(&b, &u);
	xml_put_u64(&b, "PartNumberMarker", after);
	if (page.n > 0)
		xml_put_u64(&b, "NextPartNumberMarker",
		    page.at[page.n - 1].number);
	xml_put_u64(&b, "MaxParts", limit);
	xml_put_bool(&b, "IsTruncated", page.more);
	for (i = 0; i < page.n; i++) {
		buf_z(&b, "<Part>");
		xml_put_u64(&b, "PartNumber", page.at[i].number);
		xml_put(&b, "LastModified", when_iso(cx->mem,
		    page.at[i].en.mtime));
		xml_put(&b, "ETag", s3_quoted(cx, page.at[i].en.etag));
		xml_put_u64(&b, "Size", page.at[i].en.size);
		s3_put_sums(&b, &page.at[i].en);
		buf_z(&b, "</Part>");
	}
	s3_xml_end(c, &b, "ListPartsResult");
	return OK;
}

/* ---- ListMultipartUploads ---------------------------------------------- */

/* A listing under way: where it stands, and what it has. */
struct uploads {
	struct str		 prefix, delimiter, marker, id_marker;
	uint64_t		 limit;
	VEC(struct upload)	 at;
	VEC(struct str)		 keys, prefixes;
	struct str		 last_key, last_id;	/* taken */
	bool			 full, url;
};

/* One upload into the answer, or into a common prefix; false: it is full. */
static bool
uploads_take(struct cx *cx, struct uploads *l, struct str key,
    const struct upload *u)
{
	struct str	rest = str_from(key, l->prefix.n), common;
	size_t		at = l->delimiter.n > 0 ?
	    str_find_str(rest, l->delimiter) : rest.n;

	common = str_to(key, l->prefix.n + at + l->delimiter.n);
	/* Those that this prefix, or the one before the page, stands for. */
	if (at < rest.n && (str_is(common, l->marker) ||
	    (l->prefixes.n > 0 &&
	    str_is(common, l->prefixes.at[l->prefixes.n - 1]))))
		return true;
	if (l->at.n + l->prefixes.n == l->limit) {
		l->full = true;
		return false;
	}
	if (at < rest.n) {
		*VEC_PUSH(cx->mem, &l->prefixes) = common;
		l->last_key = common;
		l->last_id = STR("");
		return true;
	}
	*VEC_PUSH(cx->mem, &l->at) = *u;
	*VEC_PUSH(cx->mem, &l->keys) = key;
	l->last_key = key;
	l->last_id = id_text(cx, &u->id);
	return true;
}

/* Those of one branch, page by page. */
static enum err
uploads_of_branch(struct cx *cx, struct s3_call *c, struct uploads *l,
    struct str ref, struct str path_prefix)
{
	struct list_query	q = { .prefix = path_prefix,
	    .limit = LIMIT_PAGE };
	struct str		id = STR("");
	struct lakepath		m = lakepath_parse(c->bucket, l->marker);
	struct upload_page	page;
	size_t			i;
	enum err		e;

	if (str_is(m.ref, ref)) {
		q.after = m.path;
		id = l->id_marker;
	}
	if ((e = target_ref(cx, ref)) != OK || (e = target_list(cx, &q)) != OK)
		return e;
	do {
		e = upload_list(cx, c->eng, c->bucket, ref, &q, id, &page);
		/* What is no branch has no uploads. */
		if (e == E_NO_SUCH_BRANCH || e == E_READ_ONLY_REF) {
			cx_forget(cx);
			return OK;
		}
		if (e != OK)
			return e;
		for (i = 0; i < page.n; i++)
			if (!uploads_take(cx, l, lakepath_key(cx->mem, ref,
			    page.at[i].path), &page.at[i]))
				return OK;
		if (page.n > 0) {
			q.after = page.at[page.n - 1].path;
			id = id_text(cx, &page.at[page.n - 1].id);
		}
	} while (page.more);
	return OK;
}

/* The prefix names a branch, or the beginning of several. */
static enum err
uploads_collect(struct cx *cx, struct s3_call *c, struct uploads *l)
{
	struct lakepath		lp = lakepath_parse(c->bucket, l->prefix);
	struct list_query	q = { .prefix = l->prefix,
	    .limit = LIMIT_PAGE };
	struct ref_page		branches;
	struct str		from = str_to(l->marker, str_find(l->marker,
	    '/'));
	size_t			i;
	enum err		e;

	if (lp.slash)
		return uploads_of_branch(cx, c, l, lp.ref, lp.path);
	if ((e = target_list(cx, &q)) != OK)
		return e;
	do {
		if ((e = branch_list(cx, c->eng, c->bucket, &q, true,
		    &branches)) != OK)
			return e;
		for (i = 0; i < branches.n && !l->full; i++)
			if (str_cmp(branches.at[i].name, from) >= 0 &&
			    (e = uploads_of_branch(cx, c, l,
			    branches.at[i].name, STR(""))) != OK)
				return e;
		if (branches.n > 0)
			q.after = branches.at[branches.n - 1].name;
	} while (branches.more && !l->full);
	return OK;
}

static void
uploads_answer(struct cx *cx, struct s3_call *c, const struct uploads *l)
{
	struct buf	b;
	size_t		i;

	s3_xml_begin(cx, &b, "ListMultipartUploadsResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "KeyMarker", s3_shown(cx, l->url, l->marker));
	xml_put(&b, "UploadIdMarker", l->id_marker);
	xml_put(&b, "Prefix", s3_shown(cx, l->url, l->prefix));
	if (l->url)
		xml_put(&b, "EncodingType", STR("url"));
	if (l->delimiter.n > 0)
		xml_put(&b, "Delimiter", s3_shown(cx, l->url,
		    l->delimiter));
	xml_put_u64(&b, "MaxUploads", l->limit);
	xml_put_bool(&b, "IsTruncated", l->full);
	if (l->full) {
		xml_put(&b, "NextKeyMarker", s3_shown(cx, l->url,
		    l->last_key));
		xml_put(&b, "NextUploadIdMarker", l->last_id);
	}
	for (i = 0; i < l->at.n; i++) {
		buf_z(&b, "<Upload>");
		xml_put(&b, "Key", s3_shown(cx, l->url, l->keys.at[i]));
		xml_put(&b, "UploadId", id_text(cx, &l->at.at[i].id));
		s3_put_owner(&b, c, "Initiator");
		s3_put_owner(&b, c, "Owner");
		xml_put(&b, "StorageClass", STR("STANDARD"));
		put_sum_kind(&b, &l->at.at[i]);
		xml_put(&b, "Initiated", when_iso(cx->mem,
		    l->at.at[i].created));
		buf_z(&b, "</Upload>");
	}
	for (i = 0; i < l->prefixes.n; i++) {
		buf_z(&b, "<CommonPrefixes>");
		xml_put(&b, "Prefix", s3_shown(cx, l->url,
		    l->prefixes.at[i]));
		buf_z(&b, "</CommonPrefixes>");
	}
	s3_xml_end(c, &b, "ListMultipartUploadsResult");
}

enum err
s3_list_multipart_uploads(struct cx *cx, struct s3_call *c)
{
	struct uploads	l = { .prefix = request_param(c->req, "prefix"),
	    .delimiter = request_param(c->req, "delimiter"),
	    .marker = request_param(c->req, "key-marker"),
	    .id_marker = request_param(c->req, "upload-id-marker") };
	struct repo	r;
	enum err	e;

	if ((e = s3_take_encoding(cx, c, &l.url)) != OK ||
	    (e = s3_number(cx, c, "max-uploads", LIMIT_PAGE, LIMIT_PAGE,
	    &l.limit)) != OK ||
	    (e = repo_get(cx, c->eng, c->bucket, &r)) != OK ||
	    (e = uploads_collect(cx, c, &l)) != OK)
		return e;
	uploads_answer(cx, c, &l);
	return OK;
}
