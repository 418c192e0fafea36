/* One request of the gateway: names, signature, route, operation, answer. */
#include "s3/s3_call.h"

#include "base/fault.h"
#include "base/when.h"
#include "lake/names.h"
#include "lake/target.h"
#include "net/sigv2.h"
#include "s3/s3_cors.h"
#include "s3/s3_error.h"
#include "s3/s3_policy.h"
#include "s3/s3_query.h"
#include "s3/s3_refuse.h"
#include "s3/s3_route.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

bool
s3_is_host(const struct s3_opts *opt, struct str host, struct str *bucket)
{
	struct str	d;
	size_t		i;
	bool		is = false;

	*bucket = STR("");
	host = str_to(host, str_find(host, ':'));
	for (i = 0; i < opt->n_domains; i++) {
		d = opt->domains[i];
		is = is || str_is_nocase(host, d);
		if (host.n <= d.n || host.p[host.n - d.n - 1] != '.' ||
		    !str_is_nocase(str_from(host, host.n - d.n), d))
			continue;
		is = true;
		*bucket = str_to(host, host.n - d.n - 1);
		if (bucket->n > 0)
			break;
	}
	return is;
}

static enum s3_scope
take_names(struct s3_call *c)
{
	struct str	rest = str_from(c->req->path, 1);
	size_t		at;

	/* Virtual-host style: the bucket is in the host, the path is key. */
	if (s3_is_host(c->opt, c->req->host, &c->host_bucket) &&
	    c->host_bucket.n > 0) {
		c->bucket = c->host_bucket;
	} else {
		at = str_find(rest, '/');
		c->bucket = str_to(rest, at);
		rest = str_from(rest, at + 1);
	}
	s3_take_key(c, rest);
	return c->bucket.n == 0 ? AT_SERVICE :
	    c->key.n == 0 ? AT_BUCKET : AT_OBJECT;
}

/* versionId, on the operations that take it. */
static enum err
take_version(struct cx *cx, struct s3_call *c)
{
	const struct pair	*q = request_query(c->req, "versionId");

	if (q == NULL)
		return OK;
	c->at.version = q->value;
	return s3_take_version(cx, q->value, c->row->needs & F_WRITE);
}

/* Without s3:ListBucket a missing key is AccessDenied, so that existence cannot
 * be probed.  [S3] */
static enum err
unless_hidden(struct cx *cx, const struct s3_call *c, enum err e)
{
	struct s3_call	bucket = *c;
	struct cx	aside = cx_aside(cx);
	bool		lists;

	if (e != E_NO_SUCH_OBJECT && e != E_NO_SUCH_REF && e != E_BAD_REF &&
	    e != E_NO_SUCH_VERSION)
		return e;
	bucket.key = STR("");
	return s3_policy_allows(&aside, &bucket, MAY_LIST,
	    &lists) == OK && lists ? e : fail(cx, E_NO_AUTH, "Access Denied");
}

/* A safety catch of the client's: is it the owner whom it thinks of?  [S3] */
static enum err
owner_check(struct cx *cx, const struct s3_call *c, const char *header)
{
	struct str	want = request_header(c->req, header);

	if (want.p == NULL || str_is(want, s3_xml_owner_id(c)) ||
	    fault_skip("BUCKET_OWNER"))
		return OK;
	return fail(cx, E_DENIED, "Access Denied: %s is not the owner. "
	    "ListBuckets and the setting \"account\" show who is.", header);
}

/* Version 2 does not sign every parameter: one that chooses a change and is not
 * signed would make another request of a signed one. */
static enum err
choice_check(struct cx *cx, const struct s3_call *c)
{
	struct str	must = str_of(c->row->must);

	if (!c->sig.is_v2 || !(c->row->needs & F_WRITE) || must.n == 0 ||
	    sigv2_signs(must) || fault_skip("V2_CHOICE"))
		return OK;
	return fail(cx, E_DENIED, "Signature version 2 does not cover the "
	    "query parameter \"%.*s\": sign with version 4.", STRF(must));
}

