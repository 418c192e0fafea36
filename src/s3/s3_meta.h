/* What is kept beside an object's bytes, as headers have it. */
#ifndef S3_S3_META_H
#define S3_S3_META_H

#include "s3/s3_call.h"

/*
 * Begin *en with what the headers of a write say: Content-Type, Cache-Control
 * and kin, x-amz-storage-class, x-amz-meta-*, x-amz-tagging; all else of it is
 * zero.  The values stay the request's.  E_METADATA_TOO_LARGE; E_BAD_ARGUMENT
 * for tags; for the storage class E_BAD_REQUEST and E_NOT_IMPLEMENTED.
 */
enum err	s3_meta_take(struct cx *cx, const struct s3_call *c,
		    struct entry *en);

/*
 * The headers of a read: all of the above, less what is no legal header or has
 * no room, which x-amz-missing-meta counts; what response-* of the query asks
 * for instead; and ETag, Last-Modified, Accept-Ranges, x-amz-version-id.
 */
void		s3_meta_headers(struct cx *cx, struct s3_call *c,
		    const struct entry *en);

/* Of which object, and in which state: ETag and Last-Modified, as an answer has
 * them that is not the object. */
void		s3_meta_state(struct cx *cx, struct s3_call *c,
		    const struct entry *en);

/* Under this name its storage class is among the headers of an entry. */
#define S3_META_CLASS	"x-amz-storage-class"

/* The storage class that the object was put with; STANDARD where it says none.
 * It is told back and means nothing else. */
struct str	s3_meta_class(const struct entry *en);

/* x-amz-version-id, where versions are shown. */
void		s3_meta_version(struct s3_call *c, const struct entry *en);

/* An ETag as headers and XML have it, in quotes, in the context's memory. */
struct str	s3_meta_etag(struct cx *cx, struct str etag);

#endif
