/* Error kinds to S3 codes, and the one place that writes <Error>. */
#include "s3/s3_error.h"

#include "base/xml.h"
#include "s3/s3_xml.h"

static struct s3_code
code(int status, const char *name)
{
	return (struct s3_code){ status, name };
}

struct s3_code
s3_error_code(enum err e)
{
	switch (e) {
	case OK: case ERR_KINDS: return code(500, "InternalError");
	case E_NO_SUCH_REPO: case E_NO_SUCH_BRANCH:
		return code(404, "NoSuchBucket");
	case E_NO_SUCH_REF: case E_NO_SUCH_TAG: case E_NO_SUCH_OBJECT:
	case E_BAD_REF: case E_NO_SUCH_ROUTE: case E_NO_SUCH_USER:
		return code(404, "NoSuchKey");
	case E_NO_SUCH_VERSION: return code(404, "NoSuchVersion");
	case E_NO_SUCH_UPLOAD: return code(404, "NoSuchUpload");
	case E_BAD_NAME: return code(400, "InvalidBucketName");
	case E_BAD_PATH: case E_BAD_ARGUMENT: case E_BAD_JSON:
		return code(400, "InvalidArgument");
	case E_KEY_TOO_LONG: return code(400, "KeyTooLongError");
	case E_BAD_REQUEST: return code(400, "InvalidRequest");
	case E_BAD_XML: return code(400, "MalformedXML");
	case E_REPO_EXISTS: return code(409, "BucketAlreadyOwnedByYou");
	case E_NAME_TAKEN: return code(409, "BucketAlreadyExists");
	case E_READ_ONLY_REF: case E_METHOD: case E_DEFAULT_BRANCH:
	case E_DELETE_MARKER: return code(405, "MethodNotAllowed");
	case E_READ_ONLY_REPO: return code(403, "ErrReadOnlyRepository");
	case E_PROTECTED: return code(403, "ErrWriteToProtectedBranch");
	case E_PRECONDITION: return code(412, "PreconditionFailed");
	case E_NOT_MODIFIED: return code(304, "NotModified");
	case E_BAD_RANGE: return code(416, "InvalidRange");
	case E_NOT_EMPTY: return code(409, "BucketNotEmpty");
	case E_NO_CHANGES: case E_DIRTY: return code(400, "InvalidRequest");
	case E_CONFLICT: case E_TIP_MOVED: case E_SET_UP: case E_LAST_KEY:
		return code(409, "OperationAborted");
	case E_BAD_DIGEST: return code(400, "BadDigest");
	case E_INCOMPLETE_BODY: return code(400, "IncompleteBody");
	case E_TOO_LARGE: return code(400, "EntityTooLarge");
	case E_PART_TOO_SMALL: return code(400, "EntityTooSmall");
	case E_INVALID_PART: return code(400, "InvalidPart");
	case E_PART_ORDER: return code(400, "InvalidPartOrder");
	case E_METADATA_TOO_LARGE: return code(400, "MetadataTooLarge");
	case E_NO_LENGTH: return code(411, "MissingContentLength");
	case E_NO_AUTH: case E_DENIED: case E_EXPIRED: case E_OFF: case E_CORS:
		return code(403, "AccessDenied");
	case E_NO_SUCH_KEY_ID: return code(403, "InvalidAccessKeyId");
	case E_SIGNATURE: return code(403, "SignatureDoesNotMatch");
	case E_TIME_SKEW: return code(403, "RequestTimeTooSkewed");
	case E_AUTH_HEADER: return code(400, "AuthorizationHeaderMalformed");
	case E_AUTH_QUERY:
		return code(400, "AuthorizationQueryParametersError");
	case E_TOO_MANY: return code(429, "TooManyRequests");
	case E_NOT_IMPLEMENTED: return code(501, "NotImplemented");
	case E_BUSY: case E_CONDEMNED: return code(503, "SlowDown");
	case E_SLOW: return code(400, "RequestTimeout");
	case E_NO_ROOM: case E_DISK_FULL: case E_FORMAT:
		return code(503, "ServiceUnavailable");
	case E_STORE: case E_CORRUPT: case E_CONF:
		return code(500, "InternalError");
	}
	return code(500, "InternalError");
}

/* The <Error> document, with further elements (those not empty). */
static void
put_error(struct cx *cx, struct buf *b, const struct request *req,
    const char *name, struct str words, const struct pair *more, size_t n)
{
	size_t	i;

	buf_init(b, cx->mem, S3_ANSWER_MAX);
	buf_z(b, S3_XML "<Error>");
	xml_put(b, "Code", str_of(name));
	xml_put(b, "Message", words);
	for (i = 0; i < n; i++)
		if (more[i].value.n > 0)
			xml_put(b, more[i].name.p, more[i].value);
	xml_put(b, "Resource", req->path);
	xml_put(b, "RequestId", str_of(cx->id));
	buf_z(b, "</Error>");
}

void
s3_error_render_more(struct cx *cx, const struct request *req,
    struct response *res, const struct pair *more, size_t n)
{
	struct s3_code	code = s3_error_code(cx->code);
	struct str	words = str_of(cx_public(cx));
	struct buf	b;

	if (code.status == 304) {
		response_body(res, 304, NULL, STR(""));
		return;
	}
	if (code.status == 429)
		response_header(res, "Retry-After", str_printf(cx->mem, "%d",
		    LIMIT_FAILURE_TIME));
	if (code.status == 500)
		words = str_printf(cx->mem, "We encountered an internal error "
		    "(%.*s). Please try again.", STRF(words));
	if (code.status == 503)
		response_header(res, "Retry-After", STR("1"));
	put_error(cx, &b, req, cx->as != NULL ? cx->as : code.name, words,
	    more, n);
	response_body(res, code.status, "application/xml", buf_as_str(&b));
}

void
s3_error_render(struct cx *cx, const struct request *req,
    struct response *res)
{
	s3_error_render_more(cx, req, res, NULL, 0);
}
