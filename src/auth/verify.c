/* An S3 request's signature: which form it has, and whose key signed it. */
#include <string.h>

#include "auth/inside.h"
#include "base/cx.h"
#include "base/when.h"
#include "http/http.h"

enum { SKEW_MS = 15 * 60 * 1000 };

bool
auth_is_signed(const struct request *req)
{
	struct str	h = request_header(req, "authorization");

	return str_starts(h, STR("AWS4")) || str_starts(h, STR("AWS ")) ||
	    request_query(req, "X-Amz-Credential") != NULL ||
	    request_query(req, "X-Amz-Algorithm") != NULL ||
	    request_query(req, "AWSAccessKeyId") != NULL;
}

enum err
signer_key(struct cx *cx, struct auth *a, struct str id, struct key *key)
{
	enum err	e;
	bool		there;

	if ((e = key_find(cx, a, id, key, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_KEY_ID, "The AWS Access Key "
	    "Id you provided does not exist in our records.");
}

enum err
clock_check(struct cx *cx, int64_t at, bool old_too)
{
	if (at <= cx->now + SKEW_MS && (!old_too || at >= cx->now - SKEW_MS))
		return OK;
	return fail(cx, E_TIME_SKEW, "The difference between the request "
	    "time and the server's time is too large: the server's clock "
	    "says %.*s. Set the clock that is wrong.",
	    STRF(when_iso(cx->mem, cx->now)));
}

enum err
signature_wrong(struct cx *cx, const char *hint)
{
	return fail(cx, E_SIGNATURE, "The request signature we calculated "
	    "does not match the signature you provided. Check your secret "
	    "access key and signing method.%s", hint);
}

enum err
auth_verify_s3(struct cx *cx, struct auth *a, struct request *req,
    struct str host_bucket, struct identity *who, struct signature *sig)
{
	struct str	h = request_header(req, "authorization");

	memset(sig, 0, sizeof *sig);
	*who = (struct identity){ .anonymous = true };
	if (h.n == 0 && !auth_is_signed(req))
		return OK;
	if (str_starts(h, STR("AWS ")) || (h.n == 0 &&
	    request_query(req, "AWSAccessKeyId") != NULL))
		return verify_v2(cx, a, req, host_bucket, who, sig);
	return verify_v4(cx, a, req, who, sig);
}

enum err
auth_verify_form(struct cx *cx, struct auth *a, const struct request *fields,
    struct identity *who, struct signature *sig)
{
	bool	v4 = request_header(fields, "x-amz-signature").n > 0 ||
	    request_header(fields, "x-amz-credential").n > 0;

	memset(sig, 0, sizeof *sig);
	*who = (struct identity){ .anonymous = true };
	if (request_header(fields, "policy").n == 0)
		return fail(cx, E_NO_AUTH, "Access Denied: a form needs a "
		    "signed policy.");
	return v4 ? verify_v4_form(cx, a, fields, who, sig) :
	    verify_v2_form(cx, a, fields, who, sig);
}
