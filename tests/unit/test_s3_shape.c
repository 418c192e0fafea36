/* What S3's operations share: headers that are taken, answers that are made. */
#include "unit/unit_cx.h"
#include "unit/unit_request.h"

#include <string.h>

#include "base/xml.h"
#include "s3/s3_error.h"
#include "s3/s3_meta.h"
#include "s3/s3_refuse.h"
#include "s3/s3_sums.h"
#include "s3/s3_take.h"
#include "s3/s3_xml.h"

/* A call with these headers and parameters, on nothing. */
static struct s3_call
call_of(const char *headers, const char *query)
{
	static struct request	req;
	static struct response	res;
	static struct s3_opts	opt;

	req = request_of(cx.mem, M_PUT, headers, query);
	response_init(&res, &cx);
	return (struct s3_call){ .req = &req, .res = &res, .opt = &opt };
}

/* The code that a client reads; "" for OK. */
static const char *
code_of(enum err e)
{
	return e == OK ? "" : cx.as != NULL ? cx.as : s3_error_code(e).name;
}

#define assert_code(want, e)	assert_string_equal(want, code_of(e))

/* "name=value;" of each. */
static struct str
joined(const struct pair *at, size_t n)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx.mem, 1 << 20);
	for (i = 0; i < n; i++)
		buf_printf(&b, "%.*s=%.*s;", STRF(at[i].name),
		    STRF(at[i].value));
	return buf_as_str(&b);
}

static void
what_is_kept_is_taken(void **state)
{
	static const struct {
		const char	*sent, *type, *headers, *meta, *tags;
	} cases[] = {
		{ "", "binary/octet-stream", "", "", "" },
		{ "content-type: text/plain", "text/plain", "", "", "" },
		{ "cache-control: no-cache\nexpires: 0\ndate: today",
		    "binary/octet-stream", "Cache-Control=no-cache;Expires=0;",
		    "", "" },
		{ "content-disposition: inline\ncontent-language: de",
		    "binary/octet-stream",
		    "Content-Disposition=inline;Content-Language=de;", "", "" },
		{ "content-encoding: gzip", "binary/octet-stream",
		    "Content-Encoding=gzip;", "", "" },
		{ "content-encoding: aws-chunked", "binary/octet-stream", "",
		    "", "" },
		{ "content-encoding: aws-chunked, gzip,br",
		    "binary/octet-stream", "Content-Encoding=gzip,br;", "",
		    "" },
		{ "x-amz-meta-a: 1\nx-amz-meta-b-c: x y\nx-amz-metal: no",
		    "binary/octet-stream", "",
		    "X-Amz-Meta-a=1;X-Amz-Meta-b-c=x y;", "" },
		{ "x-amz-tagging: k=v&empty=&bare&a%20b=c+d%26",
		    "binary/octet-stream", "", "",
		    "k=v;empty=;bare=;a b=c d&;" },
	};
	struct s3_call	c;
	struct entry	en;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of(cases[i].sent, "");
		assert_ok(&cx, s3_meta_take(&cx, &c, &en));
		assert_str(cases[i].type, en.content_type);
		assert_str(cases[i].headers, joined(en.headers, en.n_headers));
		assert_str(cases[i].meta, joined(en.meta, en.n_meta));
		assert_str(cases[i].tags, joined(en.tags, en.n_tags));
	}
}

static const char *
long_header(const char *head, size_t n)
{
	char	*p = arena_get(cx.mem, n + 1);

	memset(p, 'v', n);
	p[n] = '\0';
	return str_printf(cx.mem, "%s%s", head, p).p;
}

static void
what_is_too_much_or_wrong_is_refused(void **state)
{
	const struct {
		const char	*sent;
		const char	*want;
	} cases[] = {
		{ long_header("x-amz-meta-ab: ", LIMIT_METADATA - 2), "" },
		{ long_header("x-amz-meta-ab: ", LIMIT_METADATA - 1),
		    "MetadataTooLarge" },
		{ long_header("content-type: ", LIMIT_META_HTTP), "" },
		{ long_header("content-type: ", LIMIT_META_HTTP + 1),
		    "MetadataTooLarge" },
		{ long_header("expires: ", LIMIT_META_HTTP),
		    "MetadataTooLarge" },	/* with the usual type */
		{ "x-amz-tagging: a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10",
		    "" },
		{ "x-amz-tagging: a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=",
		    "InvalidTag" },
		{ "x-amz-tagging: a=1&a=2", "InvalidTag" },
		{ "x-amz-tagging: a=1&%61=2", "InvalidTag" },
		{ "x-amz-tagging: =1", "InvalidTag" },
		{ "x-amz-tagging: a=1&", "InvalidTag" },
		{ "x-amz-tagging: a=%ff", "InvalidTag" },
		{ "x-amz-tagging: %zz=1", "InvalidArgument" },
		{ long_header("x-amz-tagging: ", LIMIT_TAG_KEY), "" },
		{ long_header("x-amz-tagging: ", LIMIT_TAG_KEY + 1),
		    "InvalidTag" },
		{ long_header("x-amz-tagging: a=", LIMIT_TAG_VALUE), "" },
		{ long_header("x-amz-tagging: a=", LIMIT_TAG_VALUE + 1),
		    "InvalidTag" },
	};
	struct s3_call	c;
	struct entry	en;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of(cases[i].sent, "");
		assert_code(cases[i].want, s3_meta_take(&cx, &c, &en));
	}
}

