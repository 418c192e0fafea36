/* Headers and XML that several operations share. */
#include "s3/s3_call.h"

#include <string.h>

#include "base/enc.h"
#include "base/vec.h"
#include "base/when.h"
#include "base/xml.h"
#include "lake/names.h"
#include "lake/target.h"

void
s3_xml_begin(struct cx *cx, struct buf *b, const char *root)
{
	buf_init(b, cx->mem, S3_ANSWER_MAX);
	buf_printf(b, S3_XML "<%s xmlns=\"" S3_XMLNS "\">", root);
}

void
s3_xml_end(struct s3_call *c, struct buf *b, const char *root)
{
	buf_printf(b, "</%s>", root);
	response_body(c->res, 200, "application/xml", buf_as_str(b));
}

void
s3_set_key(struct s3_call *c, struct str key)
{
	c->key = key;
	c->lp = lakepath_parse(c->bucket, key);
}

void
s3_put_owner(struct buf *b, const struct s3_call *c, const char *element)
{
	buf_printf(b, "<%s>", element);
	xml_put(b, "ID", c->who.user);
	xml_put(b, "DisplayName", c->who.user);
	buf_printf(b, "</%s>", element);
}

struct str
s3_quoted(struct cx *cx, struct str etag)
{
	return str_printf(cx->mem, "\"%.*s\"", STRF(etag));
}

struct str
s3_unquoted(struct str etag)
{
	etag = str_trim(etag);
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

/* What the API calls X-Amz-Meta-foo is the header x-amz-meta-foo. */
static const struct str	meta_api = { "X-Amz-Meta-", 11 };

/*
 * The API keeps any name and value.  Those that are no header, or for which an
 * answer has no room, are counted.  [S3 x-amz-missing-meta]
 */
static void
meta_headers(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	const struct pair	*m;
	size_t			 i, missing = 0, sent = 0;

	for (i = 0; i < en->n_meta; i++) {
		m = &en->meta[i];
		if (!str_starts_nocase(m->name, meta_api) ||
		    !header_is_legal(m->name, m->value) ||
		    sent + m->name.n + m->value.n > LIMIT_META_SENT) {
			missing++;
			continue;
		}
		sent += m->name.n + m->value.n;
		response_header(c->res, str_printf(cx->mem, "x-amz-meta-%.*s",
		    STRF(str_from(m->name, meta_api.n))).p, m->value);
	}
	if (missing > 0)
		response_header(c->res, "x-amz-missing-meta",
		    str_printf(cx->mem, "%zu", missing));
}

void
s3_entry_headers(struct cx *cx, struct s3_call *c, const struct entry *en)
{
	struct str	*over;
	size_t		 i;
	static const struct {
		const char	*param, *name;
	} overrides[] = {
		{ "response-content-type", "Content-Type" },
		{ "response-content-language", "Content-Language" },
		{ "response-expires", "Expires" },
		{ "response-cache-control", "Cache-Control" },
		{ "response-content-disposition", "Content-Disposition" },
		{ "response-content-encoding", "Content-Encoding" },
	};
	const size_t	 n = sizeof overrides / sizeof overrides[0];
	struct pair	*h;

	over = arena_get(cx->mem, n * sizeof *over);
	for (i = 0; i < n; i++) {
		over[i] = request_param(c->req, overrides[i].param);
		if (over[i].p == NULL) {
			h = pair_find(en->headers, en->n_headers,
			    str_of(overrides[i].name));
			over[i] = i == 0 ? en->content_type :
			    h != NULL ? h->value : STR("");
		}
		/* Without a type browsers and servers guess one. */
		if (i == 0 && (over[i].n == 0 || over[i].n > LIMIT_META_HTTP ||
		    !header_is_legal(STR("Content-Type"), over[i])))
			over[i] = STR("binary/octet-stream");
		if (over[i].n > 0)
			response_header(c->res, overrides[i].name, over[i]);
	}
	response_header(c->res, "ETag", s3_quoted(cx, en->etag));
	response_header(c->res, "Last-Modified", when_http(cx->mem,
	    en->mtime));
	response_header(c->res, "Accept-Ranges", STR("bytes"));
	s3_version_header(c, en);
	meta_headers(cx, c, en);
	if (en->n_tags > 0)
		response_header(c->res, "x-amz-tagging-count",
		    str_printf(cx->mem, "%zu", en->n_tags));
}

void
s3_version_header(struct s3_call *c, const struct entry *en)
{
	if (en->version.n > 0)
		response_header(c->res, "x-amz-version-id", en->version);
}

struct str
s3_sum_type(bool composite)
{
	return composite ? STR("COMPOSITE") : STR("FULL_OBJECT");
}

void
s3_sum_headers(struct s3_call *c, const struct entry *en)
{
	char	name[64];
	size_t	i;

	for (i = 0; i < en->n_sums; i++) {
		snprintf(name, sizeof name, "x-amz-checksum-%.*s",
		    STRF(en->sums[i].name));
		response_header(c->res, name, en->sums[i].value);
	}
	if (en->n_sums > 0)
		response_header(c->res, "x-amz-checksum-type",
		    s3_sum_type(en->sums_composite));
}

void
s3_put_sum(struct buf *b, struct str name, struct str value)
{
	const struct digest_sum	*sum = digest_sum_named(name);

	if (sum != NULL)
		xml_put(b, sum->element, value);
}

void
s3_put_sums(struct buf *b, const struct entry *en)
{
	size_t	i;

	for (i = 0; i < en->n_sums; i++)
		s3_put_sum(b, en->sums[i].name, en->sums[i].value);
}

void
s3_put_sum_type(struct buf *b, const struct entry *en)
{
	if (en->n_sums > 0)
		xml_put(b, "ChecksumType", s3_sum_type(en->sums_composite));
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
		if (!str_starts(h->name, STR("x-amz-meta-")))
			continue;
		name = str_from(h->name, 11);
		total += name.n + h->value.n;
		p = VEC_PUSH(cx->mem, &meta);
		p->name = str_printf(cx->mem, "%.*s%.*s", STRF(meta_api),
		    STRF(name));
		p->value = h->value;
	}
	if (total > LIMIT_METADATA)
		return fail(cx, E_METADATA_TOO_LARGE, "Your metadata headers "
		    "have %zu bytes; the maximum is %d.", total,
		    LIMIT_METADATA);
	en->meta = meta.at;
	en->n_meta = meta.n;
	return OK;
}

