/* Encodings, there and back. */
#include "unit/unit_cx.h"

#include "base/buf.h"
#include "base/enc.h"

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
bytes_are_written_in_hex(void **state)
{
	struct arena	*mem = arena_new();

	(void)state;
	assert_true(str_is(enc_hex_str(mem, "\0\x7f\xff", 3),
	    STR("007fff")));
	assert_int_equal(0, enc_hex_str(mem, "", 0).n);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(percent_goes_both_ways),
		cmocka_unit_test(bytes_are_written_in_hex),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
