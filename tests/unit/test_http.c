/* Requests, headers, ranges and what is sent. */
#include "unit/unit_cx.h"

#include <string.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/when.h"
#include "http/http.h"

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
words_are_encoded_and_decoded(void **state)
{
	static const struct {
		const char	*sent, *text;
		const char	*back;	/* NULL: text again */
	} cases[] = {
		{ "plain", "plain", NULL },
		{ "", "", NULL },
		{ "=?utf-8?q?=D7=95?=", "\xd7\x95", "=?UTF-8?B?15U=?=" },
		{ "=?UTF-8?b?w6Q=?=", "\xc3\xa4", "=?UTF-8?B?w6Q=?=" },
		{ "=?ISO-8859-1?Q?a_=E4?=", "a \xc3\xa4",
		    "=?UTF-8?B?YSDDpA==?=" },
		{ "=?us-ascii?q?a=2Cb?= c", "a,b c", NULL },
		/* Blanks between words are none, beside them they are. */
		{ "x =?utf-8?q?a?=  =?utf-8?q?b?= y", "x ab y", NULL },
		/* What is no word stays. */
		{ "http://h/?a=?b", "http://h/?a=?b", NULL },
		{ "=?", "=?", NULL }, { "=?utf-8?q?", "=?utf-8?q?", NULL },
		{ "=?utf-8?q?a", "=?utf-8?q?a", NULL },
		{ "a=?utf-8?q?b?=", "a=?utf-8?q?b?=", NULL },
		{ "=?utf-8?q?b?=c", "=?utf-8?q?b?=c", NULL },
		{ "=?utf-8?x?b?=", "=?utf-8?x?b?=", NULL },
		{ "=?utf-8?q?=4?=", "=?utf-8?q?=4?=", NULL },
		{ "=?utf-8?b?w6Q?=", "=?utf-8?b?w6Q?=", NULL },
		{ "=?koi8-r?B?wQ==?=", "=?koi8-r?B?wQ==?=", NULL },
		/* Nor is what would be no text, or no header. */
		{ "=?utf-8?q?=FF?=", "=?utf-8?q?=FF?=", NULL },
		{ "=?utf-8?q?a=0D=0Ab?=", "=?utf-8?q?a=0D=0Ab?=", NULL },
		{ "\xff", "\xff", NULL },
		/* A word that a reader would decode once more. */
		{ "=?utf-8?B?PT91dGYtOD9xP2E/PQ==?=", "=?utf-8?q?a?=",
		    "=?UTF-8?B?PT91dGYtOD9xP2E/PQ==?=" },
	};
	struct str	text;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		text = header_decode(&cx, str_of(cases[i].sent));
		assert_str(cases[i].text, text);
		assert_str(cases[i].back != NULL ? cases[i].back :
		    str_is(header_decode(&cx, text), text) ? cases[i].text :
		    "", header_encode(&cx, text));
		assert_str(cases[i].text, header_decode(&cx,
		    header_encode(&cx, text)));
	}
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
	struct sink		out = { keep, &got, NULL };
	uint64_t		sent;
	struct str		rest;
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
		    &sent, &rest));
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

/* A client that is waited for once so many pieces have been asked for. */
static int	takes;

static bool
waits(void *self, int64_t until)
{
	(void)self;
	assert_true(until > when_monotonic());
	return takes-- <= 0;
}

/* Only an answer that is counted is taken back from who holds it. */
static void
an_answer_is_held_for_who_takes_it(void **state)
{
	static const struct {
		size_t	counted;
		int	takes;
		size_t	rest;
	} cases[] = {
		{ 0, 0, 0 },
		{ 200000, 0, 200000 },
		{ 200000, 1, 200000 - SINK_PIECE },
		{ 200000, 12, 200000 - 12 * SINK_PIECE },
		{ 200000, 13, 0 },
	};
	struct request		req = { .method = M_GET };
	struct send_opts	opt = { .least = 1000 };
	struct budget_share	share;
	struct cx		own = cx;
	struct response		res;
	struct buf		got;
	struct sink		out = { keep, &got, waits };
	char			*body = arena_get(cx.mem, 200000);
	uint64_t		sent;
	struct str		rest;
	size_t			i;

	(void)state;
	own.share = &share;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		share.bytes = cases[i].counted;
		takes = cases[i].takes;
		buf_init(&got, cx.mem, 1 << 20);
		response_init(&res, &own);
		response_body(&res, 200, NULL, (struct str){ body, 200000 });
		assert_ok(&own, response_send(&own, &req, &res, &opt, &out,
		    &sent, &rest));
		assert_int_equal(cases[i].rest, rest.n);
		assert_true(rest.n == 0 || rest.p == body + 200000 - rest.n);
		assert_true(got.n > 200000 - rest.n &&
		    got.n < 200000 - rest.n + 200);
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
		cmocka_unit_test(words_are_encoded_and_decoded),
		cmocka_unit_test(ranges_parse),
		cmocka_unit_test(files_are_left_to_the_server_where_it_can),
		cmocka_unit_test(an_answer_is_held_for_who_takes_it),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
