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

struct s3_opts {
	struct str	 region;
	struct str	 only_region;	/* "": signatures for any will do */
	struct str	*domains; /* bucket.<domain> is virtual-host style */
	size_t		 n_domains;
};

/* Is it a host name on which only S3 is served?  *bucket is the one that it
 * names, as in bucket.<domain>, or "". */
bool	s3_is_host(const struct s3_opts *opt, struct str host,
	    struct str *bucket);
/* Always fills a response, and the note but for its protocol; errors are
 * rendered here and nowhere else. */
void	s3_handle(struct cx *cx, struct engine *eng, struct auth *auth,
	    const struct s3_opts *opt, struct request *req,
	    struct response *res, struct request_note *note);

/* For requests that fail before they are ours: a bad target, say. */
void	s3_render_error(struct cx *cx, const struct request *req,
	    struct response *res);

#endif
