/*
 * The operation table.  The first row that fits wins, so the more specific
 * come first; a query key that the row does not allow is 501, so that nothing
 * ever falls through to another operation.
 */
#include "s3/s3_call.h"

#define LIST	"prefix delimiter max-keys encoding-type"

static const struct s3_row rows[] = {
	/* method  scope  ?must  header  also allowed  does  called  needs */
	{ M_GET, AT_SERVICE, NULL, NULL,
	    "prefix max-buckets continuation-token bucket-region",
	    s3_list_buckets, "ListBuckets", 0 },

	{ M_HEAD, AT_BUCKET, NULL, NULL, "", s3_head_bucket, "HeadBucket", 0 },
	{ M_GET, AT_BUCKET, "location", NULL, "", s3_get_bucket_location,
	    "GetBucketLocation", 0 },
	{ M_GET, AT_BUCKET, "versioning", NULL, "", s3_get_bucket_versioning,
	    "GetBucketVersioning", 0 },
	{ M_PUT, AT_BUCKET, "versioning", NULL, "", s3_put_bucket_versioning,
	    "PutBucketVersioning", F_WRITE },
	{ M_GET, AT_BUCKET, "versions", NULL,
	    LIST " key-marker version-id-marker", s3_list_object_versions,
	    "ListObjectVersions", 0 },
	{ M_GET, AT_BUCKET, "accelerate", NULL, "", s3_fixed_answer,
	    "GetBucketAccelerateConfiguration", 0 },
	{ M_GET, AT_BUCKET, "acl", NULL, "", s3_fixed_answer, "GetBucketAcl",
	    0 },
	{ M_GET, AT_BUCKET, "cors", NULL, "", s3_get_bucket_cors,
	    "GetBucketCors", 0 },
	{ M_PUT, AT_BUCKET, "cors", NULL, "", s3_put_bucket_cors,
	    "PutBucketCors", F_WRITE },
	{ M_DELETE, AT_BUCKET, "cors", NULL, "", s3_delete_bucket_cors,
	    "DeleteBucketCors", F_WRITE },
	{ M_GET, AT_BUCKET, "encryption", NULL, "", s3_fixed_answer,
	    "GetBucketEncryption", 0 },
	{ M_GET, AT_BUCKET, "lifecycle", NULL, "", s3_fixed_answer,
	    "GetBucketLifecycleConfiguration", 0 },
	{ M_GET, AT_BUCKET, "logging", NULL, "", s3_fixed_answer,
	    "GetBucketLogging", 0 },
	{ M_GET, AT_BUCKET, "notification", NULL, "", s3_fixed_answer,
	    "GetBucketNotificationConfiguration", 0 },
	{ M_GET, AT_BUCKET, "object-lock", NULL, "", s3_fixed_answer,
	    "GetObjectLockConfiguration", 0 },
	{ M_GET, AT_BUCKET, "ownershipControls", NULL, "", s3_fixed_answer,
	    "GetBucketOwnershipControls", 0 },
	{ M_GET, AT_BUCKET, "policy", NULL, "", s3_get_bucket_policy,
	    "GetBucketPolicy", 0 },
	{ M_PUT, AT_BUCKET, "policy", NULL, "", s3_put_bucket_policy,
	    "PutBucketPolicy", F_WRITE },
	{ M_DELETE, AT_BUCKET, "policy", NULL, "", s3_delete_bucket_policy,
	    "DeleteBucketPolicy", F_WRITE },
	{ M_GET, AT_BUCKET, "policyStatus", NULL, "",
	    s3_get_bucket_policy_status, "GetBucketPolicyStatus", 0 },
	{ M_GET, AT_BUCKET, "publicAccessBlock", NULL, "", s3_fixed_answer,
	    "GetPublicAccessBlock", 0 },
	{ M_GET, AT_BUCKET, "replication", NULL, "", s3_fixed_answer,
	    "GetBucketReplication", 0 },
	{ M_GET, AT_BUCKET, "requestPayment", NULL, "", s3_fixed_answer,
	    "GetBucketRequestPayment", 0 },
	{ M_GET, AT_BUCKET, "tagging", NULL, "", s3_get_bucket_tagging,
	    "GetBucketTagging", 0 },
	{ M_PUT, AT_BUCKET, "tagging", NULL, "", s3_put_bucket_tagging,
	    "PutBucketTagging", F_WRITE },
	{ M_DELETE, AT_BUCKET, "tagging", NULL, "",
	    s3_delete_bucket_tagging, "DeleteBucketTagging", F_WRITE },
	{ M_GET, AT_BUCKET, "website", NULL, "", s3_fixed_answer,
	    "GetBucketWebsite", 0 },
	{ M_GET, AT_BUCKET, "uploads", NULL,
	    "prefix delimiter key-marker upload-id-marker max-uploads "
	    "encoding-type",
	    s3_list_multipart_uploads, "ListMultipartUploads", 0 },
	{ M_GET, AT_BUCKET, "list-type", NULL,
	    LIST " continuation-token start-after fetch-owner",
	    s3_list_objects_v2, "ListObjectsV2", 0 },
	{ M_GET, AT_BUCKET, NULL, NULL, LIST " marker", s3_list_objects,
	    "ListObjects", 0 },
	{ M_POST, AT_BUCKET, "delete", NULL, "", s3_delete_objects,
	    "DeleteObjects", F_WRITE },
	{ M_PUT, AT_BUCKET, NULL, NULL, "", s3_create_bucket, "CreateBucket",
	    F_WRITE },
	{ M_DELETE, AT_BUCKET, NULL, NULL, "", s3_delete_bucket,
	    "DeleteBucket", F_WRITE },
	{ M_POST, AT_BUCKET, NULL, NULL, "", s3_post_object, "PostObject",
	    F_WRITE | F_FORM },

	{ M_GET, AT_OBJECT, "uploadId", NULL,
	    "max-parts part-number-marker encoding-type", s3_list_parts,
	    "ListParts", 0 },
	{ M_GET, AT_OBJECT, "acl", NULL, "", s3_fixed_answer, "GetObjectAcl",
	    0 },
	{ M_GET, AT_OBJECT, "attributes", NULL, "versionId",
	    s3_get_object_attributes,
	    "GetObjectAttributes", 0 },
	{ M_GET, AT_OBJECT, "tagging", NULL, "versionId",
	    s3_get_object_tagging, "GetObjectTagging", 0 },
	{ M_PUT, AT_OBJECT, "tagging", NULL, "versionId",
	    s3_put_object_tagging, "PutObjectTagging", F_WRITE },
	{ M_DELETE, AT_OBJECT, "tagging", NULL, "versionId",
	    s3_delete_object_tagging, "DeleteObjectTagging", F_WRITE },
	{ M_GET, AT_OBJECT, NULL, NULL, "partNumber versionId",
	    s3_get_object, "GetObject", 0 },
	{ M_HEAD, AT_OBJECT, NULL, NULL, "partNumber versionId",
	    s3_get_object, "HeadObject", 0 },
	{ M_PUT, AT_OBJECT, "uploadId", "x-amz-copy-source", "partNumber",
	    s3_upload_part_copy, "UploadPartCopy", F_WRITE },
	{ M_PUT, AT_OBJECT, "uploadId", NULL, "partNumber", s3_upload_part,
	    "UploadPart", F_WRITE },
	{ M_PUT, AT_OBJECT, NULL, "x-amz-rename-source", "renameObject",
	    s3_rename_object, "RenameObject", F_WRITE },
	{ M_PUT, AT_OBJECT, NULL, "x-amz-copy-source", "", s3_copy_object,
	    "CopyObject", F_WRITE },
	{ M_PUT, AT_OBJECT, NULL, NULL, "", s3_put_object, "PutObject",
	    F_WRITE },
	{ M_POST, AT_OBJECT, "uploads", NULL, "", s3_create_multipart_upload,
	    "CreateMultipartUpload", F_WRITE },
	{ M_POST, AT_OBJECT, "uploadId", NULL, "",
	    s3_complete_multipart_upload, "CompleteMultipartUpload",
	    F_WRITE },
	{ M_DELETE, AT_OBJECT, "uploadId", NULL, "",
	    s3_abort_multipart_upload, "AbortMultipartUpload", F_WRITE },
	{ M_DELETE, AT_OBJECT, NULL, NULL, "versionId", s3_delete_object,
	    "DeleteObject", F_WRITE },
};

