/* app: settings, as files and the environment give them. */
#include "unit/unit_cx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/conf.h"

static const struct conf_row *
row_of(const char *name)
{
	const struct conf_row	*rows;
	size_t			 i, n;

	rows = conf_rows(&n);
	for (i = 0; i < n; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	assert_true(false);
	return NULL;
}

static void
numbers_have_units_and_bounds(void **state)
{
	static const struct {
		const char	*text;
		enum err	 want;
		int64_t		 value;
		const char	*why;
	} cases[] = {
		{ "0", OK, 0, "" },
		{ "64K", OK, 65536, "" },
		{ "8M", OK, 8 << 20, "" },
		{ "20G", OK, INT64_C(20) << 30, "" },
		{ "21474836480", OK, INT64_C(20) << 30, "without a unit" },
		{ "1099511627776", OK, INT64_C(1) << 40, "the most" },
		{ "1024G", OK, INT64_C(1) << 40, "the same" },
		{ "1099511627777", E_CONF, 0, "more" },
		{ "1025G", E_CONF, 0, "more" },
		{ "9223372036854775807", E_CONF, 0, "" },
		{ "9223372036854775807K", E_CONF, 0, "no overflow" },
		{ "8589934592G", E_CONF, 0, "2^63" },
		{ "17179869184G", E_CONF, 0, "2^64: not 0" },
		{ "18014398509481985K", E_CONF, 0, "2^64 + 1024: not 1024" },
		{ "99999999999999999999G", E_CONF, 0, "" },
		{ "-1", E_CONF, 0, "" },
		{ "1.5G", E_CONF, 0, "" },
		{ "G", E_CONF, 0, "" },
		{ "1T", E_CONF, 0, "" },
		{ "1 G", E_CONF, 0, "" },
		{ "", E_CONF, 0, "" },
	};
	struct conf	c;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		setenv("LAKEGATE_RESERVE", cases[i].text, 1);
		assert_err(cases[i].want, conf_read(&cx, &c));
		if (cases[i].want == OK)
			assert_true(c.reserve == cases[i].value);
	}
	unsetenv("LAKEGATE_RESERVE");
}

/* What `lakegate conf` prints, and serve hands to the worker. */
static void
values_can_be_read_back(void **state)
{
	static const char *const	texts[] = { "0", "1K", "20G", "1024G" };
	struct conf			c, again;
	struct str			text;
	size_t				i;

	(void)state;
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		setenv("LAKEGATE_RESERVE", texts[i], 1);
		assert_ok(&cx, conf_read(&cx, &c));
		text = conf_value(&cx, &c, row_of("reserve"));
		setenv("LAKEGATE_RESERVE", str_z(cx.mem, text), 1);
		assert_ok(&cx, conf_read(&cx, &again));
		assert_true(c.reserve == again.reserve);
	}
	unsetenv("LAKEGATE_RESERVE");
}

static void
values_fit_between_quotation_marks(void **state)
{
	static const struct {
		const char	*value;
		enum err	 want;
	} cases[] = {
		{ "/srv/lake", OK }, { "", OK }, { "a b, 'c' $x", OK },
		{ "\xc3\xbc", OK }, { "a\"b", E_CONF }, { "a\\", E_CONF },
		{ "a\nb", E_CONF }, { "\" => \"\" )", E_CONF },
		{ "a\tb", E_CONF },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, conf_check_quoted(&cx, "lake",
		    str_of(cases[i].value)));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(numbers_have_units_and_bounds),
		cmocka_unit_test(values_can_be_read_back),
		cmocka_unit_test(values_fit_between_quotation_marks),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
