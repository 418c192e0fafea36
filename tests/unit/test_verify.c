/* Who asks, and may he: signatures, tokens, pairs and sessions of browsers. */
#include "unit/unit.h"
#include "unit/unit_request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/auth_inside.h"
#include "base/enc.h"
#include "base/fileio.h"
#include "base/when.h"
#include "kv/kv.h"
#include "net/sigv4.h"

static struct cx	cx;
static struct kv	*kv;
static struct auth	*a;
static char		dir[32], master[64];

static int
setup(void **state)
{
	const struct auth_opts	opt = { master, 100 };
	struct cred_key		key;

	(void)state;
	cx_init(&cx, arena_new());
	snprintf(dir, sizeof dir, "/tmp/auth.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(master, sizeof master, "%s/master.key", dir);
	kv = kv_mem_open();
	assert_ok(&cx, master_make(&cx, master));
	assert_ok(&cx, auth_open(&cx, kv, &opt, &a));
	assert_ok(&cx, cred_key_create(&cx, a, STR("ann"), STR("ANNSKEY"),
	    STR("secret:of/ann"), &key));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	auth_close(a);
	kv_close(kv);
	file_unlink(&cx, master);
	assert_int_equal(0, rmdir(dir));
	arena_free(cx.mem);
	return 0;
}

/* ---- the REST API ------------------------------------------------------ */

static struct str
base64(const char *z)
{
	return enc_base64(cx.mem, z, strlen(z));
}

static struct str
token(void)
{
	struct request	nobody = { .method = M_GET };
	struct str	out = STR("");
	int64_t		end;

	assert_ok(&cx, auth_login(&cx, a, &nobody, STR("ANNSKEY"),
	    STR("secret:of/ann"), &out, &end));
	return out;
}

/* In a header "B" is a good pair, "T" a good token. */
static const char *
filled(const char *header, struct str pair, struct str good)
{
	struct buf	b;

	buf_init(&b, cx.mem, 10000);
	for (; *header != '\0'; header++)
		if (*header == '^')
			buf_str(&b, *++header == 'B' ? pair : good);
		else
			buf_byte(&b, *header);
	return str_z(cx.mem, buf_as_str(&b));
}

#define BROWSER	"cookie: internal_auth_session=^T\n"

static void
the_api_knows_pairs_tokens_and_sessions(void **state)
{
	static const struct {
		enum method	 method;
		const char	*headers;
		enum err	 want;
	} cases[] = {
		{ M_GET, "", E_NO_AUTH },
		{ M_POST, "authorization: Basic ^B", OK },
		{ M_GET, "authorization: basic  ^B ", OK },
		{ M_GET, "authorization: Basic", E_NO_AUTH },
		{ M_GET, "authorization: Basic ", E_NO_AUTH },
		{ M_GET, "authorization: Basic *", E_NO_AUTH },
		{ M_GET, "authorization: Basic ^B=", E_NO_AUTH },
		{ M_GET, "authorization: Basic ^T", E_NO_AUTH },
		{ M_GET, "authorization: Basic QU5OU0tFWQ==", E_NO_AUTH },
		{ M_GET, "authorization: Basic QU5OU0tFWTo=", E_NO_AUTH },
		{ M_GET, "authorization: Digest ^B", E_NO_AUTH },
		{ M_GET, "authorization: ^B", E_NO_AUTH },
		{ M_GET, "authorization: AWS ANNSKEY:x", E_NO_AUTH },
		{ M_DELETE, "authorization: Bearer ^T", OK },
		{ M_GET, "authorization: bearer ^T", OK },
		{ M_GET, "authorization: Bearer ^Tx", E_NO_AUTH },
		{ M_GET, "authorization: Bearer ^T.x", E_NO_AUTH },
		{ M_GET, "authorization: Bearer", E_NO_AUTH },
		{ M_GET, "authorization: Bearer ^B", E_NO_AUTH },
		/* a browser's session changes things from this origin alone */
		{ M_GET, BROWSER, OK },
		{ M_HEAD, BROWSER "origin: https://evil.example", OK },
		{ M_GET, "cookie: a=b; internal_auth_session=^T; c", OK },
		{ M_GET, "cookie: internal_auth_sessions=^T", E_NO_AUTH },
		{ M_GET, "cookie: xinternal_auth_session=^T", E_NO_AUTH },
		{ M_GET, "cookie: internal_auth_session=", E_NO_AUTH },
		{ M_GET, "cookie: internal_auth_session=x", E_NO_AUTH },
		{ M_POST, BROWSER, E_CORS },
		{ M_POST, BROWSER "sec-fetch-site: same-origin", OK },
		{ M_POST, BROWSER "sec-fetch-site: same-site", E_CORS },
		{ M_POST, BROWSER "sec-fetch-site: cross-site", E_CORS },
		{ M_POST, BROWSER "sec-fetch-site: none", E_CORS },
		{ M_PUT, BROWSER "origin: http://lake.example", OK },
		{ M_PUT, BROWSER "origin: http://LAKE.example", OK },
		{ M_PUT, BROWSER "origin: https://lake.example", E_CORS },
		{ M_PUT, BROWSER "origin: http://lake.example.com", E_CORS },
		{ M_PUT, BROWSER "origin: null", E_CORS },
		{ M_DELETE, BROWSER "sec-fetch-site: cross-site\n"
		    "origin: http://lake.example", E_CORS },
		{ M_POST, "cookie: internal_auth_session=x", E_NO_AUTH },
		/* what is said in the open counts before the cookie */
		{ M_POST, BROWSER "authorization: Basic ^B", OK },
		{ M_GET, BROWSER "authorization: Basic QU5OU0tFWTo=",
		    E_NO_AUTH },
	};
	struct str	pair = base64("ANNSKEY:secret:of/ann");
	struct str	good = token();
	struct auth_identity	who;
	struct request	req;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		req = request_of(cx.mem, cases[i].method,
		    filled(cases[i].headers, pair, good), "");
		req.host = STR("lake.example");
		assert_err(cases[i].want, auth_verify_api(&cx, a, &req,
		    &who));
		if (cases[i].want != OK)
			continue;
		assert_str("ann", who.user);
		assert_str("ANNSKEY", who.key_id);
		assert_false(who.anonymous);
	}
}

