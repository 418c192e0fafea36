/* Session tokens, and who calls the REST API. */
#include "auth/inside.h"

#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/ident.h"
#include "base/json.h"
#include "http/http.h"

enum { LIFE_SECONDS = 7 * 24 * 3600 };

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

static struct str
token_sign(struct cx *cx, struct auth *a, struct str signed_part)
{
	unsigned char	mac[SHA256_BYTES];

	hmac_sha256(a->token, sizeof a->token, signed_part, mac);
	return base64url(cx, (struct str){ (char *)mac, sizeof mac });
}

enum err
auth_login(struct cx *cx, struct auth *a, struct str id, struct str secret,
    struct str *token, int64_t *expires)
{
	struct identity	who;
	struct json_out	j = { .comma = false };
	struct buf	b;
	struct str	head, part;
	char		jti[33];
	enum err	e;

	if ((e = pair_check(cx, a, id, secret, &who)) != OK)
		return e;
	*expires = cx->now / 1000 + LIFE_SECONDS;
	ident_hex(jti, 16);
	buf_init(&b, cx->mem, 4096);
	j.b = &b;
	json_open(&j, NULL, '{');
	json_put_str(&j, "jti", str_of(jti));
	json_put_str(&j, "iss", STR("auth"));
	json_put_str(&j, "sub", who.user);
	json_put_str(&j, "aud", STR("login"));
	json_put_int(&j, "iat", cx->now / 1000);
	json_put_int(&j, "exp", *expires);
	json_close(&j, '}');
	head = base64url(cx, STR("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"));
	part = base64url(cx, buf_as_str(&b));
	part = str_printf(cx->mem, "%.*s.%.*s", STRF(head), STRF(part));
	head = token_sign(cx, a, part);
	*token = str_printf(cx->mem, "%.*s.%.*s", STRF(part), STRF(head));
	return OK;
}

static enum err
refused(struct cx *cx)
{
	cx_forget(cx);
	return fail(cx, E_NO_AUTH, "error authenticating request");
}

enum err
token_check(struct cx *cx, struct auth *a, struct str token,
    struct identity *who)
{
	struct str	head, body, sig, rest = token, want, text, user, aud;
	struct json	claims;
	struct user	u;
	int64_t		exp = 0;
	bool		there;

	user = aud = STR("");
	if (!str_split(&rest, '.', &head) || !str_split(&rest, '.', &body) ||
	    !str_split(&rest, '.', &sig))
		return refused(cx);
	want = token_sign(cx, a, str_to(token, head.n + 1 + body.n));
	if (want.n != sig.n || !digest_same(want.p, sig.p, sig.n) ||
	    !unbase64url(cx, body, &text) ||
	    json_parse(cx, text, &claims) != OK ||
	    json_need_str(cx, claims, "sub", &user) != OK ||
	    json_need_str(cx, claims, "aud", &aud) != OK ||
	    json_get_int(cx, claims, "exp", &exp) != OK ||
	    !str_is(aud, STR("login")) || exp < cx->now / 1000 ||
	    user_find(cx, a, user, &u, &there) != OK || !there)
		return refused(cx);
	*who = (struct identity){ .user = user, .key_id = STR("") };
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
		colon = str_find(pair, ':');
		return pair_check(cx, a, str_to(pair, colon),
		    str_from(pair, colon + 1), who);
	}
	if (str_starts_nocase(h, STR("Bearer ")))
		return token_check(cx, a, str_trim(str_from(h, 7)), who);
	h = cookie(request_header(req, "cookie"),
	    STR(AUTH_COOKIE));
	if (h.n == 0)
		return refused(cx);
	e = token_check(cx, a, h, who);
	return e == OK ? cookie_origin(cx, req) : e;
}
