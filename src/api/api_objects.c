/* Objects. */
#include "api/api_call.h"

#include <string.h>

#include "base/enc.h"
#include "base/vec.h"
#include "base/when.h"
#include "lake/target.h"

static enum err
take_at(struct cx *cx, struct api_call *c, struct at *at)
{
	struct str	path;
	enum err	e;

	e = api_need_param(cx, c, "path", &path);
	return e == OK ? target_object(cx, c->arg[0], c->arg[1], path, at) : e;
}

static enum err
answer_stats(struct cx *cx, struct api_call *c, int status, struct str path,
    const struct entry *en, bool with_meta)
{
	struct json_out	j;
	struct repo	r;
	struct buf	b;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->arg[0], &r)) != OK)
		return e;
	j = api_begin(cx, &b);
	api_put_stats(cx, &j, &r, path, en, with_meta);
	api_answer(c, status, &b);
	return OK;
}

/* x-lakefs-meta-<k> and x-lakefs-internal-<k>. */
static void
take_meta(struct cx *cx, const struct api_call *c, struct entry *en)
{
	VEC(struct pair)	 meta = { 0 };
	const struct pair	*h;
	struct pair		*p;
	size_t			 i;

	for (i = 0; i < c->req->n_headers; i++) {
		h = &c->req->headers[i];
		if (str_starts(h->name, STR("x-lakefs-meta-"))) {
			p = VEC_PUSH(cx->mem, &meta);
			*p = (struct pair){ str_from(h->name, 14), h->value };
		} else if (str_starts(h->name, STR("x-lakefs-internal-"))) {
			p = VEC_PUSH(cx->mem, &meta);
			p->name = str_printf(cx->mem, "::lakefs::%.*s",
			    STRF(str_from(h->name, 18)));
			p->value = h->value;
		}
	}
	en->meta = meta.at;
	en->n_meta = meta.n;
}

static enum err
take_write_cond(struct cx *cx, const struct api_call *c, struct cond *out)
{
	memset(out, 0, sizeof *out);
	out->if_none_match = request_header(c->req, "if-none-match");
	out->if_match = request_header(c->req, "if-match");
	if (out->if_none_match.n > 0 &&
	    !str_is(out->if_none_match, STR("*")))
		return fail(cx, E_BAD_ARGUMENT, "If-None-Match must be *");
	return OK;
}

/* The bytes of an upload: raw, or part "content" of a form. */
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
	} else if (!c->req->has_length && !c->req->cut_shows)
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

enum err
api_upload_object(struct cx *cx, struct api_call *c)
{
	struct source	 src;
	struct entry	 en = { .size = 0 };
	struct body	*body;
	struct cond	 cond;
	struct at	 at;
	char		*hex = arena_get(cx->mem, 33);
	enum err	 e;
	bool		 force = false;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = take_write_cond(cx, c, &cond)) != OK ||
	    (e = object_check_write(cx, c->eng, &at, &cond, force)) != OK ||
	    (e = open_upload(cx, c, &src, &en.content_type)) != OK ||
	    (e = body_take(cx, c->eng, &src, LIMIT_OBJECT_API, NULL,
	    NULL, &body)) != OK)
		return e;
	take_meta(cx, c, &en);
	enc_hex(hex, body_md5(body), 16);
	en.etag = str_of(hex);
	if ((e = object_put(cx, c->eng, &at, body, &en, &cond, force)) != OK)
		return e;
	return answer_stats(cx, c, 201, at.path, &en, true);
}

/* What a browser may show by itself. */
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

static void
object_headers(struct cx *cx, struct api_call *c, const struct entry *en)
{
	struct response	*res = c->res;

	response_header(res, "ETag", str_printf(cx->mem, "\"%.*s\"",
	    STRF(en->etag)));
	response_header(res, "Last-Modified", when_http(cx->mem, en->mtime));
	response_header(res, "Content-Type", header_is_legal(
	    STR("Content-Type"), en->content_type) ? en->content_type :
	    STR("application/octet-stream"));
	response_header(res, "Accept-Ranges", STR("bytes"));
	response_header(res, "Content-Disposition",
	    is_inline(en->content_type) ? STR("inline") : STR("attachment"));
	response_header(res, "Cache-Control",
	    STR("no-store, must-revalidate"));
	response_header(res, "Expires", STR("0"));
	response_header(res, "X-Frame-Options", STR("SAMEORIGIN"));
	response_header(res, "Content-Security-Policy",
	    STR("default-src 'none'"));
}

