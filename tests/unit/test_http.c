/* http, net and the route tables: requests, ranges, signatures, routes. */
#include "unit/unit_cx.h"

#include <string.h>

#include "api/api_call.h"
#include "http/http.h"
#include "net/sigv2.h"
#include "net/sigv4.h"
#include "s3/s3_call.h"

static void
requests_come_from_variables(void **state)
{
	char		*env[] = { (char[]){ "REQUEST_METHOD=PUT" },
	    (char[]){ "REQUEST_URI=http://h:1/a%2Fb//c?x=1&y&z=%20+" },
	    (char[]){ "HTTP_X_AMZ_META_A=  v  " },
	    (char[]){ "HTTP_X_TWICE=1" }, (char[]){ "HTTP_X_TWICE=2" },
	    (char[]){ "CONTENT_LENGTH=5" }, (char[]){ "HTTP_HOST=h:1" }, NULL };
	struct front_body	body = { source_of_str(&cx,
	    STR("12345rest")), true, NULL };
	struct request		req;
	struct str		text;

	(void)state;
	assert_ok(&cx, request_from_env(&cx, env, &body, &req));
	assert_int_equal(M_PUT, req.method);
	assert_str("/a%2Fb//c", req.raw_path);
	assert_str("/a/b//c", req.path);
	assert_int_equal(3, req.n_query);
	assert_str("  ", request_param(&req, "z"));
	assert_str("v", request_header(&req, "x-amz-meta-a"));
	assert_str("1,2", request_header(&req, "x-twice"));
	assert_ok(&cx, source_all(&cx, &req.body, 100, &text));
	assert_str("12345", text);
}

static void
short_bodies_are_errors(void **state)
{
	char		*env[] = { (char[]){ "REQUEST_METHOD=PUT" },
	    (char[]){ "REQUEST_URI=/x" }, (char[]){ "CONTENT_LENGTH=5" }, NULL };
	char		*cut[] = { (char[]){ "REQUEST_METHOD=PUT" },
	    (char[]){ "REQUEST_URI=/x" }, (char[]){ "CONTENT_LENGTH=0" },
	    (char[]){ "LAKEGATE_CONTENT_LENGTH=5" }, NULL };
	char		*bad[] = { (char[]){ "REQUEST_URI=/%zz" }, NULL };
	struct front_body	body = { source_of_str(&cx, STR("123")),
	    true, NULL };
	struct request		req;
	struct str		text;

	(void)state;
	assert_ok(&cx, request_from_env(&cx, env, &body, &req));
	assert_err(E_INCOMPLETE_BODY, source_all(&cx, &req.body, 9, &text));
	assert_err(E_INCOMPLETE_BODY, request_from_env(&cx, cut, &body, &req));
	assert_err(E_BAD_REQUEST, request_from_env(&cx, bad, &body, &req));
}

static void
only_legal_headers_go_out(void **state)
{
	static const struct {
		struct str	name, value;
		bool		legal;
	} cases[] = {
		{ { "ETag", 4 }, { "\"x\"", 3 }, true },
		{ { "x-amz-meta-a_b.c!", 17 }, { "\xc3\xbc\t b", 5 }, true },
		{ { "X", 1 }, { "", 0 }, true },
		{ { "", 0 }, { "v", 1 }, false },
		{ { "a b", 3 }, { "v", 1 }, false },
		{ { "a:", 2 }, { "v", 1 }, false },
		{ { "a\r\nb", 4 }, { "v", 1 }, false },
		{ { "a\0b", 3 }, { "v", 1 }, false },
		{ { "a\xc3", 2 }, { "v", 1 }, false },
		{ { "a", 1 }, { "v\r", 2 }, false },
		{ { "a", 1 }, { "v\n", 2 }, false },
		{ { "a", 1 }, { "v\0", 2 }, false },
		{ { "a", 1 }, { "\x1b", 1 }, false },
		{ { "a", 1 }, { "\x7f", 1 }, false },
	};
	struct response	res;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(cases[i].legal, header_is_legal(
		    cases[i].name, cases[i].value));
	response_init(&res, &cx);
	response_header(&res, "a b", STR("v"));
	response_header(&res, "a", STR("v\r\nb: c"));
	response_header(&res, "Good", STR("v"));
	assert_str("Good: v\r\n", buf_as_str(&res.headers));
}

