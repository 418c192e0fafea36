/* app: settings, as files and the environment give them. */
#include "unit/unit_cx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/conf.h"
#include "base/buf.h"

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

/* A file of settings with this text, named by the environment. */
static enum err
read_text(const char *text, struct conf *out)
{
	char		path[] = "/tmp/conf.XXXXXX";
	enum err	e;
	int		fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(strlen(text), write(fd, text, strlen(text)));
	close(fd);
	setenv("LAKEGATE_CONF", path, 1);
	e = conf_read(&cx, out);
	assert_int_equal(0, remove(path));
	unsetenv("LAKEGATE_CONF");
	return e;
}

/* A mistake is named with its line, and nothing starts. */
static void
files_are_read_whole_or_refused(void **state)
{
	static const struct {
		const char	*text;
		const char	*words;		/* NULL: it is read */
	} cases[] = {
		{ "", NULL },
		{ "# a comment\n; another\n\n", NULL },
		{ "lake = /srv/lake\nthreads=8\n", NULL },
		{ "lake = /srv/lake", NULL },
		{ "LAKE = /srv/lake\n", NULL },
		{ "lakes = /srv/lake\n", ":1: unknown setting \"lakes\"" },
		{ "threads = 8\n\nname = x\n", ":3: unknown setting" },
		{ "threads = 0\n", ":1: threads must be a number from 1" },
		{ "threads = 5000\n", "to 4096" },
		{ "threads = many\n", ":1: threads must be a number" },
		{ "log = loud\n", ":1: log must be one of: error warn" },
		{ "log = \n", ":1: log must be one of" },
		{ "log = error warn\n", ":1: log must be one of" },
		{ "[lake]\nlake = x\n", ":2: sections are not used" },
		{ "lake /srv/lake\n", ":1: expected name = value" },
		{ "lake = x\nthreads\n", ":2: expected name = value" },
		{ "threads = 0\nlakes = x\n", ":1: threads" },
	};
	struct conf	c;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_err(cases[i].words == NULL ? OK : E_CONF,
		    read_text(cases[i].text, &c));
		if (cases[i].words != NULL)
			assert_non_null(strstr(cx.words, cases[i].words));
	}
}

static void
the_environment_wins_over_the_file(void **state)
{
	struct conf	c;

	(void)state;
	assert_ok(&cx, read_text("threads = 8\nregion = eu\n", &c));
	assert_true(c.threads == 8);
	assert_str("eu", c.region);
	assert_str("info", c.log);		/* as it is without a word */
	setenv("LAKEGATE_THREADS", "9", 1);
	assert_ok(&cx, read_text("threads = 8\nregion = eu\n", &c));
	assert_true(c.threads == 9);
	assert_str("eu", c.region);
	setenv("LAKEGATE_THREADS", "0", 1);
	assert_err(E_CONF, read_text("threads = 8\n", &c));
	assert_non_null(strstr(cx.words, "LAKEGATE_THREADS: threads must"));
	unsetenv("LAKEGATE_THREADS");
	setenv("LAKEGATE_TREADS", "9", 1);
	assert_err(E_CONF, read_text("", &c));
	assert_non_null(strstr(cx.words, "unknown setting \"TREADS\""));
	unsetenv("LAKEGATE_TREADS");
	setenv("LAKEGATE_CONF", "/nowhere/lakegate.conf", 1);
	assert_int_not_equal(OK, conf_read(&cx, &c));
	unsetenv("LAKEGATE_CONF");
}

/* Each row of conf.def: its default is taken, and printed as it is read. */
static void
every_default_is_legal(void **state)
{
	const struct conf_row	*rows;
	struct conf		c, again;
	struct buf		b;
	size_t			i, n;

	(void)state;
	assert_ok(&cx, read_text("", &c));
	rows = conf_rows(&n);
	assert_true(n > 20);
	buf_init(&b, cx.mem, 100000);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%s = %.*s\n", rows[i].name,
		    STRF(conf_value(&cx, &c, &rows[i])));
	assert_ok(&cx, read_text(str_z(cx.mem, buf_as_str(&b)), &again));
	for (i = 0; i < n; i++)
		assert_true(str_is(conf_value(&cx, &c, &rows[i]),
		    conf_value(&cx, &again, &rows[i])));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(numbers_have_units_and_bounds),
		cmocka_unit_test(values_can_be_read_back),
		cmocka_unit_test(values_fit_between_quotation_marks),
		cmocka_unit_test(files_are_read_whole_or_refused),
		cmocka_unit_test(the_environment_wins_over_the_file),
		cmocka_unit_test(every_default_is_legal),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
