/*
 * The operation table.  The first row that fits wins, so the more specific
 * come first; a query key that S3 has and the row does not allow is 501, so
 * that nothing ever falls through to another operation.
 */
#include "s3/s3_route.h"

#include "s3/s3_xml.h"

#define LIST	"prefix delimiter max-keys encoding-type"
#define DOCUMENT(root, inside) \
	"<" root " xmlns=\"" S3_XMLNS "\">" inside "</" root ">"

static const struct s3_row rows[] = {
	/* method  scope  ?must  header  also allowed  does  called  needs
	 * what else the operation has: see struct s3_row */
	{ M_GET, AT_SERVICE, NULL, NULL,
	    "prefix max-buckets continuation-token bucket-region",
	    s3_list_buckets, "ListBuckets", .needs = 0 },

	{ M_HEAD, AT_BUCKET, NULL, NULL, "", s3_head_bucket, "HeadBucket",
	    .needs = 0, .action = MAY_LIST },
	{ M_GET, AT_BUCKET, "location", NULL, "", s3_get_bucket_location,
	    "GetBucketLocation", .needs = 0, .action = MAY_GET_LOCATION },
	{ M_GET, AT_BUCKET, "versioning", NULL, "", s3_get_bucket_versioning,
	    "GetBucketVersioning", .needs = 0 },
	{ M_PUT, AT_BUCKET, "versioning", NULL, "", s3_put_bucket_versioning,
	    "PutBucketVersioning", .needs = F_WRITE,
	    .op = OP_PUT_BUCKET_VERSIONING },
	{ M_GET, AT_BUCKET, "versions", NULL,
	    LIST " key-marker version-id-marker", s3_list_object_versions,
	    "ListObjectVersions", .needs = 0,
	    .op = OP_LIST_OBJECT_VERSIONS, .action = MAY_LIST_VERSIONS },
	{ M_GET, AT_BUCKET, "accelerate", NULL, "", s3_fixed_document,
	    "GetBucketAccelerateConfiguration", .needs = 0,
	    .answer = DOCUMENT("AccelerateConfiguration", "") },
	{ M_PUT, AT_BUCKET, "accelerate", NULL, "", s3_put_already,
	    "PutBucketAccelerateConfiguration", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "acl", NULL, "", s3_get_acl, "GetBucketAcl",
	    .needs = 0 },
	{ M_PUT, AT_BUCKET, "acl", NULL, "", s3_put_acl,
	    "PutBucketAcl", .needs = F_WRITE, .op = OP_PUT_BUCKET_ACL },
	{ M_GET, AT_BUCKET, "cors", NULL, "", s3_get_bucket_cors,
	    "GetBucketCors", .needs = 0 },
	{ M_PUT, AT_BUCKET, "cors", NULL, "", s3_put_bucket_cors,
	    "PutBucketCors", .needs = F_WRITE },
	{ M_DELETE, AT_BUCKET, "cors", NULL, "", s3_delete_bucket_cors,
	    "DeleteBucketCors", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "encryption", NULL, "", s3_get_bucket_encryption,
	    "GetBucketEncryption", .needs = 0 },
	{ M_PUT, AT_BUCKET, "encryption", NULL, "", s3_put_bucket_encryption,
	    "PutBucketEncryption", .needs = F_WRITE },
	{ M_DELETE, AT_BUCKET, "encryption", NULL, "", s3_delete_already,
	    "DeleteBucketEncryption", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "lifecycle", NULL, "", s3_get_bucket_lifecycle,
	    "GetBucketLifecycleConfiguration", .needs = 0 },
	{ M_PUT, AT_BUCKET, "lifecycle", NULL, "", s3_put_bucket_lifecycle,
	    "PutBucketLifecycleConfiguration", .needs = F_WRITE,
	    .op = OP_PUT_BUCKET_LIFECYCLE_CONFIGURATION },
	{ M_DELETE, AT_BUCKET, "lifecycle", NULL, "",
	    s3_delete_bucket_lifecycle, "DeleteBucketLifecycle",
	    .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "logging", NULL, "", s3_fixed_document,
	    "GetBucketLogging", .needs = 0,
	    .answer = DOCUMENT("BucketLoggingStatus", "") },
	{ M_PUT, AT_BUCKET, "logging", NULL, "", s3_put_already,
	    "PutBucketLogging", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "notification", NULL, "", s3_fixed_document,
	    "GetBucketNotificationConfiguration", .needs = 0,
	    .answer = DOCUMENT("NotificationConfiguration", "") },
	{ M_PUT, AT_BUCKET, "notification", NULL, "", s3_put_already,
	    "PutBucketNotificationConfiguration", .needs = F_WRITE,
	    .op = OP_PUT_BUCKET_NOTIFICATION_CONFIGURATION },
	{ M_GET, AT_BUCKET, "object-lock", NULL, "", s3_fixed_missing,
	    "GetObjectLockConfiguration", .needs = 0,
	    .answer = "ObjectLockConfigurationNotFoundError" },
	{ M_GET, AT_BUCKET, "ownershipControls", NULL, "", s3_fixed_document,
	    "GetBucketOwnershipControls", .needs = 0,
	    .answer = DOCUMENT("OwnershipControls", "<Rule><ObjectOwnership>"
	    "BucketOwnerEnforced</ObjectOwnership></Rule>") },
	{ M_PUT, AT_BUCKET, "ownershipControls", NULL, "", s3_put_already,
	    "PutBucketOwnershipControls", .needs = F_WRITE },
	{ M_DELETE, AT_BUCKET, "ownershipControls", NULL, "", s3_delete_already,
	    "DeleteBucketOwnershipControls", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "policy", NULL, "", s3_get_bucket_policy,
	    "GetBucketPolicy", .needs = 0 },
	{ M_PUT, AT_BUCKET, "policy", NULL, "", s3_put_bucket_policy,
	    "PutBucketPolicy", .needs = F_WRITE, .op = OP_PUT_BUCKET_POLICY },
	{ M_DELETE, AT_BUCKET, "policy", NULL, "", s3_delete_bucket_policy,
	    "DeleteBucketPolicy", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "policyStatus", NULL, "",
	    s3_get_bucket_policy_status, "GetBucketPolicyStatus", .needs = 0 },
	{ M_GET, AT_BUCKET, "publicAccessBlock", NULL, "",
	    s3_get_public_access_block, "GetPublicAccessBlock", .needs = 0 },
	{ M_PUT, AT_BUCKET, "publicAccessBlock", NULL, "",
	    s3_put_public_access_block, "PutPublicAccessBlock",
	    .needs = F_WRITE },
	{ M_DELETE, AT_BUCKET, "publicAccessBlock", NULL, "",
	    s3_delete_public_access_block, "DeletePublicAccessBlock",
	    .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "replication", NULL, "", s3_fixed_missing,
	    "GetBucketReplication", .needs = 0,
	    .answer = "ReplicationConfigurationNotFoundError" },
	{ M_DELETE, AT_BUCKET, "replication", NULL, "", s3_delete_already,
	    "DeleteBucketReplication", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "requestPayment", NULL, "", s3_fixed_document,
	    "GetBucketRequestPayment", .needs = 0,
	    .answer = DOCUMENT("RequestPaymentConfiguration",
	    "<Payer>BucketOwner</Payer>") },
	{ M_PUT, AT_BUCKET, "requestPayment", NULL, "", s3_put_already,
	    "PutBucketRequestPayment", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "tagging", NULL, "", s3_get_bucket_tagging,
	    "GetBucketTagging", .needs = 0 },
	{ M_PUT, AT_BUCKET, "tagging", NULL, "", s3_put_bucket_tagging,
	    "PutBucketTagging", .needs = F_WRITE },
	{ M_DELETE, AT_BUCKET, "tagging", NULL, "",
	    s3_delete_bucket_tagging, "DeleteBucketTagging", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "website", NULL, "", s3_fixed_missing,
	    "GetBucketWebsite", .needs = 0,
	    .answer = "NoSuchWebsiteConfiguration" },
	{ M_DELETE, AT_BUCKET, "website", NULL, "", s3_delete_already,
	    "DeleteBucketWebsite", .needs = F_WRITE },
	{ M_GET, AT_BUCKET, "uploads", NULL,
	    "prefix delimiter key-marker upload-id-marker max-uploads "
	    "encoding-type",
	    s3_list_multipart_uploads, "ListMultipartUploads", .needs = 0 },
	{ M_GET, AT_BUCKET, "list-type", NULL,
	    LIST " continuation-token start-after fetch-owner",
	    s3_list_objects_v2, "ListObjectsV2", .needs = 0,
	    .op = OP_LIST_OBJECTS_V2, .action = MAY_LIST },
	{ M_GET, AT_BUCKET, NULL, NULL, LIST " marker", s3_list_objects,
	    "ListObjects", .needs = 0,
	    .op = OP_LIST_OBJECTS, .action = MAY_LIST },
	{ M_POST, AT_BUCKET, "delete", NULL, "", s3_delete_objects,
	    "DeleteObjects", .needs = F_WRITE, .op = OP_DELETE_OBJECTS },
	{ M_PUT, AT_BUCKET, NULL, NULL, "", s3_create_bucket, "CreateBucket",
	    .needs = F_WRITE, .op = OP_CREATE_BUCKET },
	{ M_DELETE, AT_BUCKET, NULL, NULL, "", s3_delete_bucket, "DeleteBucket",
	    .needs = F_WRITE },
	{ M_POST, AT_BUCKET, NULL, NULL, "", s3_post_object, "PostObject",
	    .needs = F_WRITE | F_FORM },

	{ M_GET, AT_OBJECT, "uploadId", NULL,
	    "max-parts part-number-marker encoding-type", s3_list_parts,
	    "ListParts", .needs = 0, .op = OP_LIST_PARTS },
	{ M_GET, AT_OBJECT, "acl", NULL, "versionId", s3_get_acl,
	    "GetObjectAcl", .needs = 0 },
	{ M_PUT, AT_OBJECT, "acl", NULL, "versionId", s3_put_acl,
	    "PutObjectAcl", .needs = 0, .op = OP_PUT_OBJECT_ACL },
	{ M_GET, AT_OBJECT, "attributes", NULL, "versionId",
	    s3_get_object_attributes, "GetObjectAttributes", .needs = 0,
	    .op = OP_GET_OBJECT_ATTRIBUTES, .action = MAY_GET_ATTRIBUTES },
	{ M_GET, AT_OBJECT, "tagging", NULL, "versionId", s3_get_object_tagging,
	    "GetObjectTagging", .needs = 0, .action = MAY_GET_TAGGING },
	{ M_PUT, AT_OBJECT, "tagging", NULL, "versionId",
	    s3_put_object_tagging, "PutObjectTagging", .needs = F_WRITE },
	{ M_DELETE, AT_OBJECT, "tagging", NULL, "versionId",
	    s3_delete_object_tagging, "DeleteObjectTagging", .needs = F_WRITE },
	{ M_GET, AT_OBJECT, NULL, NULL, "partNumber versionId", s3_get_object,
	    "GetObject", .needs = 0, .op = OP_GET_OBJECT,
	    .action = MAY_GET_OBJECT, .versioned = MAY_GET_VERSION },
	{ M_HEAD, AT_OBJECT, NULL, NULL, "partNumber versionId", s3_get_object,
	    "HeadObject", .needs = 0, .op = OP_HEAD_OBJECT,
	    .action = MAY_GET_OBJECT, .versioned = MAY_GET_VERSION },
	{ M_PUT, AT_OBJECT, "uploadId", "x-amz-copy-source", "partNumber",
	    s3_upload_part_copy, "UploadPartCopy", .needs = F_WRITE,
	    .op = OP_UPLOAD_PART_COPY },
	{ M_PUT, AT_OBJECT, "uploadId", NULL, "partNumber", s3_upload_part,
	    "UploadPart", .needs = F_WRITE, .op = OP_UPLOAD_PART },
	{ M_PUT, AT_OBJECT, NULL, "x-amz-rename-source", "renameObject",
	    s3_rename_object, "RenameObject", .needs = F_WRITE,
	    .op = OP_RENAME_OBJECT },
	{ M_PUT, AT_OBJECT, NULL, "x-amz-copy-source", "", s3_copy_object,
	    "CopyObject", .needs = F_WRITE, .op = OP_COPY_OBJECT },
	{ M_PUT, AT_OBJECT, NULL, NULL, "", s3_put_object, "PutObject",
	    .needs = F_WRITE, .op = OP_PUT_OBJECT, .marker = s3_marker_put },
	{ M_POST, AT_OBJECT, "uploads", NULL, "", s3_create_multipart_upload,
	    "CreateMultipartUpload", .needs = F_WRITE,
	    .op = OP_CREATE_MULTIPART_UPLOAD },
	{ M_POST, AT_OBJECT, "uploadId", NULL, "",
	    s3_complete_multipart_upload, "CompleteMultipartUpload",
	    .needs = F_WRITE, .op = OP_COMPLETE_MULTIPART_UPLOAD },
	{ M_DELETE, AT_OBJECT, "uploadId", NULL, "",
	    s3_abort_multipart_upload, "AbortMultipartUpload",
	    .needs = F_WRITE, .op = OP_ABORT_MULTIPART_UPLOAD },
	{ M_DELETE, AT_OBJECT, NULL, NULL, "versionId", s3_delete_object,
	    "DeleteObject", .needs = F_WRITE,
	    .op = OP_DELETE_OBJECT, .marker = s3_marker_delete },
};

