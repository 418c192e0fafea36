/* Tags, wherever a request has them. */
#ifndef S3_S3_TAGS_H
#define S3_S3_TAGS_H

#include "s3/s3_call.h"

struct xml;

/* The header x-amz-tagging into en->tags, none when it was not sent.
 * E_BAD_ARGUMENT, as InvalidTag over the limits. */
enum err	s3_tags_header(struct cx *cx, const struct s3_call *c,
		    struct entry *en);

/*
 * [S3 Tagging] A document <Tagging> that stands on its root, read to its end
 * and closed; most is how many tags are allowed.  *tags is in the context's
 * memory.  E_BAD_XML; E_BAD_ARGUMENT (InvalidTag); what vouches for its source.
 */
enum err	s3_tags_read(struct cx *cx, struct xml *x, size_t most,
		    struct pair **tags, size_t *n);

#endif
