/* Session tokens.  [DESIGN 4] */
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
token_sign(struct cx *cx, const struct cred_key *key, struct str signed_part)
{
	unsigned char	mac[SHA256_BYTES];
	struct str	sealed = fault_skip("TOKEN_SEAL") ? STR("") :
	    key->sealed;

	hmac_sha256(key->secret.p, key->secret.n, str_printf(cx->mem,
	    "lakegate session token %.*s", STRF(base64url(cx, sealed))), mac);
	hmac_sha256(mac, sizeof mac, signed_part, mac);
	return base64url(cx, (struct str){ (char *)mac, sizeof mac });
}

struct str
token_make(struct cx *cx, const struct cred_key *key, int64_t expires)
{
	struct json_out	j = { .comma = false };
	struct buf	b;
	struct str	head, part, mac;
	char		jti[33];

	ident_hex(jti, 16);
	buf_init(&b, cx->mem, 4096);
	j.b = &b;
	json_open(&j, NULL, '{');
	json_put_str(&j, "jti", str_of(jti));
	json_put_str(&j, "iss", STR("auth"));
	json_put_str(&j, "sub", key->user);
	json_put_str(&j, "aud", STR("login"));
	json_put_str(&j, "kid", key->id);
	json_put_int(&j, "iat", cx->now / 1000);
	json_put_int(&j, "exp", expires);
	json_close(&j, '}');
	head = base64url(cx, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	part = base64url(cx, buf_as_str(&b));
	part = str_printf(cx->mem, "%.*s.%.*s", STRF(head), STRF(part));
	mac = token_sign(cx, key, part);
	return str_printf(cx->mem, "%.*s.%.*s", STRF(part), STRF(mac));
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
    struct str token, struct auth_identity *who)
{
	struct token	t;
	struct cred_key	key;
	struct str	mac;
	enum err	e;
	bool		there;

	if (!token_parse(cx, token, &t))
		return auth_refuse(cx);
	if ((e = cred_key_find(cx, a, t.key_id, &key, &there)) != OK)
		return e;
	if (!there) {
		auth_refuse(cx);
		return auth_failed(cx, a, req, t.key_id, "unknown-key");
	}
	mac = token_sign(cx, &key, t.signed_part);
	if (mac.n != t.mac.n || !digest_same(mac.p, t.mac.p, mac.n)) {
		auth_refuse(cx);
		return auth_failed(cx, a, req, t.key_id, "token");
	}
	if (!str_is(t.audience, STR("login")) || (t.expires <=
	    cx->now / 1000 && !fault_skip("TOKEN_END")))
		return auth_refuse(cx);
	*who = (struct auth_identity){ .user = key.user, .key_id = key.id };
	return OK;
}