static void
what_was_taken_is_answered(void **state)
{
	struct s3_call	c;
	struct entry	en;

	(void)state;
	c = call_of("content-type: text/plain\ncache-control: no-cache\n"
	    "x-amz-meta-a: 1\nx-amz-tagging: a=b", "");
	assert_ok(&cx, s3_meta_take(&cx, &c, &en));
	en.etag = STR("0123");
	en.mtime = 784111777000;
	en.version = STR("null");
	c = call_of("", "");
	s3_meta_headers(&cx, &c, &en);
	assert_str("Content-Type: text/plain\r\nCache-Control: no-cache\r\n"
	    "ETag: \"0123\"\r\n"
	    "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	    "Accept-Ranges: bytes\r\nx-amz-version-id: null\r\n"
	    "x-amz-meta-a: 1\r\nx-amz-tagging-count: 1\r\n",
	    buf_as_str(&c.res->headers));
}

/* The first line of the answer, whatever was stored. */
static void
an_answer_always_has_a_type(void **state)
{
	static const struct {
		const char	*stored, *query, *want;
	} cases[] = {
		{ "text/plain", "", "text/plain" },
		{ "text/plain", "response-content-type=image/png",
		    "image/png" },
		{ "", "", "binary/octet-stream" },
		{ "a\r\nSet-Cookie: b", "", "binary/octet-stream" },
		{ "text/plain", "response-content-type=a\rb",
		    "binary/octet-stream" },
		{ "text/plain", "response-content-type=",
		    "binary/octet-stream" },
	};
	struct entry	en = { .etag = STR("0123") };
	struct s3_call	c;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of("", cases[i].query);
		en.content_type = str_of(cases[i].stored);
		s3_meta_headers(&cx, &c, &en);
		assert_true(str_starts(buf_as_str(&c.res->headers),
		    str_printf(cx.mem, "Content-Type: %s\r\nETag: ",
		    cases[i].want)));
	}
}

/* The API keeps what no header can say: it is counted instead. */
static void
metadata_that_cannot_be_sent_is_counted(void **state)
{
	char		*huge = arena_get(cx.mem, LIMIT_META_SENT);
	struct pair	 meta[] = {
		{ STR("X-Amz-Meta-good"), STR("v") },
		{ STR("X-Amz-Meta-bad"), STR("a\nb") },
		{ STR("X-Amz-Meta-not a name"), STR("v") },
		{ STR("other"), STR("v") },
		{ STR("X-Amz-Meta-huge"), { huge, LIMIT_META_SENT } },
	};
	struct entry	 en = { .meta = meta, .n_meta = 5 };
	struct s3_call	 c = call_of("", "");

	(void)state;
	memset(huge, 'v', LIMIT_META_SENT);
	s3_meta_headers(&cx, &c, &en);
	assert_true(str_ends(buf_as_str(&c.res->headers),
	    STR("x-amz-meta-good: v\r\nx-amz-missing-meta: 4\r\n")));
}

static void
conditions_are_taken(void **state)
{
	static const char	sent[] = "if-match: \"a\"\n"
	    "if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT\n"
	    "if-unmodified-since: yesterday\n"
	    "x-amz-copy-source-if-none-match: *\n"
	    "x-amz-if-match-size: 7";
	struct s3_call		c = call_of(sent, "");
	struct cond		cond;

	(void)state;
	assert_ok(&cx, s3_take_cond(&cx, &c, "", &cond));
	assert_str("\"a\"", cond.if_match);
	assert_int_equal(0, cond.if_none_match.n);
	assert_true(cond.modified_since == 784111777000);
	assert_true(cond.unmodified_since == 0);	/* no date: none */
	assert_true(cond.has_size && cond.size == 7);
	assert_ok(&cx, s3_take_cond(&cx, &c, "x-amz-copy-source-", &cond));
	assert_int_equal(0, cond.if_match.n);
	assert_str("*", cond.if_none_match);
	assert_false(cond.has_size);
	c = call_of("", "");
	assert_ok(&cx, s3_take_cond(&cx, &c, "", &cond));
	assert_false(cond.has_size);
	c = call_of("x-amz-if-match-size: 7x", "");
	assert_code("InvalidArgument", s3_take_cond(&cx, &c, "", &cond));
}

