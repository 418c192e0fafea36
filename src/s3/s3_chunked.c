/*
 * aws-chunked: "size[;chunk-signature=…]\r\n" data "\r\n" …, a chunk of size
 * 0, trailers, an empty line.  Signatures form a chain from the request's.
 * [AWS SigV4 streaming]
 */
#include "s3/s3_chunked.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/fault.h"
#include "net/sigv4.h"

enum { INPUT = 16 * 1024 };

struct chunked {
	const struct auth_signature *sig;
	struct source	 in;
	struct pair	*trailer;
	char		*buf;			/* what was read and not used */
	size_t		 at, n;
	uint64_t	 left;			/* of this chunk */
	bool		 in_chunk, ended;
	char		 claimed[65];		/* this chunk's signature */
	char		 last[65];		/* the chain so far */
	struct digest	 hash;
	bool		 is_signed;
	char		 line[LIMIT_CHUNK_LINE];
};

static enum err
chunked_bad(struct cx *cx, const char *why)
{
	return fail(cx, E_INCOMPLETE_BODY, "The aws-chunked body is not well "
	    "formed: %s.", why);
}

static enum err
chunked_fill(struct cx *cx, struct chunked *k)
{
	enum err	e;

	if (k->at < k->n)
		return OK;
	k->at = 0;
	if ((e = source_read(cx, &k->in, k->buf, INPUT, &k->n)) != OK)
		return e;
	return k->n > 0 ? OK : chunked_bad(cx, "it ends early");
}

