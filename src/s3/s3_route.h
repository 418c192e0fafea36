/* The table of operations. */
#ifndef S3_S3_ROUTE_H
#define S3_S3_ROUTE_H

#include "s3/s3_call.h"

enum s3_scope { AT_SERVICE, AT_BUCKET, AT_OBJECT };
/* What a bucket policy can allow; MAY_NOBODY: it cannot. */
enum s3_action { MAY_NOBODY, MAY_GET_OBJECT, MAY_GET_VERSION,
	MAY_GET_ATTRIBUTES, MAY_GET_TAGGING, MAY_GET_LOCATION, MAY_LIST,
	MAY_LIST_VERSIONS };
enum { F_WRITE = 1, F_FORM = 2 };	/* F_FORM: the body says who asks */

/* The operations that take headers which not every operation takes. */
enum s3_op {
	OP_LIST_OBJECTS = 1 << 0,
	OP_LIST_OBJECTS_V2 = 1 << 1,
	OP_LIST_OBJECT_VERSIONS = 1 << 2,
	OP_CREATE_BUCKET = 1 << 3,
	OP_PUT_BUCKET_VERSIONING = 1 << 4,
	OP_PUT_BUCKET_POLICY = 1 << 5,
	OP_GET_OBJECT = 1 << 6,
	OP_HEAD_OBJECT = 1 << 7,
	OP_GET_OBJECT_ATTRIBUTES = 1 << 8,
	OP_PUT_OBJECT = 1 << 9,
	OP_COPY_OBJECT = 1 << 10,
	OP_RENAME_OBJECT = 1 << 11,
	OP_DELETE_OBJECT = 1 << 12,
	OP_DELETE_OBJECTS = 1 << 13,
	OP_CREATE_MULTIPART_UPLOAD = 1 << 14,
	OP_UPLOAD_PART = 1 << 15,
	OP_UPLOAD_PART_COPY = 1 << 16,
	OP_COMPLETE_MULTIPART_UPLOAD = 1 << 17,
	OP_ABORT_MULTIPART_UPLOAD = 1 << 18,
	OP_LIST_PARTS = 1 << 19,
	OP_PUT_BUCKET_ACL = 1 << 20,
	OP_PUT_OBJECT_ACL = 1 << 21,
	OP_PUT_BUCKET_LIFECYCLE_CONFIGURATION = 1 << 22,
	OP_PUT_BUCKET_NOTIFICATION_CONFIGURATION = 1 << 23,
};

struct s3_row {
	enum method	 method;
	enum s3_scope	 scope;
	const char	*must;		/* query key, or NULL */
	const char	*header;	/* present, or NULL */
	const char	*allowed;	/* space-separated, further keys */
	s3_fn		*run;
	const char	*called;
	unsigned	 needs;
	enum s3_op	 op;		/* or 0 */
	/* What a bucket policy must allow before anybody may do this without
	 * a key, and with a versionId where that is another. */
	enum s3_action	 action, versioned;
	/* Of a key that names a branch alone; NULL: s3_marker_refuse. */
	s3_fn		*marker;
	/* s3_fixed_document's, or the code of s3_fixed_missing. */
	const char	*answer;
};

/*
 * The first row that fits the method, the scope, the query and the headers.
 * *out is set, for the log, also when the query has a key of S3's that the row
 * does not allow: E_NOT_IMPLEMENTED.  Keys that S3 does not have are ignored.
 * When no row fits, E_METHOD, or E_NOT_IMPLEMENTED for a query of S3's.
 */
enum err	s3_route(struct cx *cx, const struct request *req,
		    enum s3_scope scope, const struct s3_row **out);

/* All rows, *n of them, in their order. */
const struct s3_row *s3_route_table(size_t *n);

#endif
