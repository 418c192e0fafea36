/* http/client: addresses, trusted proxies, and whose request it is. */
#include "unit/unit_cx.h"

#include <string.h>

#include "base/buf.h"
#include "http/http.h"

static void
addresses_parse(void **state)
{
	static const struct {
		const char	*text, *want;	/* NULL: refused */
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::FFFF:c000:0207", "192.0.2.7" },
		{ "2001:DB8:0:0::7", "2001:db8::7" },
		{ "fe80::1%eth0", "fe80::1" },
		{ "::", "::" },
		{ "", NULL }, { "%", NULL }, { "x", NULL }, { "1", NULL },
		{ "127.1", NULL }, { "192.0.2.256", NULL },
		{ "192.0.2.7 ", NULL }, { "192.0.2.07x", NULL },
		{ "2001:db8::7::1", NULL }, { "[::1]", NULL },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111",
		    NULL },
	};
	struct address	a;
	size_t		i;
	bool		good;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		good = address_parse(str_of(cases[i].text), &a);
		assert_int_equal(cases[i].want != NULL, good);
		if (good)
			assert_str(cases[i].want, address_text(&cx, &a));
	}
	assert_false(address_parse((struct str){ "1.2.3.4\0", 8 }, &a) &&
	    !str_is(address_text(&cx, &a), STR("1.2.3.4")));
}

static void
one_customer_has_one_network(void **state)
{
	static const struct {
		const char	*a, *b;
		bool		 same;
	} cases[] = {
		{ "192.0.2.7", "192.0.2.7", true },
		{ "192.0.2.7", "192.0.2.8", false },
		{ "2001:db8::1", "2001:db8:0:0:ffff::2", true },
		{ "2001:db8::1", "2001:db8:0:1::1", false },
		{ "192.0.2.7", "::ffff:192.0.2.7", true },
		{ "::", "0.0.0.0", false },
	};
	struct address	a, b;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(address_parse(str_of(cases[i].a), &a));
		assert_true(address_parse(str_of(cases[i].b), &b));
		assert_int_equal(cases[i].same, str_is(address_network(&a),
		    address_network(&b)));
	}
}

static void
proxies_are_checked(void **state)
{
	static const struct {
		const char	*text;
		enum err	 want;
	} cases[] = {
		{ "", OK }, { "  ", OK }, { "none", OK }, { "unix", OK },
		{ "127.0.0.1 ::1  10.0.0.0/8 2001:db8::/32 unix", OK },
		{ "0.0.0.0/0 ::/0", OK }, { "10.1.2.3/8", OK },
		{ "10.0.0.0/33", E_CONF }, { "10.0.0.0/-1", E_CONF },
		{ "10.0.0.0/", E_CONF }, { "/8", E_CONF }, { "10/8", E_CONF },
		{ "::/129", E_CONF }, { "10.0.0.0/8,::1", E_CONF },
		{ "proxy.example.org", E_CONF }, { "none 10.0.0.1", E_CONF },
		{ "unix none", E_CONF }, { "None", E_CONF },
	};
	struct proxies	*p;
	size_t		 i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_err(cases[i].want, proxies_parse(&cx,
		    str_of(cases[i].text), &p));
}

/* Who asks, and is he near? */
static struct client
client_of(const char *trusted, const char *remote, const char *xff,
    const char *forwarded)
{
	struct pair	headers[3] = { { STR("host"), STR("h") } };
	struct request	req = { .headers = headers, .n_headers = 1,
	    .remote = str_of(remote) };
	struct proxies	*p;

	if (xff != NULL)
		headers[req.n_headers++] = (struct pair){
		    STR("x-forwarded-for"), str_of(xff) };
	if (forwarded != NULL)
		headers[req.n_headers++] = (struct pair){ STR("forwarded"),
		    str_of(forwarded) };
	assert_ok(&cx, proxies_parse(&cx, str_of(trusted), &p));
	client_find(&cx, p, &req);
	assert_int_equal(!str_is(req.client.name, STR("-")),
	    req.client.known);
	return req.client;
}

