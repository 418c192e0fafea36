/* The S3 gateway: one request from its route to its answer. */
#ifndef S3_S3_H
#define S3_S3_H

#include <stdbool.h>

#include "base/str.h"

struct auth;
struct cx;
struct engine;
struct request;
struct request_note;
struct response;

/* Strings and list stay the caller's, for as long as requests are served. */
struct s3_opts {
	struct str	 region;	/* that GetBucketLocation says */
	struct str	 only_region;	/* "": signatures for any will do */
	struct str	*domains; /* bucket.<domain> is virtual-host style */
	size_t		 n_domains;
	struct str	 account;	/* the owner of all, or "" */
	bool		 disk_encrypted; /* so SSE-S3 is true of all */
};

/* Is it a host name on which only S3 is served?  *bucket is the one that it
 * names, as in bucket.<domain>, or "". */
bool	s3_is_host(const struct s3_opts *opt, struct str host,
	    struct str *bucket);
/*
 * Serve one request: who asks, what is asked for, the operation.  Always fills
 * res, which response_init has made, and note but for its protocol; both then
 * point into cx->mem and req.  Failures are rendered here and nowhere else, and
 * stay in cx for the log.  A presigned request gets headers from its query.
 */
void	s3_handle(struct cx *cx, struct engine *eng, struct auth *auth,
	    const struct s3_opts *opt, struct request *req,
	    struct response *res, struct request_note *note);

/* The i-th of the operations, which may stand more than once; NULL: no more. */
const char	*s3_operation(size_t i);

/* Answers with the failure that cx holds, as S3 has it: for requests that fail
 * before they are ours, by a bad target, say. */
void	s3_error_render(struct cx *cx, const struct request *req,
	    struct response *res);

#endif