static size_t
characters(struct str s)
{
	size_t	i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

enum err
s3_tags_check(struct cx *cx, struct pair *tags, size_t n, size_t most)
{
	size_t	i;

	if (n > most)
		return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "There cannot "
		    "be more than %zu tags", most);
	for (i = 0; i < n; i++) {
		if (tags[i].name.n == 0 || characters(tags[i].name) >
		    LIMIT_TAG_KEY ||
		    !str_is_utf8(tags[i].name))
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "The "
			    "TagKey you have provided is invalid: 1 to %d "
			    "characters", LIMIT_TAG_KEY);
		if (characters(tags[i].value) > LIMIT_TAG_VALUE ||
		    !str_is_utf8(tags[i].value))
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "The "
			    "TagValue you have provided is invalid: up to %d "
			    "characters", LIMIT_TAG_VALUE);
		if (pair_find(tags, i, tags[i].name) != NULL)
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag",
			    "Cannot provide multiple Tags with the same key");
	}
	return OK;
}

/* "k1=v1&k2=v2", percent-encoded.  [S3 x-amz-tagging] */
static enum err
take_tags(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	struct str		 rest, one;
	VEC(struct pair)	 tags = { 0 };
	struct pair		*p;
	size_t			 at;

	rest = request_header(c->req, "x-amz-tagging");
	if (rest.n == 0)
		return OK;
	while (str_split(&rest, '&', &one)) {
		at = str_find(one, '=');
		p = VEC_PUSH(cx->mem, &tags);
		if (!enc_unpercent(cx->mem, str_to(one, at), true, &p->name) ||
		    !enc_unpercent(cx->mem, str_from(one, at + 1), true,
		    &p->value))
			return fail(cx, E_BAD_ARGUMENT, "The header "
			    "'x-amz-tagging' shall be encoded as UTF-8 then "
			    "URLEncoded URL query parameters without tag "
			    "name duplicates.");
	}
	en->tags = tags.at;
	en->n_tags = tags.n;
	return s3_tags_check(cx, tags.at, tags.n, LIMIT_TAGS_OBJECT);
}

/* aws-chunked is framing, not an encoding of the object. */
static struct str
object_encoding(struct cx *cx, struct str value)
{
	struct str	rest = value, one;
	struct buf	b;

	buf_init(&b, cx->mem, 4096);
	while (str_split(&rest, ',', &one)) {
		one = str_trim(one);
		if (one.n == 0 || str_is(one, STR("aws-chunked")))
			continue;
		if (b.n > 0)
			buf_byte(&b, ',');
		buf_str(&b, one);
	}
	return buf_as_str(&b);
}

