/* Lines of the log. */
#include "unit/unit_cx.h"

#include "base/buf.h"
#include "base/log.h"

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

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(log_values_order_nobody_about),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