const struct s3_row *
s3_route_table(size_t *n)
{
	*n = sizeof rows / sizeof rows[0];
	return rows;
}

/* Signatures and client marks may be on every request. */
static bool
allowed_everywhere(const struct request *req, struct str key)
{
	return str_is(key, STR("x-id")) ||
	    str_starts_nocase(key, STR("X-Amz-")) ||
	    str_is(key, STR("AWSAccessKeyId")) ||
	    str_is(key, STR("Signature")) || str_is(key, STR("Expires")) ||
	    ((str_is(key, STR("content-type")) ||
	    str_is(key, STR("content-md5"))) &&
	    request_query(req, "AWSAccessKeyId") != NULL) ||
	    (str_starts(key, STR("response-")) &&
	    (req->method == M_GET || req->method == M_HEAD));
}

bool
s3_listed(const char *words, struct str word)
{
	struct str	rest = str_of(words), one;

	while (str_split(&rest, ' ', &one))
		if (one.n > 0 && str_is(one, word))
			return true;
	return false;
}

static enum err
keys_check(struct cx *cx, const struct request *req,
    const struct s3_row *row)
{
	struct str	key;
	size_t		i;

	for (i = 0; i < req->n_query; i++) {
		key = req->query[i].name;
		if (allowed_everywhere(req, key) ||
		    s3_listed(row->allowed, key) ||
		    (row->must != NULL && str_is(key, str_of(row->must))))
			continue;
		return fail(cx, E_NOT_IMPLEMENTED, "The query parameter "
		    "\"%.*s\" implies functionality that is not implemented "
		    "for this resource.", STRF(key));
	}
	return OK;
}

enum err
s3_route(struct cx *cx, const struct request *req, enum s3_scope scope,
    const struct s3_row **out)
{
	const struct s3_row	*r;

	for (r = rows; r < rows + sizeof rows / sizeof rows[0]; r++) {
		if (r->method != req->method || r->scope != scope ||
		    (r->must != NULL && request_query(req, r->must) == NULL) ||
		    (r->header != NULL &&
		    request_header(req, r->header).p == NULL))
			continue;
		*out = r;
		return keys_check(cx, req, r);
	}
	return fail(cx, req->n_query > 0 ? E_NOT_IMPLEMENTED : E_METHOD,
	    "The specified method is not allowed against this resource.");
}