/* ---- S3 ---------------------------------------------------------------- */

static void
signed_requests_are_known_by_their_form(void **state)
{
	static const struct {
		const char	*headers, *query;
		bool		 want;
	} cases[] = {
		{ "", "", false },
		{ "authorization: AWS4-HMAC-SHA256 x", "", true },
		{ "authorization: AWS4-ECDSA x", "", true },
		{ "authorization: AWS id:sig", "", true },
		{ "authorization: AWSX", "", false },
		{ "authorization: Basic x", "", false },
		{ "", "X-Amz-Credential=x", true },
		{ "", "X-Amz-Algorithm=x", true },
		{ "", "AWSAccessKeyId=x", true },
		{ "", "Signature=x\nExpires=1", false },
		{ "x-amz-credential: x", "", false },
	};
	struct request	req;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		req = request_of(cx.mem, M_GET, cases[i].headers,
		    cases[i].query);
		assert_int_equal(cases[i].want, auth_is_signed(&req));
	}
	assert_true(auth_owns(STR("x-amz-signature")));
	assert_true(auth_owns(STR("EXPIRES")));
	assert_false(auth_owns(STR("x-amz-acl")));
	assert_false(auth_owns(STR("")));
}

#define HEADER	"authorization: AWS4-HMAC-SHA256 Credential=x"
#define FOUR	"X-Amz-Algorithm=AWS4-HMAC-SHA256\nX-Amz-Signature=x"
#define TWO	"AWSAccessKeyId=x\nSignature=y\nExpires=1"

