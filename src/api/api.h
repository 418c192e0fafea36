/* The lakeFS REST API, /api/v1: one request from its route to its answer. */
#ifndef API_API_H
#define API_API_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct auth;
struct cx;
struct engine;
struct request;
struct request_note;
struct response;

struct api_opts {
	struct str	version;	/* of lakeFS's API that we speak */
	bool		setup;		/* the first key may come from here */
	struct str	sample_data;	/* the folder that has it */
};

/* Always fills a response, and the note but for its protocol; errors are
 * rendered here and nowhere else. */
void	api_handle(struct cx *cx, struct engine *eng, struct auth *auth,
	    const struct api_opts *opt, struct request *req,
	    struct response *res, struct request_note *note);
/* The i-th of the operations; NULL: there are no more. */
const char	*api_operation(size_t i);

#endif
