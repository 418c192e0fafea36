/* base: encodings, digests, dates, slices; known answers and round trips. */
#include "unit/unit_cx.h"

#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

/* "123456789": the check values of the catalogues. */
static void
digests_have_their_known_values(void **state)
{
	static const struct {
		enum digest_kind	 kind;
		const char		*hex;
	} cases[] = {
		{ DIGEST_MD5, "25f9e794323b453885f5181f1b624d0b" },
		{ DIGEST_SHA1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441" },
		{ DIGEST_SHA256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94"
		    "c65fbc8c3312448eb225" },
		{ DIGEST_SHA512, "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0"
		    "c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455"
		    "b6b5bb503acf574fba8ffe85" },
		{ DIGEST_CRC32, "cbf43926" },
		{ DIGEST_CRC32C, "e3069283" },
		{ DIGEST_CRC64NVME, "ae8b14860a799888" },
		{ DIGEST_XXHASH64, "8cb841db40e6ae83" },
		{ DIGEST_XXHASH3, "72dcb18b67a17dff" },
		{ DIGEST_XXHASH128, "33119477ede5dcd5e9716427681d5860" },
	};
	unsigned char	raw[DIGEST_MAX];
	char		hex[2 * DIGEST_MAX + 1];
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		digest_of(cases[i].kind, "123456789", 9, raw);
		enc_hex(hex, raw, digest_size(cases[i].kind));
		assert_string_equal(cases[i].hex, hex);
	}
}

static uint64_t
crc_of(enum digest_kind kind, const char *p, size_t n)
{
	unsigned char	raw[DIGEST_MAX];
	uint64_t	v = 0;
	size_t		i;

	digest_of(kind, p, n, raw);
	for (i = 0; i < digest_size(kind); i++)
		v = v << 8 | raw[i];
	return v;
}

static void
joined_crcs_are_those_of_the_whole(void **state)
{
	static const enum digest_kind	kinds[] = { DIGEST_CRC32,
	    DIGEST_CRC32C, DIGEST_CRC64NVME };
	static char			text[5000];
	static const size_t		cuts[] = { 0, 1, 7, 8, 2500, 4999, 5000 };
	size_t				i, k;

	(void)state;
	for (i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 31 + i / 7);
	for (k = 0; k < 3; k++)
		for (i = 0; i < sizeof cuts / sizeof cuts[0]; i++)
			assert_true(crc_of(kinds[k], text, sizeof text) ==
			    digest_crc_join(kinds[k], crc_of(kinds[k], text,
			    cuts[i]), crc_of(kinds[k], text + cuts[i],
			    sizeof text - cuts[i]), sizeof text - cuts[i]));
}

static void
heads_are_taken_off_whole_or_not_at_all(void **state)
{
	static const struct str	header = STR_INIT("Range: bytes=0-");
	struct str		s = header;

	(void)state;
	assert_false(str_take(&s, STR("range:")));
	assert_true(str_is(s, header));
	assert_true(str_take_nocase(&s, STR("range: ")));
	assert_true(str_is(s, STR("bytes=0-")));
	assert_true(str_take(&s, s));
	assert_int_equal(0, s.n);
	assert_false(str_take(&s, STR("x")));
	assert_true(str_take(&s, STR("")));
}

static void
steps_aside_leave_the_failure_alone(void **state)
{
	struct arena	*mem = arena_new();
	struct cx	 first, aside;

	(void)state;
	cx_init(&first, mem);
	fail(&first, E_NO_SUCH_TAG, "the first");
	aside = cx_aside(&first);
	assert_int_equal(OK, aside.code);
	assert_string_equal(first.id, aside.id);
	assert_true(aside.now == first.now && aside.mem == mem);
	fail(&aside, E_STORE, "another");
	assert_int_equal(E_NO_SUCH_TAG, first.code);
	assert_string_equal("the first", first.words);
	aside = cx_bare(mem);
	assert_true(aside.mem == mem && aside.now == 0 && aside.id[0] == '\0');
	arena_free(mem);
}

static void
bytes_are_written_in_hex(void **state)
{
	struct arena	*mem = arena_new();

	(void)state;
	assert_true(str_is(enc_hex_str(mem, "\0\x7f\xff", 3),
	    STR("007fff")));
	assert_int_equal(0, enc_hex_str(mem, "", 0).n);
	arena_free(mem);
}

/* [RFC 4231 test case 2] */
static void
hmac_has_its_known_value(void **state)
{
	unsigned char	mac[SHA256_BYTES];
	char		hex[65];

	(void)state;
	hmac_sha256("Jefe", 4, STR("what do ya want for nothing?"), mac);
	enc_hex(hex, mac, sizeof mac);
	assert_string_equal("5bdcc146bf60754e6a042426089575c75a003f089d27398"
	    "39dec58b964ec3843", hex);
}