static void
clients_are_found(void **state)
{
	static const struct {
		const char	*trusted, *remote, *xff, *forwarded;
		const char	*want;		/* "-": not known */
		const char	*why;
	} cases[] = {
		{ "", "192.0.2.7", NULL, NULL, "192.0.2.7", "direct" },
		{ "", "::ffff:192.0.2.7", NULL, NULL, "192.0.2.7", "mapped" },
		{ "", "10.0.0.1", "192.0.2.7", NULL, "-", "no proxy is named" },
		{ "", "10.0.0.1", NULL, "for=192.0.2.7", "-", "the same" },
		{ "", "10.0.0.1", "", NULL, "-", "it came, and is empty" },
		{ "10.0.0.9", "10.0.0.1", "192.0.2.7", NULL, "-",
		    "another one is named" },
		{ "none", "192.0.2.9", "192.0.2.7", "for=192.0.2.8",
		    "192.0.2.9", "said to be no proxy" },
		{ "", "unix:", NULL, NULL, "-", "a socket file" },
		{ "", "", NULL, NULL, "-", "the server says nothing" },
		{ "unix", "unix:", "192.0.2.7", NULL, "192.0.2.7", "nginx" },
		{ "unix", "/run/x.sock", "192.0.2.7", NULL, "192.0.2.7",
		    "lighttpd" },
		{ "unix", "", "192.0.2.7", NULL, "192.0.2.7", "others" },
		{ "unix", "10.0.0.1", "192.0.2.7", NULL, "-", "not by it" },
		{ "10.0.0.1", "10.0.0.1", "192.0.2.7", NULL, "192.0.2.7",
		    "one proxy" },
		{ "10.0.0.0/8", "10.9.9.9", "6.6.6.6, 192.0.2.7", NULL,
		    "192.0.2.7", "what a client wrote is to the left" },
		{ "10.0.0.0/8", "10.9.9.9", "6.6.6.6,192.0.2.7, 10.2.2.2,"
		    "10.3.3.3", NULL, "192.0.2.7", "several proxies" },
		{ "10.0.0.0/8", "10.9.9.9", "192.0.2.7:8080", NULL,
		    "192.0.2.7", "a port" },
		{ "::1 10.0.0.0/8", "::1", "[2001:db8::7]:8080", NULL,
		    "2001:db8::7", "brackets and a port" },
		{ "::1", "::1", "[2001:db8::7]", NULL, "2001:db8::7",
		    "brackets" },
		{ "::1", "::1", "2001:db8::7", NULL, "2001:db8::7", "none" },
		{ "::1", "::1", "::ffff:192.0.2.7", NULL, "192.0.2.7",
		    "mapped" },
		{ "::1", "::1", "[2001:db8::7", NULL, "-", "half a bracket" },
		{ "::1", "::1", "  192.0.2.7 \t", NULL, "192.0.2.7",
		    "blanks" },
		{ "::1", "::1", "192.0.2.7,, ,", NULL, "192.0.2.7",
		    "empty elements [RFC 9110 5.6.1]" },
		{ "::1", "::1", "192.0.2.7, unknown", NULL, "-",
		    "a proxy that does not say" },
		{ "::1", "::1", "unknown, 192.0.2.7", NULL, "192.0.2.7",
		    "beyond the client" },
		{ "::1", "::1", "_hidden", NULL, "-", "obfuscated" },
		{ "::1", "::1", "192.0.2.7 6.6.6.6", NULL, "-", "no list" },
		{ "::1", "::1", "client=6.6.6.6\n", NULL, "-", "words" },
		{ "::1", "::1", "1.2.3.4.5", NULL, "-", "too long" },
		{ "::1", "::1", "", NULL, "-", "empty" },
		{ "::1", "::1", NULL, NULL, "-",
		    "a proxy is not its clients" },
		{ "10.0.0.0/8", "10.0.0.1", "10.0.0.2, 10.0.0.3", NULL, "-",
		    "trusted to the end" },
		{ "unix", "unix:", "192.0.2.7, unix:", NULL, "192.0.2.7",
		    "through another socket" },
		{ "::1", "::1", NULL, "for=192.0.2.7", "192.0.2.7",
		    "[RFC 7239 4]" },
		{ "::1", "::1", NULL, "For=\"[2001:DB8::7]:4711\"",
		    "2001:db8::7", "[RFC 7239 6]" },
		{ "::1", "::1", NULL, "proto=http; for=192.0.2.7;by=x",
		    "192.0.2.7", "among others" },
		{ "::1 10.0.0.1", "::1", NULL,
		    "for=6.6.6.6, for=192.0.2.7, for=10.0.0.1", "192.0.2.7",
		    "a list" },
		{ "::1", "::1", NULL, "for=\"6.6.6.6, for=192.0.2.7",
		    "192.0.2.7", "a quote that a client left open" },
		{ "::1", "::1", NULL, "for=unknown", "-", "it does not say" },
		{ "::1", "::1", NULL, "for=_mdn", "-", "obfuscated" },
		{ "::1", "::1", NULL, "proto=https", "-", "nobody is named" },
		{ "::1", "::1", "192.0.2.7", "for=6.6.6.6", "192.0.2.7",
		    "X-Forwarded-For goes first" },
	};
	struct client	c;
	size_t		i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c = client_of(cases[i].trusted, cases[i].remote,
		    cases[i].xff, cases[i].forwarded);
		if (!str_is(c.name, str_of(cases[i].want)))
			print_error("%s: %.*s\n", cases[i].why,
			    STRF(c.name));
		assert_str(cases[i].want, c.name);
	}
}

