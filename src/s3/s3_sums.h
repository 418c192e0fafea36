/* Checksums of objects and parts: x-amz-checksum-* and <Checksum…>. */
#ifndef S3_S3_SUMS_H
#define S3_S3_SUMS_H

#include "base/digest.h"
#include "s3/s3_call.h"

/* What x-amz-checksum-algorithm asks for; *out is NULL when it was not sent.
 * E_BAD_REQUEST: S3 has no such checksum. */
enum err	s3_sums_algorithm(struct cx *cx, const struct s3_call *c,
		    const struct digest_sum **out);

/* "COMPOSITE", of the checksums of parts, or "FULL_OBJECT". */
struct str	s3_sums_type(bool composite);

/* Every checksum of an object as headers of the answer, and their type. */
void		s3_sums_headers(struct s3_call *c, const struct entry *en);

/* Every checksum of a part; it has no type. */
void		s3_sums_part_headers(struct s3_call *c,
		    const struct entry *en);

/* <ChecksumCRC32> or another: one, by its name in digest.h; nothing where none
 * has that name. */
void		s3_sums_put_one(struct buf *b, struct str name,
		    struct str value);

/* The same of each checksum that an object or part has. */
void		s3_sums_put(struct buf *b, const struct entry *en);

/* <ChecksumType>, if the object has any checksum. */
void		s3_sums_put_type(struct buf *b, const struct entry *en);

#endif
