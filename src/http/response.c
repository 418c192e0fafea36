/* Responses: headers, bodies, and how they are sent. */
#include "http/http.h"

#include <string.h>

#include "base/budget.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/when.h"

enum {
	TOGETHER = 8192,	/* a body that goes out with its headers */
	HOLD_MS = 500		/* an answer is held in memory for its client */
};

void
response_init(struct response *res, struct cx *cx)
{
	memset(res, 0, sizeof *res);
	buf_init(&res->headers, cx->mem, RESPONSE_HEADERS);
	res->status = 200;
}

static bool
is_token(struct str s)
{
	static const char	others[] = "!#$%&'*+-.^_`|~";
	size_t			i;
	char			c;

	for (i = 0; i < s.n; i++) {
		c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c != '\0' &&
		    strchr(others, c) != NULL)))
			return false;
	}
	return s.n > 0;
}

static bool
is_field_value(struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') ||
		    s.p[i] == 0x7f)
			return false;
	return true;
}

bool
header_is_legal(struct str name, struct str value)
{
	return (fault_skip("HEADER_NAME") || is_token(name)) &&
	    (fault_skip("HEADER_VALUE") || is_field_value(value));
}

void
response_header(struct response *res, const char *name, struct str value)
{
	struct str	n = str_of(name);

	if (!header_is_legal(n, value) || n.n + value.n + 4 >
	    RESPONSE_HEADERS - res->headers.n ||
	    (!fault_skip("HEADER_LINE") && n.n + value.n > RESPONSE_LINE))
		return;
	if (str_is_nocase(n, STR("Content-Type")))
		res->type = value;
	if (str_is_nocase(n, STR("Content-Disposition")))
		res->disposition = value;
	if (str_is_nocase(n, STR("Content-Security-Policy")))
		res->has_policy = true;
	buf_str(&res->headers, n);
	buf_z(&res->headers, ": ");
	buf_str(&res->headers, value);
	buf_z(&res->headers, "\r\n");
}

static bool
has_nocase(struct str s, struct str part)
{
	for (; s.n >= part.n; s = str_from(s, 1))
		if (str_starts_nocase(s, part))
			return true;
	return false;
}

/*
 * Could a browser run what such a body says?  HTML, SVG and every kind of XML,
 * and what may hold them in parts.  The words are looked for anywhere: of a
 * list of types browsers take the last that they can read.
 */
static bool
is_active(struct str type)
{
	static const char *const	words[] = { "html", "xml", "svg",
	    "xsl", "multipart/" };
	size_t				i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++)
		if (has_nocase(type, str_of(words[i])))
			return true;
	return false;
}

void
response_guard(struct response *res, bool own_host)
{
	struct str	how = res->disposition;

	how = str_trim(str_to(how, str_find(how, ';')));
	if (!fault_skip("NOSNIFF"))
		response_header(res, "X-Content-Type-Options", STR("nosniff"));
	if (!fault_skip("SANDBOX") && is_active(res->type) && !own_host &&
	    !res->has_policy &&
	    !str_is_nocase(how, STR("attachment")))
		response_header(res, "Content-Security-Policy",
		    STR("sandbox allow-downloads"));
}

void
response_body(struct response *res, int status, const char *type,
    struct str body)
{
	res->status = status;
	if (type != NULL)
		response_header(res, "Content-Type", str_of(type));
	res->body = body;
	res->length = body.n;
	res->has_source = false;
	res->n_files = 0;
}

void
response_replace(struct cx *cx, struct response *res, const char *type,
    struct str body)
{
	struct str	rest = buf_as_str(&res->headers), line;

	buf_init(&res->headers, cx->mem, RESPONSE_HEADERS);
	while (str_split(&rest, '\n', &line)) {
		if (line.n == 0 || str_starts_nocase(line,
		    STR("Content-Type:")))
			continue;
		buf_str(&res->headers, line);
		buf_byte(&res->headers, '\n');
	}
	response_body(res, res->status, type, body);
}

void
response_source(struct response *res, const struct source *src,
    uint64_t length)
{
	res->source = *src;
	res->length = length;
	res->has_source = true;
}

void
response_span(struct cx *cx, struct response *res, const struct span *part,
    uint64_t size)
{
	res->length = part->len;
	if (!part->partial)
		return;
	res->status = 206;
	response_header(res, "Content-Range", str_printf(cx->mem,
	    "bytes %llu-%llu/%llu", (unsigned long long)part->off,
	    (unsigned long long)(part->off + part->len - 1),
	    (unsigned long long)size));
}

