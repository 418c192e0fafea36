/* What requests say in headers and queries, read in one way. */
#ifndef S3_S3_TAKE_H
#define S3_S3_TAKE_H

#include "s3/s3_call.h"

/* Set c->key, and c->lp to what it and the bucket name; c->at is
 * target_make's to fill. */
void		s3_take_key(struct s3_call *c, struct str key);

/*
 * If-Match and kin under a prefix, "" or "x-amz-copy-source-" or
 * "x-amz-rename-source-"; under "" also x-amz-if-match-size and
 * -last-modified-time.  A date that cannot be read does not count, but for the
 * last one's.  E_BAD_ARGUMENT for that, and for a size that is no number.
 */
enum err	s3_take_cond(struct cx *cx, const struct s3_call *c,
		    const char *prefix, struct cond *out);

/* A date of HTTP or ISO 8601, in ms since 1970; 0: it is none, and does not
 * count where it is a condition.  [RFC 9110 13.1.3] */
int64_t		s3_take_date(struct str date);

/* An ETag without the quotation marks that clients may send around it. */
struct str	s3_take_etag(struct str etag);

/* [S3] A versionId is "null" or a commit's full id: E_BAD_ARGUMENT.  Only
 * "null" can be written to: E_READ_ONLY_REF. */
enum err	s3_take_version(struct cx *cx, struct str version,
		    bool writes);

/* x-amz-copy-source, with its version, past the gate.  E_BAD_ARGUMENT, and
 * what target_object gives. */
enum err	s3_take_copy_source(struct cx *cx, const struct s3_call *c,
		    struct target *src);

/* A number, from the query parameter of this name or else the header: fallback
 * when neither was sent, max when it is more.  E_BAD_ARGUMENT. */
enum err	s3_take_number(struct cx *cx, const struct s3_call *c,
		    const char *name, uint64_t fallback, uint64_t max,
		    uint64_t *out);

/* Does encoding-type ask for URL encoding?  E_BAD_ARGUMENT for any other. */
enum err	s3_take_encoding(struct cx *cx, const struct s3_call *c,
		    bool *url);

#endif