const char *
s3_operation(size_t i)
{
	return i < sizeof rows / sizeof rows[0] ? rows[i].called : NULL;
}

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

static enum err
not_implemented(struct cx *cx, struct str key)
{
	return fail(cx, E_NOT_IMPLEMENTED, "The query parameter \"%.*s\" "
	    "implies functionality that is not implemented for this "
	    "resource.", STRF(key));
}

/* Is it one of these words? */
static bool
lists(const char *words, struct str word)
{
	struct str	rest = str_of(words), one;

	while (str_split(&rest, ' ', &one))
		if (one.n > 0 && str_is(one, word))
			return true;
	return false;
}

/*
 * Every parameter of a query that an operation of S3 has, which a test compares
 * with AWS's own description of the API.  Not "id": it is one's only beside the
 * name of a sub-resource, and pages have parameters of that name.
 */
static const char	parameters[] = "abac accelerate acl analytics "
    "annotation annotation-prefix annotationName attributes bucket-region "
    "continuation-token cors delete delimiter encoding-type encryption "
    "fetch-owner intelligent-tiering inventory key-marker legal-hold "
    "lifecycle list-type location logging marker max-annotation-results "
    "max-buckets max-directory-buckets max-keys max-parts max-uploads "
    "metadataAnnotationTable metadataConfiguration metadataInventoryTable "
    "metadataJournalTable metadataTable metrics notification object-lock "
    "ownershipControls part-number-marker partNumber policy policyStatus "
    "prefix publicAccessBlock renameObject replication requestPayment "
    "response-cache-control response-content-disposition "
    "response-content-encoding response-content-language "
    "response-content-type response-expires restore retention select "
    "select-type session start-after tagging torrent upload-id-marker "
    "uploadId uploads version-id-marker versionId versioning versions "
    "website";

