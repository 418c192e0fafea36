/* ETag and checksum of a whole object, from those of its parts. */
#include "engine/upload_sums.h"

#include "base/cx.h"
#include "base/digest.h"
#include "base/enc.h"

struct str
upload_sums_etag(struct cx *cx, const struct upload_parts *p)
{
	unsigned char	md5[16];
	struct digest	d;
	char		hex[33];
	size_t		i;

	digest_begin(&d, DIGEST_MD5);
	for (i = 0; i < p->n; i++)
		if (enc_unhex(p->at[i].en.etag, md5, sizeof md5))
			digest_feed(&d, md5, sizeof md5);
	digest_end(&d, md5);
	enc_hex(hex, md5, sizeof md5);
	return str_printf(cx->mem, "%s-%zu", hex, p->n);
}

/* Big-endian, as S3 writes CRCs. */
static uint64_t
crc_value(const unsigned char *p, size_t n)
{
	uint64_t	v = 0;
	size_t		i;

	for (i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void
crc_bytes(uint64_t crc, unsigned char *p, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		p[i] = (unsigned char)(crc >> (8 * (n - 1 - i)));
}

/* The parts' raw checksums one after the other; NULL: some have none. */
static unsigned char *
sums_gather(struct cx *cx, const struct upload *u,
    const struct upload_parts *p, size_t n)
{
	unsigned char		*all = arena_get(cx->mem, p->n * n);
	const struct pair	*sum;
	size_t			 i;

	for (i = 0; i < p->n; i++) {
		sum = pair_find(p->at[i].en.sums, p->at[i].en.n_sums,
		    u->sum_kind);
		if (sum == NULL || !enc_unbase64(sum->value, all + i * n, n))
			return NULL;
	}
	return all;
}

/* A CRC of the whole object, as if its bytes had been read. */
static void
sums_join_crc(enum digest_kind kind, const unsigned char *all,
    const struct upload_parts *p, unsigned char *whole)
{
	size_t		i, n = digest_size(kind);
	uint64_t	crc = 0, v;

	for (i = 0; i < p->n; i++) {
		v = crc_value(all + i * n, n);
		crc = i == 0 ? v : digest_crc_join(kind, crc, v,
		    p->at[i].en.size);
	}
	crc_bytes(crc, whole, n);
}

/* What the client says of the object, if it does.  AWS takes a checksum of
 * checksums also without the number of parts. */
static enum err
sums_compare(struct cx *cx, const struct upload *u, const struct pair *want,
    struct str value)
{
	struct str	bare = str_to(value, str_find(value, '-'));

	if (want->name.n == 0)
		return OK;
	if (!str_is(want->name, u->sum_kind))
		return fail(cx, E_BAD_REQUEST, "Checksum Type mismatch "
		    "occurred, expected checksum Type: %.*s, actual checksum "
		    "Type: %.*s", u->sum_kind.n > 0 ? (int)u->sum_kind.n : 4,
		    u->sum_kind.n > 0 ? u->sum_kind.p : "none",
		    STRF(want->name));
	if (value.n == 0)
		return fail(cx, E_BAD_REQUEST, "There is no checksum of the "
		    "object to compare with: a part was uploaded without one.");
	return str_is(want->value, value) || (u->sum_composite &&
	    str_is(want->value, bare)) ? OK :
	    fail(cx, E_BAD_DIGEST, "The %.*s you specified did not match the "
	    "calculated checksum: of the whole object it is %.*s",
	    STRF(want->name), STRF(value));
}

enum err
upload_sums_join(struct cx *cx, const struct upload *u,
    const struct upload_parts *p, const struct pair *want, struct entry *en)
{
	const struct digest_sum	*kind = digest_sum_named(u->sum_kind);
	unsigned char		 whole[DIGEST_MAX], *all;
	struct str		 value;
	size_t			 n = kind == NULL ? 0 : digest_size(kind->kind);
	enum err		 e;

	if (kind == NULL || (all = sums_gather(cx, u, p, n)) == NULL)
		return sums_compare(cx, u, want, STR(""));
	en->part_sum_kind = u->sum_kind;
	en->part_sums = (struct str){ (char *)all, p->n * n };
	if (u->sum_composite)
		digest_of(kind->kind, all, p->n * n, whole);
	else
		sums_join_crc(kind->kind, all, p, whole);
	value = enc_base64(cx->mem, whole, n);
	if (u->sum_composite)
		value = str_printf(cx->mem, "%.*s-%zu", STRF(value), p->n);
	if ((e = sums_compare(cx, u, want, value)) != OK)
		return e;
	en->sums = arena_get(cx->mem, sizeof *en->sums);
	en->sums[0] = (struct pair){ u->sum_kind, value };
	en->n_sums = 1;
	en->sums_composite = u->sum_composite;
	return OK;
}