/* One range, or 416: here a range that cannot be used is an error. */
static enum err
take_span(struct cx *cx, struct api_call *c, uint64_t size, struct span *out)
{
	struct str	range = request_header(c->req, "range");
	enum err	e;

	e = span_parse(cx, range, size, out);
	if (e == OK && range.n > 0 && !out->partial)
		e = !str_starts(range, STR("bytes=")) ?
		    fail(cx, E_BAD_REQUEST, "the Range header is malformed") :
		    fail(cx, E_BAD_RANGE, "this range cannot be served");
	if (e == E_BAD_RANGE)
		response_header(c->res, "Content-Range", str_printf(cx->mem,
		    "bytes */%llu", (unsigned long long)size));
	return e;
}

enum err
api_get_object(struct cx *cx, struct api_call *c)
{
	struct file_span *files;
	struct source	 bytes;
	struct entry	 en;
	struct cond	 cond = { .if_none_match = request_header(c->req,
	    "if-none-match") };
	struct span	 part;
	struct at	 at;
	enum err	 e;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = object_open(cx, c->eng, &at, &en)) != OK ||
	    (e = cond_check(cx, &cond, COND_READ, &en)) != OK ||
	    (e = take_span(cx, c, en.size, &part)) != OK)
		return e;
	if (c->req->method == M_GET && ((e = object_source(cx, c->eng,
	    &en, part.off, part.len, &bytes)) != OK ||
	    (e = object_files(cx, c->eng, &en, part.off, part.len,
	    &files, &c->res->n_files)) != OK))
		return e;
	object_headers(cx, c, &en);
	if (part.partial) {
		c->res->status = 206;
		response_header(c->res, "Content-Range", str_printf(cx->mem,
		    "bytes %llu-%llu/%llu", (unsigned long long)part.off,
		    (unsigned long long)(part.off + part.len - 1),
		    (unsigned long long)en.size));
	}
	c->res->length = part.len;
	if (c->req->method == M_GET) {
		response_source(c->res, &bytes, part.len);
		c->res->files = files;
	}
	return OK;
}

static enum err
refuse_presign(struct cx *cx, const struct api_call *c)
{
	enum err	e;
	bool		presign = false;

	if ((e = api_take_bool(cx, c, "presign", &presign)) != OK)
		return e;
	return presign ? fail(cx, E_NOT_IMPLEMENTED, "presigned addresses are "
	    "not implemented") : OK;
}

enum err
api_stat_object(struct cx *cx, struct api_call *c)
{
	struct entry	en;
	struct at	at;
	enum err	e;
	bool		meta = true;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = refuse_presign(cx, c)) != OK ||
	    (e = api_take_bool(cx, c, "user_metadata", &meta)) != OK ||
	    (e = object_stat(cx, c->eng, &at, &en)) != OK)
		return e;
	return answer_stats(cx, c, 200, at.path, &en, meta);
}

static void
put_group(struct json_out *j, struct str path)
{
	json_open(j, NULL, '{');
	json_put_str(j, "path", path);
	json_put_str(j, "path_type", STR("common_prefix"));
	json_put_str(j, "physical_address", STR(""));
	json_put_str(j, "checksum", STR(""));
	json_put_int(j, "mtime", 0);
	json_close(j, '}');
}