/* A line goes out whole or not at all, and those after it still go. */
static void
headers_without_room_are_left_out(void **state)
{
	char		*p = arena_get(cx.mem, RESPONSE_HEADERS);
	struct response	 res;
	size_t		 n, i;

	(void)state;
	memset(p, 'v', RESPONSE_HEADERS);
	response_init(&res, &cx);
	response_header(&res, "a", (struct str){ p, RESPONSE_LINE });
	assert_int_equal(0, res.headers.n);
	for (i = 0; i < 10; i++)
		response_header(&res, "a", (struct str){ p,
		    RESPONSE_LINE - 1 });
	n = res.headers.n;
	assert_int_equal(7 * (RESPONSE_LINE + 4), n);
	response_header(&res, "b", (struct str){ p, RESPONSE_LINE / 2 + 1000 });
	assert_int_equal(n, res.headers.n);
	response_header(&res, "c", STR("v"));
	assert_true(buf_ok(&res.headers));
	assert_int_equal(n + 6, res.headers.n);
}

static void
ranges_parse(void **state)
{
	static const struct {
		const char	*range;
		uint64_t	 size, off, len;
		bool		 partial;
		enum err	 want;
	} cases[] = {
		{ "bytes=0-0", 10, 0, 1, true, OK },
		{ "bytes=5-", 10, 5, 5, true, OK },
		{ "bytes=-3", 10, 7, 3, true, OK },
		{ "bytes=-30", 10, 0, 10, true, OK },
		{ "bytes=5-99", 10, 5, 5, true, OK },
		{ "bytes=10-", 10, 0, 0, false, E_BAD_RANGE },
		{ "bytes=-0", 10, 0, 0, false, E_BAD_RANGE },
		{ "bytes=-1", 0, 0, 0, false, E_BAD_RANGE },
		{ "bytes=3-2", 10, 0, 10, false, OK },
		{ "bytes=a-b", 10, 0, 10, false, OK },
		{ "bytes=0-1,3-4", 10, 0, 10, false, OK },
		{ "lines=0-1", 10, 0, 10, false, OK },
		{ "", 10, 0, 10, false, OK },
	};
	struct span	s;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_err(cases[i].want, span_parse(&cx,
		    str_of(cases[i].range), cases[i].size, &s));
		if (cases[i].want != OK)
			continue;
		assert_int_equal(cases[i].partial, s.partial);
		assert_int_equal(cases[i].off, s.off);
		assert_int_equal(cases[i].len, s.len);
	}
}

static enum err
keep(struct cx *own, void *self, const void *p, size_t n)
{
	(void)own;
	buf_add(self, p, n);
	return buf_ok(self) ? OK : E_TOO_LARGE;
}

/* Who sends the file: lighttpd, told by a header, or the worker. */
static void
files_are_left_to_the_server_where_it_can(void **state)
{
	static const struct file_span	whole = { { "/l/blocks/00/a", 14 },
	    0, 100000 }, part = { { "/l/blocks/00/a", 14 }, 5, 90000 };
	static const struct {
		bool			 by_server, by_this;
		const struct file_span	*file;
		int			 status;
		const char		*header;	/* NULL: the bytes */
	} cases[] = {
		{ false, false, &whole, 200, NULL },
		{ true, false, &whole, 200,
		    "X-Sendfile2: /l/blocks/00/a 0-99999\r\n" },
		{ false, true, &whole, 200,
		    "X-Sendfile2: /l/blocks/00/a 0-99999\r\n" },
		{ true, false, &part, 206,
		    "X-Sendfile2: /l/blocks/00/a 5-90004\r\n" },
	};
	struct request		req = { .method = M_GET };
	struct send_opts	opt = { .least = 1000 };
	struct response		res;
	struct source		src;
	struct buf		got;
	struct sink		out = { keep, &got };
	uint64_t		sent;
	size_t			i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&got, cx.mem, 1 << 20);
		response_init(&res, &cx);
		src = source_of_str(&cx, (struct str){
		    arena_get(cx.mem, 100000), 100000 });
		response_source(&res, &src, cases[i].file->len);
		res.status = cases[i].status;
		res.files = cases[i].file;
		res.n_files = 1;
		opt.by_server = cases[i].by_server;
		req.by_server = cases[i].by_this;
		assert_ok(&cx, response_send(&cx, &req, &res, &opt, &out,
		    &sent));
		assert_int_equal(cases[i].file->len, sent);
		assert_int_equal(cases[i].header != NULL,
		    str_has(buf_as_str(&got), STR("X-")));
		if (cases[i].header != NULL)
			assert_true(str_has(buf_as_str(&got),
			    str_of(cases[i].header)));
		else
			assert_true(got.n > cases[i].file->len);
	}
}

