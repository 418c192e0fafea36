/* A request's body with everything that vouches for it. */
#ifndef S3_S3_BODY_H
#define S3_S3_BODY_H

#include "base/digest.h"
#include "s3/s3_call.h"

struct xml;

struct s3_sum {
	const char		*name;		/* "crc32" */
	enum digest_kind	 kind;
	struct digest		 digest;
	struct str		 want;	/* as sent; p NULL: only computed */
	bool			 in_trailer;
	struct str		 got;		/* base64 */
};

/* Its caller may change what source is, any_length, and the wants of sums. */
struct s3_body {
	struct s3_call	*call;
	struct source	 source;		/* the payload, unframed */
	uint64_t	 length;		/* of the payload */
	bool		 any_length;	/* it is not said */
	bool		 has_md5;
	unsigned char	 md5[16];
	bool		 has_hash;
	struct digest	 hash;			/* x-amz-content-sha256 */
	struct s3_sum	 sums[DIGEST_SUMS];
	size_t		 n_sums;
	struct pair	 trailer;		/* filled at the end */
	/* a body that is no object's */
	uint64_t	 seen;
	size_t		 most;
	enum err	 too_large;	/* how more than that is refused */
	struct digest	 md5_digest;
};

/*
 * Open the body of c->req, and read no byte of it.  sum names a checksum to
 * compute too ("" for none), as an upload asks for.  *out is in the context's
 * memory and is released with it.  E_BAD_REQUEST for digests that are none,
 * E_NO_LENGTH.
 */
enum err	s3_body_open(struct cx *cx, struct s3_call *c, struct str sum,
		    struct s3_body **out);

/*
 * Store the payload, then check all digests and lengths; what is not vouched
 * for stays without a name, and gc takes it.  E_TOO_LARGE over max bytes,
 * E_BAD_DIGEST, E_INCOMPLETE_BODY, E_SIGNATURE, E_BAD_REQUEST for a trailer;
 * what body_take gives.
 */
enum err	s3_body_take(struct cx *cx, struct s3_body *b, uint64_t max,
		    struct body **out);

/*
 * A document in XML of at most max bytes, read as it comes, its root as named;
 * xml_close fails unless all vouches for the body, so nothing is done with it
 * before.  E_BAD_XML, also over max; E_BUSY without memory for it.
 */
enum err	s3_body_xml(struct cx *cx, struct s3_body *b, size_t max,
		    const char *root, struct xml **out);

/* The same of the body of c->req, opened here. */
enum err	s3_body_read_xml(struct cx *cx, struct s3_call *c, size_t max,
		    const char *root, struct xml **out);

/* The whole body of c->req as text, checked; E_TOO_LARGE over max bytes. */
enum err	s3_body_read_text(struct cx *cx, struct s3_call *c,
		    size_t max, struct str *out);

/* The checksums that were computed, into en->sums; after s3_body_take. */
void		s3_body_sums(struct cx *cx, const struct s3_body *b,
		    struct entry *en);

#endif