void
response_no_span(struct cx *cx, struct response *res, uint64_t size)
{
	response_header(res, "Content-Range", str_printf(cx->mem,
	    "bytes */%llu", (unsigned long long)size));
}

static const char *
reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 206: return "Partial Content";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 416: return "Range Not Satisfiable";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	default: return "Status";
	}
}

/* The header by which lighttpd sends the files itself; false: the bytes. */
static bool
sendfile_header(struct buf *b, const struct request *req,
    const struct response *res, const struct send_opts *opt)
{
	const struct file_span	*f = res->files;
	size_t			 i;

	/* All headers of an answer must fit into 64 KiB. */
	if (!(opt->by_server || req->by_server) || res->n_files == 0 ||
	    res->n_files > 300 || res->length < opt->least || res->is_head)
		return false;
	buf_z(b, "X-Sendfile2: ");
	for (i = 0; i < res->n_files; i++)
		buf_printf(b, "%s%.*s %llu-%llu", i > 0 ? "," : "",
		    STRF(f[i].path), (unsigned long long)f[i].off,
		    (unsigned long long)(f[i].off + f[i].len - 1));
	buf_z(b, "\r\n");
	return true;
}

enum err
response_send_source(struct cx *cx, const struct source *src, uint64_t length,
    const struct sink *out, uint64_t *sent)
{
	size_t		 most = length - *sent < STREAM_WINDOW ?
	    (size_t)(length - *sent) : STREAM_WINDOW, got, n;
	char		*window = arena_raw(cx->mem, most);
	enum err	 e;

	while (*sent < length) {
		n = length - *sent < most ? (size_t)(length - *sent) : most;
		if ((e = source_read(cx, src, window, n, &got)) != OK)
			return e;
		if (got == 0)
			return fail(cx, E_CORRUPT, "the object ended early");
		if ((e = out->write(cx, out->self, window, got)) != OK)
			return e;
		*sent += got;
	}
	return OK;
}

/* All of it, or what a client takes that is not waited for. */
static enum err
send_held(struct cx *cx, struct str body, const struct sink *out,
    struct str *rest)
{
	int64_t		until = when_monotonic() + HOLD_MS * 1000;
	size_t		n;
	enum err	e;

	if (fault_skip("ANSWER_HELD") || out->waits == NULL ||
	    cx->share == NULL || cx->share->bytes == 0)
		return out->write(cx, out->self, body.p, body.n);
	while (body.n > 0 && !out->waits(out->self, until)) {
		n = body.n < SINK_PIECE ? body.n : SINK_PIECE;
		if ((e = out->write(cx, out->self, body.p, n)) != OK)
			return e;
		body = str_from(body, n);
	}
	*rest = body;
	return OK;
}

enum err
response_send(struct cx *cx, const struct request *req,
    const struct response *res, const struct send_opts *opt,
    const struct sink *out, uint64_t *sent, struct str *rest)
{
	struct buf	b;
	enum err	e;
	bool		bare, by_server, whole;

	*sent = 0;
	*rest = STR("");
	buf_init(&b, cx->mem, RESPONSE_HEADERS + 4096 + TOGETHER);
	buf_printf(&b, "Status: %d %s\r\n", res->status, reason(res->status));
	buf_str(&b, buf_as_str(&res->headers));
	/*
	 * Without a body there is no 100 Continue, and a botocore that waited
	 * for one misreads the next answer on the connection: end it.
	 */
	if (req->has_length && req->length == 0 &&
	    request_header(req, "expect").n > 0)
		buf_z(&b, "Connection: close\r\n");
	/* No length with these.  [RFC 9110 8.6] */
	bare = res->status == 204 || res->status == 304;
	by_server = sendfile_header(&b, req, res, opt);
	/* Apache drops "Content-Length: 0" from answers to HEAD. */
	if (!bare && !by_server)
		buf_printf(&b, "Content-Length: %s%llu\r\n", res->is_head &&
		    req->is_apache && res->length == 0 ? "0" : "",
		    (unsigned long long)res->length);
	buf_z(&b, "\r\n");
	whole = !bare && !by_server && !res->is_head && !res->has_source;
	*sent = whole ? res->body.n : 0;
	if (whole && res->body.n <= TOGETHER)
		buf_str(&b, res->body);
	if ((e = out->write(cx, out->self, b.p, b.n)) != OK)
		return e;
	if (whole && res->body.n > TOGETHER)
		return send_held(cx, res->body, out, rest);
	if (by_server) {
		*sent = res->length;
		return OK;
	}
	if (bare || res->is_head || !res->has_source)
		return OK;
	return response_send_source(cx, &res->source, res->length, out, sent);
}
