/*
 * Keys like "main/", which name a branch and no object.  Clients PUT and DELETE
 * them as the markers of folders: both succeed and change nothing.
 */
#include "s3/s3_call.h"

enum err
s3_marker_refuse(struct cx *cx, struct s3_call *c)
{
	return fail(cx, E_NO_SUCH_OBJECT, "A key is <branch>/<path>; "
	    "\"%.*s\" has no path.", STRF(c->key));
}

/* Does the request have content?  A body whose length was not said is read. */
static enum err
marker_content(struct cx *cx, const struct s3_call *c, bool *has)
{
	struct str	decoded = request_header(c->req,
	    "x-amz-decoded-content-length");
	size_t		got = 0;
	enum err	e = OK;
	char		byte;

	*has = c->req->length > 0;
	if (decoded.n > 0)
		*has = !str_is(decoded, STR("0"));
	else if (!c->req->has_length) {
		e = source_read(cx, &c->req->body, &byte, 1, &got);
		*has = got > 0;
	}
	return e;
}

enum err
s3_marker_put(struct cx *cx, struct s3_call *c)
{
	enum err	e;
	bool		has;

	if (!c->lp.slash)
		return s3_marker_refuse(cx, c);
	if ((e = marker_content(cx, c, &has)) != OK)
		return e;
	if (has)
		return fail(cx, E_BAD_ARGUMENT, "A key is <branch>/<path>; "
		    "\"%.*s\" has no path, and so no content.",
		    STRF(c->key));
	/* MD5 of nothing. */
	response_header(c->res, "ETag",
	    STR("\"d41d8cd98f00b204e9800998ecf8427e\""));
	return OK;
}

enum err
s3_marker_delete(struct cx *cx, struct s3_call *c)
{
	(void)cx;
	c->res->status = 204;
	return OK;
}
