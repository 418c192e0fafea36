/* Dates, there and back. */
#include "unit/unit_cx.h"

#include <time.h>

#include "base/when.h"

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

static const struct {
	const char	*text, *why;
	int64_t		 ms;		/* -1: it is none */
} rfc3339[] = {
	{ "1994-11-06T08:49:37Z", "the plain form", 784111777000 },
	{ "1994-11-06t08:49:37z", "small letters", 784111777000 },
	{ "1994-11-06T10:49:37+02:00", "an offset", 784111777000 },
	{ "1994-11-05T23:19:37-09:30", "one to the west", 784111777000 },
	{ "1994-11-06T08:49:37.5Z", "a fraction", 784111777500 },
	{ "1994-11-06T08:49:37.123456789+00:00", "nanoseconds", 784111777124 },
	{ "1994-11-06T08:49:37.1230000000000Z", "no more", 784111777123 },
	{ "1970-01-01T00:00:00Z", "the first moment", 0 },
	{ "0001-01-01T00:00:00Z", "Go's zero time", -62135596800000 },
	{ "9999-12-31T23:59:59Z", "the last year", 253402300799000 },
	{ "2024-02-29T00:00:00Z", "a leap day", 1709164800000 },
	{ "1900-02-29T00:00:00Z", "no leap year", -1 },
	{ "2023-02-29T00:00:00Z", "no leap year", -1 },
	{ "2023-04-31T00:00:00Z", "no such day", -1 },
	{ "2023-00-10T00:00:00Z", "no such month", -1 },
	{ "2023-01-01T24:00:00Z", "no such hour", -1 },
	{ "1994-11-06T08:49:37", "no offset", -1 },
	{ "1994-11-06T08:49:37.Z", "no digit", -1 },
	{ "1994-11-06T08:49:37+0200", "no colon", -1 },
	{ "1994-11-06T08:49:37 02:00", "a plus that was not escaped", -1 },
	{ "1994-11-06T08:49:37+24:00", "a day ahead", -1 },
	{ "1994-11-06T08:49:37Zx", "more behind it", -1 },
	{ "1994-11-06", "a day alone", -1 },
	{ "", "nothing", -1 },
};

static void
times_of_rfc3339_are_read(void **state)
{
	int64_t	ms, back;
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof rfc3339 / sizeof rfc3339[0]; i++) {
		ms = -1;
		if (when_rfc3339_parse(str_of(rfc3339[i].text), &back))
			ms = back;
		if (ms != rfc3339[i].ms)
			print_error("%s: %s\n", rfc3339[i].text,
			    rfc3339[i].why);
		assert_int_equal(rfc3339[i].ms, ms);
	}
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

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(dates_go_both_ways),
		cmocka_unit_test(dates_agree_with_the_library),
		cmocka_unit_test(times_of_rfc3339_are_read),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
