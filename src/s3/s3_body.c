/* Request bodies, and everything that vouches for them. */
#include "s3/s3_body.h"

#include <string.h>

#include "base/budget.h"
#include "base/enc.h"
#include "base/xml.h"
#include "s3/s3_chunked.h"
#include "s3/s3_route.h"

static const struct str	sum_head = STR_INIT("x-amz-checksum-");

/* NULL: no such checksum. */
static struct s3_sum *
sum_add(struct s3_body *b, struct str name)
{
	const struct digest_sum	*known = digest_sum_named(name);
	struct s3_sum		*s;
	size_t			 i;

	if (known == NULL)
		return NULL;
	for (i = 0; i < b->n_sums; i++)
		if (b->sums[i].kind == known->kind)
			return &b->sums[i];
	s = &b->sums[b->n_sums++];
	s->name = known->name;
	s->kind = known->kind;
	digest_begin(&s->digest, s->kind);
	return s;
}

/* The value of a header x-amz-checksum-<kind>. */
static enum err
take_sum(struct cx *cx, struct s3_body *b, const struct digest_sum *known,
    struct str value)
{
	unsigned char	raw[DIGEST_MAX];

	if (!enc_unbase64(value, raw, digest_size(known->kind)))
		return fail(cx, E_BAD_REQUEST, "Value for x-amz-checksum-%s "
		    "header is invalid.", known->name);
	if (b->n_sums > 0)
		return fail(cx, E_BAD_REQUEST, "Expecting a single "
		    "x-amz-checksum- header. Multiple checksum Types are not "
		    "allowed.");
	sum_add(b, str_of(known->name))->want = value;
	return OK;
}

/* The checksum that a trailer promises. */
static enum err
take_trailer(struct cx *cx, struct s3_body *b)
{
	struct str	 name = str_trim(request_header(b->call->req,
	    "x-amz-trailer"));
	struct s3_sum	*s;

	if (name.n == 0)
		return OK;
	s = str_take_nocase(&name, sum_head) ? sum_add(b, name) : NULL;
	if (s == NULL)
		return fail(cx, E_BAD_REQUEST, "The value specified in the "
		    "x-amz-trailer header is not supported");
	s->in_trailer = true;
	return OK;
}

/* Headers x-amz-checksum-<kind>; an empty one is no checksum. */
static enum err
take_header_sums(struct cx *cx, struct s3_body *b)
{
	const struct request	*req = b->call->req;
	const struct digest_sum	*known;
	const struct pair	*h;
	struct str		 name;
	enum err		 e;

	for (h = req->headers; h < req->headers + req->n_headers; h++) {
		name = h->name;
		if (!str_take(&name, sum_head) ||
		    (known = digest_sum_named(name)) == NULL)
			continue;
		if ((e = take_sum(cx, b, known, h->value)) != OK)
			return e;
	}
	return OK;
}

static enum err
take_sums(struct cx *cx, struct s3_body *b)
{
	const struct request	*req = b->call->req;
	enum err		 e;

	/* Of a completion the headers speak of the object. */
	if ((b->call->row->op != OP_COMPLETE_MULTIPART_UPLOAD &&
	    (e = take_header_sums(cx, b)) != OK) ||
	    (e = take_trailer(cx, b)) != OK)
		return e;
	return b->n_sums > 0 ||
	    request_header(req, "x-amz-sdk-checksum-algorithm").n == 0 ? OK :
	    fail(cx, E_BAD_REQUEST, "x-amz-sdk-checksum-algorithm specified, "
	    "but no corresponding x-amz-checksum-* or x-amz-trailer headers "
	    "were found.");
}

static enum err
take_md5(struct cx *cx, struct s3_body *b)
{
	struct str	v = request_header(b->call->req, "content-md5");

	if (v.p == NULL)
		return OK;
	if (!enc_unbase64(v, b->md5, sizeof b->md5))
		return s3_fail(cx, E_BAD_REQUEST, "InvalidDigest", "The "
		    "Content-MD5 you specified was invalid.");
	b->has_md5 = true;
	return OK;
}

static void
body_drop(void *thing)
{
	struct s3_body	*b = thing;
	size_t		 i;

	for (i = 0; i < b->n_sums; i++)
		digest_drop(&b->sums[i].digest);
	if (b->has_hash)
		digest_drop(&b->hash);
	if (b->has_md5)
		digest_drop(&b->md5_digest);
}

