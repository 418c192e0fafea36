/* Checksums of objects and parts: x-amz-checksum-* and <Checksum…>. */
#ifndef S3_S3_SUMS_H
#define S3_S3_SUMS_H

#include "base/digest.h"
#include "s3/s3_call.h"

/* What x-amz-checksum-algorithm asks for; *out is NULL when it was not sent.
 * E_BAD_REQUEST: S3 has no such checksum. */
enum err	s3_sums_algorithm(struct cx *cx, const struct s3_call *c,
		    const struct digest_sum **out);

/* "COMPOSITE" or "FULL_OBJECT". */
struct str	s3_sums_type(bool composite);

/* Every checksum of an object as headers, and their type. */
void		s3_sums_headers(struct s3_call *c, const struct entry *en);

/* The same of a part: a type it has not. */
void		s3_sums_part_headers(struct s3_call *c,
		    const struct entry *en);

/* <ChecksumCRC32>…: one, by its name in digest.h (nothing where there is none
 * of that name); all of an entry; and <ChecksumType> if it has any. */
void		s3_sums_put_one(struct buf *b, struct str name,
		    struct str value);
void		s3_sums_put(struct buf *b, const struct entry *en);
void		s3_sums_put_type(struct buf *b, const struct entry *en);

#endif
