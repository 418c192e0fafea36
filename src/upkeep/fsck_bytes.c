/*
 * The bytes of an object against all that is recorded of them: the ETag, the
 * checksums of the whole, and of a multipart object those of its parts.  [I11]
 */
#include "upkeep/fsck_inside.h"

#include <string.h>

#include "base/digest.h"
#include "base/enc.h"
#include "base/fault.h"

/* A digest that runs along, and what it must come to. */
struct bytes_sum {
	struct digest	 d;
	const char	*name;		/* of the checksum, "ETag" in hex */
	struct str	 want;
	bool		 is_etag;
	bool		 composite;	/* of the parts' checksums, and -N */
};

struct bytes_check {
	struct fsck		*f;
	struct str		 path;
	const struct entry	*en;
	struct bytes_sum		 whole[DIGEST_SUMS + 1];
	size_t			 n_whole;
	/* of the part at hand */
	struct digest		 part_md5, part;
	const struct digest_sum	*part_kind;	/* of part; NULL: none */
	size_t			 at;
	uint64_t		 left;		/* of its bytes */
	bool			 reported;
};

static void
bytes_wrong(struct bytes_check *c, const char *what, struct str value)
{
	c->reported = true;
	fsck_found(c->f, "I11", "\"%.*s\": the bytes are not those of %s %.*s",
	    STRF(c->path), what, STRF(value));
}

/* ---- what is recorded -------------------------------------------------- */

static void
bytes_add(struct bytes_check *c, enum digest_kind kind, const char *name,
    struct str want, bool composite)
{
	struct bytes_sum	*s = &c->whole[c->n_whole++];

	*s = (struct bytes_sum){ .name = name, .want = want,
	    .is_etag = strcmp(name, "ETag") == 0, .composite = composite };
	digest_begin(&s->d, kind);
}

/* Whether sizes of parts are there, and fit the object. */
static bool
bytes_has_parts(const struct entry *en)
{
	uint64_t	sum = 0;
	size_t		i;

	for (i = 0; i < en->n_parts; i++)
		sum += en->parts[i];
	return en->n_parts > 0 && sum == en->size;
}

static void
bytes_expect(struct bytes_check *c)
{
	const struct digest_sum	*kind;
	const struct entry	*en = c->en;
	bool			 parts = bytes_has_parts(en);
	size_t			 i;

	if (en->etag.n == 32)
		bytes_add(c, DIGEST_MD5, "ETag", en->etag, false);
	else if (en->etag.n > 33 && en->etag.p[32] == '-' && parts &&
	    !fault_skip("DEEP_PARTS"))
		bytes_add(c, DIGEST_MD5, "ETag", en->etag, true);
	for (i = 0; i < en->n_sums && i < DIGEST_SUMS; i++) {
		kind = digest_sum_named(en->sums[i].name);
		if (kind == NULL || fault_skip("DEEP_SUMS") ||
		    (en->sums_composite && (!parts ||
		    !str_is(en->part_sum_kind, en->sums[i].name))))
			continue;
		bytes_add(c, kind->kind, kind->algorithm, en->sums[i].value,
		    en->sums_composite);
	}
	kind = digest_sum_named(en->part_sum_kind);
	if (parts && kind != NULL && en->part_sums.n ==
	    en->n_parts * digest_size(kind->kind))
		c->part_kind = kind;
}

/* ---- parts ------------------------------------------------------------- */

static void
bytes_begin_part(struct bytes_check *c)
{
	c->left = c->en->parts[c->at];
	digest_begin(&c->part_md5, DIGEST_MD5);
	if (c->part_kind != NULL)
		digest_begin(&c->part, c->part_kind->kind);
}

/* The digests of the whole that are made of the parts'. */
static void
bytes_feed_composite(struct bytes_check *c, enum digest_kind kind, bool etag,
    const unsigned char *raw)
{
	struct bytes_sum	*s;

	for (s = c->whole; s < c->whole + c->n_whole; s++)
		if (s->composite && s->d.kind == kind && s->is_etag == etag)
			digest_feed(&s->d, raw, digest_size(kind));
}