/* Who asks, and for which operation? */
static enum err
take_operation(struct cx *cx, struct s3_call *c, enum s3_scope scope,
    struct request_note *note)
{
	struct auth_place at = { c->host_bucket, c->opt->only_region };
	enum err	e;

	if ((e = auth_verify_s3(cx, c->auth, c->req, &at, &c->who,
	    &c->sig)) != OK || (e = s3_query_headers(cx, c)) != OK)
		return e;
	if (str_starts(c->req->path, STR("/api/v1")))
		return s3_fail(cx, E_NO_SUCH_ROUTE,
		    "ErrNoSuchBucketPossibleAPIEndpoint", "The S3 endpoint is "
		    "this server's address without /api/v1: a signed S3 "
		    "request came for %.*s.", STRF(c->req->path));
	e = s3_route(cx, c->req, scope, &c->row);
	if (c->row != NULL)
		note->operation = c->row->called;
	if (e != OK || (e = choice_check(cx, c)) != OK)
		return e;
	return s3_query_headers_check(cx, c);
}

/* What the path names; nothing is there that has other owners. */
static enum err
take_place(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	if (!str_is_utf8(c->req->path) && !fault_skip("GATE_UTF8"))
		return s3_fail(cx, E_BAD_PATH, "InvalidURI", "Couldn't parse "
		    "the specified URI.");
	if ((e = target_make(cx, c->lp.repo, c->lp.ref, c->lp.path,
	    &c->at)) != OK || (e = owner_check(cx, c,
	    "x-amz-expected-bucket-owner")) != OK)
		return e;
	return owner_check(cx, c, "x-amz-source-expected-bucket-owner");
}

/* On AWS every object is encrypted, and these answers say so. */
static void
tell_encryption(struct s3_call *c)
{
	const unsigned	say = OP_PUT_OBJECT | OP_COPY_OBJECT | OP_GET_OBJECT |
	    OP_HEAD_OBJECT | OP_CREATE_MULTIPART_UPLOAD | OP_UPLOAD_PART |
	    OP_UPLOAD_PART_COPY | OP_COMPLETE_MULTIPART_UPLOAD;

	if (c->opt->disk_encrypted && (c->row->op & say ||
	    c->row->needs & F_FORM))
		response_header(c->res, "x-amz-server-side-encryption",
		    STR("AES256"));
}

static enum err
s3_run(struct cx *cx, struct s3_call *c, struct request_note *note)
{
	enum s3_scope	scope = take_names(c);
	enum err	e;

	if (c->req->method == M_OPTIONS && c->bucket.n > 0) {
		note->operation = "Preflight";
		return s3_cors_preflight(cx, c);
	}
	if ((e = take_operation(cx, c, scope, note)) != OK)
		return e;
	if (c->who.anonymous && !(c->row->needs & F_FORM) &&
	    (e = s3_policy_check(cx, c)) != OK)
		return e;
	if (scope != AT_SERVICE && (e = take_place(cx, c)) != OK)
		return e;
	if (scope == AT_OBJECT && c->lp.path.n == 0)
		return (c->row->marker != NULL ? c->row->marker :
		    s3_marker_refuse)(cx, c);
	if ((e = s3_refuse_unknown(cx, c)) != OK ||
	    (e = take_version(cx, c)) != OK)
		return e;
	e = c->row->run(cx, c);
	if (e == OK)
		tell_encryption(c);
	return c->who.anonymous ? unless_hidden(cx, c, e) : e;
}

/* The bucket is in the host, and nobody said that it may be?  Strangers do not
 * learn which repositories there are. */
