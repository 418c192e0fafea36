/* One request of the gateway: names, signature, route, operation, answer. */
#include "s3/call.h"

#include <string.h>

#include "lake/names.h"

/* bucket.<domain>: the bucket is in the host, the path is all key. */
static bool
virtual_host(const struct s3_opts *opt, struct str host, struct str *bucket)
{
	struct str	d;
	size_t		i;

	host = str_to(host, str_find(host, ':'));
	for (i = 0; i < opt->n_domains; i++) {
		d = opt->domains[i];
		if (host.n > d.n + 1 && str_is_nocase(str_from(host,
		    host.n - d.n), d) && host.p[host.n - d.n - 1] == '.') {
			*bucket = str_to(host, host.n - d.n - 1);
			return true;
		}
	}
	return false;
}

static enum s3_scope
take_names(struct s3_call *c)
{
	struct str	rest = str_from(c->req->path, 1);
	size_t		at;

	if (virtual_host(c->opt, c->req->host, &c->host_bucket)) {
		c->bucket = c->host_bucket;
		c->key = rest;
	} else {
		at = str_find(rest, '/');
		c->bucket = str_to(rest, at);
		c->key = str_from(rest, at + 1);
	}
	c->lp = lakepath_parse(c->bucket, c->key);
	c->at = (struct at){ c->lp.repo, c->lp.ref, c->lp.path };
	return c->bucket.n == 0 ? AT_SERVICE :
	    c->key.n == 0 ? AT_BUCKET : AT_OBJECT;
}

/* "main/" is no object; markers that clients put there are taken and kept
 * nowhere, and deleted without having been there. */
static enum err
empty_path(struct cx *cx, struct s3_call *c)
{
	if (str_is(str_of(c->row->called), STR("DeleteObject"))) {
		c->res->status = 204;
		return OK;
	}
	if (!str_is(str_of(c->row->called), STR("PutObject")) ||
	    !c->lp.slash)
		return fail(cx, E_NO_SUCH_OBJECT, "A key is <branch>/<path>; "
		    "\"%.*s\" has no path.", STRF(c->key));
	if (!c->req->has_length || c->req->length > 0)
		return fail(cx, E_BAD_ARGUMENT, "A key is <branch>/<path>; "
		    "\"%.*s\" has no path, and so no content.",
		    STRF(c->key));
	response_header(c->res, "ETag",
	    STR("\"d41d8cd98f00b204e9800998ecf8427e\""));
	return OK;
}

static enum err
handle(struct cx *cx, struct auth *auth, struct s3_call *c,
    struct s3_note *note)
{
	enum s3_scope	scope = take_names(c);
	enum err	e;

	note->repo = c->at.repo;
	note->ref = c->at.ref;
	note->path = c->at.path;
	if ((e = auth_verify_s3(cx, auth, c->req, c->host_bucket, &c->who,
	    &c->sig)) != OK)
		return e;
	note->user = c->who.user;
	if (str_starts(c->req->path, STR("/api/v1")))
		return fail(cx, E_API_ENDPOINT, "The S3 endpoint is this "
		    "server's address without /api/v1: a signed S3 request "
		    "came for %.*s.", STRF(c->req->path));
	e = s3_route(cx, c->req, scope, &c->row);
	if (c->row != NULL)
		note->operation = c->row->called;
	if (e != OK)
		return e;
	if (c->who.anonymous)
		return fail(cx, E_NO_AUTH, "Access Denied: the request is not "
		    "signed.");
	if (scope != AT_SERVICE && (e = name_check_repo(cx, c->bucket)) != OK)
		return e;
	if (scope == AT_OBJECT && c->lp.path.n == 0)
		return empty_path(cx, c);
	return c->row->run(cx, c);
}

void
s3_handle(struct cx *cx, struct store *store, struct auth *auth,
    const struct s3_opts *opt, struct request *req, struct response *res,
    struct s3_note *note)
{
	struct s3_call	c = { .store = store, .opt = opt, .req = req,
	    .res = res };

	note->operation = "-";
	if (handle(cx, auth, &c, note) != OK)
		s3_render_error(cx, req, res);
	response_header(res, "x-amz-request-id", str_of(cx->id));
	res->is_head = req->method == M_HEAD;
}