static void
sealed_bytes_open_only_with_their_key(void **state)
{
	unsigned char	key[32] = { 1 }, other[32] = { 2 };
	unsigned char	sealed[5 + SEAL_OVERHEAD], out[5];

	(void)state;
	digest_seal(key, "hello", 5, sealed);
	assert_true(digest_unseal(key, sealed, sizeof sealed, out));
	assert_memory_equal("hello", out, 5);
	assert_false(digest_unseal(other, sealed, sizeof sealed, out));
	sealed[14] ^= 1;
	assert_false(digest_unseal(key, sealed, sizeof sealed, out));
	assert_false(digest_unseal(key, sealed, 3, out));
}

static void
base64_is_strict(void **state)
{
	static const char *const	bad[] = { "A", "AA", "AAA", "A===",
	    "AA=A", "A*AA", "AAAA=", "=AAA" };
	char				out[64];
	size_t				i, n;

	(void)state;
	assert_str("Zm9vYmE=", enc_base64(cx.mem, "fooba", 5));
	assert_true(enc_unbase64(STR("Zm9vYmE="), out, 5));
	assert_memory_equal("fooba", out, 5);
	assert_false(enc_unbase64(STR("Zm9vYmE="), out, 4));
	assert_true(enc_unbase64_any(STR(""), out, 0, &n) && n == 0);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(enc_unbase64_any(str_of(bad[i]), out,
		    sizeof out, &n));
}

static void
percent_goes_both_ways(void **state)
{
	char		all[256];
	struct buf	b;
	struct str	back;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof all; i++)
		all[i] = (char)i;
	buf_init(&b, cx.mem, 4096);
	enc_percent(&b, (struct str){ all, sizeof all }, true);
	assert_true(enc_unpercent(cx.mem, buf_as_str(&b), false, &back));
	assert_int_equal(sizeof all, back.n);
	assert_memory_equal(all, back.p, sizeof all);
	assert_true(enc_unpercent(cx.mem, STR("a+b%2B"), true, &back));
	assert_str("a b+", back);
	assert_false(enc_unpercent(cx.mem, STR("%"), false, &back));
	assert_false(enc_unpercent(cx.mem, STR("%z1"), false, &back));
}

static void
dates_go_both_ways(void **state)
{
	const int64_t	t = 784111777000;
	int64_t		back;

	(void)state;
	assert_str("Sun, 06 Nov 1994 08:49:37 GMT", when_http(cx.mem, t));
	assert_true(when_http_parse(when_http(cx.mem, t), &back) && back == t);
	assert_str("1994-11-06T08:49:37.123Z", when_iso(cx.mem, t + 123));
	assert_true(when_iso_parse(when_iso(cx.mem, t + 123), &back) &&
	    back == t + 123);
	assert_str("19941106T084937Z", when_amz(cx.mem, t));
	assert_true(when_amz_parse(when_amz(cx.mem, t), &back) && back == t);
	assert_false(when_http_parse(STR("Sun, 06 Foo 1994 08:49:37 GMT"),
	    &back));
	assert_false(when_iso_parse(STR("1994-13-06T08:49:37Z"), &back));
	assert_false(when_amz_parse(STR("19941106T084937"), &back));
}

/* Every day of eight centuries, against the C library. */
static void
dates_agree_with_the_library(void **state)
{
	struct tm	tm;
	time_t		t;
	char		want[32];

	(void)state;
	for (t = 12345; t < (time_t)25000000000; t += 86400) {
		struct arena_mark	mark = arena_mark(cx.mem);

		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%a, %d %b %Y %H:%M:%S GMT", &tm);
		assert_str(want, when_http(cx.mem, (int64_t)t * 1000));
		arena_back(cx.mem, mark);
	}
}

