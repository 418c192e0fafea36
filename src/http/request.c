/* A request from the variables of CGI. */
#include "http/http.h"

#include <string.h>

#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"

struct str
request_header(const struct request *req, const char *name)
{
	size_t	i;

	for (i = 0; i < req->n_headers; i++)
		if (str_is(req->headers[i].name, str_of(name)))
			return req->headers[i].value;
	return (struct str){ NULL, 0 };
}

struct pair *
request_query(const struct request *req, const char *name)
{
	size_t	i;

	for (i = 0; i < req->n_query; i++)
		if (str_is(req->query[i].name, str_of(name)))
			return &req->query[i];
	return NULL;
}

struct str
request_param(const struct request *req, const char *name)
{
	struct pair	*p = request_query(req, name);

	return p != NULL ? p->value : (struct str){ NULL, 0 };
}

static const char *const	methods[] = { [M_GET] = "GET",
    [M_HEAD] = "HEAD", [M_PUT] = "PUT", [M_POST] = "POST",
    [M_DELETE] = "DELETE", [M_PATCH] = "PATCH", [M_OPTIONS] = "OPTIONS",
    [M_OTHER] = "" };

struct str
request_method_name(enum method m)
{
	return str_of(methods[m]);
}

static enum method
method_of(struct str s)
{
	int	m;

	for (m = 0; m < M_OTHER; m++)
		if (str_is(s, str_of(methods[m])))
			break;
	return (enum method)m;
}

static enum err
query_parse(struct cx *cx, struct request *req)
{
	VEC(struct pair)	 all = { 0 };
	struct str		 rest = req->raw_query, part, name, value;
	struct pair		*p;
	size_t			 at;

	if (rest.n == 0)
		rest.p = NULL;
	while (str_split(&rest, '&', &part)) {
		if (part.n == 0)
			continue;
		if (all.n == LIMIT_QUERY)
			return fail(cx, E_BAD_REQUEST, "too many parameters");
		at = str_find(part, '=');
		if (!enc_unpercent(cx->mem, str_to(part, at), true, &name) ||
		    !enc_unpercent(cx->mem, str_from(part, at + 1), true,
		    &value))
			return fail(cx, E_BAD_REQUEST, "the query has a bad "
			    "percent escape");
		p = VEC_PUSH(cx->mem, &all);
		p->name = name;
		p->value = value;
	}
	req->query = all.at;
	req->n_query = all.n;
	return OK;
}

static enum err
target_parse(struct cx *cx, struct request *req, struct str uri)
{
	size_t	at;

	/* Absolute form: the path begins after scheme and host. */
	if (str_starts_nocase(uri, STR("http://")) ||
	    str_starts_nocase(uri, STR("https://"))) {
		uri = str_from(uri, str_find_str(uri, STR("//")) + 2);
		uri = str_from(uri, str_find(uri, '/'));
	}
	at = str_find(uri, '?');
	req->raw_path = str_to(uri, at);
	req->raw_query = str_from(uri, at + 1);
	if (req->raw_path.n == 0)
		req->raw_path = STR("/");
	if (req->raw_path.p[0] != '/')
		return fail(cx, E_BAD_REQUEST, "the request target must "
		    "begin with /");
	if (!enc_unpercent(cx->mem, req->raw_path, false, &req->path))
		return fail(cx, E_BAD_REQUEST, "the path has a bad percent "
		    "escape");
	return query_parse(cx, req);
}

/* HTTP_X_AMZ_DATE -> x-amz-date */
static struct str
header_name(struct cx *cx, struct str variable)
{
	char	*p = arena_dup(cx->mem, variable.p, variable.n);
	size_t	 i;

	for (i = 0; i < variable.n; i++)
		p[i] = p[i] == '_' ? '-' : p[i] >= 'A' && p[i] <= 'Z' ?
		    (char)(p[i] - 'A' + 'a') : p[i];
	return (struct str){ p, variable.n };
}

struct env_vec {
	struct pair	*at;
	size_t		 n, room, bytes;
	bool		 over;		/* too many, or too large */
};

static void
header_add(struct cx *cx, struct env_vec *v, struct str name,
    struct str value)
{
	struct pair	*p;
	size_t		 i;

	v->bytes += name.n + value.n;
	v->over = v->over ||
	    (!fault_skip("HEADER_BYTES") && v->bytes > LIMIT_HEADER_BYTES);
	if (v->over)
		return;
	name = header_name(cx, name);
	value = str_trim(value);
	/* nginx repeats a variable where others join with a comma. */
	for (i = 0; i < v->n; i++)
		if (str_is(v->at[i].name, name)) {
			if (!str_is(v->at[i].value, value))
				v->at[i].value = str_printf(cx->mem,
				    "%.*s,%.*s", STRF(v->at[i].value),
				    STRF(value));
			return;
		}
	/* One that is dropped could be the one that matters: none is. */
	if (!fault_skip("HEADERS") && v->n == LIMIT_HEADERS) {
		v->over = true;
		return;
	}
	p = VEC_PUSH(cx->mem, v);
	p->name = name;
	p->value = value;
}