static void
a_request_is_signed_once(void **state)
{
	static const struct {
		const char	*headers, *query;
		enum err	 want;
	} cases[] = {
		{ "", "", OK },			/* anonymous */
		{ "", "Expires=1\nExpires=2", OK },
		{ HEADER, FOUR, E_BAD_ARGUMENT },
		{ HEADER, TWO, E_BAD_ARGUMENT },
		{ "authorization: AWS x:y", TWO, E_BAD_ARGUMENT },
		{ "", FOUR "\n" TWO, E_BAD_ARGUMENT },
		{ "", FOUR "\nx-amz-signature=z", E_BAD_ARGUMENT },
		{ "", FOUR "\nX-Amz-Date=1\nX-Amz-Date=2", E_BAD_ARGUMENT },
		{ "", TWO "\nExpires=2", E_BAD_ARGUMENT },
		/* one, and malformed */
		{ HEADER, "", E_AUTH_HEADER },
		{ "", FOUR, E_AUTH_QUERY },
		{ "", TWO, E_NO_SUCH_KEY_ID },
		{ "authorization: Basic x", "AWSAccessKeyId=x",
		    E_BAD_ARGUMENT },
	};
	struct auth_place	at = { STR(""), STR("") };
	struct auth_signature	sig;
	struct auth_identity	who;
	struct request		req;
	size_t			i;

	(void)state;
	cx.now = 2000;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		req = request_of(cx.mem, M_GET, cases[i].headers,
		    cases[i].query);
		req.method_name = STR("GET");
		req.path = STR("/alpha");
		assert_err(cases[i].want, auth_verify_s3(&cx, a, &req, &at,
		    &who, &sig));
		if (cases[i].want == OK)
			assert_true(who.anonymous);
	}
}

enum { MINUTE = 60 * 1000 };

/* As a client signs: its host, its date, an x-amz-meta-a. */
static struct request
signed_request(const char *key_id, const char *secret, const char *scope)
{
	struct request		req = request_of(cx.mem, M_GET, "host: h\n"
	    "x-amz-content-sha256: UNSIGNED-PAYLOAD\nx-amz-date: \n"
	    "x-amz-meta-a: 1\nauthorization: ", "a=b");
	struct str		date = when_amz(cx.mem, cx.now), text, part[3];
	struct str		rest = str_of(scope), canonical;
	struct sigv4_request	r = { STR("GET"), STR("/alpha/main/a"),
	    req.query, 1, req.headers, 4, STR("UNSIGNED-PAYLOAD") };
	unsigned char		key[SHA256_BYTES];
	char			hex[65];
	size_t			i;

	for (i = 0; i < 3; i++)
		assert_true(str_split(&rest, '/', &part[i]));
	req.method_name = r.method;
	req.path = r.path;
	req.headers[2].value = date;
	text = sigv4_string_to_sign(&cx, &r, date, str_of(scope), &canonical);
	sigv4_key(&cx, str_of(secret), part[0], part[1], part[2], key);
	sigv4_sign(key, text, hex);
	req.headers[4].value = str_printf(cx.mem, "AWS4-HMAC-SHA256 "
	    "Credential=%s/%s, SignedHeaders=host;x-amz-content-sha256;"
	    "x-amz-date;x-amz-meta-a, Signature=%s", key_id, scope, hex);
	return req;
}

#define SCOPE	"20240102/us-east-1/s3/aws4_request"

