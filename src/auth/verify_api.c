/* Who calls the REST API: by a key pair, a token, or a cookie that has one. */
#include "auth/auth_inside.h"

#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/secret.h"
#include "http/http.h"

/* An unknown key takes the work of a known one: its secret is opened, too. */
static void
pair_open_none(struct cx *cx, struct auth *a)
{
	static const char	nothing[SECRET_BYTES + SEAL_OVERHEAD];
	struct cred_record	r = { .user = STR(""), .print = STR(""),
	    .sealed = { nothing, sizeof nothing } };
	struct str		secret;

	master_open(cx, a, &r, &secret);
}

/* The key, when this is its secret.  E_NO_AUTH. */
static enum err
pair_check(struct cx *cx, struct auth *a, const struct request *req,
    struct str id, struct str secret, struct cred_key *out)
{
	unsigned char	want[SHA256_BYTES], got[SHA256_BYTES];
	enum err	e;
	bool		there;

	out->secret = STR("");
	if ((e = cred_key_find(cx, a, id, out, &there)) != OK)
		return e;
	if (!there)
		pair_open_none(cx, a);
	/* Digests are equally long, whatever the secrets are. */
	digest_of(DIGEST_SHA256, out->secret.p, out->secret.n, want);
	digest_of(DIGEST_SHA256, secret.p, secret.n, got);
	if (digest_same(want, got, sizeof want) && there)
		return OK;
	auth_refuse(cx);
	return auth_failed(cx, a, req, id, there ? "secret" : "unknown-key");
}

enum err
auth_login(struct cx *cx, struct auth *a, const struct request *req,
    struct str id, struct str secret, struct str *token, int64_t *expires)
{
	struct cred_key	key;
	enum err	e;

	if ((e = pair_check(cx, a, req, id, secret, &key)) != OK)
		return e;
	*expires = cx->now / 1000 + a->session;
	*token = token_make(cx, &key, *expires);
	return OK;
}

/* What follows "Basic".  [RFC 7617 2] */
static enum err
verify_basic(struct cx *cx, struct auth *a, const struct request *req,
    struct str base64, struct auth_identity *who)
{
	char		*plain = arena_get(cx->mem, base64.n + 1);
	struct cred_key	 key;
	struct str	 pair;
	size_t		 n, colon;
	enum err	 e;

	if (!enc_unbase64_any(base64, plain, base64.n, &n))
		return auth_refuse(cx);
	pair = (struct str){ plain, n };
	secret_wipe_later(cx->mem, base64);
	secret_wipe_later(cx->mem, pair);
	if ((colon = str_find(pair, ':')) == pair.n)
		return auth_refuse(cx);
	if ((e = pair_check(cx, a, req, str_to(pair, colon),
	    str_from(pair, colon + 1), &key)) != OK)
		return e;
	*who = (struct auth_identity){ .user = key.user, .key_id = key.id };
	return OK;
}

enum err
auth_verify_api(struct cx *cx, struct auth *a, const struct request *req,
    struct auth_identity *who)
{
	struct str	h = request_header(req, "authorization");
	enum err	e;

	if (str_starts_nocase(h, STR("Basic ")))
		return verify_basic(cx, a, req, str_trim(str_from(h, 6)),
		    who);
	if (str_starts_nocase(h, STR("Bearer ")))
		return token_check(cx, a, req, str_trim(str_from(h, 7)), who);
	h = cookie_find(req, STR(AUTH_COOKIE));
	if (h.n == 0)
		return auth_refuse(cx);
	e = token_check(cx, a, req, h, who);
	return e == OK ? cookie_origin(cx, req) : e;
}
