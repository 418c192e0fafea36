/* Every limit: what is exactly at it is taken, one more is refused. */
#include "unit/unit_cx.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/limit.h"
#include "base/when.h"
#include "base/xml.h"
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
		for (; i == 0 && head > 38; head--)
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
		{ 0, 1, LIMIT_FORM_HEAD + 1, E_BAD_REQUEST },
		{ 0, 1, 100000, E_BAD_REQUEST },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, form_read(cases[i].preamble,
		    cases[i].parts, cases[i].head));
}

/* ---- XML --------------------------------------------------------------- */

/* Texts of <b> in <a>, joined by commas; the document is read to its end. */
static enum err
xml_read(struct str text, struct buf *out)
{
	struct source	in = source_of_str(&cx, text);
	struct str	s;
	struct xml	*x;
	enum err	e;
	bool		there;

	if ((e = xml_open(&cx, &in, "a", &x)) != OK)
		return e;
	while ((e = xml_next(&cx, x, 0, &there)) == OK && there) {
		if (!xml_is(x, "b"))
			continue;
		if ((e = xml_text(&cx, x, &s)) != OK)
			return e;
		buf_str(out, s);
		buf_byte(out, ',');
	}
	return e == OK ? xml_close(&cx, x) : e;
}

#define TEN(s)	s s s s s s s s s s

static void
xml_is_read_element_by_element(void **state)
{
	static const struct {
		const char	*text, *want;	/* NULL: E_BAD_XML */
	} cases[] = {
		{ "<a/>", "" },
		{ "<a><b>1</b><b/><b>2</b></a>", "1,,2," },
		{ "<a xmlns=\"u\"><b>1 &amp; &#50;</b></a>", "1 & 2," },
		{ "<p:a xmlns:p=\"u\"><p:b>1</p:b></p:a>", "1," },
		{ "<a><n:b>no such prefix</n:b></a>", "no such prefix," },
		{ "<?xml version=\"1.0\"?>\n<a><b>1</b></a>\n", "1," },
		{ "<?xml version=\"1.0\" encoding=\"utf-8\"?><a><b>\xc3\xa9"
		    "</b></a>", "\xc3\xa9," },
		{ "\xef\xbb\xbf<a><b>1</b></a>", "1," },
		{ "<a><b><![CDATA[<1>]]></b><c><b>deeper</b></c></a>",
		    "<1>," },
		{ "<a><b>1<!-- no --><c>2</c>3</b></a>", "123," },
		{ "<a><!-- c --><?p i?><b x='1'>1</b></a>", "1," },
		{ "<a><b>" TEN("&lt;") TEN("&gt;") "</b></a>",
		    TEN("<") TEN(">") "," },
		{ "", NULL }, { "x", NULL }, { "<b/>", NULL }, { "<a>", NULL },
		{ "<a></b>", NULL }, { "<a/><a/>", NULL }, { "<a/>x", NULL },
		{ "<a><b>1</b>", NULL }, { "<a>&e;</a>", NULL },
		{ "<a><b>\xff</b></a>", NULL },
		{ "<a><b>\x01</b></a>", NULL },
		{ "<!DOCTYPE a><a/>", NULL },
		{ "<!DOCTYPE a [<!ENTITY e \"x\">]><a><b>&e;</b></a>", NULL },
		{ "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", NULL },
		{ "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>", NULL },
		{ "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>", NULL },
		{ "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a/>", NULL },
		{ "<?xml version=\"1.0\" encoding=\"no-such\"?><a/>", NULL },
	};
	struct buf	b;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, cx.mem, 1 << 20);
		if (cases[i].want == NULL) {
			assert_err(E_BAD_XML, xml_read(str_of(cases[i].text),
			    &b));
			continue;
		}
		assert_ok(&cx, xml_read(str_of(cases[i].text), &b));
		assert_str(cases[i].want, buf_as_str(&b));
	}
}

/* The same characters in another encoding. */
static struct str
widened(const char *z, size_t width, size_t at, const char *mark, size_t n)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx.mem, 1 << 20);
	buf_add(&b, mark, n);
	for (; *z != '\0'; z++)
		for (i = 0; i < width; i++)
			buf_byte(&b, i == at ? *z : 0);
	return buf_as_str(&b);
}

