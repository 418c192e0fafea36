/*
 * ListObjects, ListObjectsV2 and ListObjectVersions: branches at the root,
 * objects inside a ref.
 */
#include "s3/s3_call.h"

#include "base/enc.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/target.h"
#include "s3/s3_meta.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

struct listing {
	bool		 v2, url, owner;
	struct str	 prefix, delimiter, after;	/* as keys */
	struct str	 token, marker, start_after;	/* as sent */
	uint64_t	 limit;
	/* the page */
	struct list_item *items;
	size_t		 n;
	bool		 more;
	struct str	 ref;	/* of the items; "" at the root */
	struct version	*versions;	/* instead of items */
};

static enum err
take_token(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	char	*p;
	size_t	 n;

	l->token = request_param(c->req, "continuation-token");
	if (l->token.n == 0)
		return OK;
	p = arena_get(cx->mem, l->token.n + 1);
	if (!enc_unbase64_any(l->token, p, l->token.n, &n))
		return fail(cx, E_BAD_ARGUMENT, "The continuation token "
		    "provided is incorrect");
	l->after = (struct str){ p, n };
	return OK;
}

static enum err
take_query(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	enum err	e;

	l->prefix = request_param(c->req, "prefix");
	l->delimiter = request_param(c->req, "delimiter");
	l->marker = request_param(c->req, "marker");
	l->start_after = request_param(c->req, "start-after");
	l->after = l->v2 ? l->start_after : l->marker;
	l->owner = !l->v2 || str_is(request_param(c->req, "fetch-owner"),
	    STR("true"));
	if ((e = s3_take_encoding(cx, c, &l->url)) != OK ||
	    (l->v2 && (e = take_token(cx, c, l)) != OK))
		return e;
	return s3_take_number(cx, c, "max-keys", LIMIT_PAGE, LIMIT_PAGE,
	    &l->limit);
}

/* The branches whose names begin so, each as a common prefix. */
static enum err
list_branches(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	struct list_query	q = { .prefix = l->prefix,
	    .limit = l->limit };
	struct ref_page		page;
	size_t			i;
	enum err		e;

	q.after = str_to(l->after, str_find(l->after, '/'));
	if ((e = target_list(cx, &q)) != OK ||
	    (e = branch_list(cx, c->eng, c->bucket, &q, false, &page)) != OK)
		return e;
	l->items = arena_get(cx->mem, page.n * sizeof *l->items);
	for (i = 0; i < page.n; i++) {
		l->items[i].is_prefix = true;
		l->items[i].path = lakepath_key(cx->mem, page.at[i].name,
		    STR(""));
	}
	l->n = page.n;
	l->more = page.more;
	return OK;
}

/* What to ask of the ref that the prefix names. */
static enum err
paths_query(struct cx *cx, const struct s3_call *c, struct listing *l,
    struct list_query *q)
{
	struct lakepath	lp = lakepath_parse(c->bucket, l->prefix);
	struct str	head = str_to(l->prefix, lp.ref.n + 1);
	enum err	e;

	*q = (struct list_query){ .prefix = lp.path,
	    .delimiter = l->delimiter, .limit = l->limit };

	l->ref = lp.ref;
	/* A key of another ref sorts before all of this one, or after. */
	if (str_starts(l->after, head))
		q->after = str_from(l->after, head.n);
	else if (l->after.n > 0 && str_cmp(l->after, head) > 0)
		q->limit = 0;
	e = target_ref(cx, l->ref);
	return e == OK ? target_list(cx, q) : e;
}

/* A ref that is not there lists nothing, as a prefix that nothing has. */
static enum err
unless_no_ref(struct cx *cx, const struct s3_call *c, enum err e)
{
	struct repo	r;

	if (e != E_NO_SUCH_REF && e != E_BAD_REF)
		return e;
	cx_forget(cx);
	return repo_get(cx, c->eng, c->bucket, &r);
}

static enum err
list_paths(struct cx *cx, const struct s3_call *c, struct listing *l)
{
	struct list_query	q;
	struct list_page	page = { .n = 0 };
	enum err		e;

	if ((e = paths_query(cx, c, l, &q)) != OK)
		return e;
	if ((e = object_list(cx, c->eng, c->bucket, l->ref, &q, &page)) != OK)
		return unless_no_ref(cx, c, e);
	l->items = page.at;
	l->n = page.n;
	l->more = page.more;
	return OK;
}

/* At the root the paths are keys already. */
static struct str
key_of(struct cx *cx, const struct listing *l, struct str path)
{
	return l->ref.n > 0 ? lakepath_key(cx->mem, l->ref, path) : path;
}

