/* ListParts and ListMultipartUploads. */
#include "s3/s3_call.h"

#include "base/vec.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_meta.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_upload.h"
#include "s3/s3_xml.h"

/* What checksum the upload asks for. */
static void
put_sum_kind(struct buf *b, const struct upload *u)
{
	const struct digest_sum	*sum = digest_sum_named(u->sum_kind);

	if (sum == NULL)
		return;
	xml_put(b, "ChecksumAlgorithm", str_of(sum->algorithm));
	xml_put(b, "ChecksumType", s3_sums_type(u->sum_composite));
}

static void
upload_list_put_part(struct cx *cx, struct buf *b, const struct upload_part *p)
{
	buf_z(b, "<Part>");
	xml_put_u64(b, "PartNumber", p->number);
	xml_put(b, "LastModified", when_iso(cx->mem, p->en.mtime));
	xml_put(b, "ETag", s3_meta_etag(cx, p->en.etag));
	xml_put_u64(b, "Size", p->en.size);
	s3_sums_put(b, &p->en);
	buf_z(b, "</Part>");
}

/* What is said of an upload wherever it is listed. */
static void
put_about(struct buf *b, const struct s3_call *c, const struct upload *u)
{
	s3_xml_owner(b, c, "Initiator");
	s3_xml_owner(b, c, "Owner");
	xml_put(b, "StorageClass", s3_meta_class(&u->meta));
	put_sum_kind(b, u);
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

	if ((e = s3_upload_id(cx, c, &id)) != OK ||
	    (e = s3_take_encoding(cx, c, &url)) != OK ||
	    (e = s3_take_number(cx, c, "max-parts", LIMIT_PAGE, LIMIT_PAGE,
	    &limit)) != OK ||
	    (e = s3_take_number(cx, c, "part-number-marker", 0, LIMIT_PARTS,
	    &after)) != OK ||
	    (e = upload_list_parts(cx, c->eng, &c->at, &id,
	    (uint32_t)after, limit, &u, &page)) != OK)
		return e;
	s3_xml_begin(cx, &b, "ListPartsResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "Key", s3_xml_key(cx, url, c->key));
	xml_put(&b, "UploadId", s3_upload_id_text(cx, &id));
	put_about(&b, c, &u);
	xml_put_u64(&b, "PartNumberMarker", after);
	if (page.n > 0)
		xml_put_u64(&b, "NextPartNumberMarker",
		    page.at[page.n - 1].number);
	xml_put_u64(&b, "MaxParts", limit);
	xml_put_bool(&b, "IsTruncated", page.more);
	for (i = 0; i < page.n; i++)
		upload_list_put_part(cx, &b, &page.at[i]);
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
	l->last_id = s3_upload_id_text(cx, &u->id);
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
			id = s3_upload_id_text(cx, &page.at[page.n - 1].id);
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
put_upload(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct uploads *l, size_t i)
{
	const struct upload	*u = &l->at.at[i];

	buf_z(b, "<Upload>");
	xml_put(b, "Key", s3_xml_key(cx, l->url, l->keys.at[i]));
	xml_put(b, "UploadId", s3_upload_id_text(cx, &u->id));
	put_about(b, c, u);
	xml_put(b, "Initiated", when_iso(cx->mem, u->created));
	buf_z(b, "</Upload>");
}

static void
uploads_answer(struct cx *cx, struct s3_call *c, const struct uploads *l)
{
	struct buf	b;
	size_t		i;

	s3_xml_begin(cx, &b, "ListMultipartUploadsResult");
	xml_put(&b, "Bucket", c->bucket);
	xml_put(&b, "KeyMarker", s3_xml_key(cx, l->url, l->marker));
	xml_put(&b, "UploadIdMarker", l->id_marker);
	xml_put(&b, "Prefix", s3_xml_key(cx, l->url, l->prefix));
	if (l->url)
		xml_put(&b, "EncodingType", STR("url"));
	if (l->delimiter.n > 0)
		xml_put(&b, "Delimiter", s3_xml_key(cx, l->url,
		    l->delimiter));
	xml_put_u64(&b, "MaxUploads", l->limit);
	xml_put_bool(&b, "IsTruncated", l->full);
	if (l->full) {
		xml_put(&b, "NextKeyMarker", s3_xml_key(cx, l->url,
		    l->last_key));
		xml_put(&b, "NextUploadIdMarker", l->last_id);
	}
	for (i = 0; i < l->at.n; i++)
		put_upload(cx, &b, c, l, i);
	for (i = 0; i < l->prefixes.n; i++) {
		buf_z(&b, "<CommonPrefixes>");
		xml_put(&b, "Prefix", s3_xml_key(cx, l->url,
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
	    (e = s3_take_number(cx, c, "max-uploads", LIMIT_PAGE, LIMIT_PAGE,
	    &l.limit)) != OK ||
	    (e = repo_get(cx, c->eng, c->bucket, &r)) != OK ||
	    (e = uploads_collect(cx, c, &l)) != OK)
		return e;
	uploads_answer(cx, c, &l);
	return OK;
}
