/*
 * Error kinds to the statuses of the REST API.  lakeFS answers 401 to who may
 * not, too; 403 to what nobody may: a read-only repository, a protected branch.
 */
#include "api/api_call.h"

int
api_error_status(enum err e)
{
	switch (e) {
	case OK: case ERR_KINDS: return 500;
	case E_NO_SUCH_REPO: case E_NO_SUCH_BRANCH: case E_NO_SUCH_TAG:
	case E_NO_SUCH_REF: case E_NO_SUCH_OBJECT: case E_NO_SUCH_UPLOAD:
	case E_NO_SUCH_VERSION:
	case E_NO_SUCH_USER: case E_NO_SUCH_ROUTE:
		return 404;
	case E_BAD_NAME: case E_BAD_REF: case E_BAD_PATH: case E_KEY_TOO_LONG:
	case E_BAD_ARGUMENT: case E_BAD_REQUEST: case E_BAD_JSON:
	case E_BAD_XML: case E_NO_CHANGES: case E_DIRTY: case E_BAD_DIGEST:
	case E_INCOMPLETE_BODY:
	case E_PART_TOO_SMALL: case E_INVALID_PART: case E_PART_ORDER:
	case E_METADATA_TOO_LARGE: case E_AUTH_HEADER: case E_AUTH_QUERY:
		return 400;
	case E_NO_AUTH: case E_NO_SUCH_KEY_ID: case E_SIGNATURE:
	case E_TIME_SKEW: case E_EXPIRED: case E_DENIED:
		return 401;
	case E_READ_ONLY_REPO: case E_PROTECTED: case E_DEFAULT_BRANCH:
	case E_CORS: case E_OFF:
		return 403;
	case E_READ_ONLY_REF:
		return 404;	/* a tag where a branch is wanted */
	case E_METHOD: case E_DELETE_MARKER: return 405;
	case E_REPO_EXISTS: case E_NAME_TAKEN: case E_CONFLICT:
	case E_TIP_MOVED: case E_NOT_EMPTY: case E_SET_UP: case E_LAST_KEY:
		return 409;
	case E_SLOW: return 408;
	case E_NO_LENGTH: return 411;
	case E_PRECONDITION: return 412;
	case E_TOO_LARGE: return 413;
	case E_NOT_MODIFIED: return 304;
	case E_BAD_RANGE: return 416;
	case E_TOO_MANY: return 429;
	case E_NOT_IMPLEMENTED: return 501;
	case E_BUSY: case E_CONDEMNED: case E_NO_ROOM: case E_DISK_FULL:
	case E_FORMAT:
		return 503;
	case E_STORE: case E_CORRUPT: case E_CONF: return 500;
	}
	return 500;
}