/* [AWS SigV4: "GET Object" example of the S3 documentation] */
static void
signature_of_the_documented_example(void **state)
{
	struct pair		headers[] = {
		{ STR("host"), STR("examplebucket.s3.amazonaws.com") },
		{ STR("range"), STR("bytes=0-9") },
		{ STR("x-amz-content-sha256"), STR("e3b0c44298fc1c149afbf4c899"
		    "6fb92427ae41e4649b934ca495991b7852b855") },
		{ STR("x-amz-date"), STR("20130524T000000Z") },
	};
	struct sigv4_request	r = { .method = STR("GET"),
	    .path = STR("/test.txt"), .headers = headers, .n_headers = 4,
	    .payload = headers[2].value };
	struct str		sts, canonical;
	unsigned char		key[SHA256_BYTES];
	char			hex[65];

	(void)state;
	sts = sigv4_string_to_sign(&cx, &r, STR("20130524T000000Z"),
	    STR("20130524/us-east-1/s3/aws4_request"), &canonical);
	sigv4_key(&cx, STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
	    STR("20130524"), STR("us-east-1"), STR("s3"), key);
	sigv4_sign(key, sts, hex);
	assert_string_equal("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd"
	    "91039c6036bdb41", hex);
}

/* As botocore does, so that what it signs is found. */
static void
blanks_and_tabs_fold(void **state)
{
	static const char *const	cases[][2] = {
		{ "a b", "a b" }, { "a  b", "a b" }, { "a\tb", "a b" },
		{ "a \t b", "a b" }, { "a\t\tb c", "a b c" }, { "", "" },
		{ "\xc3\xa4\t \xe2\x82\xac", "\xc3\xa4 \xe2\x82\xac" },
	};
	struct pair		 h = { STR("x-amz-meta-k"), STR("") };
	struct sigv4_request	 r = { .method = STR("GET"),
	    .path = STR("/"), .headers = &h, .n_headers = 1 };
	struct str		 canonical;
	size_t			 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		h.value = str_of(cases[i][0]);
		sigv4_string_to_sign(&cx, &r, STR(""), STR(""), &canonical);
		assert_str(str_printf(cx.mem, "GET\n/\n\nx-amz-meta-k:%s\n\n"
		    "x-amz-meta-k\n", cases[i][1]).p, canonical);
	}
}

/* Of what is too long for a buffer no part stands for the whole. */
static void
a_text_that_is_cut_is_not_signed(void **state)
{
	struct pair		 h[2] = { { STR("a"), STR("") },
	    { STR("b"), STR("") } };
	struct sigv4_request	 v4 = { .method = STR("GET"),
	    .path = STR("/"), .headers = h, .n_headers = 2 };
	struct sigv2_request	 v2 = { .method = STR("GET"), .amz = h,
	    .n_amz = 2, .path = STR("/") };
	struct str		 canonical;
	char			*long_one = arena_get(cx.mem, 600000);

	(void)state;
	memset(long_one, 'x', 600000);
	h[0].value = h[1].value = (struct str){ long_one, 500000 };
	assert_true(sigv4_string_to_sign(&cx, &v4, STR(""), STR(""),
	    &canonical).n > 0);
	assert_true(sigv2_string_to_sign(&cx, &v2).n > 1000000);
	h[0].value.n = h[1].value.n = 600000;
	assert_int_equal(0, sigv4_string_to_sign(&cx, &v4, STR(""), STR(""),
	    &canonical).n);
	assert_int_equal(0, sigv2_string_to_sign(&cx, &v2).n);
}