/* A parameter that no operation has means nothing, as on AWS: caches, pages
 * and presigned addresses have such. */
static enum err
keys_check(struct cx *cx, const struct request *req,
    const struct s3_row *row)
{
	struct str	key;
	size_t		i;

	for (i = 0; i < req->n_query; i++) {
		key = req->query[i].name;
		if (allowed_everywhere(req, key) ||
		    lists(row->allowed, key) ||
		    (row->must != NULL && str_is(key, str_of(row->must))) ||
		    !lists(parameters, key))
			continue;
		return not_implemented(cx, key);
	}
	return OK;
}

enum err
s3_route(struct cx *cx, const struct request *req, enum s3_scope scope,
    const struct s3_row **out)
{
	const struct s3_row	*r;
	size_t			 i;

	for (r = rows; r < rows + sizeof rows / sizeof rows[0]; r++) {
		if (r->method != req->method || r->scope != scope ||
		    (r->must != NULL && request_query(req, r->must) == NULL) ||
		    (r->header != NULL &&
		    request_header(req, r->header).p == NULL))
			continue;
		*out = r;
		return keys_check(cx, req, r);
	}
	for (i = 0; i < req->n_query; i++)
		if (lists(parameters, req->query[i].name))
			return not_implemented(cx, req->query[i].name);
	return fail(cx, E_METHOD, "The specified method is not allowed "
	    "against this resource.");
}
