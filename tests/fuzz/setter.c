/*
 * What can be set: what is taken comes back as it was given, and given back
 * is taken again; what is refused has changed nothing.
 */
#include "fuzz/fuzz.h"

#include <ctype.h>

#include "base/json.h"
#include "http/http.h"
#include "lake/record.h"

#define STAT	"/repositories/repo/refs/main/objects/stat?path=o"

/* ---- metadata ---------------------------------------------------------- */

/* Every pair of the set is in the metadata that is shown. */
static void
all_shown(struct str set, struct str shown)
{
	struct pair	*want, *got, *one;
	struct json	 a, b;
	size_t		 i, n_want, n_got;

	if (json_parse(&cx, set, &a) != OK ||
	    json_get_map(&cx, a, "set", &want, &n_want) != OK ||
	    json_parse(&cx, shown, &b) != OK ||
	    json_get_map(&cx, b, "metadata", &got, &n_got) != OK)
		abort();
	for (i = 0; i < n_want; i++) {
		one = pair_find(got, n_got, want[i].name);
		assert(one != NULL && str_is(one->value, want[i].value));
	}
}

/* The input is the body of updateObjectUserMetadata. */
void
fuzz_meta(struct str in)
{
	struct answer	set, after;

	lake_reset();
	set = ask_api("PUT", "/repositories/repo/branches/main/objects/stat/"
	    "user_metadata?path=o", in);
	if (!is_good(&set)) {
		assert(lake_is_as_made());
		return;
	}
	after = ask_api("GET", STAT, STR(""));
	all_shown(in, after.body);
	after = ask_s3("HEAD", "/repo/main/o", STR(""), STR(""));
	assert(is_good(&after));
}

static bool
is_plain(struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	/* Encoded words come back in the form that AWS gives them. */
	return str_find_str(s, STR("=?")) == s.n;
}