static void
xml_in_another_encoding_is_refused(void **state)
{
	static const char	text[] = "<?xml version=\"1.0\"?>"
	    "<!DOCTYPE a [<!ENTITY e \"x\">]><a><b>&e;</b></a>";
	static const char	plain[] = "<a><b>1</b></a>";
	static const char	ebcdic[] = "\x4c\x6f\xa7\x94\x93\x40\xa5\x85"
	    "\x99\xa2\x89\x96\x95\x7e\x7f\xf1\x4b\xf0\x7f\x6f\x6e\x4c\x81\x61"
	    "\x6e";
	const char		*const texts[] = { text, plain };
	struct buf		b;
	size_t			i;

	(void)state;
	buf_init(&b, cx.mem, 1 << 20);
	for (i = 0; i < 2; i++) {
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 2, 0,
		    "\xff\xfe", 2), &b));
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 2, 1,
		    "\xfe\xff", 2), &b));
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 2, 0, "", 0),
		    &b));
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 2, 1, "", 0),
		    &b));
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 4, 0, "", 0),
		    &b));
		assert_err(E_BAD_XML, xml_read(widened(texts[i], 4, 3, "", 0),
		    &b));
	}
	assert_err(E_BAD_XML, xml_read((struct str){ ebcdic,
	    sizeof ebcdic - 1 }, &b));
}

/* Standard error is the web server's log, and not for clients to write. */
static void
the_xml_library_says_nothing(void **state)
{
	static const char *const	texts[] = { "", "x", "<a", "<a></b>",
	    "<a>&e;</a>", "<a x='&e;'/>", "<a x='1' x='1'/>", "<p:a/>",
	    "<a xmlns='::'/>", "<a xmlns:xml='u'/>", "<a xml:id=' '/>",
	    "<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><a/>",
	    "<?xml version='1.1'?><a/>", "<?xml version='x'?><a/>",
	    "<?xml version='1.0' encoding='UTF-16'?><a/>",
	    "<?xml version='1.0' encoding='UCS-4'?><a/>",
	    "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xff</a>",
	    "<?xml version='1.0' encoding='no-such'?><a/>",
	    "<?xml version='1.0' encoding='EUC-JP'?><a>\xff\xff</a>",
	    "<?xml version='1.0' encoding='UTF-8'?><a>\xff\xfe</a>",
	    "<?xml version='1.0' encoding='ASCII'?><a>\xc3\xa9</a>" };
	struct buf	b;
	FILE		*said = tmpfile();
	size_t		i;
	long		n;
	int		was = dup(STDERR_FILENO);

	(void)state;
	assert_non_null(said);
	assert_true(was >= 0);
	buf_init(&b, cx.mem, 1 << 20);
	fflush(stderr);
	dup2(fileno(said), STDERR_FILENO);
	for (i = 0; i < sizeof texts / sizeof texts[0]; i++)
		xml_read(str_of(texts[i]), &b);
	fflush(stderr);
	dup2(was, STDERR_FILENO);
	close(was);
	n = lseek(fileno(said), 0, SEEK_END);
	fclose(said);
	assert_int_equal(0, n);
}

/* head, n times part, tail */
static struct str
repeated(const char *head, size_t n, const char *part, const char *tail)
{
	struct buf	b;

	buf_init(&b, cx.mem, 1 << 26);
	for (buf_z(&b, head); n > 0; n--)
		buf_z(&b, part);
	buf_z(&b, tail);
	assert_true(buf_ok(&b));
	return buf_as_str(&b);
}

static struct str
nested(size_t n, const char *begin, const char *end)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx.mem, 1 << 26);
	for (i = 0; i < n; i++)
		buf_z(&b, begin);
	for (i = 0; i < n; i++)
		buf_z(&b, end);
	return buf_as_str(&b);
}

