/* Slices. */
#include "unit/unit_cx.h"

#include "base/str.h"

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
parts_are_split_off(void **state)
{
	static const struct {
		const char	*text, *want;	/* parts, each in brackets */
	} cases[] = {
		{ "", "[]" }, { "a", "[a]" }, { "a,b", "[a][b]" },
		{ ",", "[][]" }, { "a,", "[a][]" }, { ",,a", "[][][a]" },
	};
	struct str	rest, part, all;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		all = STR("");
		rest = str_of(cases[i].text);
		while (str_split(&rest, ',', &part))
			all = str_printf(cx.mem, "%.*s[%.*s]", STRF(all),
			    STRF(part));
		assert_str(cases[i].want, all);
	}
	rest = (struct str){ NULL, 0 };
	assert_false(str_split(&rest, ',', &part));
}

static void
patterns_match_whole_texts(void **state)
{
	static const struct {
		const char	*text, *pattern;
		bool		 want;
	} cases[] = {
		{ "", "", true }, { "", "*", true }, { "", "?", false },
		{ "a", "", false }, { "abc", "abc", true },
		{ "abc", "ab", false }, { "ab", "abc", false },
		{ "abc", "a?c", true }, { "ac", "a?c", false },
		{ "abc", "*", true }, { "abc", "a*", true },
		{ "abc", "*c", true }, { "abc", "*b", false },
		{ "aXbXc", "a*X?", true }, { "aab", "*ab", true },
		{ "a*c", "a*c", true }, { "aaaaaaaaaaaaaaaaaaaaab",
		    "*a*a*a*a*a*a*a*a*c", false },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(cases[i].want, str_like(
		    str_of(cases[i].text), str_of(cases[i].pattern)));
}

static void
order_is_that_of_bytes(void **state)
{
	static const char *const	order[] = { "", "A", "AB", "B", "a",
	    "\x7f", "\x80", "\xff", "\xff\x01" };
	const size_t			n = sizeof order / sizeof order[0];
	struct str			s, t;
	size_t				i, k;

	(void)state;
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			s = str_of(order[i]);
			t = str_of(order[k]);
			assert_int_equal(i < k, str_cmp(s, t) < 0);
			assert_int_equal(i == k, str_is(s, t));
			/* nothing lies between s and what comes after it */
			assert_int_equal(i < k, str_cmp(str_after(cx.mem, s),
			    t) <= 0);
		}
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

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(utf8_is_checked),
		cmocka_unit_test(numbers_do_not_overflow),
		cmocka_unit_test(parts_are_split_off),
		cmocka_unit_test(patterns_match_whole_texts),
		cmocka_unit_test(order_is_that_of_bytes),
		cmocka_unit_test(heads_are_taken_off_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
