/* Session tokens, and who calls the REST API. */
#include "auth/auth_inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/ident.h"
#include "base/json.h"
#include "base/limit.h"
#include "base/secret.h"
#include "http/http.h"

/* Base64 with - and _, without padding.  [RFC 7515 2] */
static struct str
base64url(struct cx *cx, struct str bytes)
{
	struct str	s = enc_base64(cx->mem, bytes.p, bytes.n);
	char		*p = str_z(cx->mem, s);
	size_t		i;

	while (s.n > 0 && p[s.n - 1] == '=')
		s.n--;
	for (i = 0; i < s.n; i++)
		p[i] = p[i] == '+' ? '-' : p[i] == '/' ? '_' : p[i];
	return (struct str){ p, s.n };
}

static bool
unbase64url(struct cx *cx, struct str s, struct str *out)
{
	char	*p = arena_get(cx->mem, s.n + 4), *o;
	size_t	 i, n = 0;

	for (i = 0; i < s.n; i++)
		p[i] = s.p[i] == '-' ? '+' : s.p[i] == '_' ? '/' : s.p[i];
	while (i % 4 != 0)
		p[i++] = '=';
	o = arena_get(cx->mem, i + 1);
	if (!enc_unbase64_any((struct str){ p, i }, o, i, &n))
		return false;
	*out = (struct str){ o, n };
	return true;
}

/*
 * The MAC is under what the key's record says now, so that a token ends with
 * it.  The sealed secret has a nonce: the same secret, made again, gives
 * another one.  [A5]
 */
static struct str
token_sign(struct cx *cx, const struct key *key, struct str signed_part)
{
	unsigned char	mac[SHA256_BYTES];
	struct str	sealed = fault_skip("TOKEN_SEAL") ? STR("") :
	    key->sealed;

	hmac_sha256(key->secret.p, key->secret.n, str_printf(cx->mem,
	    "lakegate session token %.*s", STRF(base64url(cx, sealed))), mac);
	hmac_sha256(mac, sizeof mac, signed_part, mac);
	return base64url(cx, (struct str){ (char *)mac, sizeof mac });
}

enum err
auth_login(struct cx *cx, struct auth *a, const struct request *req,
    struct str id, struct str secret, struct str *token, int64_t *expires)
{
	struct json_out	j = { .comma = false };
	struct key	key;
	struct buf	b;
	struct str	head, part;
	char		jti[33];
	enum err	e;

	if ((e = pair_key(cx, a, req, id, secret, &key)) != OK)
		return e;
	*expires = cx->now / 1000 + a->session;
	ident_hex(jti, 16);
	buf_init(&b, cx->mem, 4096);
	j.b = &b;
	json_open(&j, NULL, '{');
	json_put_str(&j, "jti", str_of(jti));
	json_put_str(&j, "iss", STR("auth"));
	json_put_str(&j, "sub", key.user);
	json_put_str(&j, "aud", STR("login"));
	json_put_str(&j, "kid", key.id);
	json_put_int(&j, "iat", cx->now / 1000);
	json_put_int(&j, "exp", *expires);
	json_close(&j, '}');
	head = base64url(cx, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	part = base64url(cx, buf_as_str(&b));
	part = str_printf(cx->mem, "%.*s.%.*s", STRF(head), STRF(part));
	head = token_sign(cx, &key, part);
	*token = str_printf(cx->mem, "%.*s.%.*s", STRF(part), STRF(head));
	return OK;
}

static enum err
refused(struct cx *cx)
{
	cx_forget(cx);
	return fail(cx, E_NO_AUTH, "error authenticating request");
}

struct token {
	struct str	signed_part, mac;
	struct str	key_id, audience;	/* what it says of itself */
	int64_t		expires;
};

static bool
token_parse(struct cx *cx, struct str token, struct token *out)
{
	struct str	rest = token, head, body, text;
	struct json	claims;

	*out = (struct token){ .expires = 0 };
	if (token.n > LIMIT_TOKEN || !str_split(&rest, '.', &head) ||
	    !str_split(&rest, '.', &body) || !str_split(&rest, '.',
	    &out->mac) || (rest.p != NULL && !fault_skip("TOKEN_PARTS")))
		return false;
	out->signed_part = str_to(token, head.n + 1 + body.n);
	return unbase64url(cx, body, &text) &&
	    json_parse(cx, text, &claims) == OK &&
	    json_need_str(cx, claims, "kid", &out->key_id) == OK &&
	    json_need_str(cx, claims, "aud", &out->audience) == OK &&
	    json_get_int(cx, claims, "exp", &out->expires) == OK;
}

enum err
token_check(struct cx *cx, struct auth *a, const struct request *req,
    struct str token, struct identity *who)
{
	struct token	t;
	struct key	key;
	struct str	mac;
	enum err	e;
	bool		there;

	if (!token_parse(cx, token, &t))
		return refused(cx);
	if ((e = key_find(cx, a, t.key_id, &key, &there)) != OK)
		return e;
	if (!there) {
		refused(cx);
		return auth_failed(cx, a, req, t.key_id, "unknown-key");
	}
	mac = token_sign(cx, &key, t.signed_part);
	if (mac.n != t.mac.n || !digest_same(mac.p, t.mac.p, mac.n)) {
		refused(cx);
		return auth_failed(cx, a, req, t.key_id, "token");
	}
	if (!str_is(t.audience, STR("login")) || (t.expires <=
	    cx->now / 1000 && !fault_skip("TOKEN_END")))
		return refused(cx);
	*who = (struct identity){ .user = key.user, .key_id = key.id };
	return OK;
}

static struct str
cookie(struct str all, struct str name)
{
	struct str	one;

	while (str_split(&all, ';', &one)) {
		one = str_trim(one);
		if (str_starts(one, name) && one.n > name.n &&
		    one.p[name.n] == '=')
			return str_from(one, name.n + 1);
	}
	return STR("");
}

enum err
auth_verify_api(struct cx *cx, struct auth *a, const struct request *req,
    struct identity *who)
{
	struct str	h = request_header(req, "authorization"), pair;
	char		*plain;
	size_t		n, colon;
	enum err	e;

	if (str_starts_nocase(h, STR("Basic "))) {
		h = str_trim(str_from(h, 6));
		plain = arena_get(cx->mem, h.n + 1);
		if (!enc_unbase64_any(h, plain, h.n, &n))
			return refused(cx);
		pair = (struct str){ plain, n };
		secret_wipe_later(cx->mem, h);
		secret_wipe_later(cx->mem, pair);
		if ((colon = str_find(pair, ':')) == pair.n)
			return refused(cx);
		return pair_check(cx, a, req, str_to(pair, colon),
		    str_from(pair, colon + 1), who);
	}
	if (str_starts_nocase(h, STR("Bearer ")))
		return token_check(cx, a, req, str_trim(str_from(h, 7)), who);
	h = cookie(request_header(req, "cookie"),
	    STR(AUTH_COOKIE));
	if (h.n == 0)
		return refused(cx);
	e = token_check(cx, a, req, h, who);
	return e == OK ? cookie_origin(cx, req) : e;
}
