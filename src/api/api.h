/* The lakeFS REST API, /api/v1: one request from its route to its answer. */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>

#include "base/str.h"

struct auth;
struct cx;
struct request;
struct response;
struct engine;

struct api_opts {
	struct str	version;	/* of lakeFS's API that we speak */
	bool		setup;		/* the first key may come from here */
};

struct api_note {
	const char	*operation;
	struct str	 user, key_id, repo, ref, path;
	struct str	*deleted;	/* paths, where one request has many */
	size_t		 n_deleted;
};

/* Always fills a response; errors are rendered here and nowhere else. */
void	api_handle(struct cx *cx, struct engine *eng, struct auth *auth,
	    const struct api_opts *opt, struct request *req,
	    struct response *res, struct api_note *note);

#endif
