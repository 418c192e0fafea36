/* What every form of signature shares: who signed, when, and which headers. */
#include "auth/auth_inside.h"

#include "base/cx.h"
#include "base/when.h"

enum { SKEW_MS = 15 * 60 * 1000 };

enum err
signer_key(struct cx *cx, struct auth *a, struct str id, struct cred_key *key)
{
	enum err	e;
	bool		there;

	if ((e = cred_key_find(cx, a, id, key, &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_NO_SUCH_KEY_ID, "The AWS Access Key "
	    "Id you provided does not exist in our records.");
}

bool
signer_date(struct cx *cx, struct str date, int64_t *at)
{
	if (str_ends(date, STR(" +0000")) || str_ends(date, STR(" -0000")))
		date = str_printf(cx->mem, "%.*s GMT", (int)date.n - 6,
		    date.p);
	return when_http_parse(date, at);
}

enum err
signer_check_clock(struct cx *cx, int64_t at, bool presigned)
{
	if (at <= cx->now + SKEW_MS && (presigned || at >= cx->now - SKEW_MS))
		return OK;
	if (presigned)
		return fail(cx, E_EXPIRED, "Request is not yet valid");
	return fail(cx, E_TIME_SKEW, "The difference between the request "
	    "time and the server's time is too large: the server's clock "
	    "says %.*s. Set the clock that is wrong.",
	    STRF(when_iso(cx->mem, cx->now)));
}

enum err
signer_mismatch(struct cx *cx, const char *hint)
{
	return fail(cx, E_SIGNATURE, "The request signature we calculated "
	    "does not match the signature you provided. Check your secret "
	    "access key and signing method.%s", hint);
}

bool
signer_must_sign(struct str name)
{
	/* The first one's value is in the canonical request anyway; the other
	 * is added by CloudFront on the way, and nothing here reads it. */
	return str_starts(name, STR("x-amz-")) &&
	    !str_is(name, STR("x-amz-content-sha256")) &&
	    !str_is(name, STR("x-amz-cf-id"));
}

enum err
signer_refuse_unsigned(struct cx *cx, struct str names,
    struct auth_signature *sig)
{
	sig->not_signed = names;
	return fail(cx, E_DENIED, "There were headers present in the request "
	    "which were not signed: %.*s", STRF(names));
}
