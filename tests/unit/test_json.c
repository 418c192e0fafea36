/* JSON: plain records that are read, and what is written. */
#include "unit/unit_cx.h"

#include "base/buf.h"
#include "base/json.h"

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

static void
what_is_written_is_json(void **state)
{
	struct pair	map[] = { { STR("k\n"), STR("v\"\\") },
	    { STR("\xc3\xbc"), STR("\x01\x7f") } };
	struct json_out	j = { .comma = false };
	struct buf	b;
	struct json	o;

	(void)state;
	buf_init(&b, cx.mem, 1000);
	j.b = &b;
	json_open(&j, NULL, '{');
	json_put_str(&j, "s", STR("a/b"));
	json_put_int(&j, "n", INT64_MIN);
	json_put_bool(&j, "t", true);
	json_open(&j, "l", '[');
	json_put_int(&j, NULL, 1);
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_close(&j, ']');
	json_put_map(&j, "m", map, 2);
	json_put_map(&j, "none", map, 0);
	json_close(&j, '}');
	assert_str("{\"s\":\"a/b\",\"n\":-9223372036854775808,\"t\":true,"
	    "\"l\":[1,{}],\"m\":{\"k\\n\":\"v\\\"\\\\\",\"\xc3\xbc\":"
	    "\"\\u0001\x7f\"},\"none\":{}}", buf_as_str(&b));
	assert_ok(&cx, json_parse(&cx, buf_as_str(&b), &o));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(json_refuses_what_it_should),
		cmocka_unit_test(what_is_written_is_json),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