/* [S3 "Signing and authenticating REST requests": "Object GET"] */
static void
sigv2_gives_the_documented_signature(void **state)
{
	struct sigv2_request	r = { .method = STR("GET"),
	    .date = STR("Tue, 27 Mar 2007 19:36:42 +0000"),
	    .bucket = STR("awsexamplebucket1"),
	    .path = STR("/photos/puppy.jpg") };

	(void)state;
	assert_str("qgk2+6Sv9/oM7G3qLEjTH1a1l1g=", sigv2_sign(&cx,
	    STR("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
	    sigv2_string_to_sign(&cx, &r)));
}

/* No row is hidden by an earlier one that always fits first. */
static void
no_s3_route_is_hidden(void **state)
{
	const struct s3_row	*rows, *a, *b;
	size_t			 n;

	(void)state;
	rows = s3_route_table(&n);
	for (b = rows; b < rows + n; b++)
		for (a = rows; a < b; a++)
			assert_false(a->method == b->method &&
			    a->scope == b->scope &&
			    (a->must == NULL || (b->must != NULL &&
			    strcmp(a->must, b->must) == 0)) &&
			    (a->header == NULL || (b->header != NULL &&
			    strcmp(a->header, b->header) == 0)));
}

/* Is it the name of a row? */
static bool
is_operation(struct str name)
{
	const struct s3_row	*rows;
	size_t			 i, n;

	rows = s3_route_table(&n);
	for (i = 0; i < n; i++)
		if (str_is(name, str_of(rows[i].called)))
			return true;
	return false;
}

/* Who takes a header is an operation; what chooses one is taken by it; a name
 * is found in its own row, not in one that stands before. */
static void
headers_are_those_of_routes(void **state)
{
	const struct s3_header	*h, *b;
	const struct s3_row	*row;
	struct str		 rest, one;
	size_t			 n, n_rows;
	bool			 there;

	(void)state;
	h = s3_header_table(&n);
	for (b = h; b < h + n; b++) {
		rest = str_of(b->takers);
		while (str_split(&rest, ' ', &one))
			assert_true(one.n == 0 || str_is(one, STR("*")) ||
			    is_operation(one));
		for (const struct s3_header *a = h; a < b; a++)
			assert_false(str_is(a->name, b->name) ||
			    (str_ends(a->name, STR("-")) &&
			    str_starts(b->name, a->name)));
	}
	row = s3_route_table(&n_rows);
	for (; n_rows > 0; row++, n_rows--) {
		there = row->header == NULL;
		for (b = h; b < h + n; b++)
			there = there || (str_is(b->name,
			    str_of(row->header)) &&
			    s3_listed(b->takers, str_of(row->called)));
		assert_true(there);
		/* Version 2 signs few parameters: all that choose a write. */
		assert_true(!(row->needs & F_WRITE) || row->must == NULL ||
		    sigv2_signs(str_of(row->must)));
	}
}

static void
no_api_route_is_there_twice(void **state)
{
	const struct api_row	*rows;
	size_t			 i, j, n;

	(void)state;
	rows = api_route_table(&n);
	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++) {
			assert_false(rows[i].method == rows[j].method &&
			    strcmp(rows[i].path, rows[j].path) == 0);
			assert_string_not_equal(rows[i].called,
			    rows[j].called);
		}
}

static void
every_error_has_a_status(void **state)
{
	struct s3_code	code;
	int		e;

	(void)state;
	for (e = 1; e < ERR_KINDS; e++) {
		code = s3_error_code((enum err)e);
		assert_true(code.name[0] != '\0' && code.status >= 300);
		assert_true(api_error_status((enum err)e) >= 300);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(requests_come_from_variables),
		cmocka_unit_test(short_bodies_are_errors),
		cmocka_unit_test(only_legal_headers_go_out),
		cmocka_unit_test(headers_without_room_are_left_out),
		cmocka_unit_test(ranges_parse),
		cmocka_unit_test(files_are_left_to_the_server_where_it_can),
		cmocka_unit_test(signature_of_the_documented_example),
		cmocka_unit_test(sigv2_gives_the_documented_signature),
		cmocka_unit_test(no_s3_route_is_hidden),
		cmocka_unit_test(headers_are_those_of_routes),
		cmocka_unit_test(blanks_and_tabs_fold),
		cmocka_unit_test(a_text_that_is_cut_is_not_signed),
		cmocka_unit_test(no_api_route_is_there_twice),
		cmocka_unit_test(every_error_has_a_status),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
