/* Signatures: documented examples, and texts that are signed. */
#include "unit/unit_cx.h"

#include <string.h>

#include "net/sigv2.h"
#include "net/sigv4.h"

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

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(signature_of_the_documented_example),
		cmocka_unit_test(sigv2_gives_the_documented_signature),
		cmocka_unit_test(blanks_and_tabs_fold),
		cmocka_unit_test(a_text_that_is_cut_is_not_signed),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
