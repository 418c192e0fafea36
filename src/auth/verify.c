/* An S3 request's signature: which form it has, and whose key signed it. */
#include <string.h>

#include "auth/auth_inside.h"
#include "base/cx.h"
#include "base/fault.h"
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

bool
must_be_signed(struct str name)
{
	/* The first one's value is in the canonical request anyway; the other
	 * is added by CloudFront on the way, and nothing here reads it. */
	return str_starts(name, STR("x-amz-")) &&
	    !str_is(name, STR("x-amz-content-sha256")) &&
	    !str_is(name, STR("x-amz-cf-id"));
}

enum err
headers_not_signed(struct cx *cx, struct str names, struct signature *sig)
{
	sig->not_signed = names;
	return fail(cx, E_DENIED, "There were headers present in the request "
	    "which were not signed: %.*s", STRF(names));
}

/* The parameters of presigned addresses, and the version of the signature that
 * is there when one is; 0: it shows none. */
static const struct {
	struct str	name;
	int		version;
} own[] = {
	{ { "X-Amz-Algorithm", 15 }, 4 }, { { "X-Amz-Credential", 16 }, 4 },
	{ { "X-Amz-Signature", 15 }, 4 }, { { "X-Amz-Date", 10 }, 0 },
	{ { "X-Amz-Expires", 13 }, 0 }, { { "X-Amz-SignedHeaders", 19 }, 0 },
	{ { "X-Amz-Content-Sha256", 20 }, 0 },
	{ { "X-Amz-Security-Token", 20 }, 0 },
	{ { "AWSAccessKeyId", 14 }, 2 }, { { "Signature", 9 }, 2 },
	{ { "Expires", 7 }, 0 },
};
enum { OWN = sizeof own / sizeof own[0] };

bool
auth_owns(struct str parameter)
{
	size_t	k;

	for (k = 0; k < OWN; k++)
		if (str_is_nocase(parameter, own[k].name))
			return true;
	return false;
}

/* Two signatures could be read in two ways: which of them was checked? */
static enum err
one_signature(struct cx *cx, const struct request *req)
{
	bool	seen[OWN] = { false }, twice = false;
	bool	v4 = false, v2 = false;
	bool	header = request_header(req, "authorization").n > 0;
	size_t	i, k;

	for (i = 0; i < req->n_query; i++)
		for (k = 0; k < OWN; k++) {
			if (!str_is_nocase(req->query[i].name, own[k].name))
				continue;
			twice = twice || seen[k];
			seen[k] = true;
			v4 = v4 || own[k].version == 4;
			v2 = v2 || own[k].version == 2;
		}
	if (fault_skip("ONE_SIGNATURE") || (header + v4 + v2 <= 1 &&
	    !(twice && v4 + v2 > 0)))
		return OK;
	return fail(cx, E_BAD_ARGUMENT, "Only one auth mechanism allowed; "
	    "only the X-Amz-Algorithm query parameter, Signature query string "
	    "parameter or the Authorization header should be specified, and "
	    "each of their parameters once.");
}

/* Of errors, which say that somebody may be guessing? */
static enum err
judge(struct cx *cx, struct auth *a, const struct request *req,
    const struct signature *sig, enum err e)
{
	if (e == E_NO_SUCH_KEY_ID)
		return auth_failed(cx, a, req, sig->key_id, "unknown-key");
	if (e == E_SIGNATURE)
		return auth_failed(cx, a, req, sig->key_id, "signature");
	return e;
}

enum err
auth_verify_s3(struct cx *cx, struct auth *a, struct request *req,
    const struct auth_place *at, struct identity *who, struct signature *sig)
{
	struct str	h = request_header(req, "authorization");
	enum err	e;

	memset(sig, 0, sizeof *sig);
	*who = (struct identity){ .anonymous = true };
	if (h.n == 0 && !auth_is_signed(req))
		return OK;
	if ((e = one_signature(cx, req)) != OK)
		return e;
	if (str_starts(h, STR("AWS ")) || (h.n == 0 &&
	    request_query(req, "AWSAccessKeyId") != NULL))
		return judge(cx, a, req, sig, verify_v2(cx, a, req, at, who,
		    sig));
	return judge(cx, a, req, sig, verify_v4(cx, a, req, at, who, sig));
}

enum err
auth_verify_form(struct cx *cx, struct auth *a, const struct request *fields,
    const struct auth_place *at, struct identity *who, struct signature *sig)
{
	bool	v4 = request_header(fields, "x-amz-signature").n > 0 ||
	    request_header(fields, "x-amz-credential").n > 0;

	memset(sig, 0, sizeof *sig);
	*who = (struct identity){ .anonymous = true };
	if (request_header(fields, "policy").n == 0)
		return fail(cx, E_NO_AUTH, "Access Denied: a form needs a "
		    "signed policy.");
	return judge(cx, a, fields, sig, v4 ?
	    verify_v4_form(cx, a, fields, at, who, sig) :
	    verify_v2_form(cx, a, fields, who, sig));
}
