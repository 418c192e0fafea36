/*
 * AWS Signature Version 4: canonical request, string to sign, signature.
 * Pure, and used by both ends.  [AWS SigV4]
 */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include "base/digest.h"
#include "base/str.h"

struct buf;
struct cx;

struct sigv4_request {
	struct str	 method, path;		/* path decoded once */
	struct pair	*query;	/* decoded, without the signature */
	size_t		 n_query;
	struct pair	*headers;	/* the signed ones, names sorted */
	size_t		 n_headers;
	struct str	 payload;		/* hash, or its stand-in */
};

/*
 * "Algorithm\nDate\nScope\nHash of the canonical request", in the memory of cx,
 * and in *canonical the request that was hashed; "", which nobody signs, when
 * that is over a MiB.
 */
struct str	sigv4_string_to_sign(struct cx *cx,
		    const struct sigv4_request *r, struct str amz_date,
		    struct str scope, struct str *canonical);
/* The signing key of a day (YYYYMMDD), a region and a service. */
void		sigv4_key(struct cx *cx, struct str secret, struct str day,
		    struct str region, struct str service,
		    unsigned char key[SHA256_BYTES]);
/* The signature: 64 hex digits and a NUL. */
void		sigv4_sign(const unsigned char key[SHA256_BYTES],
		    struct str string_to_sign, char hex[65]);

#endif