enum err
s3_take_meta(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	static const char *const	kept[][2] = {
		{ "cache-control", "Cache-Control" },
		{ "content-disposition", "Content-Disposition" },
		{ "content-encoding", "Content-Encoding" },
		{ "content-language", "Content-Language" },
		{ "expires", "Expires" },
	};
	VEC(struct pair)		 headers = { 0 };
	struct pair			*p;
	struct str			 v;
	size_t				 i, total;
	enum err			 e;

	memset(en, 0, sizeof *en);
	en->content_type = request_header(c->req, "content-type");
	if (en->content_type.n == 0)
		en->content_type = STR("binary/octet-stream");
	total = en->content_type.n;
	for (i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		v = request_header(c->req, kept[i][0]);
		if (i == 2)
			v = object_encoding(cx, v);
		if (v.n == 0)
			continue;
		p = VEC_PUSH(cx->mem, &headers);
		p->name = str_of(kept[i][1]);
		p->value = v;
		total += v.n;
	}
	if (total > LIMIT_META_HTTP)
		return fail(cx, E_METADATA_TOO_LARGE, "Content-Type, "
		    "Cache-Control and the other headers that are kept have "
		    "%zu bytes; the maximum is %d.", total, LIMIT_META_HTTP);
	en->headers = headers.at;
	en->n_headers = headers.n;
	if ((e = take_user_meta(cx, c, en)) != OK)
		return e;
	return take_tags(cx, c, en);
}

enum err
s3_take_algorithm(struct cx *cx, const struct s3_call *c,
    const struct digest_sum **out)
{
	struct str	name = request_header(c->req,
	    "x-amz-checksum-algorithm");
	struct buf	b;
	size_t		i;

	*out = name.n > 0 ? digest_sum_named(name) : NULL;
	if (name.n == 0 || *out != NULL)
		return OK;
	buf_init(&b, cx->mem, 1024);
	for (i = 0; i < DIGEST_SUMS; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "",
		    digest_sums[i].algorithm);
	return fail(cx, E_BAD_REQUEST, "Checksum algorithm provided is "
	    "unsupported. Please try again with any of the valid types: %.*s",
	    STRF(buf_as_str(&b)));
}

static struct str
prefixed(struct cx *cx, const struct s3_call *c, const char *prefix,
    const char *name)
{
	return request_header(c->req, str_printf(cx->mem, "%s%s", prefix,
	    name).p);
}

/* Dates that cannot be read do not count.  [RFC 9110 13.1.3] */
static int64_t
date_of(struct str s)
{
	int64_t	ms;

	return when_http_parse(s, &ms) || when_iso_parse(s, &ms) ? ms : 0;
}

enum err
s3_take_cond(struct cx *cx, const struct s3_call *c, const char *prefix,
    struct cond *out)
{
	struct str	v;

	memset(out, 0, sizeof *out);
	out->if_match = prefixed(cx, c, prefix, "if-match");
	out->if_none_match = prefixed(cx, c, prefix, "if-none-match");
	out->modified_since = date_of(prefixed(cx, c, prefix,
	    "if-modified-since"));
	out->unmodified_since = date_of(prefixed(cx, c, prefix,
	    "if-unmodified-since"));
	if (prefix[0] != '\0')
		return OK;
	out->mtime = date_of(request_header(c->req,
	    "x-amz-if-match-last-modified-time"));
	v = request_header(c->req, "x-amz-if-match-size");
	out->has_size = v.n > 0;
	if (out->has_size && !str_u64(v, UINT64_MAX, &out->size))
		return fail(cx, E_BAD_ARGUMENT, "x-amz-if-match-size is no "
		    "number");
	return OK;
}

/* As in AWS's buckets that have ACLs disabled: only those that say what is
 * true anyway. */
static enum err
refuse_acl(struct cx *cx, const struct s3_call *c)
{
	struct str	acl = request_header(c->req, "x-amz-acl");
	struct str	owner = request_header(c->req,
	    "x-amz-object-ownership");
	size_t		i;
	bool		grants;

	grants = (acl.n > 0 && !str_is(acl, STR("private")) &&
	    !str_is(acl, STR("bucket-owner-full-control")) &&
	    !str_is(acl, STR("bucket-owner-read"))) ||
	    (owner.n > 0 && !str_is(owner, STR("BucketOwnerEnforced")));
	for (i = 0; i < c->req->n_headers; i++)
		grants = grants || str_starts(c->req->headers[i].name,
		    STR("x-amz-grant-"));
	return grants ? s3_fail(cx, E_BAD_REQUEST,
	    "AccessControlListNotSupported", "The bucket does not allow ACLs: "
	    "a bucket policy opens objects for reading.") : OK;
}

