/* The S3 gateway: one request from its route to its answer. */
#ifndef S3_S3_H
#define S3_S3_H

#include "base/str.h"

struct auth;
struct cx;
struct request;
struct response;
struct engine;

struct s3_opts {
	struct str	 region;
	struct str	 only_region;	/* "": signatures for any will do */
	struct str	*domains; /* bucket.<domain> is virtual-host style */
	size_t		 n_domains;
};

/* What the log says about a request. */
struct s3_note {
	const char	*operation;
	struct str	 user, key_id, repo, ref, path;
	struct str	*deleted;	/* paths, where one request has many */
	size_t		 n_deleted;
};

/* Always fills a response; errors are rendered here and nowhere else. */
void	s3_handle(struct cx *cx, struct engine *eng, struct auth *auth,
	    const struct s3_opts *opt, struct request *req,
	    struct response *res, struct s3_note *note);

/* For requests that fail before they are ours: a bad target, say. */
void	s3_render_error(struct cx *cx, const struct request *req,
	    struct response *res);

#endif
