/*
 * AWS Signature Version 2 of S3: string to sign and signature.  Pure.
 * [S3 "Signing and authenticating REST requests"]
 */
#ifndef NET_SIGV2_H
#define NET_SIGV2_H

#include <stdbool.h>

#include "base/str.h"

struct cx;

struct sigv2_request {
	struct str	 method, md5, type;	/* headers, or "" */
	struct str	 date;		/* Date, Expires; "" with x-amz-date */
	struct pair	*amz;		/* x-amz-*, names in lower case */
	size_t		 n_amz;
	struct str	 bucket;	/* named by the host, or "" */
	struct str	 path;		/* as sent, still escaped */
	struct pair	*query;		/* decoded */
	size_t		 n_query;
};

/* Is this query parameter a part of what is signed? */
bool		sigv2_signs(struct str parameter);
/* What is signed, in the memory of cx; "", which nobody signs, when it is over
 * a MiB. */
struct str	sigv2_string_to_sign(struct cx *cx,
		    const struct sigv2_request *r);
/* The signature in base64, as clients send it. */
struct str	sigv2_sign(struct cx *cx, struct str secret,
		    struct str string_to_sign);

#endif