/* As servers let it through. */
static bool
is_name(struct str s)
{
	size_t	i;

	for (i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

/* A line of the input comes back, where nothing makes it mean more. */
static void
comes_back(struct str lines, struct str line, const struct answer *got)
{
	size_t		colon = str_find(line, ':');
	struct str	name = str_to(line, colon), other, rest = lines, back;
	struct str	value = str_trim(str_from(line, colon + 1));
	size_t		times = 0;

	while (str_split(&rest, '\n', &other))
		times += str_is_nocase(str_to(other, str_find(other, ':')),
		    name);
	if (times != 1 || !str_starts_nocase(name, STR("x-amz-meta-a")) ||
	    !is_plain(line) || !is_name(name))
		return;
	back = answer_header(got, str_z(cx.mem, name));
	/* An empty one is counted, where the server would drop it. */
	assert(value.n == 0 || (back.p != NULL && str_is(back, value)));
}

/* The input is the headers of a PUT. */
void
fuzz_headers(struct str in)
{
	struct answer	put, got;
	struct str	rest = in, line;

	lake_reset();
	put = ask_s3("PUT", "/repo/main/h", in, STR("a body"));
	if (!is_good(&put)) {
		assert(lake_is_as_made());
		return;
	}
	got = ask_s3("HEAD", "/repo/main/h", STR(""), STR(""));
	assert(is_good(&got));
	while (str_split(&rest, '\n', &line))
		comes_back(in, line, &got);
}

/* ---- documents --------------------------------------------------------- */

/* What is shown after a document was put, put again, is the same.  Of some
 * inputs, for it takes time. */
static void
stays(const char *target, struct str shown)
{
	struct answer	put, got;

	if (shown.n % 8 != 0)
		return;
	put = ask_s3("PUT", target, STR(""), shown);
	assert(is_good(&put));
	got = ask_s3("GET", target, STR(""), STR(""));
	assert(is_good(&got) && str_is(got.body, shown));
}

static bool
document(const char *target, struct str text, struct answer *after)
{
	struct answer	put;

	put = ask_s3("PUT", target, STR(""), text);
	if (!is_good(&put)) {
		assert(lake_is_as_made());
		return false;
	}
	*after = ask_s3("GET", target, STR(""), STR(""));
	assert(is_good(after));
	return true;
}

/* A header x-amz-tagging, or a document. */
void
fuzz_tags(struct str in)
{
	struct answer	put, got;

	lake_reset();
	if (str_starts(in, STR("<"))) {
		if (document("/repo/main/o?tagging", in, &got))
			stays("/repo/main/o?tagging", got.body);
		return;
	}
	put = ask_s3("PUT", "/repo/main/h", str_printf(cx.mem,
	    "x-amz-tagging:%.*s", STRF(str_to(in, str_find(in, '\n')))),
	    STR(""));
	if (!is_good(&put))
		return;
	got = ask_s3("GET", "/repo/main/h?tagging", STR(""), STR(""));
	assert(is_good(&got));
	stays("/repo/main/h?tagging", got.body);
}

/* Origin, method and headers in a line each, then the rules. */
void
fuzz_cors(struct str in)
{
	struct str	origin, method, headers, rest = in;
	struct answer	got;
	struct ask	a = { NOBODY, "OPTIONS", STR("/repo/main/o"),
	    STR(""), STR(""), false };

	lake_reset();
	if (!str_split(&rest, '\n', &origin) ||
	    !str_split(&rest, '\n', &method) ||
	    !str_split(&rest, '\n', &headers))
		return;
	if (!document("/repo?cors", rest, &got))
		return;
	stays("/repo?cors", got.body);
	a.headers = str_printf(cx.mem, "Origin:%.*s\nAccess-Control-Request-"
	    "Method:%.*s\nAccess-Control-Request-Headers:%.*s", STRF(origin),
	    STRF(method), STRF(headers));
	got = ask(&a);
	if (is_good(&got)) {
		origin = str_trim(str_of(str_z(cx.mem, origin)));
		rest = answer_header(&got, "Access-Control-Allow-Origin");
		assert(rest.p == NULL ? !header_is_legal(STR("Origin"), origin) :
		    str_is(rest, STR("*")) || str_is(rest, origin));
	}
	ask_s3("GET", "/repo/main/o", a.headers, STR(""));
}

/* The input is a policy: whatever it says, nobody writes, and nobody reads
 * another repository.  Its length chooses what is tried. */
void
fuzz_policy(struct str in)
{
	static const struct {
		const char	*method, *target;
		bool		 may_be;
	} tries[] = {
		{ "PUT", "/repo/main/o", false },
		{ "PUT", "/repo/main/o?tagging", false },
		{ "PUT", "/repo?policy", false },
		{ "POST", "/repo?delete", false },
		{ "DELETE", "/repo/main/o", false },
		{ "DELETE", "/repo", false },
		{ "GET", "/private/main/o", false },
		{ "GET", "/private", false }, { "GET", "/", false },
		{ "GET", "/repo/main/o", true },
		{ "GET", "/repo?list-type=2&prefix=main/", true },
	};
	size_t		i = in.n % (sizeof tries / sizeof tries[0]);
	struct ask	a = { .who = NOBODY, .method = tries[i].method,
	    .target = str_of(tries[i].target), .headers = STR(""),
	    .body = STR("") };
	struct answer	got;

	lake_reset();
	if (!document("/repo?policy", in, &got))
		return;
	assert(str_is(got.body, in));
	if (strcmp(a.method, "GET") != 0)
		a.body = STR("<x/>");
	got = ask(&a);
	assert(tries[i].may_be || got.status == 403);
}

/* The settings of a repository; the first byte chooses. */
void
fuzz_settings(struct str in)
{
	static const char *const	targets[] = { "/repo?versioning",
	    "/repo?tagging", "/repo?cors", "/repo?policy", "/repo" };
	const char			*target;
	struct answer			 got;

	lake_reset();
	if (in.n == 0)
		return;
	target = targets[(unsigned char)in.p[0] % 5];
	if (document(target, str_from(in, 1), &got) &&
	    strcmp(target, "/repo") != 0)
		stays(target, got.body);
}