static enum err
no_length(struct cx *cx)
{
	return fail(cx, E_NO_LENGTH, "You must provide the Content-Length "
	    "HTTP header.");
}

static bool
is_framed(const struct s3_call *c)
{
	return c->sig.payload == PAYLOAD_CHUNKS ||
	    c->sig.payload == PAYLOAD_CHUNKS_TRAILER ||
	    c->sig.payload == PAYLOAD_UNSIGNED_TRAILER;
}

enum err
s3_body_open(struct cx *cx, struct s3_call *c, struct str sum,
    struct s3_body **out)
{
	struct s3_body	*b = arena_get(cx->mem, sizeof *b);
	struct str	 length;
	enum err	 e;

	*out = b;
	b->call = c;
	b->source = c->req->body;
	b->length = c->req->length;
	arena_defer(cx->mem, body_drop, b);
	if ((e = take_md5(cx, b)) != OK || (e = take_sums(cx, b)) != OK)
		return e;
	if (sum.n > 0)
		sum_add(b, sum);
	b->has_hash = c->sig.payload == PAYLOAD_HASH;
	if (b->has_hash)
		digest_begin(&b->hash, DIGEST_SHA256);
	if (!is_framed(c)) {
		/* Chunked, and a cut one would look whole. */
		if (!c->req->has_length && !c->req->truncation_shows)
			return no_length(cx);
		b->any_length = !c->req->has_length;
		return OK;
	}
	length = request_header(c->req, "x-amz-decoded-content-length");
	if (!str_u64(length, INT64_MAX, &b->length))
		return fail(cx, E_NO_LENGTH, "A streamed upload must have "
		    "x-amz-decoded-content-length.");
	s3_chunked_open(cx, &c->sig, &c->req->body, &b->trailer, &b->source);
	return OK;
}

static void
feed(void *arg, const void *p, size_t n)
{
	struct s3_body	*b = arg;
	size_t		 i;

	for (i = 0; i < b->n_sums; i++)
		digest_feed(&b->sums[i].digest, p, n);
	if (b->has_hash)
		digest_feed(&b->hash, p, n);
}

static enum err
too_large(struct cx *cx, const struct s3_body *b)
{
	return fail(cx, b->too_large, "The body may have %zu bytes.", b->most);
}

static enum err
check_sum(struct cx *cx, struct s3_body *b, struct s3_sum *s)
{
	unsigned char	raw[DIGEST_MAX], want[DIGEST_MAX];
	struct str	came = b->trailer.name;
	size_t		n = digest_size(s->kind);

	digest_end(&s->digest, raw);
	s->got = enc_base64(cx->mem, raw, n);
	if (s->in_trailer) {
		if (!str_take(&came, sum_head) ||
		    !str_is_nocase(came, str_of(s->name)))
			return fail(cx, E_BAD_REQUEST, "The trailer that "
			    "x-amz-trailer promises did not come.");
		s->want = b->trailer.value;
	}
	if (s->want.p == NULL)
		return OK;
	if (!enc_unbase64(s->want, want, n))
		return fail(cx, E_BAD_REQUEST, "Value for x-amz-checksum-%s "
		    "trailing header is invalid.", s->name);
	if (memcmp(raw, want, n) != 0)
		return fail(cx, E_BAD_DIGEST, "The %s you specified did not "
		    "match the calculated checksum.", s->name);
	return OK;
}

static enum err
wrong_length(struct cx *cx, const struct s3_body *b, uint64_t size)
{
	return fail(cx, E_INCOMPLETE_BODY, "You did not provide the number of "
	    "bytes specified: %llu came, %llu were announced.",
	    (unsigned long long)size, (unsigned long long)b->length);
}

