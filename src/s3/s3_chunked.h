/* The framing aws-chunked. */
#ifndef S3_S3_CHUNKED_H
#define S3_S3_CHUNKED_H

#include "s3/s3_call.h"

/*
 * A source of the payload of in, which is framed: each chunk is checked against
 * sig before its end is given.  At its end *trailer is the one trailer that is
 * no signature, or zero.  All three must last as long as out.  Reading fails
 * with E_INCOMPLETE_BODY when it is not well formed, and E_SIGNATURE.
 */
void		s3_chunked_open(struct cx *cx, const struct auth_signature *sig,
		    const struct source *in, struct pair *trailer,
		    struct source *out);

#endif
