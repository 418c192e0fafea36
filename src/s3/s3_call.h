/* One call of the gateway, as its operations share it, and their names. */
#ifndef S3_S3_CALL_H
#define S3_S3_CALL_H

#include "auth/auth.h"
#include "base/cx.h"
#include "base/limit.h"
#include "engine/engine.h"
#include "http/http.h"
#include "lake/lakepath.h"
#include "s3/s3.h"

struct s3_row;

/*
 * What is known of a request.  s3_handle fills it step by step: names, then who
 * asks, then the row, then what the names mean.  Strings are slices of the
 * request or live in the context's memory; all of it ends with the answer.
 */
struct s3_call {
	struct engine		*eng;
	struct auth		*auth;
	const struct s3_opts	*opt;
	struct request		*req;
	struct response		*res;
	struct auth_identity		 who;
	struct auth_signature	 sig;
	size_t			 n_by_query;	/* headers in its query */
	struct str		 bucket, key;
	struct str		 host_bucket;	/* bucket, named by the host */
	struct lakepath		 lp;
	struct target		 at;		/* lp, past the gate */
	const struct s3_row	*row;		/* of the route table */
	struct str		*deleted;	/* keys, by DeleteObjects */
	size_t			 n_deleted;
};

/*
 * As fail, where S3 has a code that one place alone gives: name is a literal.
 * The kind gives the status, and is what the log and the caller see.
 */
#define s3_fail(cx, kind, name, ...) \
	(fail((cx), (kind), __VA_ARGS__), cx_as((cx), (name)))

/*
 * An operation answers c->req in c->res, with status 200 where it sets none, or
 * fails: it then leaves the answer to s3_handle, but for headers that belong to
 * the error too.  Each needs the whole of c.  They stand in the files of their
 * groups, under S3's names for them.
 */
typedef enum err s3_fn(struct cx *cx, struct s3_call *c);
s3_fn	s3_list_buckets, s3_head_bucket, s3_get_bucket_location,
	s3_create_bucket, s3_delete_bucket, s3_get_bucket_versioning,
	s3_put_bucket_versioning,
	s3_get_bucket_cors, s3_put_bucket_cors, s3_delete_bucket_cors,
	s3_get_bucket_policy, s3_put_bucket_policy, s3_delete_bucket_policy,
	s3_get_bucket_policy_status,
	s3_get_public_access_block, s3_put_public_access_block,
	s3_delete_public_access_block,
	s3_get_bucket_encryption, s3_put_bucket_encryption,
	s3_get_bucket_lifecycle, s3_put_bucket_lifecycle,
	s3_delete_bucket_lifecycle,
	s3_list_objects, s3_list_objects_v2, s3_list_object_versions,
	s3_get_object, s3_get_object_attributes, s3_put_object, s3_post_object,
	s3_copy_object, s3_rename_object, s3_delete_object, s3_delete_objects,
	s3_get_object_tagging, s3_put_object_tagging,
	s3_delete_object_tagging,
	s3_get_bucket_tagging, s3_put_bucket_tagging,
	s3_delete_bucket_tagging,
	s3_create_multipart_upload, s3_upload_part, s3_upload_part_copy,
	s3_complete_multipart_upload, s3_abort_multipart_upload,
	s3_list_parts, s3_list_multipart_uploads;
/* GetBucketAcl and GetObjectAcl; PutBucketAcl and PutObjectAcl; what succeeds
 * where it asks for what is so already; what answers with c->row->answer, as a
 * document or as the code of a 404. */
s3_fn	s3_get_acl, s3_put_acl, s3_put_already, s3_delete_already,
	s3_fixed_document, s3_fixed_missing;
/* Of a key that names a branch alone: PutObject, DeleteObject, any other. */
s3_fn	s3_marker_put, s3_marker_delete, s3_marker_refuse;

#endif
