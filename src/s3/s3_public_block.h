/* The public access block of a repository. */
#ifndef S3_S3_PUBLIC_BLOCK_H
#define S3_S3_PUBLIC_BLOCK_H

#include "s3/s3_call.h"

/* Is this member of it, "BlockPublicPolicy" or another, true? */
bool		s3_public_block_has(struct cx *cx, const struct repo *r,
		    const char *member);

#endif