/* What is said of an entry wherever it is listed. */
static void
put_entry(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct entry *en, bool owner)
{
	const struct digest_sum	*sum;
	size_t			 i;

	xml_put(b, "LastModified", when_iso(cx->mem, en->mtime));
	xml_put(b, "ETag", s3_meta_etag(cx, en->etag));
	for (i = 0; i < en->n_sums; i++)
		if ((sum = digest_sum_named(en->sums[i].name)) != NULL)
			xml_put(b, "ChecksumAlgorithm",
			    str_of(sum->algorithm));
	s3_sums_put_type(b, en);
	xml_put_u64(b, "Size", en->size);
	if (owner)
		s3_xml_owner(b, c, "Owner");
	xml_put(b, "StorageClass", s3_meta_class(en));
}

static void
put_prefix(struct cx *cx, struct buf *b, const struct listing *l,
    struct str key)
{
	buf_z(b, "<CommonPrefixes>");
	xml_put(b, "Prefix", s3_xml_key(cx, l->url, key));
	buf_z(b, "</CommonPrefixes>");
}

static void
put_next(struct cx *cx, struct buf *b, const struct listing *l)
{
	struct str	last;

	if (!l->more || l->n == 0)
		return;
	last = key_of(cx, l, l->items[l->n - 1].path);
	if (l->v2)
		xml_put(b, "NextContinuationToken", enc_base64(cx->mem,
		    last.p, last.n));
	else if (l->delimiter.n > 0 || l->ref.n == 0)
		xml_put(b, "NextMarker", s3_xml_key(cx, l->url, last));
}

static void
put_head(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct listing *l)
{
	xml_put(b, "Name", c->bucket);
	xml_put(b, "Prefix", s3_xml_key(cx, l->url, l->prefix));
	if (!l->v2)
		xml_put(b, "Marker", s3_xml_key(cx, l->url, l->marker));
	else if (l->start_after.p != NULL)
		xml_put(b, "StartAfter", s3_xml_key(cx, l->url,
		    l->start_after));
	if (l->token.p != NULL)
		xml_put(b, "ContinuationToken", l->token);
	if (l->v2)
		xml_put_u64(b, "KeyCount", l->n);
	xml_put_u64(b, "MaxKeys", l->limit);
	if (l->delimiter.n > 0)
		xml_put(b, "Delimiter", s3_xml_key(cx, l->url, l->delimiter));
	if (l->url)
		xml_put(b, "EncodingType", STR("url"));
	xml_put_bool(b, "IsTruncated", l->more);
}

static enum err
list(struct cx *cx, struct s3_call *c, bool v2)
{
	struct listing	 l = { .v2 = v2 };
	struct str	 key;
	struct buf	 b;
	size_t		 i;
	enum err	 e;

	if ((e = take_query(cx, c, &l)) != OK)
		return e;
	/* Without a slash in the prefix the refs themselves are listed. */
	if (str_find(l.prefix, '/') == l.prefix.n)
		e = list_branches(cx, c, &l);
	else
		e = list_paths(cx, c, &l);
	if (e != OK)
		return e;
	l.more = l.more && l.limit > 0;
	s3_xml_begin(cx, &b, "ListBucketResult");
	put_head(cx, &b, c, &l);
	put_next(cx, &b, &l);
	for (i = 0; i < l.n; i++) {
		key = key_of(cx, &l, l.items[i].path);
		if (l.items[i].is_prefix) {
			put_prefix(cx, &b, &l, key);
			continue;
		}
		buf_z(&b, "<Contents>");
		xml_put(&b, "Key", s3_xml_key(cx, l.url, key));
		put_entry(cx, &b, c, &l.items[i].en, l.owner);
		buf_z(&b, "</Contents>");
	}
	s3_xml_end(c, &b, "ListBucketResult");
	return OK;
}

enum err
s3_list_objects(struct cx *cx, struct s3_call *c)
{
	return list(cx, c, false);
}

enum err
s3_list_objects_v2(struct cx *cx, struct s3_call *c)
{
	if (!str_is(request_param(c->req, "list-type"), STR("2")))
		return fail(cx, E_BAD_ARGUMENT, "list-type must be 2");
	return list(cx, c, true);
}

/* ---- ListObjectVersions ------------------------------------------------ */

/* Where versions are not shown, each object is its own "null" version. */
static void
as_versions(struct cx *cx, struct listing *l)
{
	size_t	i;

	l->versions = arena_get(cx->mem, l->n * sizeof *l->versions);
	for (i = 0; i < l->n; i++) {
		l->versions[i].is_prefix = l->items[i].is_prefix;
		l->versions[i].is_latest = true;
		l->versions[i].path = l->items[i].path;
		l->versions[i].en = l->items[i].en;
		l->versions[i].time = l->items[i].en.mtime;
	}
}