static void
utf8_is_checked(void **state)
{
	static const struct {
		const char	*s;
		bool		 ok;
	} cases[] = {
		{ "", true }, { "plain", true }, { "\xc3\xbc", true },
		{ "\xe6\xbc\xa2", true }, { "\xf0\x9f\x90\x98", true },
		{ "\xff", false }, { "\xc3", false }, { "\xc0\xaf", false },
		{ "\xed\xa0\x80", false }, { "\xf4\x90\x80\x80", false },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(cases[i].ok, str_is_utf8(str_of(cases[i].s)));
}

static void
log_values_order_nobody_about(void **state)
{
	static const struct {
		const char	*value, *want;
	} cases[] = {
		{ "plain", " k=plain" },
		{ "", " k=\"\"" },
		{ "a b", " k=\"a b\"" },
		{ "a=b", " k=\"a=b\"" },
		{ "a\"\\", " k=\"a\\\"\\\\\"" },
		{ "a\nb\x1b[2J", " k=\"a\\u000ab\\u001b[2J\"" },
		{ "\x7f", " k=\"\\u007f\"" },
		{ "\xc2\x9b" "2J", " k=\"\\u009b2J\"" },
		{ "\x9b" "2J", " k=\"\\u009b2J\"" },
		{ "\xff", " k=\"\\u00ff\"" },
		{ "\xc3\xbc", " k=\"\xc3\xbc\"" },
		{ "\xe2\x80\xae" "gnp", " k=\"\\u202egnp\"" },
		{ "\xe2\x81\xa6", " k=\"\\u2066\"" },
		{ "\xe2\x80\x8f", " k=\"\\u200f\"" },
		{ "\xd8\x9c", " k=\"\\u061c\"" },
		{ "\xe2\x80\xa8", " k=\"\\u2028\"" },
	};
	struct buf	b;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, cx.mem, 1000);
		log_value(&b, "k", str_of(cases[i].value));
		assert_str(cases[i].want, buf_as_str(&b));
	}
}

/* Which of the words of a failure a client reads. */
static void
words_of_our_own_faults_are_the_logs(void **state)
{
	static const enum err	ours[] = { E_STORE, E_CORRUPT, E_CONF,
	    E_DISK_FULL };
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof ours / sizeof ours[0]; i++) {
		fail(&cx, ours[i], "/srv/lake/blocks/00: no space");
		assert_string_equal(err_words(ours[i]), cx_public(&cx));
	}
	fail(&cx, E_BAD_PATH, "the path is empty");
	assert_string_equal("the path is empty", cx_public(&cx));
	cx_forget(&cx);
}

static void
numbers_do_not_overflow(void **state)
{
	uint64_t	v;

	(void)state;
	assert_true(str_u64(STR("18446744073709551615"), UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_false(str_u64(STR("18446744073709551616"), UINT64_MAX, &v));
	assert_false(str_u64(STR("11"), 10, &v));
	assert_false(str_u64(STR(""), 10, &v));
	assert_false(str_u64(STR("-1"), 10, &v));
}

static void
json_refuses_what_it_should(void **state)
{
	struct json	o;
	struct str	s = STR("kept");
	struct pair	*map;
	int64_t		v = 0;
	size_t		n;

	(void)state;
	assert_ok(&cx, json_parse(&cx, STR("{\"s\":\"x\",\"n\":7,\"m\":{\"a\":"
	    "\"b\"},\"z\":null} "), &o));
	assert_ok(&cx, json_get_str(&cx, o, "z", &s));
	assert_str("kept", s);
	assert_ok(&cx, json_get_str(&cx, o, "s", &s));
	assert_str("x", s);
	assert_ok(&cx, json_get_int(&cx, o, "n", &v));
	assert_int_equal(7, v);
	assert_ok(&cx, json_get_map(&cx, o, "m", &map, &n));
	assert_int_equal(1, n);
	assert_err(E_BAD_JSON, json_get_str(&cx, o, "n", &s));
	assert_err(E_BAD_JSON, json_need_str(&cx, o, "none", &s));
	assert_err(E_BAD_JSON, json_parse(&cx, STR("[]"), &o));
	assert_err(E_BAD_JSON, json_parse(&cx, STR("{} x"), &o));
	assert_err(E_BAD_JSON, json_parse(&cx, STR("{\"a\":"), &o));
	assert_err(E_BAD_JSON, json_parse(&cx, STR("{\"a\":\"\xff\"}"), &o));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(digests_have_their_known_values),
		cmocka_unit_test(joined_crcs_are_those_of_the_whole),
		cmocka_unit_test(heads_are_taken_off_whole_or_not_at_all),
		cmocka_unit_test(steps_aside_leave_the_failure_alone),
		cmocka_unit_test(bytes_are_written_in_hex),
		cmocka_unit_test(hmac_has_its_known_value),
		cmocka_unit_test(sealed_bytes_open_only_with_their_key),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(percent_goes_both_ways),
		cmocka_unit_test(dates_go_both_ways),
		cmocka_unit_test(dates_agree_with_the_library),
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(log_values_order_nobody_about),
		cmocka_unit_test(words_of_our_own_faults_are_the_logs),
		cmocka_unit_test(numbers_do_not_overflow),
		cmocka_unit_test(json_refuses_what_it_should),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