/* The body, held to its announced length: short is an error, not an end. */
struct measured {
	struct request	*req;
	struct source	 in;
};

static enum err
measured_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct measured	*m = self;
	uint64_t	 left;
	enum err	 e;

	*got = 0;
	if (m->req->has_length) {
		left = m->req->length - m->req->body_read;
		n = left < n ? (size_t)left : n;
	}
	if (n == 0)
		return OK;
	if ((e = source_read(cx, &m->in, p, n, got)) != OK)
		return e;
	m->req->body_read += *got;
	if (*got == 0 && m->req->has_length)
		return fail(cx, E_INCOMPLETE_BODY, "The body ended after "
		    "%llu of %llu bytes.",
		    (unsigned long long)m->req->body_read,
		    (unsigned long long)m->req->length);
	return OK;
}

static enum err
length_parse(struct cx *cx, struct request *req, struct str length,
    struct str sent)
{
	uint64_t	client;
	bool		chunked;

	chunked = request_header(req, "transfer-encoding").n > 0;
	req->has_length = length.n > 0;
	if (length.n > 0 && !str_u64(length, INT64_MAX, &req->length))
		return fail(cx, E_BAD_REQUEST, "Content-Length is no number");
	if (!req->has_length && !chunked)
		req->has_length = true;		/* no body at all */
	/* mod_fcgid over a LimitRequestBody says 0 and drops the body. */
	if (sent.n > 0 && str_u64(sent, INT64_MAX, &client) &&
	    (!req->has_length || client != req->length))
		return fail(cx, E_INCOMPLETE_BODY, "The web server passed on "
		    "%llu of %llu bytes: check its body limit.",
		    (unsigned long long)req->length,
		    (unsigned long long)client);
	return OK;
}

/* One variable: what it means goes into req or its header list. */
static void
variable(struct cx *cx, struct request *req, struct env_vec *v,
    struct str name, struct str value, struct str *uri, struct str *length,
    struct str *sent)
{
	if (str_take(&name, STR("HTTP_"))) {
		if (str_is(name, STR("HOST")))
			req->host = value;
		if (!str_is(name, STR("PROXY")) &&
		    !str_is(name, STR("CONTENT_TYPE")) &&
		    !str_is(name, STR("CONTENT_LENGTH")))
			header_add(cx, v, name, value);
	} else if (str_is(name, STR("REDIRECT_HTTP_AUTHORIZATION")))
		header_add(cx, v, STR("authorization"), value);
	else if (str_is(name, STR("CONTENT_TYPE")) && value.n > 0)
		header_add(cx, v, name, value);
	else if (str_is(name, STR("CONTENT_LENGTH")))
		*length = str_trim(value);
	else if (str_is(name, STR("LAKEGATE_CONTENT_LENGTH")))
		*sent = str_trim(value);
	else if (str_is(name, STR("REQUEST_URI")))
		*uri = value;
	else if (str_is(name, STR("REQUEST_METHOD")))
		req->method_name = value;
	else if (str_is(name, STR("REMOTE_ADDR")))
		req->remote = value;
	else if (str_is(name, STR("HTTPS")))
		req->https = value.n > 0 && !str_is(value, STR("off"));
	else if (str_is(name, STR("SERVER_PROTOCOL")))
		req->is_http2 = str_starts(value, STR("HTTP/2"));
	else if (str_is(name, STR("SERVER_SOFTWARE")))
		req->is_apache = str_starts(value, STR("Apache"));
	else if (str_is(name, STR("LAKEGATE_SENDFILE")))
		req->by_server = str_is(value, STR("lighttpd"));
}

enum err
request_from_env(struct cx *cx, char **env, const struct front_body *body,
    struct request *req)
{
	struct env_vec	 v = { 0 };
	struct measured	*m = arena_get(cx->mem, sizeof *m);
	struct str	 uri = STR("/"), length = STR(""), sent = STR("");
	struct str	 var;
	size_t		 at;
	enum err	 e;

	memset(req, 0, sizeof *req);
	for (; *env != NULL; env++) {
		var = str_of(*env);
		at = str_find(var, '=');
		variable(cx, req, &v, str_to(var, at), str_from(var, at + 1),
		    &uri, &length, &sent);
	}
	req->headers = v.at;
	req->n_headers = v.n;
	req->method = method_of(req->method_name);
	if ((e = length_parse(cx, req, length, sent)) != OK)
		return e;
	/* The signature covers it; CGI has it apart. */
	if (length.n > 0) {
		header_add(cx, &v, STR("content-length"), length);
		req->headers = v.at;
		req->n_headers = v.n;
	}
	if (v.over)
		return fail(cx, E_BAD_REQUEST, "the request has more than %d "
		    "headers, or more than %d KiB of them", LIMIT_HEADERS,
		    LIMIT_HEADER_BYTES / 1024);
	m->req = req;
	m->in = body->in;
	req->cut_shows = body->cut_shows;
	req->body = (struct source){ measured_read, m };
	return target_parse(cx, req, uri);
}
