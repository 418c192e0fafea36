/* SigV4 arithmetic. */
#include "net/sigv4.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/secret.h"

enum { CANONICAL_MAX = 1 << 20 };

static int
by_name_and_value(const void *a, const void *b)
{
	const struct pair	*x = a, *y = b;
	int			 o = str_cmp(x->name, y->name);

	return o != 0 ? o : str_cmp(x->value, y->value);
}

static struct str
encoded(struct cx *cx, struct str s)
{
	struct buf	b;

	buf_init(&b, cx->mem, CANONICAL_MAX);
	enc_percent(&b, s, true);
	return buf_as_str(&b);
}

static void
sigv4_put_query(struct cx *cx, struct buf *b, const struct sigv4_request *r)
{
	struct pair	*q = arena_get(cx->mem, (r->n_query + 1) * sizeof *q);
	size_t		 i;

	/* Sorted by their encoded form. */
	for (i = 0; i < r->n_query; i++) {
		q[i].name = encoded(cx, r->query[i].name);
		q[i].value = encoded(cx, r->query[i].value);
	}
	qsort(q, r->n_query, sizeof *q, by_name_and_value);
	for (i = 0; i < r->n_query; i++) {
		if (i > 0)
			buf_byte(b, '&');
		buf_str(b, q[i].name);
		buf_byte(b, '=');
		buf_str(b, q[i].value);
	}
	buf_byte(b, '\n');
}

/* Runs of blanks and tabs become one blank. */
static void
put_value(struct buf *b, struct str v)
{
	bool	blank = false, was;
	size_t	i;

	for (i = 0; i < v.n; i++) {
		was = blank;
		blank = v.p[i] == ' ' || v.p[i] == '\t';
		if (!blank)
			buf_byte(b, v.p[i]);
		else if (!was)
			buf_byte(b, ' ');
	}
}

struct str
sigv4_string_to_sign(struct cx *cx, const struct sigv4_request *r,
    struct str amz_date, struct str scope, struct str *canonical)
{
	unsigned char	hash[SHA256_BYTES];
	struct buf	b;
	char		hex[65];
	size_t		i;

	buf_init(&b, cx->mem, CANONICAL_MAX);
	buf_str(&b, r->method);
	buf_byte(&b, '\n');
	enc_percent(&b, r->path, false);
	buf_byte(&b, '\n');
	sigv4_put_query(cx, &b, r);
	for (i = 0; i < r->n_headers; i++) {
		buf_str(&b, r->headers[i].name);
		buf_byte(&b, ':');
		put_value(&b, r->headers[i].value);
		buf_byte(&b, '\n');
	}
	buf_byte(&b, '\n');
	for (i = 0; i < r->n_headers; i++) {
		if (i > 0)
			buf_byte(&b, ';');
		buf_str(&b, r->headers[i].name);
	}
	buf_byte(&b, '\n');
	buf_str(&b, r->payload);
	*canonical = buf_as_str(&b);
	if (!buf_ok(&b))
		return STR("");
	digest_of(DIGEST_SHA256, b.p, b.n, hash);
	enc_hex(hex, hash, sizeof hash);
	return str_printf(cx->mem, "AWS4-HMAC-SHA256\n%.*s\n%.*s\n%s",
	    STRF(amz_date), STRF(scope), hex);
}

void
sigv4_key(struct cx *cx, struct str secret, struct str day,
    struct str region, struct str service, unsigned char key[SHA256_BYTES])
{
	struct str	first = str_printf(cx->mem, "AWS4%.*s", STRF(secret));

	secret_wipe_later(cx->mem, first);
	hmac_sha256(first.p, first.n, day, key);
	hmac_sha256(key, SHA256_BYTES, region, key);
	hmac_sha256(key, SHA256_BYTES, service, key);
	hmac_sha256(key, SHA256_BYTES, STR("aws4_request"), key);
}

void
sigv4_sign(const unsigned char key[SHA256_BYTES], struct str string_to_sign,
    char hex[65])
{
	unsigned char	sig[SHA256_BYTES];

	hmac_sha256(key, SHA256_BYTES, string_to_sign, sig);
	enc_hex(hex, sig, sizeof sig);
}
