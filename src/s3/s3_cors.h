/* What browsers ask before, and are told after, a request for another origin's
 * page. */
#ifndef S3_S3_CORS_H
#define S3_S3_CORS_H

#include "s3/s3_call.h"

/* Adds Access-Control-… to any answer to a request with Origin, as the bucket's
 * rules have it; where they cannot be read, nothing. */
void		s3_cors_headers(struct cx *cx, struct s3_call *c);

/* The answer to OPTIONS.  E_BAD_REQUEST when it is no preflight; E_DENIED (as
 * AccessForbidden) when no rule allows it, or there is no such bucket. */
enum err	s3_cors_preflight(struct cx *cx, struct s3_call *c);

#endif