static void
xml_is_bounded(void **state)
{
	const struct {
		struct str	text;
		enum err	want;
	} cases[] = {
		{ nested(LIMIT_XML_DEPTH, "<a>", "</a>"), OK },
		{ nested(LIMIT_XML_DEPTH + 1, "<a>", "</a>"), E_BAD_XML },
		{ nested(100000, "<a>", "</a>"), E_BAD_XML },
		{ repeated("<a>", LIMIT_XML_ELEMENTS - 1, "<c/>", "</a>"), OK },
		{ repeated("<a>", LIMIT_XML_ELEMENTS, "<c/>", "</a>"),
		    E_BAD_XML },
		{ repeated("<a><b>", LIMIT_XML_TEXT, "t", "</b></a>"), OK },
		{ repeated("<a><b>", LIMIT_XML_TEXT + 1, "t", "</b></a>"),
		    E_BAD_XML },
		{ repeated("<a><b>", LIMIT_XML_TEXT, "&lt;", "</b></a>"), OK },
		{ repeated("<a><b>", LIMIT_XML_TEXT + 1, "&#65;", "</b></a>"),
		    E_BAD_XML },
		/* Held to the nearest window. */
		{ repeated("<a><!--", LIMIT_XML_TAG - 16, "c", "--></a>"), OK },
		{ repeated("<a><!--", LIMIT_XML_TAG + 8192, "c", "--></a>"),
		    E_BAD_XML },
		{ repeated("<a><c x=\"", LIMIT_XML_TAG + 8192, "v", "\"/></a>"),
		    E_BAD_XML },
		{ repeated("<a><?p ", 1 << 20, "i", "?></a>"), E_BAD_XML },
		{ repeated("<", 1 << 20, "a", "/>"), E_BAD_XML },
		{ repeated("<a>", 1 << 20, " ", "</a>"), OK },
		{ repeated("<a><b>", 1 << 20, "<![CDATA[t]]>", "</b></a>"),
		    E_BAD_XML },
	};
	struct buf	b;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, cx.mem, 1 << 20);
		if (cases[i].want == OK)
			assert_ok(&cx, xml_read(cases[i].text, &b));
		else
			assert_err(cases[i].want, xml_read(cases[i].text, &b));
	}
}

/* Names are the parser's to keep: all of them together are bounded. */
static void
names_in_xml_are_bounded(void **state)
{
	struct buf	text, b;
	size_t		i;

	(void)state;
	buf_init(&text, cx.mem, 1 << 24);
	buf_init(&b, cx.mem, 1 << 20);
	buf_z(&text, "<a>");
	for (i = 0; i < 50000; i++)
		buf_printf(&text, "<name-%020zu/>", i);
	buf_z(&text, "</a>");
	assert_err(E_BAD_XML, xml_read(buf_as_str(&text), &b));
}

/* ---- JSON -------------------------------------------------------------- */

