/* SigV2 arithmetic. */
#include "net/sigv2.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"

enum { STRING_MAX = 1 << 20 };

/* Query parameters that are part of what is signed, in their order. */
static const char *const signed_query[] = { "acl", "cors", "delete",
    "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics",
    "notification", "object-lock", "partNumber", "policy", "policyStatus",
    "publicAccessBlock", "replication", "requestPayment",
    "response-cache-control", "response-content-disposition",
    "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "restore", "retention",
    "select", "select-type", "tagging", "torrent", "uploadId", "uploads",
    "versionId", "versioning", "versions", "website" };

static int
sigv2_by_name(const void *a, const void *b)
{
	const struct pair	*x = a, *y = b;

	return str_cmp(x->name, y->name);
}

bool
sigv2_signs(struct str parameter)
{
	size_t	i;

	for (i = 0; i < sizeof signed_query / sizeof signed_query[0]; i++)
		if (str_is(parameter, str_of(signed_query[i])))
			return true;
	return false;
}

/* Decoded; a name alone stays alone. */
static void
sigv2_put_query(struct buf *b, const struct sigv2_request *r)
{
	size_t	i, k;
	char	sep = '?';

	for (i = 0; i < sizeof signed_query / sizeof signed_query[0]; i++)
		for (k = 0; k < r->n_query; k++) {
			if (!str_is(r->query[k].name, str_of(signed_query[i])))
				continue;
			buf_byte(b, sep);
			buf_str(b, r->query[k].name);
			if (r->query[k].value.n > 0) {
				buf_byte(b, '=');
				buf_str(b, r->query[k].value);
			}
			sep = '&';
		}
}

struct str
sigv2_string_to_sign(struct cx *cx, const struct sigv2_request *r)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx->mem, STRING_MAX);
	buf_printf(&b, "%.*s\n%.*s\n%.*s\n%.*s\n", STRF(r->method),
	    STRF(r->md5), STRF(r->type), STRF(r->date));
	if (r->n_amz > 1)
		qsort(r->amz, r->n_amz, sizeof *r->amz, sigv2_by_name);
	for (i = 0; i < r->n_amz; i++)
		buf_printf(&b, "%.*s:%.*s\n", STRF(r->amz[i].name),
		    STRF(str_trim(r->amz[i].value)));
	if (r->bucket.n > 0)
		buf_printf(&b, "/%.*s", STRF(r->bucket));
	buf_str(&b, r->path);
	sigv2_put_query(&b, r);
	return buf_ok(&b) ? buf_as_str(&b) : STR("");
}

struct str
sigv2_sign(struct cx *cx, struct str secret, struct str string_to_sign)
{
	unsigned char	mac[SHA1_BYTES];

	hmac_sha1(secret.p, secret.n, string_to_sign, mac);
	return enc_base64(cx->mem, mac, sizeof mac);
}
