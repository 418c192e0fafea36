/* The bytes of objects: upload and download. */
#include "api/api_call.h"

#include <string.h>

#include "base/vec.h"
#include "base/when.h"

/* x-lakefs-meta-<k> and x-lakefs-internal-<k>, which is kept as ::lakefs::<k>;
 * names come in lower case.  [lakeFS uploadObject] */
static void
take_meta(struct cx *cx, const struct api_call *c, struct entry *en)
{
	VEC(struct pair)	 meta = { 0 };
	struct pair		 h;
	size_t			 i;

	for (i = 0; i < c->req->n_headers; i++) {
		h = c->req->headers[i];
		if (str_take(&h.name, STR("x-lakefs-internal-")))
			h.name = str_printf(cx->mem, "::lakefs::%.*s",
			    STRF(h.name));
		else if (!str_take(&h.name, STR("x-lakefs-meta-")))
			continue;
		*VEC_PUSH(cx->mem, &meta) = h;
	}
	en->meta = meta.at;
	en->n_meta = meta.n;
}

/* lakeFS answers 501 to any value of If-None-Match but *, and to If-Match; this
 * one judges If-Match, too.  [lakeFS uploadObject] */
static enum err
take_write_cond(struct cx *cx, const struct api_call *c, struct cond *out)
{
	memset(out, 0, sizeof *out);
	out->if_none_match = request_header(c->req, "if-none-match");
	out->if_match = request_header(c->req, "if-match");
	if (out->if_none_match.n > 0 &&
	    !str_is(out->if_none_match, STR("*")))
		return fail(cx, E_NOT_IMPLEMENTED, "If-None-Match with "
		    "another value than * is not implemented for uploads");
	return OK;
}

/* The bytes of an upload: raw, as the SDKs send them, or the part "content" of
 * a form, as lakectl does; parts before it are skipped.  The type is that of
 * the request, or of the part.  [lakeFS uploadObject] */
static enum err
open_upload(struct cx *cx, struct api_call *c, struct source *out,
    struct str *type)
{
	struct form_part	part;
	struct form		*f;
	enum err		e;
	bool			there;

	*type = request_header(c->req, "content-type");
	*out = c->req->body;
	if (form_is_sent(c->req)) {
		if ((e = form_open(cx, c->req, &f)) != OK)
			return e;
		do
			if ((e = form_next(cx, f, &part, &there)) != OK)
				return e;
		while (there && !str_is(part.name, STR("content")));
		if (!there)
			return fail(cx, E_BAD_REQUEST, "the form has no part "
			    "named \"content\"");
		*type = part.type;
		*out = form_content(f);
	} else if (!c->req->has_length && !c->req->truncation_shows)
		return fail(cx, E_NO_LENGTH, "Content-Length is required");
	else if (c->req->has_length && c->req->length > LIMIT_OBJECT_API)
		return fail(cx, E_TOO_LARGE, "an object may have %llu bytes",
		    (unsigned long long)LIMIT_OBJECT_API);
	if (type->n == 0)
		*type = STR("application/octet-stream");
	return type->n <= LIMIT_META_HTTP ? OK : fail(cx,
	    E_METADATA_TOO_LARGE, "the content type has %zu bytes, and %d are "
	    "allowed", type->n, LIMIT_META_HTTP);
}

/* Refused before the body has come where that is possible. */
enum err
api_upload_object(struct cx *cx, struct api_call *c)
{
	struct source	 src;
	struct entry	 en = { .size = 0 };
	struct body	*body;
	struct cond	 cond;
	struct target	 at;
	enum err	 e;
	bool		 force = false;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = take_write_cond(cx, c, &cond)) != OK ||
	    (e = object_check_write(cx, c->eng, &at, &cond, force)) != OK ||
	    (e = open_upload(cx, c, &src, &en.content_type)) != OK ||
	    (e = body_take(cx, c->eng, &src, LIMIT_OBJECT_API, NULL,
	    NULL, &body)) != OK)
		return e;
	take_meta(cx, c, &en);
	en.etag = body_etag(cx, body);
	if ((e = object_put(cx, c->eng, &at, body, &en, &cond, force)) != OK)
		return e;
	return api_answer_stats(cx, c, 201, at.path, &en, true);
}