static bool
host_is_repository(struct cx *cx, const struct s3_call *c, struct str *label)
{
	struct cx	aside = cx_aside(cx);
	struct repo	r;
	size_t		dot = str_find(c->req->host, '.');

	*label = str_to(c->req->host, dot);
	return (!c->who.anonymous || fault_skip("ADVICE")) &&
	    c->host_bucket.n == 0 && dot < c->req->host.n &&
	    !str_is(*label, c->bucket) &&
	    name_check_repo(&aside, *label) == OK &&
	    repo_get(&aside, c->eng, *label, &r) == OK;
}

/* What a newcomer runs into says what to do. */
static void
advise(struct cx *cx, const struct s3_call *c)
{
	enum err	e = cx->code;
	struct str	words = str_dup(cx->mem, str_of(cx->words)), label;

	if (e == E_NO_SUCH_BRANCH)
		fail(cx, e, "%.*s. Writes go to a branch that is there: make "
		    "it with lakectl, the lakefs SDK or the REST API.",
		    STRF(words));
	else if (e == E_NO_SUCH_KEY_ID)
		fail(cx, e, "%.*s `lakegate key list` shows those that do.",
		    STRF(words));
	else if (e == E_AUTH_HEADER && !str_starts(request_header(c->req,
	    "authorization"), STR("AWS")))
		fail(cx, e, "This is no AWS signature, and %.*s is no address "
		    "of the REST API, which begins with /api/v1.",
		    STRF(c->req->path));
	else if ((e == E_NO_SUCH_REPO || e == E_BAD_NAME ||
	    e == E_NOT_IMPLEMENTED ||
	    (e == E_NO_SUCH_OBJECT && c->lp.path.n == 0)) &&
	    host_is_repository(cx, c, &label))
		fail(cx, e, "The host names the repository \"%.*s\", and this "
		    "server expects it in the path: set your client to "
		    "path-style addressing, or give the server the setting "
		    "s3_domains.", STRF(label));
}

/* What AWS shows beside these errors, for whoever writes a client. */
static void
render(struct cx *cx, const struct s3_call *c)
{
	const struct pair	signature[] = {
		{ STR("AWSAccessKeyId"), c->sig.key_id },
		{ STR("SignatureProvided"), c->sig.provided },
		{ STR("StringToSign"), c->sig.string_to_sign },
		{ STR("CanonicalRequest"), c->sig.canonical },
	}, skew[] = {
		{ STR("ServerTime"), when_iso(cx->mem, cx->now) },
		{ STR("MaxAllowedSkewMilliseconds"), STR("900000") },
	}, scope[] = {
		{ STR("HeadersNotSigned"), c->sig.not_signed },
		{ STR("Region"), c->sig.region },
	};

	if (cx->code == E_DELETE_MARKER) {
		response_header(c->res, "x-amz-delete-marker", STR("true"));
		response_header(c->res, "x-amz-version-id", c->at.version);
	}
	if (cx->code == E_SIGNATURE)
		s3_error_render_more(cx, c->req, c->res, signature, 4);
	else if (cx->code == E_TIME_SKEW)
		s3_error_render_more(cx, c->req, c->res, skew, 2);
	else
		s3_error_render_more(cx, c->req, c->res, scope, 2);
}

void
s3_handle(struct cx *cx, struct engine *eng, struct auth *auth,
    const struct s3_opts *opt, struct request *req, struct response *res,
    struct request_note *note)
{
	struct s3_call	c = { .eng = eng, .auth = auth, .opt = opt,
	    .req = req, .res = res };

	note->operation = "-";
	if (s3_run(cx, &c, note) != OK) {
		advise(cx, &c);
		render(cx, &c);
	}
	s3_cors_headers(cx, &c);
	note->user = c.who.user;
	note->key_id = c.who.key_id;
	note->deleted = c.deleted;
	note->n_deleted = c.n_deleted;
	note->repo = c.lp.repo;
	note->ref = c.lp.ref;
	note->path = c.lp.path;
	response_header(res, "x-amz-request-id", str_of(cx->id));
	res->is_head = req->method == M_HEAD;
}
