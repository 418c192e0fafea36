/* GetObject and HeadObject. */
#include "s3/call.h"

/* GET or HEAD one object; the front drops the body for HEAD. */
enum err
s3_get_object(struct cx *cx, struct s3_call *c)
{
	struct entry	 en;
	struct cond	 cond;
	struct span	 part;
	struct source	 bytes;
	struct file_span *files;
	enum err	 e;

	/* What does this path name at this ref? */
	if ((e = s3_refuse_unknown(cx, c)) != OK ||
	    (e = s3_take_cond(cx, c, "", &cond)) != OK ||
	    (e = store_object_open(cx, c->store, &c->at, &en)) != OK)
		return e;

	/* Does the client want it in this state, and how much of it? */
	e = cond_check(cx, &cond, COND_READ, &en);
	if (e == E_NOT_MODIFIED)
		s3_entry_headers(cx, c, &en);
	if (e != OK)
		return e;
	e = span_parse(cx, request_header(c->req, "range"), en.size, &part);
	if (e == E_BAD_RANGE)
		response_header(c->res, "Content-Range", str_printf(cx->mem,
		    "bytes */%llu", (unsigned long long)en.size));
	if (e != OK)
		return e;

	/* Open before answering: after the first byte no error can be told. */
	if (c->req->method == M_GET && ((e = store_object_source(cx, c->store,
	    &en, part.off, part.len, &bytes)) != OK ||
	    (e = store_object_files(cx, c->store, &en, part.off, part.len,
	    &files, &c->res->n_files)) != OK))
		return e;
	s3_entry_headers(cx, c, &en);
	/* The sum is the whole object's: never on a part of it. */
	if (!part.partial && str_is_nocase(request_header(c->req,
	    "x-amz-checksum-mode"), STR("ENABLED")))
		s3_sum_headers(c, &en);
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