static void
a_signature_holds_for_what_was_signed(void **state)
{
	static const struct {
		const char	*key_id, *secret, *scope;
		int		 later;		/* minutes, when it arrives */
		const char	*header, *value; /* what it then says */
		const char	*path, *region;
		enum err	 want;
	} cases[] = {
#define GOOD	"ANNSKEY", "secret:of/ann", SCOPE
		{ GOOD, 0, "", "", "", "", OK },
		{ GOOD, 0, "", "", "", "us-east-1", OK },
		{ GOOD, 0, "x-other", "1", "", "", OK },
		{ GOOD, 14, "", "", "", "", OK },
		{ GOOD, -14, "", "", "", "", OK },
		{ GOOD, 16, "", "", "", "", E_TIME_SKEW },
		{ GOOD, -16, "", "", "", "", E_TIME_SKEW },
		{ GOOD, 0, "", "", "/alpha/main/b", "", E_SIGNATURE },
		{ GOOD, 0, "x-amz-meta-a", "2", "", "", E_SIGNATURE },
		{ GOOD, 0, "host", "other", "", "", E_SIGNATURE },
		{ GOOD, 0, "x-amz-content-sha256", "x", "", "",
		    E_BAD_ARGUMENT },
		{ GOOD, 0, "x-amz-acl", "public-read", "", "", E_DENIED },
		{ GOOD, 0, "x-amz-cf-id", "1", "", "", OK },
		{ GOOD, 0, "", "", "", "eu-central-1", E_AUTH_HEADER },
		{ "ANNSKEY", "another", SCOPE, 0, "", "", "", "",
		    E_SIGNATURE },
		{ "BOBSKEY", "secret:of/ann", SCOPE, 0, "", "", "", "",
		    E_NO_SUCH_KEY_ID },
		{ "ANNSKEY", "secret:of/ann",
		    "20240102/us-east-1/iam/aws4_request", 0, "", "", "", "",
		    E_AUTH_HEADER },
		{ "ANNSKEY", "secret:of/ann",
		    "20240101/us-east-1/s3/aws4_request", 0, "", "", "", "",
		    E_AUTH_HEADER },
		{ "ANNSKEY", "secret:of/ann",
		    "20240102/us-east-1/s3/aws4", 0, "", "", "", "",
		    E_AUTH_HEADER },
#undef GOOD
	};
	struct auth_place	at = { STR(""), STR("") };
	struct auth_signature	sig;
	struct auth_identity	who;
	struct request		req;
	struct pair		*h;
	size_t			i, k;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(when_amz_parse(STR("20240102T030405Z"), &cx.now));
		req = signed_request(cases[i].key_id, cases[i].secret,
		    cases[i].scope);
		cx.now += (int64_t)cases[i].later * MINUTE;
		at.region = str_of(cases[i].region);
		if (cases[i].path[0] != '\0')
			req.path = str_of(cases[i].path);
		h = arena_get(cx.mem, (req.n_headers + 1) * sizeof *h);
		memcpy(h, req.headers, req.n_headers * sizeof *h);
		req.headers = h;
		for (k = 0; k < req.n_headers && !str_is(h[k].name,
		    str_of(cases[i].header)); k++)
			;
		if (cases[i].header[0] != '\0') {
			h[k] = (struct pair){ str_of(cases[i].header),
			    str_of(cases[i].value) };
			req.n_headers += k == req.n_headers;
		}
		assert_err(cases[i].want, auth_verify_s3(&cx, a, &req, &at,
		    &who, &sig));
		if (cases[i].want == OK)
			assert_str("ann", who.user);
	}
}

static void
cookies_are_for_the_api_alone(void **state)
{
	struct request	req = { .https = false };

	(void)state;
	assert_str("internal_auth_session=T; Path=/api/v1; Max-Age=60; "
	    "HttpOnly; SameSite=Strict", auth_cookie(&cx, &req, STR("T"), 60));
	req.https = true;
	assert_true(str_ends(auth_cookie(&cx, &req, STR("T"), 60),
	    STR("; SameSite=Strict; Secure")));
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(the_api_knows_pairs_tokens_and_sessions),
		TEST(signed_requests_are_known_by_their_form),
		TEST(a_request_is_signed_once),
		TEST(a_signature_holds_for_what_was_signed),
		TEST(cookies_are_for_the_api_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