/* What must not be dropped silently; a prefix ends with "-". */
static const struct str	meant[] = {
	{ "x-amz-server-side-encryption", 28 },
	{ "x-amz-server-side-encryption-", 29 },
	{ "x-amz-copy-source-server-side-encryption-", 41 },
	{ "x-amz-bucket-object-lock-enabled", 32 },
	{ "x-amz-object-lock-", 18 }, { "x-amz-write-offset-bytes", 24 },
	{ "x-amz-website-redirect-location", 31 },
};

enum err
s3_refuse_unknown(struct cx *cx, const struct s3_call *c)
{
	struct str	name;
	size_t		i, k;

	for (i = 0; i < c->req->n_headers; i++) {
		name = c->req->headers[i].name;
		if (!str_starts(name, STR("x-amz-")) || str_is_nocase(
		    c->req->headers[i].value, STR("false")))
			continue;
		for (k = 0; k < sizeof meant / sizeof meant[0]; k++)
			if (str_is(name, meant[k]) || (str_ends(meant[k],
			    STR("-")) && str_starts(name, meant[k])))
				return fail(cx, E_NOT_IMPLEMENTED, "The "
				    "header %.*s implies functionality that "
				    "is not implemented.%s", STRF(name),
				    k < 3 ? " Encrypt the disk." : "");
	}
	return refuse_acl(cx, c);
}

enum err
s3_check_version(struct cx *cx, struct str version, bool writes)
{
	if (str_is(version, STR("null")))
		return OK;
	if (!name_is_commit_id(version))
		return fail(cx, E_BAD_ARGUMENT, "Invalid version id "
		    "specified: a version is a commit's full id, or "
		    "\"null\".");
	return writes ? fail(cx, E_READ_ONLY_REF, "This version is a commit, "
	    "and commits do not change: write to the branch.") : OK;
}

enum err
s3_copy_source(struct cx *cx, const struct s3_call *c, struct target *src)
{
	static const struct str	query = { "?versionId=", 11 };
	struct str		s = request_header(c->req,
	    "x-amz-copy-source"), version;
	struct lakepath		lp;
	size_t			at = str_find_str(s, query);
	enum err		e;

	version = str_from(s, at + query.n);
	if (at < s.n && (e = s3_check_version(cx, version, false)) != OK)
		return e;
	s = str_to(s, at);
	if (s.n > 0 && s.p[0] == '/')
		s = str_from(s, 1);
	if (!enc_unpercent(cx->mem, s, false, &s))
		return fail(cx, E_BAD_ARGUMENT, "x-amz-copy-source has a bad "
		    "percent escape");
	at = str_find(s, '/');
	lp = lakepath_parse(str_to(s, at), str_from(s, at + 1));
	if (lp.ref.n == 0 || lp.path.n == 0)
		return fail(cx, E_BAD_ARGUMENT, "x-amz-copy-source must be "
		    "/<repository>/<ref>/<path>");
	e = target_object(cx, lp.repo, lp.ref, lp.path, src);
	src->version = version;
	return e;
}

enum err
s3_number(struct cx *cx, const struct s3_call *c, const char *name,
    uint64_t usual, uint64_t max, uint64_t *out)
{
	struct str	v = request_param(c->req, name);

	if (v.p == NULL)
		v = request_header(c->req, name);
	*out = usual;
	if (v.n == 0)
		return OK;
	if (!str_u64(v, INT32_MAX, out))
		return fail(cx, E_BAD_ARGUMENT, "Argument %s must be an "
		    "integer between 0 and 2147483647", name);
	if (*out > max)
		*out = max;
	return OK;
}

enum err
s3_take_encoding(struct cx *cx, const struct s3_call *c, bool *url)
{
	struct str	encoding = request_param(c->req, "encoding-type");

	*url = str_is(encoding, STR("url"));
	if (encoding.n > 0 && !*url)
		return fail(cx, E_BAD_ARGUMENT, "Invalid Encoding Method "
		    "specified in Request");
	return OK;
}

struct str
s3_shown(struct cx *cx, bool url, struct str key)
{
	struct buf	b;

	if (!url)
		return key;
	buf_init(&b, cx->mem, 8192);
	enc_percent(&b, key, false);
	return buf_as_str(&b);
}
