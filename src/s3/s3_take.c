/* What requests say in headers and queries, read in one way. */
#include "s3/s3_take.h"

#include <string.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/when.h"
#include "lake/names.h"
#include "lake/target.h"

void
s3_take_key(struct s3_call *c, struct str key)
{
	c->key = key;
	c->lp = lakepath_parse(c->bucket, key);
}

static struct str
prefixed(struct cx *cx, const struct s3_call *c, const char *prefix,
    const char *name)
{
	return request_header(c->req, str_printf(cx->mem, "%s%s", prefix,
	    name).p);
}

int64_t
s3_take_date(struct str s)
{
	int64_t	ms;

	if (!when_http_parse(s, &ms) && !when_iso_parse(s, &ms))
		return 0;
	return ms != 0 ? ms : 1;	/* 0: not given */
}

/* x-amz-if-match-size and -last-modified-time: what cannot be read is no leave
 * to delete. */
static enum err
take_amz_cond(struct cx *cx, const struct s3_call *c, struct cond *out)
{
	struct str	size = request_header(c->req, "x-amz-if-match-size");
	struct str	mtime = request_header(c->req,
	    "x-amz-if-match-last-modified-time");

	out->mtime = s3_take_date(mtime);
	if (mtime.p != NULL && out->mtime == 0 && !fault_skip("COND_READ"))
		return fail(cx, E_BAD_ARGUMENT,
		    "x-amz-if-match-last-modified-time is no date");
	out->has_size = size.p != NULL;
	if (out->has_size && !str_u64(size, UINT64_MAX, &out->size))
		return fail(cx, E_BAD_ARGUMENT, "x-amz-if-match-size is no "
		    "number");
	return OK;
}

enum err
s3_take_cond(struct cx *cx, const struct s3_call *c, const char *prefix,
    struct cond *out)
{
	memset(out, 0, sizeof *out);
	out->if_match = prefixed(cx, c, prefix, "if-match");
	out->if_none_match = prefixed(cx, c, prefix, "if-none-match");
	out->modified_since = s3_take_date(prefixed(cx, c, prefix,
	    "if-modified-since"));
	out->unmodified_since = s3_take_date(prefixed(cx, c, prefix,
	    "if-unmodified-since"));
	return prefix[0] != '\0' ? OK : take_amz_cond(cx, c, out);
}

struct str
s3_take_etag(struct str etag)
{
	etag = str_trim(etag);
	if (etag.n >= 2 && etag.p[0] == '"' && etag.p[etag.n - 1] == '"')
		return (struct str){ etag.p + 1, etag.n - 2 };
	return etag;
}

enum err
s3_take_version(struct cx *cx, struct str version, bool writes)
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
s3_take_copy_source(struct cx *cx, const struct s3_call *c, struct target *src)
{
	static const struct str	query = STR_INIT("?versionId=");
	struct str		s = request_header(c->req,
	    "x-amz-copy-source"), version;
	struct lakepath		lp;
	size_t			at = str_find_str(s, query);
	enum err		e;

	version = str_from(s, at + query.n);
	if (at < s.n && (e = s3_take_version(cx, version, false)) != OK)
		return e;
	s = str_to(s, at);
	str_take(&s, STR("/"));
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
s3_take_number(struct cx *cx, const struct s3_call *c, const char *name,
    uint64_t fallback, uint64_t max, uint64_t *out)
{
	struct str	v = request_param(c->req, name);

	if (v.p == NULL)
		v = request_header(c->req, name);
	*out = fallback;
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