/* The end of a list is the proxy's, however long what precedes it is. */
static void
long_lists_are_read_from_their_end(void **state)
{
	struct buf	b;
	size_t		i;

	(void)state;
	buf_init(&b, cx.mem, 1 << 20);
	for (i = 0; i < 10000; i++)
		buf_z(&b, "6.6.6.6,");
	buf_z(&b, "192.0.2.7");
	buf_byte(&b, '\0');
	assert_str("192.0.2.7", client_of("::1", "::1", b.p, NULL).name);
	buf_init(&b, cx.mem, 1 << 20);
	for (i = 0; i < 10000; i++)
		buf_z(&b, "10.0.0.1, ");
	buf_byte(&b, '\0');
	assert_str("-", client_of("10.0.0.1", "10.0.0.1", b.p, NULL).name);
}

static void
near_is_this_machine_and_no_proxy(void **state)
{
	static const struct {
		const char	*trusted, *remote, *xff, *forwarded;
		bool		 want;
	} cases[] = {
		{ "", "127.0.0.1", NULL, NULL, true },
		{ "", "127.9.9.9", NULL, NULL, true },
		{ "", "::1", NULL, NULL, true },
		{ "", "::ffff:127.0.0.1", NULL, NULL, true },
		{ "none", "127.0.0.1", NULL, NULL, true },
		{ "", "128.0.0.1", NULL, NULL, false },
		{ "", "::2", NULL, NULL, false },
		{ "", "", NULL, NULL, false },
		{ "", "unix:", NULL, NULL, false },
		{ "", "127.0.0.1", "127.0.0.1", NULL, false },
		{ "", "127.0.0.1", NULL, "for=127.0.0.1", false },
		{ "none", "127.0.0.1", "127.0.0.1", NULL, false },
		{ "10.0.0.1", "127.0.0.1", NULL, NULL, false },
		{ "unix", "127.0.0.1", NULL, NULL, false },
		{ "127.0.0.1", "127.0.0.1", "127.0.0.1", NULL, false },
	};
	size_t	i;

	(void)state;
	for (i = 0; i < sizeof cases / sizeof cases[0]; i++)
		assert_int_equal(cases[i].want, client_of(cases[i].trusted,
		    cases[i].remote, cases[i].xff, cases[i].forwarded).near);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(addresses_parse),
		cmocka_unit_test(one_customer_has_one_network),
		cmocka_unit_test(proxies_are_checked),
		cmocka_unit_test(clients_are_found),
		cmocka_unit_test(long_lists_are_read_from_their_end),
		cmocka_unit_test(near_is_this_machine_and_no_proxy),
	};

	return cmocka_run_group_tests(tests, cx_setup, cx_teardown);
}
