/* Bodies in frames and in forms: what was sent is what is stored. */
#include "fuzz/fuzz.h"

#include "base/digest.h"
#include "base/enc.h"
#include "net/sigv4.h"

/* ---- aws-chunked ------------------------------------------------------- */

#define NOTHING	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct str
hex_of(struct str s)
{
	unsigned char	raw[SHA256_BYTES];
	char		hex[2 * SHA256_BYTES + 1];

	digest_of(DIGEST_SHA256, s.p, s.n, raw);
	enc_hex(hex, raw, sizeof raw);
	return str_dup(cx.mem, str_of(hex));
}

/* One chunk, its signature resting on the last. */
static void
chunk(struct buf *b, struct str data, bool is_signed, struct str *last)
{
	char		hex[65];

	buf_printf(b, "%zx", data.n);
	if (is_signed) {
		sigv4_sign(ask_key(), str_printf(cx.mem, "AWS4-HMAC-SHA256-PAYLOAD"
		    "\n%.*s\n%.*s\n%.*s\n" NOTHING "\n%.*s", STRF(ask_date()),
		    STRF(ask_scope()), STRF(*last), STRF(hex_of(data))), hex);
		*last = str_dup(cx.mem, str_of(hex));
		buf_printf(b, ";chunk-signature=%s", hex);
	}
	buf_z(b, "\r\n");
	buf_str(b, data);
	if (data.n > 0)
		buf_z(b, "\r\n");
}

enum { CHUNKS = 4 };		/* more are more of the same, and cost */

/* The data in chunks of these sizes (0: the rest), and its checksum. */
static struct str
framed(struct str data, struct str sizes, bool is_signed, struct str seed)
{
	struct str	raw, left = data, last = seed;
	unsigned char	sum[SHA256_BYTES];
	struct buf	b;
	size_t		i, n;

	buf_init(&b, cx.mem, 1 << 20);
	for (i = 0; left.n > 0; i++) {
		n = i < sizes.n && i < CHUNKS ? (unsigned char)sizes.p[i] : left.n;
		n = n == 0 || n > left.n ? left.n : n;
		chunk(&b, str_to(left, n), is_signed, &last);
		left = str_from(left, n);
	}
	chunk(&b, STR(""), is_signed, &last);
	if (!is_signed) {
		digest_of(DIGEST_SHA256, data.p, data.n, sum);
		raw = enc_base64(cx.mem, (char *)sum, sizeof sum);
		buf_printf(&b, "x-amz-checksum-sha256:%.*s\r\n", STRF(raw));
	}
	buf_z(&b, "\r\n");
	return buf_as_str(&b);
}

/* One byte changes: refused, or what is stored is the same for all that. */
static void
spoil(struct str in, struct str body)
{
	size_t	at = ((unsigned char)in.p[1] * 256u +
	    (unsigned char)in.p[2]) % body.n;
	char	*p = (char *)(uintptr_t)body.p;

	p[at] ^= in.p[0] | 1;
}

/*
 * Flags (signed; spoil); a place; a line of sizes; the data.  Framed well it
 * is stored.
 */
void
fuzz_chunked(struct str in)
{
	struct ask	a = { .who = SIGNED, .method = "PUT",
	    .target = STR("/repo/main/c") };
	struct str	sizes, data, seed, authorization;
	struct answer	put, got;
	bool		is_signed, is_whole;

	lake_reset();
	if (in.n < 3)
		return;
	is_signed = in.p[0] & 1;
	is_whole = in.p[0] & 2;
	data = str_from(in, 3);
	if (!str_split(&data, '\n', &sizes) || data.p == NULL)
		return;
	a.headers = str_printf(cx.mem, "x-amz-content-sha256:%s\n"
	    "x-amz-decoded-content-length:%zu%s", is_signed ?
	    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" :
	    "STREAMING-UNSIGNED-PAYLOAD-TRAILER", data.n, is_signed ? "" :
	    "\nx-amz-trailer:x-amz-checksum-sha256");
	authorization = ask_signature(&a, &seed);
	a.headers = str_printf(cx.mem, "%.*s\nAuthorization:%.*s",
	    STRF(a.headers), STRF(authorization));
	a.body = framed(data, sizes, is_signed, seed);
	if (!is_whole)
		spoil(in, a.body);
	put = ask(&a);
	if (!is_good(&put)) {
		assert(!is_whole && lake_is_as_made());
		return;
	}
	got = ask_s3("GET", "/repo/main/c", STR(""), STR(""));
	assert(is_good(&got) && str_is(got.body, data));
}

