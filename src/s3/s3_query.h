/* Headers of the S3 API, and query parameters of presigned URLs that mean
 * them. */
#ifndef S3_S3_QUERY_H
#define S3_S3_QUERY_H

#include "s3/s3_route.h"

#define S3_ALL_OPS	(~0u)

struct s3_header {
	struct str	 name;		/* ends with "-": all that begin so */
	unsigned	 takers;	/* OP_…, or S3_ALL_OPS */
};

/* Every header x-amz-* of the S3 API, *n of them; the first that fits a name
 * is its row. */
const struct s3_header *s3_query_table(size_t *n);

/*
 * Parameters x-amz-* of a presigned URL become headers of c->req, so that the
 * route sees them.  Needs c->sig; changes nothing for a request that is not
 * presigned.  E_BAD_ARGUMENT: one is no legal header, or was sent twice.
 */
enum err	s3_query_headers(struct cx *cx, struct s3_call *c);

/* Refuses those that the operation in c->row does not take.  E_BAD_ARGUMENT. */
enum err	s3_query_headers_check(struct cx *cx, struct s3_call *c);

#endif