/* What a browser may show by itself; anything else it saves as a file.  [lakeFS
 * getObject] */
static bool
is_inline(struct str type)
{
	static const char *const	safe[] = { "image/png", "image/jpeg",
	    "image/gif", "image/webp", "application/pdf", "text/plain",
	    "text/csv", "text/markdown", "application/json",
	    "application/xml", "video/mp4", "video/webm", "audio/mpeg",
	    "audio/wav" };
	size_t				i;

	for (i = 0; i < sizeof safe / sizeof safe[0]; i++)
		if (str_is_nocase(type, str_of(safe[i])))
			return true;
	return false;
}

/* Which state of the object is talked about: of a 304 and 416, too.  [RFC 9110
 * 15.4.5] */
static void
state_headers(struct cx *cx, struct response *res, const struct entry *en)
{
	response_header(res, "ETag", str_printf(cx->mem, "\"%.*s\"",
	    STRF(en->etag)));
	response_header(res, "Last-Modified", when_http(cx->mem, en->mtime));
	response_header(res, "Cache-Control",
	    STR("no-store, must-revalidate"));
	response_header(res, "Expires", STR("0"));
}

static void
object_headers(struct response *res, const struct entry *en)
{
	response_header(res, "Content-Type", header_is_legal(
	    STR("Content-Type"), en->content_type) ? en->content_type :
	    STR("application/octet-stream"));
	response_header(res, "Accept-Ranges", STR("bytes"));
	response_header(res, "Content-Disposition",
	    is_inline(en->content_type) ? STR("inline") : STR("attachment"));
	response_header(res, "X-Frame-Options", STR("SAMEORIGIN"));
	response_header(res, "Content-Security-Policy",
	    STR("default-src 'none'"));
}

/* One range, or 416: a range that cannot be used is an error here, and readers
 * learn the object's size from it.  [lakeFS getObject] */
static enum err
content_take_span(struct cx *cx, struct api_call *c, uint64_t size,
    struct span *out)
{
	struct str	range = request_header(c->req, "range");
	enum err	e;

	e = span_parse(cx, range, size, out);
	if (e == OK && range.n > 0 && !out->partial)
		e = !str_starts(range, STR("bytes=")) ?
		    fail(cx, E_BAD_REQUEST, "the Range header is malformed") :
		    fail(cx, E_BAD_RANGE, "this range cannot be served");
	if (e == E_BAD_RANGE)
		response_no_span(cx, c->res, size);
	return e;
}

/* headObject as well: all but the body. */
enum err
api_get_object(struct cx *cx, struct api_call *c)
{
	struct file_span *files;
	struct source	 bytes;
	struct entry	 en;
	struct cond	 cond = { .if_none_match = request_header(c->req,
	    "if-none-match") };
	struct span	 part;
	struct target	 at;
	enum err	 e;

	if ((e = api_take_object(cx, c, &at)) != OK ||
	    (e = object_open(cx, c->eng, &at, &en)) != OK)
		return e;
	state_headers(cx, c->res, &en);
	if ((e = cond_check(cx, &cond, COND_READ, &en)) != OK ||
	    (e = content_take_span(cx, c, en.size, &part)) != OK)
		return e;
	if (c->req->method == M_GET && ((e = object_source(cx, c->eng,
	    &en, part.off, part.len, &bytes)) != OK ||
	    (e = object_files(cx, c->eng, &en, part.off, part.len,
	    &files, &c->res->n_files)) != OK))
		return e;
	object_headers(c->res, &en);
	response_span(cx, c->res, &part, en.size);
	if (c->req->method == M_GET) {
		response_source(c->res, &bytes, part.len);
		c->res->files = files;
	}
	return OK;
}