static void
json_lists_are_read_item_by_item(void **state)
{
	static const struct {
		const char	*text, *want;	/* NULL: E_BAD_JSON */
	} cases[] = {
		{ "{\"a\":[]}", "" },
		{ " { \"z\" : { \"a\" : [ 1 ] } , \"a\" : [ \"x\" , \"y\" ] } ",
		    "x,y," },
		{ "{\"a\":[\"1,\\\"]\",\"\\u00e9\",\"\"],\"z\":\"a\"}",
		    "1,\"],\xc3\xa9,," },
		{ "{\"z\":\"{\\\"a\\\":[\",\"a\":[\"x\"]}", "x," },
		{ "{\"a\":[\"x\"],\"b\":[\"y\"]}", "x," },
		{ "{}", NULL }, { "", NULL }, { "[\"x\"]", NULL },
		{ "{\"a\":\"x\"}", NULL }, { "{\"a\":{}}", NULL },
		{ "{\"a\":null}", NULL },
		{ "{\"a\":[1]}", NULL }, { "{\"a\":[null]}", NULL },
		{ "{\"a\":[[]]}", NULL }, { "{\"a\":[{}]}", NULL },
		{ "{\"a\":[,]}", NULL }, { "{\"a\":[\"x\",]}", NULL },
		{ "{\"a\":[\"x\" \"y\"]}", NULL },
		{ "{\"a\":['x']}", NULL }, { "{\"a\":[\"x]}", NULL },
		{ "{\"a\":[\"x\"}", NULL }, { "{\"a\":[\"x\"]", NULL },
		{ "{\"a\":[\"x\"]}}", NULL }, { "{\"a\":[\"x\"]} x", NULL },
		{ "{\"a\":[\"\xff\"]}", NULL },
		{ "{\"a\":[\"x\"],\"a\":[\"y\"]}", NULL },
		{ "{\"\\u0061\":[\"x\"]}", NULL },
		{ "{\"a\":[\"x\"],\"\\u0061\":[\"y\"]}", NULL },
		{ "{\"a\" [\"x\"]}", NULL }, { "{\"a\"::[\"x\"]}", NULL },
	};
	struct json_list	list;
	struct json		o;
	struct str		s;
	struct buf		b;
	size_t			i;
	enum err		e;
	bool			there;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_init(&b, cx.mem, 1 << 20);
		e = json_parse_list(&cx, str_of(cases[i].text), "a", &o,
		    &list);
		while (e == OK && (e = json_next_str(&cx, &list, &s,
		    &there)) == OK && there) {
			buf_str(&b, s);
			buf_byte(&b, ',');
		}
		assert_err(cases[i].want == NULL ? E_BAD_JSON : OK, e);
		if (cases[i].want != NULL)
			assert_str(cases[i].want, buf_as_str(&b));
	}
}

static struct str
in_object(struct str value)
{
	return str_printf(cx.mem, "{\"a\":%.*s}", STRF(value));
}

static void
json_is_bounded(void **state)
{
	const struct {
		struct str	text;
		enum err	want;
	} cases[] = {
		{ in_object(nested(LIMIT_JSON_DEPTH - 1, "[", "]")), OK },
		{ in_object(nested(LIMIT_JSON_DEPTH, "[", "]")), E_BAD_JSON },
		{ in_object(nested(1000000, "[", "]")), E_BAD_JSON },
		{ in_object(repeated("[", LIMIT_JSON_OBJECTS - 3, "{},",
		    "{}]")), OK },
		{ in_object(repeated("[", LIMIT_JSON_OBJECTS - 2, "{},",
		    "{}]")), E_BAD_JSON },
		{ in_object(repeated("[", 2000000, "{},", "{}]")), E_BAD_JSON },
		{ in_object(repeated("[", LIMIT_JSON_VALUES - 3, "1,", "1]")),
		    OK },
		{ in_object(repeated("[", LIMIT_JSON_VALUES - 2, "1,", "1]")),
		    E_BAD_JSON },
		{ repeated("{\"a\":", 7000000, "1", "}"), OK },
	};
	struct json	o;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, json_parse(&cx, cases[i].text, &o));
}

/* Beside its list, the text is as bounded as any; the list's items are not
 * counted. */
static void
json_lists_may_be_long(void **state)
{
	struct json_list	list;
	struct json		o;
	struct str		s, text;
	size_t			n = 0;
	bool			there = true;

	(void)state;
	text = in_object(repeated("[", 50000, "\"x\",", "\"x\"]"));
	assert_ok(&cx, json_parse_list(&cx, text, "a", &o, &list));
	for (; there; n += there)
		assert_ok(&cx, json_next_str(&cx, &list, &s, &there));
	assert_int_equal(50001, n);
	text = repeated("{\"a\":[],\"z\":\"", LIMIT_BODY, "z", "\"}");
	assert_err(E_BAD_JSON, json_parse_list(&cx, text, "a", &o, &list));
}

/* ---- the budget -------------------------------------------------------- */

enum { TOTAL = 1 << 20, HALF = TOTAL / 2 };

static enum err
claim(struct budget_share *share, size_t n)
{
	struct cx	own = cx;

	own.share = share;
	return budget_claim(&own, n);
}

