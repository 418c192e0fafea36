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
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
