/* ETag and checksum of a whole object, from those of its parts. */
#ifndef ENGINE_UPLOAD_SUMS_H
#define ENGINE_UPLOAD_SUMS_H

#include "engine/engine.h"

struct cx;

struct upload_parts {		/* of an object, in their order */
	struct upload_part	*at;
	size_t			 n;
};

/* The multipart ETag: MD5 of the parts' MD5s, and how many.  [S3] */
struct str	upload_sums_etag(struct cx *cx, const struct upload_parts *p);
/*
 * Fills the checksum of en, and keeps the parts' own, when the upload asked
 * for one and every part has it.  E_BAD_DIGEST when `want` is another of that
 * kind, E_BAD_REQUEST when it is of another kind or there is none to compare
 * with; its name "": none is wanted.
 */
enum err	upload_sums_join(struct cx *cx, const struct upload *u,
		    const struct upload_parts *p, const struct pair *want,
		    struct entry *en);

#endif