/* Many requests take off the budget what they hold beside it, but half. */
static void
many_requests_leave_less(void **state)
{
	struct budget_share	a = { 0 }, b = { 0 };

	(void)state;
	budget_init(TOTAL);
	budget_requests(17);
	assert_err(OK, claim(&a, HALF));
	assert_err(E_BUSY, claim(&b, HALF));
	assert_err(OK, claim(&b, HALF / 2));
	budget_close(&a);
	budget_close(&b);
	budget_requests(1000);
	assert_err(OK, claim(&a, HALF / 2));
	assert_err(OK, claim(&b, HALF / 2));
	budget_close(&a);
	budget_close(&b);
	budget_requests(0);
}

static void
who_does_not_fit_is_refused_after_a_wait(void **state)
{
	struct budget_share	a = { 0 }, b = { 0 };
	int64_t			begin;

	(void)state;
	budget_init(TOTAL);
	assert_err(OK, claim(&a, HALF));
	assert_err(OK, claim(&b, HALF));
	begin = when_monotonic();
	assert_err(E_BUSY, claim(&b, BUDGET_LEAST));
	assert_true(when_monotonic() - begin >=
	    LIMIT_MEMORY_WAIT * INT64_C(1000000));
	assert_err(OK, claim(&b, BUDGET_LEAST - 1));
	assert_int_equal(TOTAL, budget_used());
	budget_close(&a);
	assert_err(OK, claim(&b, HALF));
	budget_close(&b);
	assert_int_equal(0, budget_used());
}

static void
what_can_never_fit_is_let_in_alone(void **state)
{
	struct budget_share	a = { 0 }, b = { 0 };

	(void)state;
	budget_init(TOTAL);
	assert_err(OK, claim(&a, 4 * TOTAL));
	assert_err(OK, claim(&a, TOTAL));
	assert_err(E_BUSY, claim(&b, HALF));
	budget_close(&a);
	assert_err(OK, claim(&b, HALF));
	assert_err(OK, claim(&b, 4 * TOTAL));
	budget_close(&b);
	assert_int_equal(0, budget_used());
}

static void
a_share_becomes_what_is_held(void **state)
{
	struct budget_share	a = { 0 };
	struct cx		own = cx;

	(void)state;
	budget_init(TOTAL);
	own.share = &a;
	budget_hold(&own, 2 * TOTAL);
	assert_int_equal(2 * TOTAL, budget_used());
	budget_hold(&own, HALF);
	assert_int_equal(HALF, budget_used());
	budget_hold(&own, BUDGET_LEAST - 1);
	assert_int_equal(0, budget_used());
	budget_close(&a);
}

static void *
close_soon(void *share)
{
	const struct timespec	nap = { 0, 100 * 1000 * 1000 };

	nanosleep(&nap, NULL);
	budget_close(share);
	return NULL;
}

static void
who_waits_goes_on_when_another_ends(void **state)
{
	struct budget_share	a = { 0 }, b = { 0 };
	pthread_t		t;

	(void)state;
	budget_init(TOTAL);
	assert_err(OK, claim(&a, TOTAL));
	assert_int_equal(0, pthread_create(&t, NULL, close_soon, &a));
	assert_err(OK, claim(&b, TOTAL));
	pthread_join(t, NULL);
	budget_close(&b);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(headers_are_all_there_or_refused),
		cmocka_unit_test(headers_have_so_many_bytes),
		cmocka_unit_test(queries_have_so_many_parameters),
		cmocka_unit_test(forms_are_bounded),
		cmocka_unit_test(xml_is_read_element_by_element),
		cmocka_unit_test(xml_in_another_encoding_is_refused),
		cmocka_unit_test(the_xml_library_says_nothing),
		cmocka_unit_test(xml_is_bounded),
		cmocka_unit_test(names_in_xml_are_bounded),
		cmocka_unit_test(json_lists_are_read_item_by_item),
		cmocka_unit_test(json_is_bounded),
		cmocka_unit_test(json_lists_may_be_long),
		cmocka_unit_test(who_does_not_fit_is_refused_after_a_wait),
		cmocka_unit_test(many_requests_leave_less),
		cmocka_unit_test(what_can_never_fit_is_let_in_alone),
		cmocka_unit_test(a_share_becomes_what_is_held),
		cmocka_unit_test(who_waits_goes_on_when_another_ends),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
