/* A request from the variables of CGI. */
#include "http/http.h"

#include <stddef.h>
#include <string.h>

#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/vec.h"

struct str
request_header(const struct request *req, const char *name)
{
	struct str	want = str_of(name);
	size_t		i;

	for (i = 0; i < req->n_headers; i++)
		if (str_is(req->headers[i].name, want))
			return req->headers[i].value;
	return (struct str){ NULL, 0 };
}

struct pair *
request_query(const struct request *req, const char *name)
{
	struct str	want = str_of(name);
	size_t		i;

	for (i = 0; i < req->n_query; i++)
		if (str_is(req->query[i].name, want))
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
	bool		unsaid;

	/* HTTP/2 has no other sign of a body that may still come. */
	unsaid = request_header(req, "transfer-encoding").n > 0 ||
	    (req->is_http2 && (req->method == M_PUT || req->method == M_POST ||
	    req->method == M_PATCH) && !fault_skip("H2_LENGTH"));
	req->has_length = length.n > 0;
	if (length.n > 0 && !str_u64(length, INT64_MAX, &req->length))
		return fail(cx, E_BAD_REQUEST, "Content-Length is no number");
	if (!req->has_length && !unsaid)
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

/* What the web server says of a request; "" where it does not. */
struct cgi_vars {
	struct str	method, uri, protocol, https, host, remote;
	struct str	software;
	struct str	length;		/* of the body, as it is passed on */
	struct str	sent;		/* of the body, as the client sent it */
	struct str	redirect;	/* the status that led here [Apache] */
	struct str	sendfile;
};

enum { CGI_KEPT = 1, CGI_HEADER = 2, CGI_UNLESS_EMPTY = 4 };

struct cgi_row {
	struct str	name;
	size_t		offset;		/* in struct cgi_vars, if it is kept */
	int		kind;
};

#define KEPT(member)	offsetof(struct cgi_vars, member), CGI_KEPT

/* A variable that begins with HTTP_ and is not here is a header. */
static const struct cgi_row cgi_rows[] = {
	{ STR_INIT("REQUEST_METHOD"), KEPT(method) },
	{ STR_INIT("REQUEST_URI"), KEPT(uri) },
	{ STR_INIT("REMOTE_ADDR"), KEPT(remote) },
	{ STR_INIT("HTTPS"), KEPT(https) },
	{ STR_INIT("SERVER_PROTOCOL"), KEPT(protocol) },
	{ STR_INIT("SERVER_SOFTWARE"), KEPT(software) },
	{ STR_INIT("CONTENT_LENGTH"), KEPT(length) },
	{ STR_INIT("LAKEGATE_CONTENT_LENGTH"), KEPT(sent) },
	{ STR_INIT("LAKEGATE_SENDFILE"), KEPT(sendfile) },
	{ STR_INIT("REDIRECT_STATUS"), KEPT(redirect) },
	{ STR_INIT("HTTP_HOST"), KEPT(host) | CGI_HEADER },
	{ STR_INIT("CONTENT_TYPE"), 0, CGI_HEADER | CGI_UNLESS_EMPTY },
	{ STR_INIT("REDIRECT_HTTP_AUTHORIZATION"), 0, CGI_HEADER },
	/* CGI has these two apart; the third is no header of the client's. */
	{ STR_INIT("HTTP_CONTENT_TYPE"), 0, 0 },
	{ STR_INIT("HTTP_CONTENT_LENGTH"), 0, 0 },
	{ STR_INIT("HTTP_PROXY"), 0, 0 },
};

#undef KEPT

static const struct cgi_row *
cgi_row_of(struct str name)
{
	static const struct cgi_row	header = { .kind = CGI_HEADER },
	    unknown = { .kind = 0 };
	size_t				i;

	for (i = 0; i < sizeof cgi_rows / sizeof cgi_rows[0]; i++)
		if (str_is(cgi_rows[i].name, name))
			return &cgi_rows[i];
	return str_starts(name, STR("HTTP_")) ? &header : &unknown;
}

static void
cgi_variable(struct cx *cx, struct env_vec *v, struct cgi_vars *vars,
    struct str name, struct str value)
{
	const struct cgi_row	*row = cgi_row_of(name);
	void			*kept = (char *)vars + row->offset;

	if (row->kind & CGI_KEPT)
		*(struct str *)kept = value;
	if (!(row->kind & CGI_HEADER) ||
	    (row->kind & CGI_UNLESS_EMPTY && value.n == 0))
		return;
	str_take(&name, STR("REDIRECT_"));
	str_take(&name, STR("HTTP_"));
	header_add(cx, v, name, value);
}

static void
cgi_vars_read(struct cx *cx, char **env, struct env_vec *v,
    struct cgi_vars *vars)
{
	struct str	var;
	size_t		at;

	*vars = (struct cgi_vars){ .uri = STR("/") };
	for (; *env != NULL; env++) {
		var = str_of(*env);
		at = str_find(var, '=');
		cgi_variable(cx, v, vars, str_to(var, at),
		    str_from(var, at + 1));
	}
	vars->length = str_trim(vars->length);
	vars->sent = str_trim(vars->sent);
}

static void
cgi_take(struct request *req, const struct cgi_vars *vars)
{
	req->method_name = vars->method;
	req->method = method_of(vars->method);
	req->host = vars->host;
	req->remote = vars->remote;
	req->https = vars->https.n > 0 && !str_is(vars->https, STR("off"));
	req->is_http2 = str_starts(vars->protocol, STR("HTTP/2"));
	req->is_apache = str_starts(vars->software, STR("Apache"));
	/* lighttpd does, under any name that its settings give it. */
	req->drops_empty = !req->is_apache &&
	    !str_starts(vars->software, STR("nginx"));
	req->by_server = str_is(vars->sendfile, STR("lighttpd"));
}

enum err
request_from_env(struct cx *cx, char **env, const struct front_body *body,
    struct request *req)
{
	struct env_vec	 v = { 0 };
	struct measured	*m = arena_get(cx->mem, sizeof *m);
	struct cgi_vars	 vars;
	enum err	 e;

	memset(req, 0, sizeof *req);
	cgi_vars_read(cx, env, &v, &vars);
	cgi_take(req, &vars);
	/* Whatever fails below, what the client sends can be read. */
	m->req = req;
	m->in = body->in;
	req->truncation_shows = body->truncation_shows;
	req->body = (struct source){ measured_read, m };
	req->headers = v.at;
	req->n_headers = v.n;
	if ((e = length_parse(cx, req, vars.length, vars.sent)) != OK)
		return e;
	/* apache/htaccess: mod_fcgid gave up on a chunked body. */
	if (str_is(vars.redirect, STR("500")) &&
	    request_header(req, "transfer-encoding").n > 0)
		return fail(cx, E_NO_LENGTH, "You must provide the "
		    "Content-Length HTTP header: this server takes 128 KiB of "
		    "unknown length.");
	/* The signature covers it; CGI has it apart. */
	if (vars.length.n > 0) {
		header_add(cx, &v, STR("content-length"), vars.length);
		req->headers = v.at;
		req->n_headers = v.n;
	}
	if (v.over)
		return fail(cx, E_BAD_REQUEST, "the request has more than %d "
		    "headers, or more than %d KiB of them", LIMIT_HEADERS,
		    LIMIT_HEADER_BYTES / 1024);
	return target_parse(cx, req, vars.uri);
}