/* A line without its CRLF; valid until the next one. */
static enum err
line(struct cx *cx, struct chunked *k, struct str *out)
{
	char		*p = k->line;
	size_t		 n = 0;
	enum err	 e;

	for (;;) {
		if ((e = chunked_fill(cx, k)) != OK)
			return e;
		if (n == LIMIT_CHUNK_LINE)
			return chunked_bad(cx, "a line is too long");
		p[n++] = k->buf[k->at++];
		if (n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n')
			break;
	}
	*out = (struct str){ p, n - 2 };
	return OK;
}

static enum err
check_signature(struct cx *cx, struct chunked *k, const char *kind,
    struct str hashes, struct str claimed)
{
	struct str	sts;

	sts = str_printf(cx->mem, "%s\n%.*s\n%.*s\n%s\n%.*s", kind,
	    STRF(k->sig->date), STRF(k->sig->scope), k->last, STRF(hashes));
	sigv4_sign(k->sig->key, sts, k->last);
	if (claimed.n != 64 || !digest_same(k->last, claimed.p, 64))
		return fail(cx, E_SIGNATURE, "The signature of a chunk does "
		    "not match.");
	return OK;
}

static enum err
chunk_verify(struct cx *cx, struct chunked *k)
{
	unsigned char	raw[SHA256_BYTES];
	char		hex[65];

	if (!k->is_signed)
		return OK;
	digest_end(&k->hash, raw);
	enc_hex(hex, raw, sizeof raw);
	return check_signature(cx, k, "AWS4-HMAC-SHA256-PAYLOAD",
	    str_printf(cx->mem, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b"
	    "934ca495991b7852b855\n%s", hex), str_of(k->claimed));
}

/* Sizes are hex, at most 8 TiB. */
static bool
hex_size(struct str s, uint64_t *out)
{
	unsigned char	d;
	size_t		i;

	*out = 0;
	for (i = 0; i < s.n; i++) {
		char	two[2] = { '0', s.p[i] };

		if (!enc_unhex((struct str){ two, 2 }, &d, 1))
			return false;
		*out = *out << 4 | d;
	}
	return s.n > 0 && s.n <= 11;
}

static enum err
chunk_begin(struct cx *cx, struct chunked *k)
{
	struct str	l, ext;
	size_t		semi;
	enum err	e;

	if ((e = line(cx, k, &l)) != OK)
		return e;
	semi = str_find(l, ';');
	ext = str_from(l, semi + 1);
	if (!hex_size(str_to(l, semi), &k->left))
		return chunked_bad(cx, "a chunk size is no hex number");
	if (!str_take(&ext, STR("chunk-signature=")))
		ext = STR("");
	snprintf(k->claimed, sizeof k->claimed, "%.*s", STRF(ext));
	if (k->is_signed)
		digest_begin(&k->hash, DIGEST_SHA256);
	k->in_chunk = true;
	return OK;
}

/* Trailers up to the empty line; their signature comes last. */
static enum err
trailers(struct cx *cx, struct chunked *k)
{
	struct pair	*t = k->trailer;
	struct str	 l, claimed = STR(""), text;
	unsigned char	 raw[SHA256_BYTES];
	char		 hex[65];
	size_t		 colon, n = 0;
	enum err	 e;

	while ((e = line(cx, k, &l)) == OK && l.n > 0) {
		if (!fault_skip("TRAILERS") && n++ == LIMIT_TRAILERS)
			return chunked_bad(cx, "it has too many trailers");
		colon = str_find(l, ':');
		if (colon == l.n || t->value.p != NULL) {
			if (!str_take(&l, STR("x-amz-trailer-signature:")))
				return chunked_bad(cx,
				    "a trailer is not expected");
			claimed = str_dup(cx->mem, str_trim(l));
			continue;
		}
		t->name = str_lower(cx->mem, str_trim(str_to(l, colon)));
		t->value = str_dup(cx->mem, str_trim(str_from(l, colon + 1)));
	}
	if (e != OK || k->sig->payload != PAYLOAD_CHUNKS_TRAILER)
		return e;
	text = str_printf(cx->mem, "%.*s:%.*s\n", STRF(t->name),
	    STRF(t->value));
	digest_of(DIGEST_SHA256, text.p, text.n, raw);
	enc_hex(hex, raw, sizeof raw);
	return check_signature(cx, k, "AWS4-HMAC-SHA256-TRAILER", str_of(hex),
	    claimed);
}

/* The end of a chunk: its CRLF and signature; after the last, trailers. */
static enum err
chunk_end(struct cx *cx, struct chunked *k, bool last)
{
	struct str	l;
	enum err	e;

	k->in_chunk = false;
	if ((e = chunk_verify(cx, k)) != OK)
		return e;
	if (last) {
		k->ended = true;
		return trailers(cx, k);
	}
	if ((e = line(cx, k, &l)) != OK)
		return e;
	return l.n == 0 ? OK :
	    chunked_bad(cx, "a chunk is longer than its size");
}

/* Some bytes of the chunk at hand. */
static enum err
chunk_bytes(struct cx *cx, struct chunked *k, void *p, size_t n, size_t *got)
{
	enum err	e;

	if ((e = chunked_fill(cx, k)) != OK)
		return e;
	n = k->left < n ? (size_t)k->left : n;
	n = k->n - k->at < n ? k->n - k->at : n;
	memcpy(p, k->buf + k->at, n);
	if (k->is_signed)
		digest_feed(&k->hash, p, n);
	k->at += n;
	k->left -= n;
	*got = n;
	return k->left == 0 ? chunk_end(cx, k, false) : OK;
}

static enum err
chunked_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct chunked		*k = self;
	struct arena_mark	 mark;
	enum err		 e = OK;

	/* A body has any number of chunks: each gives its memory back. */
	while (e == OK && *got == 0 && !k->ended) {
		mark = arena_mark(cx->mem);
		if (!k->in_chunk)
			e = chunk_begin(cx, k);
		if (e == OK && k->left == 0)
			return chunk_end(cx, k, true);
		if (e == OK)
			e = chunk_bytes(cx, k, p, n, got);
		arena_back(cx->mem, mark);
	}
	return e;
}

static void
chunked_drop(void *thing)
{
	digest_drop(&((struct chunked *)thing)->hash);
}

void
s3_chunked_open(struct cx *cx, const struct auth_signature *sig,
    const struct source *in, struct pair *trailer, struct source *out)
{
	struct chunked	*k = arena_get(cx->mem, sizeof *k);

	k->sig = sig;
	k->in = *in;
	k->trailer = trailer;
	k->buf = arena_get(cx->mem, INPUT);
	k->is_signed = sig->payload != PAYLOAD_UNSIGNED_TRAILER;
	snprintf(k->last, sizeof k->last, "%.*s", STRF(sig->seed));
	arena_defer(cx->mem, chunked_drop, k);
	*out = (struct source){ chunked_read, k };
}
