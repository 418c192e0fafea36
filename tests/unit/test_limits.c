/* Every limit: what is exactly at it is taken, one more is refused. */
#include "unit/unit_cx.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limit.h"
#include "http/http.h"

/* A request with so many headers, of so many bytes in all. */
static enum err
request_of(size_t headers, size_t bytes, struct request *req)
{
	struct front_body	body = { { NULL, NULL }, true, NULL };
	char			**env;
	char			*z;
	size_t			 i, name;

	env = arena_get(cx.mem, (headers + 2) * sizeof *env);
	for (i = 0; i < headers; i++) {
		z = arena_get(cx.mem, 64 + bytes);
		snprintf(z, 64, "HTTP_X_%06zu=", i);
		name = strlen("X_000000");
		if (i == 0 && bytes > headers * name)
			memset(z + strlen(z), 'v', bytes - headers * name);
		env[i] = z;
	}
	env[i] = str_z(cx.mem, STR("REQUEST_URI=/"));
	return request_from_env(&cx, env, &body, req);
}

static void
headers_are_all_there_or_refused(void **state)
{
	struct request	req;

	(void)state;
	assert_ok(&cx, request_of(LIMIT_HEADERS, 0, &req));
	assert_int_equal(LIMIT_HEADERS, req.n_headers);
	assert_err(E_BAD_REQUEST, request_of(LIMIT_HEADERS + 1, 0, &req));
	assert_err(E_BAD_REQUEST, request_of(50000, 0, &req));
}

static void
headers_have_so_many_bytes(void **state)
{
	struct request	req;

	(void)state;
	assert_ok(&cx, request_of(2, LIMIT_HEADER_BYTES, &req));
	assert_err(E_BAD_REQUEST, request_of(2, LIMIT_HEADER_BYTES + 1, &req));
}

static void
queries_have_so_many_parameters(void **state)
{
	struct front_body	body = { { NULL, NULL }, true, NULL };
	struct request		req;
	struct buf		b;
	char			*env[2] = { NULL, NULL };
	size_t			 i, n;

	(void)state;
	for (n = LIMIT_QUERY; n <= LIMIT_QUERY + 1; n++) {
		buf_init(&b, cx.mem, 1 << 20);
		buf_z(&b, "REQUEST_URI=/?");
		for (i = 0; i < n; i++)
			buf_z(&b, "a=b&");
		env[0] = str_z(cx.mem, buf_as_str(&b));
		assert_err(n > LIMIT_QUERY ? E_BAD_REQUEST : OK,
		    request_from_env(&cx, env, &body, &req));
	}
}

/* A form: a preamble, parts, of which one has a head of so many bytes. */
static enum err
form_read(size_t preamble, size_t parts, size_t head)
{
	struct pair		 h = { STR("content-type"),
	    STR("multipart/form-data; boundary=m") };
	struct request		 req = { .headers = &h, .n_headers = 1 };
	struct form_part	 part;
	struct form		*f;
	struct buf		 b;
	size_t			 i;
	enum err		 e;
	bool			 there;

	buf_init(&b, cx.mem, 1 << 24);
	for (i = 0; i < preamble; i++)
		buf_byte(&b, 'p');
	if (preamble > 0)
		buf_z(&b, "\r\n");
	for (i = 0; i < parts; i++) {
		buf_z(&b, "--m\r\nContent-Disposition: form-data; name=a");
		for (; i == 0 && head > 43; head--)
			buf_byte(&b, 'h');
		buf_z(&b, "\r\n\r\nx\r\n");
	}
	buf_z(&b, "--m--\r\n");
	req.body = source_of_str(&cx, buf_as_str(&b));
	if ((e = form_open(&cx, &req, &f)) != OK)
		return e;
	do
		e = form_next(&cx, f, &part, &there);
	while (e == OK && there);
	return e;
}

static void
forms_are_bounded(void **state)
{
	static const struct {
		size_t		preamble, parts, head;
		enum err	want;
	} cases[] = {
		{ 0, 1, 0, OK },
		{ LIMIT_FORM_PREAMBLE, 1, 0, OK },
		{ LIMIT_FORM_PREAMBLE + 1, 1, 0, E_BAD_REQUEST },
		{ 1 << 20, 1, 0, E_BAD_REQUEST },
		{ 0, LIMIT_FORM_PARTS, 0, OK },
		{ 0, LIMIT_FORM_PARTS + 1, 0, E_BAD_REQUEST },
		{ 0, 1, LIMIT_FORM_HEAD, OK },
		{ 0, 1, 100000, E_BAD_REQUEST },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, form_read(cases[i].preamble,
		    cases[i].parts, cases[i].head));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(headers_are_all_there_or_refused),
		cmocka_unit_test(headers_have_so_many_bytes),
		cmocka_unit_test(queries_have_so_many_parameters),
		cmocka_unit_test(forms_are_bounded),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