/* After the last byte: nothing is stored unless all of it holds. */
static enum err
body_check(struct cx *cx, struct s3_body *b, uint64_t size,
    const unsigned char md5[16])
{
	unsigned char	hash[SHA256_BYTES];
	enum err	e;
	size_t		i;

	if (size != b->length && !b->any_length)
		return wrong_length(cx, b, size);
	if (b->has_md5 && memcmp(md5, b->md5, 16) != 0)
		return fail(cx, E_BAD_DIGEST, "The Content-MD5 you specified "
		    "did not match what we received.");
	if (b->has_hash) {
		digest_end(&b->hash, hash);
		if (memcmp(hash, b->call->sig.hash, sizeof hash) != 0)
			return s3_fail(cx, E_BAD_DIGEST,
			    "XAmzContentSHA256Mismatch", "The provided "
			    "'x-amz-content-sha256' header does not match what "
			    "was computed.");
	}
	for (i = 0; i < b->n_sums; i++)
		if ((e = check_sum(cx, b, &b->sums[i])) != OK)
			return e;
	return OK;
}

enum err
s3_body_take(struct cx *cx, struct s3_body *b, uint64_t max,
    struct body **out)
{
	enum err	e;

	if (b->length > max && !b->any_length)
		return fail(cx, E_TOO_LARGE, "Your proposed upload exceeds "
		    "the maximum allowed size of %llu bytes.",
		    (unsigned long long)max);
	if ((e = body_take(cx, b->call->eng, &b->source, max, feed, b,
	    out)) != OK)
		return e;
	return body_check(cx, b, body_size(*out), body_md5(*out));
}

/* The payload; its end is an error unless all vouches for it. */
static enum err
vouched_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct s3_body	*b = self;
	unsigned char	 md5[16];
	enum err	 e;

	if ((e = source_read(cx, &b->source, p, n, got)) != OK)
		return e;
	b->seen += *got;
	if (b->seen > b->most)
		return too_large(cx, b);
	/* No more comes than there was memory claimed for. */
	if (b->seen > b->length)
		return wrong_length(cx, b, b->seen);
	if (*got > 0) {
		feed(b, p, *got);
		if (b->has_md5)
			digest_feed(&b->md5_digest, p, *got);
		return OK;
	}
	if (b->has_md5)
		digest_end(&b->md5_digest, md5);
	return body_check(cx, b, b->seen, md5);
}

/* Before a byte is read: is it too long, and is there memory for it? */
static enum err
vouched_open(struct cx *cx, struct s3_body *b, size_t max,
    enum err too_large_is, size_t memory, struct source *out)
{
	b->most = max;
	b->too_large = too_large_is;
	/* Memory is claimed for what comes: how much that is must be said. */
	if (b->any_length)
		return no_length(cx);
	if (b->length > max)
		return too_large(cx, b);
	if (b->has_md5)
		digest_begin(&b->md5_digest, DIGEST_MD5);
	*out = (struct source){ vouched_read, b };
	return budget_need(cx, memory);
}

enum err
s3_body_xml(struct cx *cx, struct s3_body *b, size_t max, const char *root,
    struct xml **out)
{
	struct source	in;
	enum err	e;

	/* What is taken from it, and again in the answer. */
	if ((e = vouched_open(cx, b, max, E_BAD_XML, 2 * (size_t)b->length,
	    &in)) != OK)
		return e;
	return xml_open(cx, &in, root, out);
}

enum err
s3_body_read_xml(struct cx *cx, struct s3_call *c, size_t max, const char *root,
    struct xml **out)
{
	struct s3_body	*b;
	enum err	 e;

	if ((e = s3_body_open(cx, c, STR(""), &b)) != OK)
		return e;
	return s3_body_xml(cx, b, max, root, out);
}

enum err
s3_body_read_text(struct cx *cx, struct s3_call *c, size_t max, struct str *out)
{
	struct s3_body	*b;
	struct source	 in;
	enum err	 e;

	if ((e = s3_body_open(cx, c, STR(""), &b)) != OK ||
	    (e = vouched_open(cx, b, max, E_TOO_LARGE, 0, &in)) != OK)
		return e;
	return source_body(cx, &in, b->length, max, out);
}

void
s3_body_sums(struct cx *cx, const struct s3_body *b, struct entry *en)
{
	size_t	i;

	en->sums = arena_get(cx->mem, b->n_sums * sizeof *en->sums);
	en->n_sums = b->n_sums;
	for (i = 0; i < b->n_sums; i++)
		en->sums[i] = (struct pair){ str_of(b->sums[i].name),
		    b->sums[i].got };
}
