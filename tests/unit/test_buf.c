/* Growing bytes: their cap, and binary fields there and back. */
#include "unit/unit_cx.h"

#include "base/buf.h"

static void
what_does_not_fit_fails_for_good(void **state)
{
	struct buf	b;

	(void)state;
	buf_init(&b, cx.mem, 4);
	buf_z(&b, "abc");
	assert_true(buf_ok(&b));
	buf_z(&b, "de");
	assert_false(buf_ok(&b));
	buf_z(&b, "d");			/* would fit, but stands behind a gap */
	assert_false(buf_ok(&b));
	buf_init(&b, cx.mem, 4);
	buf_z(&b, "abcd");
	assert_true(buf_ok(&b));
	assert_str("abcd", buf_as_str(&b));
	buf_printf(&b, "%s", "");
	assert_true(buf_ok(&b));
	buf_printf(&b, "%d", 1);
	assert_false(buf_ok(&b));
}

static void
fields_go_both_ways(void **state)
{
	static const uint64_t	values[] = { 0, 1, 127, 128, 16383, 16384,
	    UINT32_MAX, INT64_MAX, UINT64_MAX };
	struct str		s, field;
	struct buf		b;
	uint64_t		v;
	uint32_t		w;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		buf_init(&b, cx.mem, 100);
		buf_varint(&b, values[i]);
		buf_be64(&b, values[i]);
		buf_be32(&b, (uint32_t)values[i]);
		buf_field(&b, STR("field"));
		s = buf_as_str(&b);
		assert_true(take_varint(&s, &v) && v == values[i]);
		assert_true(take_be64(&s, &v) && v == values[i]);
		assert_true(take_be32(&s, &w) && w == (uint32_t)values[i]);
		assert_true(take_field(&s, &field));
		assert_str("field", field);
		assert_int_equal(0, s.n);
	}
}

/* A record that was cut, or lies about its lengths. */
static void
short_fields_are_refused(void **state)
{
	static const struct str	varints[] = { STR_INIT(""), STR_INIT("\x80"),
	    STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01") };
	static const struct str	fields[] = { STR_INIT(""), STR_INIT("\x02" "a"),
	    STR_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "a") };
	struct str		s, field;
	uint64_t		v;
	uint32_t		w;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof varints / sizeof varints[0]; i++) {
		s = varints[i];
		assert_false(take_varint(&s, &v));
	}
	for (i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		s = fields[i];
		assert_false(take_field(&s, &field));
	}
	s = STR("1234567");
	assert_false(take_be64(&s, &v));
	s = STR("123");
	assert_false(take_be32(&s, &w));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_does_not_fit_fails_for_good),
		cmocka_unit_test(fields_go_both_ways),
		cmocka_unit_test(short_fields_are_refused),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