static void
bytes_end_part(struct bytes_check *c)
{
	unsigned char	 raw[DIGEST_MAX];
	size_t		 n;

	digest_end(&c->part_md5, raw);
	bytes_feed_composite(c, DIGEST_MD5, true, raw);
	if (c->part_kind != NULL) {
		n = digest_size(c->part_kind->kind);
		digest_end(&c->part, raw);
		if (memcmp(raw, c->en->part_sums.p + c->at * n, n) != 0 &&
		    !fault_skip("DEEP_PART_SUMS") && !c->reported) {
			c->reported = true;
			fsck_found(c->f, "I11", "\"%.*s\": the bytes of part "
			    "%zu are not those of its %s", STRF(c->path),
			    c->at + 1, c->part_kind->algorithm);
		}
		bytes_feed_composite(c, c->part_kind->kind, false, raw);
	}
	c->at++;
}

/* A window of bytes, cut where parts end; one without bytes ends, too. */
static void
bytes_feed_parts(struct bytes_check *c, const char *p, size_t n)
{
	size_t	now;

	while (c->at < c->en->n_parts) {
		now = n < c->left ? n : (size_t)c->left;
		digest_feed(&c->part_md5, p, now);
		if (c->part_kind != NULL)
			digest_feed(&c->part, p, now);
		p += now;
		n -= now;
		c->left -= now;
		if (c->left > 0)
			return;
		bytes_end_part(c);
		if (c->at < c->en->n_parts)
			bytes_begin_part(c);
	}
}

/* ---- the whole --------------------------------------------------------- */

static enum err
bytes_read(struct cx *cx, struct bytes_check *c)
{
	bool		 parts = bytes_has_parts(c->en);
	char		*window = arena_raw(cx->mem, STREAM_WINDOW);
	struct source	 src;
	size_t		 got = 1, i;
	enum err	 e;

	e = object_source(cx, c->f->eng, c->en, 0, c->en->size, &src);
	if (parts)
		bytes_begin_part(c);
	while (e == OK && got > 0 && (e = source_read(cx, &src, window,
	    STREAM_WINDOW, &got)) == OK) {
		for (i = 0; i < c->n_whole; i++)
			if (!c->whole[i].composite)
				digest_feed(&c->whole[i].d, window, got);
		if (parts)
			bytes_feed_parts(c, window, got);
	}
	digest_drop(&c->part_md5);
	digest_drop(&c->part);
	return e;
}

static void
bytes_compare(struct cx *cx, struct bytes_check *c)
{
	unsigned char	 raw[DIGEST_MAX];
	struct bytes_sum	*s;
	struct str	 is;
	size_t		 n;

	for (s = c->whole; s < c->whole + c->n_whole; s++) {
		n = digest_size(s->d.kind);
		digest_end(&s->d, raw);
		is = s->is_etag ?
		    enc_hex_str(cx->mem, raw, n) :
		    enc_base64(cx->mem, raw, n);
		if (s->composite)
			is = str_printf(cx->mem, "%.*s-%zu", STRF(is),
			    c->en->n_parts);
		if (!str_is(is, s->want) && !c->reported)
			bytes_wrong(c, s->name, s->want);
	}
}

enum err
fsck_bytes(struct cx *cx, struct fsck *f, struct str path,
    const struct entry *en)
{
	struct bytes_check	c = { .f = f, .path = path, .en = en };
	enum err	e;
	size_t		i;

	bytes_expect(&c);
	if (c.n_whole == 0 && c.part_kind == NULL)
		return OK;
	if ((e = bytes_read(cx, &c)) == OK) {
		bytes_compare(cx, &c);
		return OK;
	}
	for (i = 0; i < c.n_whole; i++)
		digest_drop(&c.whole[i].d);
	return e;
}