static enum err
list_versions(struct cx *cx, const struct s3_call *c, struct listing *l,
    struct str marker)
{
	struct version_page	page;
	struct list_query	q;
	struct repo		r;
	enum err		e;
	bool			root = str_find(l->prefix, '/') == l->prefix.n;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	if (root || !repo_has_versions(&r)) {
		e = root ? list_branches(cx, c, l) : list_paths(cx, c, l);
		as_versions(cx, l);
		return e;
	}
	if ((e = paths_query(cx, c, l, &q)) != OK)
		return e;
	if ((e = object_versions(cx, c->eng, c->bucket, l->ref, &q,
	    q.after.n > 0 ? marker : STR(""), &page)) != OK)
		return unless_no_ref(cx, c, e);
	l->versions = page.at;
	l->n = page.n;
	l->more = page.more;
	return OK;
}

static struct str
version_id(struct cx *cx, const struct version *v)
{
	return v->is_prefix ? STR("") : oid_is_zero(&v->commit) ?
	    STR("null") : str_dup(cx->mem, str_of(oid_hex(&v->commit).z));
}

static void
list_put_version(struct cx *cx, struct buf *b, const struct s3_call *c,
    const struct listing *l, const struct version *v)
{
	const char	*element = v->is_deleted ? "DeleteMarker" : "Version";

	buf_printf(b, "<%s>", element);
	xml_put(b, "Key", s3_xml_key(cx, l->url, key_of(cx, l, v->path)));
	xml_put(b, "VersionId", version_id(cx, v));
	xml_put_bool(b, "IsLatest", v->is_latest);
	if (v->is_deleted) {
		xml_put(b, "LastModified", when_iso(cx->mem, v->time));
		s3_xml_owner(b, c, "Owner");
	} else
		put_entry(cx, b, c, &v->en, true);
	buf_printf(b, "</%s>", element);
}

static void
list_versions_answer(struct cx *cx, struct s3_call *c, const struct listing *l,
    struct str marker)
{
	const struct version	*v = l->versions;
	struct buf		 b;
	size_t			 i;

	s3_xml_begin(cx, &b, "ListVersionsResult");
	xml_put(&b, "Name", c->bucket);
	xml_put(&b, "Prefix", s3_xml_key(cx, l->url, l->prefix));
	xml_put(&b, "KeyMarker", s3_xml_key(cx, l->url, l->marker));
	xml_put(&b, "VersionIdMarker", marker);
	xml_put_u64(&b, "MaxKeys", l->limit);
	if (l->delimiter.n > 0)
		xml_put(&b, "Delimiter", s3_xml_key(cx, l->url, l->delimiter));
	if (l->url)
		xml_put(&b, "EncodingType", STR("url"));
	xml_put_bool(&b, "IsTruncated", l->more);
	if (l->more) {
		xml_put(&b, "NextKeyMarker", s3_xml_key(cx, l->url,
		    key_of(cx, l, v[l->n - 1].path)));
		xml_put(&b, "NextVersionIdMarker", version_id(cx,
		    &v[l->n - 1]));
	}
	for (i = 0; i < l->n; i++)
		if (v[i].is_prefix)
			put_prefix(cx, &b, l, key_of(cx, l, v[i].path));
		else
			list_put_version(cx, &b, c, l, &v[i]);
	s3_xml_end(c, &b, "ListVersionsResult");
}

enum err
s3_list_object_versions(struct cx *cx, struct s3_call *c)
{
	struct listing	l = { .prefix = request_param(c->req, "prefix"),
	    .delimiter = request_param(c->req, "delimiter"),
	    .marker = request_param(c->req, "key-marker") };
	struct str	marker = request_param(c->req, "version-id-marker");
	enum err	e;

	l.after = l.marker;
	if (marker.n > 0 && l.marker.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "A version-id marker cannot "
		    "be specified without a key marker.");
	if ((marker.n > 0 && (e = s3_take_version(cx, marker,
	    false)) != OK) ||
	    (e = s3_take_encoding(cx, c, &l.url)) != OK ||
	    (e = s3_take_number(cx, c, "max-keys", LIMIT_PAGE, LIMIT_PAGE,
	    &l.limit)) != OK ||
	    (e = list_versions(cx, c, &l, marker)) != OK)
		return e;
	l.more = l.more && l.limit > 0;
	list_versions_answer(cx, c, &l, marker);
	return OK;
}