enum err
api_list_objects(struct cx *cx, struct api_call *c)
{
	struct list_query	q;
	struct list_page	page;
	struct json_out		j;
	struct repo		r;
	struct buf		b;
	size_t			i;
	enum err		e;
	bool			meta = true;

	if ((e = api_take_page(cx, c, &q)) != OK ||
	    (e = refuse_presign(cx, c)) != OK ||
	    (e = api_take_bool(cx, c, "user_metadata", &meta)) != OK ||
	    (e = repo_get(cx, c->eng, c->arg[0], &r)) != OK ||
	    (e = object_list(cx, c->eng, c->arg[0], c->arg[1], &q,
	    &page)) != OK)
		return e;
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_open(&j, "results", '[');
	for (i = 0; i < page.n; i++)
		if (page.at[i].is_prefix)
			put_group(&j, page.at[i].path);
		else
			api_put_stats(cx, &j, &r, page.at[i].path,
			    &page.at[i].en, meta);
	json_close(&j, ']');
	api_put_page(&j, page.n > 0 ? page.at[page.n - 1].path : STR(""),
	    page.more, page.n);
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_delete_object(struct cx *cx, struct api_call *c)
{
	const struct cond	none = { .mtime = 0 };
	struct at		at;
	enum err		e;
	bool			force = false, marker;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = object_delete(cx, c->eng, &at, &none, force, &marker)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

struct paths {
	struct delete_item	*at;
	size_t			 n, room;
};

static enum err
take_paths(struct cx *cx, struct api_call *c, struct paths *all)
{
	struct json_list	list;
	struct json		in;
	struct str		path;
	size_t			n = 0;
	enum err		e;
	bool			there;

	if ((e = api_take_list(cx, c, LIMIT_BODY_DELETE, "paths", &in,
	    &list)) != OK)
		return e;
	while ((e = json_next_str(cx, &list, &path, &there)) == OK && there) {
		if (n++ == LIMIT_PAGE)
			return fail(cx, E_BAD_JSON, "\"paths\" may have %d "
			    "items at most", LIMIT_PAGE);
		/* What cannot be a path is not there: no error. */
		if (path.n > 0 && target_path(cx, path) == OK)
			VEC_PUSH(cx->mem, all)->path = path;
		cx_forget(cx);
	}
	return e;
}

enum err
api_delete_objects(struct cx *cx, struct api_call *c)
{
	struct paths	paths = { .n = 0 };
	struct json_out	j;
	struct buf	b;
	enum err	e;
	bool		force = false;

	if ((e = take_paths(cx, c, &paths)) != OK ||
	    (e = api_take_bool(cx, c, "force", &force)) != OK ||
	    (e = objects_delete(cx, c->eng, c->arg[0], c->arg[1],
	    paths.at, paths.n, force)) != OK)
		return e;
	c->deleted = arena_get(cx->mem, paths.n * sizeof *c->deleted);
	while (c->n_deleted < paths.n) {
		c->deleted[c->n_deleted] = paths.at[c->n_deleted].path;
		c->n_deleted++;
	}
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_open(&j, "errors", '[');
	json_close(&j, ']');
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_copy_object(struct cx *cx, struct api_call *c)
{
	struct copy_opts	opt = { .replace = NULL };
	struct str		to, from, ref = c->arg[1];
	struct at		src, dst;
	struct entry		en;
	struct json		in;
	enum err		e;
	bool			shallow = false;

	if ((e = api_need_param(cx, c, "dest_path", &to)) != OK ||
	    (e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "src_path", &from)) != OK ||
	    (e = json_get_str(cx, in, "src_ref", &ref)) != OK ||
	    (e = json_get_bool(cx, in, "force", &opt.force)) != OK ||
	    (e = json_get_bool(cx, in, "shallow", &shallow)) != OK)
		return e;
	if (ref.n == 0)
		ref = c->arg[1];
	/* Every copy here is shallow: no bytes move. */
	if ((e = target_object(cx, c->arg[0], ref, from, &src)) != OK ||
	    (e = target_object(cx, c->arg[0], c->arg[1], to, &dst)) != OK ||
	    (e = object_copy(cx, c->eng, &src, &dst, &opt, &en)) != OK)
		return e;
	return answer_stats(cx, c, 201, dst.path, &en, true);
}

enum err
api_update_object_user_metadata(struct cx *cx, struct api_call *c)
{
	struct pair	*meta = NULL;
	struct json	 in;
	struct at	 at;
	size_t		 n;
	enum err	 e;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK ||
	    (e = json_get_map(cx, in, "set", &meta, &n)) != OK)
		return e;
	if (!json_has(in, "set"))
		return fail(cx, E_BAD_JSON, "\"set\" is required");
	if ((e = object_set_meta(cx, c->eng, &at, meta, n, false)) != OK)
		return e;
	c->res->status = 204;
	return OK;
}

enum err
api_get_underlying_properties(struct cx *cx, struct api_call *c)
{
	struct entry	en;
	struct at	at;
	enum err	e;

	if ((e = take_at(cx, c, &at)) != OK ||
	    (e = object_stat(cx, c->eng, &at, &en)) != OK)
		return e;
	response_body(c->res, 200, "application/json",
	    STR("{\"storage_class\":null}\n"));
	return OK;
}