static void
nothing_that_was_asked_for_is_dropped_silently(void **state)
{
	static const struct {
		const char	*sent;
		const char	*want;
	} cases[] = {
		{ "x-amz-meta-a: 1\nx-amz-anything: else\nrange: 0", "" },
		{ "x-amz-server-side-encryption: AES256", "NotImplemented" },
		{ "x-amz-server-side-encryption: aws:kms", "NotImplemented" },
		{ "x-amz-server-side-encryption: false",
		    "InvalidEncryptionAlgorithmError" },
		{ "x-amz-server-side-encryption-customer-key: k",
		    "NotImplemented" },
		{ "x-amz-copy-source-server-side-encryption-customer-key: k",
		    "NotImplemented" },
		{ "x-amz-object-lock-mode: GOVERNANCE", "NotImplemented" },
		{ "x-amz-bucket-object-lock-enabled: True",
		    "NotImplemented" },
		{ "x-amz-bucket-object-lock-enabled: False", "" },
		{ "x-amz-website-redirect-location: /", "NotImplemented" },
		{ "x-amz-write-offset-bytes: 0", "NotImplemented" },
		{ "x-amz-acl: private", "" },
		{ "x-amz-acl: bucket-owner-full-control", "" },
		{ "x-amz-acl: public-read", "AccessControlListNotSupported" },
		{ "x-amz-acl: bucket-owner-read",
		    "AccessControlListNotSupported" },
		{ "x-amz-acl: publicread", "InvalidArgument" },
		{ "x-amz-grant-read: id=1", "AccessControlListNotSupported" },
		{ "x-amz-object-ownership: BucketOwnerEnforced", "" },
		{ "x-amz-object-ownership: ObjectWriter",
		    "AccessControlListNotSupported" },
	};
	struct s3_call	c;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of(cases[i].sent, "");
		assert_code(cases[i].want, s3_refuse_unknown(&cx, &c));
	}
}

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef" \
		"0123456789abcdef"

static void
versions_are_checked(void **state)
{
	static const struct {
		const char	*version;
		const char	*reads, *writes;
	} cases[] = {
		{ "null", "", "" },
		{ ID, "", "MethodNotAllowed" },
		{ "Null", "InvalidArgument", "InvalidArgument" },
		{ "", "InvalidArgument", "InvalidArgument" },
		{ "main", "InvalidArgument", "InvalidArgument" },
		{ "0123456789abcdef", "InvalidArgument", "InvalidArgument" },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_code(cases[i].reads, s3_take_version(&cx,
		    str_of(cases[i].version), false));
		assert_code(cases[i].writes, s3_take_version(&cx,
		    str_of(cases[i].version), true));
	}
}

static void
copy_sources_name_an_object(void **state)
{
	static const struct {
		const char	*source;
		const char	*want;
		const char	*repo, *ref, *path, *version;
	} cases[] = {
		{ "/alpha/main/a/b", "", "alpha", "main", "a/b", "" },
		{ "alpha/main/a/b", "", "alpha", "main", "a/b", "" },
		{ "alpha/main/a%20b%2Fc", "", "alpha", "main", "a b/c", "" },
		{ "alpha/main/a+b", "", "alpha", "main", "a+b", "" },
		{ "alpha/main~1/a", "", "alpha", "main~1", "a", "" },
		{ "alpha/main/a?versionId=null", "", "alpha", "main", "a",
		    "null" },
		{ "alpha/main/a?versionId=" ID, "", "alpha", "main", "a", ID },
		{ "alpha/main/a%3FversionId=x", "", "alpha", "main",
		    "a?versionId=x", "" },
		{ "alpha/main/a?versionId=", "InvalidArgument", "", "", "",
		    "" },
		{ "alpha/main/a?versionId=x", "InvalidArgument", "", "", "",
		    "" },
		{ "alpha/main/a%2", "InvalidArgument", "", "", "", "" },
		{ "alpha/main/", "InvalidArgument", "", "", "", "" },
		{ "alpha/main", "InvalidArgument", "", "", "", "" },
		{ "alpha", "InvalidArgument", "", "", "", "" },
		{ "alpha/main/%ff", "InvalidArgument", "", "", "", "" },
	};
	struct s3_call	c;
	struct target	at;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of(str_printf(cx.mem, "x-amz-copy-source: %s",
		    cases[i].source).p, "");
		assert_code(cases[i].want, s3_take_copy_source(&cx, &c, &at));
		if (cases[i].want[0] != '\0')
			continue;
		assert_str(cases[i].repo, at.repo);
		assert_str(cases[i].ref, at.ref);
		assert_str(cases[i].path, at.path);
		assert_str(cases[i].version, at.version);
	}
}

