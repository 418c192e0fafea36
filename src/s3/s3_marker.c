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

enum err
s3_marker_put(struct cx *cx, struct s3_call *c)
{
	if (!c->lp.slash)
		return s3_marker_refuse(cx, c);
	if (!c->req->has_length || (c->req->length > 0 &&
	    !str_is(request_header(c->req, "x-amz-decoded-content-length"),
	    STR("0"))))
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
