/* What multipart uploads share with their lists. */
#ifndef S3_S3_UPLOAD_H
#define S3_S3_UPLOAD_H

#include "s3/s3_call.h"

/* The query's uploadId.  E_NO_SUCH_UPLOAD for what cannot be one. */
enum err	s3_upload_id(struct cx *cx, const struct s3_call *c,
		    struct uid *out);

/* An upload's id as clients have it, in the context's memory. */
struct str	s3_upload_id_text(struct cx *cx, const struct uid *id);

#endif