static void
numbers_are_taken_from_query_or_header(void **state)
{
	static const struct {
		const char	*headers, *query;
		const char	*want;
		uint64_t	 value;
	} cases[] = {
		{ "", "", "", 5 },
		{ "", "max-keys=", "", 5 },
		{ "", "max-keys=0", "", 0 },
		{ "", "max-keys=7", "", 7 },
		{ "max-keys: 8", "", "", 8 },
		{ "max-keys: 8", "max-keys=7", "", 7 },
		{ "", "max-keys=1001", "", 1000 },
		{ "", "max-keys=2147483647", "", 1000 },
		{ "", "max-keys=2147483648", "InvalidArgument", 0 },
		{ "", "max-keys=-1", "InvalidArgument", 0 },
		{ "", "max-keys=1e3", "InvalidArgument", 0 },
	};
	struct s3_call	c;
	uint64_t	v;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = call_of(cases[i].headers, cases[i].query);
		assert_code(cases[i].want, s3_take_number(&cx, &c, "max-keys",
		    5, 1000, &v));
		if (cases[i].want[0] == '\0')
			assert_true(v == cases[i].value);
	}
}

static void
keys_are_shown_as_asked(void **state)
{
	struct s3_call	c = call_of("", "encoding-type=url");
	bool		url;

	(void)state;
	assert_ok(&cx, s3_take_encoding(&cx, &c, &url));
	assert_true(url);
	assert_str("a/%20%26%0A%C3%BC", s3_xml_key(&cx, true,
	    STR("a/ &\n\xc3\xbc")));
	assert_str("a &", s3_xml_key(&cx, false, STR("a &")));
	c = call_of("", "");
	assert_ok(&cx, s3_take_encoding(&cx, &c, &url));
	assert_false(url);
	c = call_of("", "encoding-type=URL");
	assert_code("InvalidArgument", s3_take_encoding(&cx, &c, &url));
}

static void
etags_have_quotation_marks_outside(void **state)
{
	static const char *const	cases[][2] = {
		{ "\"a\"", "a" }, { " \"a\" ", "a" }, { "a", "a" },
		{ "\"\"", "" }, { "\"", "\"" }, { "\"a", "\"a" }, { "", "" },
	};
	size_t				i;

	(void)state;
	assert_str("\"a-2\"", s3_meta_etag(&cx, STR("a-2")));
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_str(cases[i][1], s3_take_etag(str_of(cases[i][0])));
}

static void
answers_are_documents(void **state)
{
	struct pair	sums[] = { { STR("crc32"), STR("AAAAAA==") },
	    { STR("sha256"), STR("b<c") }, { STR("unknown"), STR("x") } };
	struct entry	en = { .sums = sums, .n_sums = 3,
	    .sums_composite = true };
	struct s3_call	c = call_of("", "");
	struct buf	b;

	(void)state;
	c.who.user = STR("<Ann & Bob>");
	s3_xml_begin(&cx, &b, "Answer");
	s3_xml_owner(&b, &c, "Initiator");
	s3_sums_put(&b, &en);
	s3_sums_put_type(&b, &en);
	s3_xml_end(&c, &b, "Answer");
	assert_int_equal(200, c.res->status);
	assert_str("application/xml", c.res->type);
	assert_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<Answer xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
	    "<Initiator><ID>&lt;Ann &amp; Bob&gt;</ID>"
	    "<DisplayName>&lt;Ann &amp; Bob&gt;</DisplayName></Initiator>"
	    "<ChecksumCRC32>AAAAAA==</ChecksumCRC32>"
	    "<ChecksumSHA256>b&lt;c</ChecksumSHA256>"
	    "<ChecksumType>COMPOSITE</ChecksumType></Answer>", c.res->body);
	en.n_sums = 0;
	s3_xml_begin(&cx, &b, "Answer");
	s3_sums_put_type(&b, &en);
	assert_false(str_has(buf_as_str(&b), STR("ChecksumType")));
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(what_is_kept_is_taken),
		cmocka_unit_test(what_is_too_much_or_wrong_is_refused),
		cmocka_unit_test(what_was_taken_is_answered),
		cmocka_unit_test(an_answer_always_has_a_type),
		cmocka_unit_test(metadata_that_cannot_be_sent_is_counted),
		cmocka_unit_test(conditions_are_taken),
		cmocka_unit_test(
		    nothing_that_was_asked_for_is_dropped_silently),
		cmocka_unit_test(versions_are_checked),
		cmocka_unit_test(copy_sources_name_an_object),
		cmocka_unit_test(numbers_are_taken_from_query_or_header),
		cmocka_unit_test(keys_are_shown_as_asked),
		cmocka_unit_test(etags_have_quotation_marks_outside),
		cmocka_unit_test(answers_are_documents),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
