/* Error kinds to S3 codes, and the one place that writes <Error>. */
#include "s3/s3_call.h"

#include "base/xml.h"

const char *
s3_error_code(enum err e, int *status)
{
#define IS(st, code)	do { *status = (st); return (code); } while (0)
	switch (e) {
	case OK: case ERR_KINDS: IS(500, "InternalError");
	case E_NO_SUCH_REPO: case E_NO_SUCH_BRANCH:
		IS(404, "NoSuchBucket");
	case E_NO_SUCH_REF: case E_NO_SUCH_TAG: case E_NO_SUCH_OBJECT:
	case E_BAD_REF: case E_NO_SUCH_ROUTE:
		IS(404, "NoSuchKey");
	case E_NO_SUCH_VERSION: IS(404, "NoSuchVersion");
	case E_NO_SUCH_UPLOAD: IS(404, "NoSuchUpload");
	case E_NO_SUCH_USER: IS(404, "NoSuchEntity");
	case E_BAD_NAME: IS(400, "InvalidBucketName");
	case E_BAD_PATH: case E_BAD_ARGUMENT: case E_BAD_JSON:
		IS(400, "InvalidArgument");
	case E_KEY_TOO_LONG: IS(400, "KeyTooLongError");
	case E_BAD_REQUEST: IS(400, "InvalidRequest");
	case E_NO_ACL: IS(400, "AccessControlListNotSupported");
	case E_BAD_POLICY: IS(400, "MalformedPolicy");
	case E_BAD_DOCUMENT: IS(400, "InvalidPolicyDocument");
	case E_CORS: IS(403, "AccessForbidden");
	case E_BAD_XML: IS(400, "MalformedXML");
	case E_REPO_EXISTS: IS(409, "BucketAlreadyOwnedByYou");
	case E_NAME_TAKEN: IS(409, "BucketAlreadyExists");
	case E_READ_ONLY_REF: case E_METHOD: case E_DEFAULT_BRANCH:
	case E_DELETE_MARKER:
		IS(405, "MethodNotAllowed");
	case E_READ_ONLY_REPO: IS(403, "ErrReadOnlyRepository");
	case E_PROTECTED: IS(403, "ErrWriteToProtectedBranch");
	case E_PRECONDITION: IS(412, "PreconditionFailed");
	case E_NOT_MODIFIED: IS(304, "NotModified");
	case E_BAD_RANGE: IS(416, "InvalidRange");
	case E_BAD_PART_NUMBER: IS(416, "InvalidPartNumber");
	case E_BAD_TAG: IS(400, "InvalidTag");
	case E_NOT_EMPTY: IS(409, "BucketNotEmpty");
	case E_NO_CHANGES: case E_DIRTY: IS(400, "InvalidRequest");
	case E_CONFLICT: case E_TIP_MOVED: case E_SET_UP: case E_LAST_KEY:
		IS(409, "OperationAborted");
	case E_BAD_DIGEST: IS(400, "BadDigest");
	case E_INVALID_DIGEST: IS(400, "InvalidDigest");
	case E_BAD_SHA256: IS(400, "XAmzContentSHA256Mismatch");
	case E_INCOMPLETE_BODY: IS(400, "IncompleteBody");
	case E_TOO_LARGE: IS(400, "EntityTooLarge");
	case E_PART_TOO_SMALL: IS(400, "EntityTooSmall");
	case E_INVALID_PART: IS(400, "InvalidPart");
	case E_PART_ORDER: IS(400, "InvalidPartOrder");
	case E_METADATA_TOO_LARGE: IS(400, "MetadataTooLarge");
	case E_NO_LENGTH: IS(411, "MissingContentLength");
	case E_NO_AUTH: case E_DENIED: case E_EXPIRED:
	case E_OFF:
		IS(403, "AccessDenied");
	case E_NO_SUCH_KEY_ID: IS(403, "InvalidAccessKeyId");
	case E_SIGNATURE: IS(403, "SignatureDoesNotMatch");
	case E_TIME_SKEW: IS(403, "RequestTimeTooSkewed");
	case E_AUTH_HEADER: IS(400, "AuthorizationHeaderMalformed");
	case E_AUTH_QUERY: IS(400, "AuthorizationQueryParametersError");
	case E_TOO_MANY: IS(429, "TooManyRequests");
	case E_NOT_IMPLEMENTED: IS(501, "NotImplemented");
	case E_API_ENDPOINT: IS(404, "ErrNoSuchBucketPossibleAPIEndpoint");
	case E_BUSY: case E_CONDEMNED: IS(503, "SlowDown");
	case E_SLOW: IS(400, "RequestTimeout");
	case E_DISK_FULL: IS(503, "ServiceUnavailable");
	case E_STORE: case E_CORRUPT: case E_CONF:
		IS(500, "InternalError");
	}
	IS(500, "InternalError");
#undef IS
}

void
s3_error_answer(struct cx *cx, const struct request *req,
    struct response *res, int status, const char *code, struct str words,
    const struct pair *more, size_t n)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx->mem, S3_ANSWER_MAX);
	buf_z(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>");
	xml_put(&b, "Code", str_of(code));
	xml_put(&b, "Message", words);
	for (i = 0; i < n; i++)
		if (more[i].value.n > 0)
			xml_put(&b, more[i].name.p, more[i].value);
	xml_put(&b, "Resource", req->path);
	xml_put(&b, "RequestId", str_of(cx->id));
	buf_z(&b, "</Error>");
	response_body(res, status, "application/xml", buf_as_str(&b));
}

void
s3_render_error(struct cx *cx, const struct request *req,
    struct response *res)
{
	s3_error_render(cx, req, res, NULL, 0);
}

void
s3_error_render(struct cx *cx, const struct request *req,
    struct response *res, const struct pair *more, size_t n)
{
	const char	*code;
	int		 status;

	code = s3_error_code(cx->code, &status);
	if (status == 503)
		response_header(res, "Retry-After", STR("1"));
	if (status == 429)
		response_header(res, "Retry-After", str_printf(cx->mem, "%d",
		    LIMIT_FAILURE_TIME));
	if (status == 304)
		response_body(res, status, NULL, STR(""));
	else
		s3_error_answer(cx, req, res, status, code, status == 500 ?
		    str_printf(cx->mem, "We encountered an internal error "
		    "(%s). Please try again.", cx_public(cx)) :
		    str_of(cx_public(cx)), more, n);
}
