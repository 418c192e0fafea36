/* An S3 request's signature: which form it has, and whose key signed it. */
#include <string.h>

#include "auth/auth_inside.h"
#include "base/cx.h"
#include "base/fault.h"
#include "http/http.h"

bool
auth_is_signed(const struct request *req)
{
	struct str	h = request_header(req, "authorization");

	return str_starts(h, STR("AWS4")) || str_starts(h, STR("AWS ")) ||
	    request_query(req, "X-Amz-Credential") != NULL ||
	    request_query(req, "X-Amz-Algorithm") != NULL ||
	    request_query(req, "AWSAccessKeyId") != NULL;
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
    const struct auth_signature *sig, enum err e)
{
	if (e == E_NO_SUCH_KEY_ID)
		return auth_failed(cx, a, req, sig->key_id, "unknown-key");
	if (e == E_SIGNATURE)
		return auth_failed(cx, a, req, sig->key_id, "signature");
	return e;
}

enum err
auth_verify_s3(struct cx *cx, struct auth *a, struct request *req,
    const struct auth_place *at, struct auth_identity *who,
    struct auth_signature *sig)
{
	struct str	h = request_header(req, "authorization");
	enum err	e;

	memset(sig, 0, sizeof *sig);
	*who = (struct auth_identity){ .anonymous = true };
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
    const struct auth_place *at, struct auth_identity *who,
    struct auth_signature *sig)
{
	bool	v4 = request_header(fields, "x-amz-signature").n > 0 ||
	    request_header(fields, "x-amz-credential").n > 0;

	memset(sig, 0, sizeof *sig);
	*who = (struct auth_identity){ .anonymous = true };
	if (request_header(fields, "policy").n == 0)
		return fail(cx, E_NO_AUTH, "Access Denied: a form needs a "
		    "signed policy.");
	return judge(cx, a, fields, sig, v4 ?
	    verify_v4_form(cx, a, fields, at, who, sig) :
	    verify_v2_form(cx, a, fields, who, sig));
}