/* ---- forms ------------------------------------------------------------- */

static void
field(struct buf *b, struct str name, struct str value)
{
	buf_printf(b, "--b\r\nContent-Disposition: form-data; name=\"%.*s\""
	    "\r\n\r\n%.*s\r\n", STRF(name), STRF(value));
}

static struct str
part_until_blank(struct str *rest)
{
	size_t		at = str_starts(*rest, STR("\n")) ? 0 :
	    str_find_str(*rest, STR("\n\n"));
	struct str	one = str_to(*rest, at);

	*rest = str_from(*rest, at + (at == 0 ? 1 : 2));
	return one;
}

/* The policy, signed; the fields, "name:value" each; the file. */
static struct str
form(struct str policy, struct str fields, struct str file)
{
	struct str	line, text;
	struct buf	b;
	char		hex[65];
	size_t		at;

	text = enc_base64(cx.mem, policy.p, policy.n);
	sigv4_sign(ask_key(), text, hex);
	buf_init(&b, cx.mem, 1 << 20);
	field(&b, STR("policy"), text);
	field(&b, STR("x-amz-algorithm"), STR("AWS4-HMAC-SHA256"));
	field(&b, STR("x-amz-credential"), str_printf(cx.mem, FUZZ_ID
	    "/%.*s", STRF(ask_scope())));
	field(&b, STR("x-amz-date"), ask_date());
	field(&b, STR("x-amz-signature"), str_of(hex));
	while (str_split(&fields, '\n', &line)) {
		at = str_find(line, ':');
		if (line.n > 0)
			field(&b, str_to(line, at), str_from(line, at + 1));
	}
	buf_z(&b, "--b\r\nContent-Disposition: form-data; name=\"file\"; "
	    "filename=\"f\"\r\n\r\n");
	buf_str(&b, file);
	buf_z(&b, "\r\n--b--\r\n");
	return buf_as_str(&b);
}

/* A form is taken for keys under main/ alone, as its policy says, whatever
 * its fields say. */
void
fuzz_post(struct str in)
{
	static const char	head[] = "{\"expiration\":\"2999-01-01T00:00:"
	    "00Z\",\"conditions\":[{\"bucket\":\"repo\"},[\"starts-with\","
	    "\"$key\",\"main/\"],[\"starts-with\",\"$x-amz-date\",\"\"],"
	    "[\"starts-with\",\"$x-amz-algorithm\",\"\"],"
	    "[\"starts-with\",\"$x-amz-credential\",\"\"]";
	struct ask	a = { .who = NOBODY, .method = "POST",
	    .target = STR("/repo"),
	    .headers = STR("Content-Type:multipart/form-data; boundary=b") };
	struct str	conditions, fields, rest = in;
	struct answer	posted, got;

	lake_reset();
	conditions = part_until_blank(&rest);
	fields = part_until_blank(&rest);
	a.body = form(str_printf(cx.mem, "%s%.*s]}", head, STRF(conditions)),
	    fields, rest);
	posted = ask(&a);
	if (posted.status / 100 > 3) {
		assert(lake_is_as_made());
		return;
	}
	got = ask_s3("GET", "/repo?list-type=2&prefix=other/", STR(""),
	    STR(""));
	assert(is_good(&got) && (posted.status == 0 || str_find_str(got.body,
	    STR("<KeyCount>3</KeyCount>")) < got.body.n));
}
