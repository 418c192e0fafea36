/* Whole requests: any, from each route, and with any credential. */
#include "fuzz/fuzz.h"

#include "api/api_call.h"
#include "base/enc.h"
#include "http/http.h"
#include "net/sigv4.h"

/* "METHOD target", lines of headers, an empty line, the body. */
static struct ask
ask_of(struct str in, enum asker who)
{
	struct ask	a = { .who = who, .ids = true };
	struct str	line, rest = in;
	size_t		at;

	if (!str_split(&rest, '\n', &line))
		line = STR("");
	at = str_find(line, ' ');
	a.method = str_z(cx.mem, str_to(line, at));
	a.target = str_from(line, at + 1);
	at = str_starts(rest, STR("\n")) ? 0 :
	    str_find_str(rest, STR("\n\n"));
	a.headers = str_to(rest, at);
	a.body = str_from(rest, at + (at == 0 ? 1 : 2));
	return a;
}

void
fuzz_s3(struct str in)
{
	struct ask	a = ask_of(in, SIGNED);

	lake_reset();
	ask(&a);
}

void
fuzz_api(struct str in)
{
	struct ask	a = ask_of(in, BASIC);

	lake_reset();
	if (str_starts(a.target, STR("/api/v1/")))
		ask(&a);
}

/* ---- the body of each operation of the REST API ------------------------ */

static struct str
filled(const char *path)
{
	static const char *const	given[] = { "repo", "main", "clean" };
	struct buf			b;
	size_t				n = 0;

	buf_init(&b, cx.mem, 4096);
	for (; *path != '\0'; path++)
		if (*path == '{')
			buf_z(&b, given[n++ % 3]);
		else if (*path != '}')
			buf_byte(&b, *path);
	return buf_as_str(&b);
}

/* The first byte chooses among the rows that take a body. */
void
fuzz_rest(struct str in)
{
	const struct api_row	*rows, *fit[40];
	size_t			 i, n, n_fit = 0;
	struct str		 body = str_from(in, 1), target;

	lake_reset();
	rows = api_route_table(&n);
	for (i = 0; i < n && n_fit < 40; i++)
		if (rows[i].run != NULL && (rows[i].method == M_POST ||
		    rows[i].method == M_PUT))
			fit[n_fit++] = &rows[i];
	if (in.n == 0)
		return;
	i = (unsigned char)(in.p[0] - 'a') % n_fit;
	target = str_printf(cx.mem, "%.*s?path=o&dest_path=p",
	    STRF(filled(fit[i]->path)));
	ask_api(fit[i]->method == M_POST ? "POST" : "PUT",
	    str_z(cx.mem, target), body);
}

/* ---- credentials ------------------------------------------------------- */

/* Nobody guesses one: the whole of the input says who asks.  The first line
 * is a query; the rest are headers. */
void
fuzz_credential(struct str in)
{
	static const struct { const char *method, *path; } asked[] = {
		{ "PUT", "/repo/main/o" }, { "GET", "/private/main/o" },
		{ "POST", "/api/v1/repositories/repo/branches/main/objects" },
	};
	struct str	query, rest = in;
	struct ask	a = { .who = NOBODY };
	struct answer	got;

	lake_reset();
	if (!str_split(&rest, '\n', &query))
		query = STR("");
	a.method = asked[in.n % 3].method;
	a.target = str_printf(cx.mem, "%s?%.*s", asked[in.n % 3].path,
	    STRF(query));
	a.headers = rest;
	got = ask(&a);
	assert(got.status == 0 || got.status / 100 == 4 || got.status == 501);
	assert(lake_is_as_made());
}

static bool
same_pairs(const struct pair *a, const struct pair *b, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		if (!str_is(a[i].name, b[i].name) ||
		    !str_is(a[i].value, b[i].value))
			return false;
	return true;
}

static bool
target_read(const struct ask *a, struct request *req)
{
	const char		*names[] = { "REQUEST_METHOD=", "REQUEST_URI=" };
	struct front_body	 none = { source_of_str(&cx, STR("")), true,
	    NULL };
	char			*env[3];

	env[0] = str_z(cx.mem, str_printf(cx.mem, "%s%s", names[0],
	    a->method));
	env[1] = str_z(cx.mem, str_printf(cx.mem, "%s%.*s", names[1],
	    STRF(a->target)));
	env[2] = NULL;
	return request_from_env(&cx, env, &none, req) == OK;
}

/* An address signed for an hour, over whatever stands in its query. */
static bool
presign(struct ask *a)
{
	struct pair		host = { STR("host"), STR("h") };
	struct request		req;
	struct sigv4_request	r;
	struct str		sts, canonical;
	char			hex[65];

	a->target = str_printf(cx.mem, "%.*s%sX-Amz-Algorithm=AWS4-HMAC-"
	    "SHA256&X-Amz-Credential=" FUZZ_ID "%%2F%.8s%%2Fr%%2Fs3%%2F"
	    "aws4_request&X-Amz-Date=%.*s&X-Amz-Expires=3600&"
	    "X-Amz-SignedHeaders=host", STRF(a->target),
	    str_find(a->target, '?') < a->target.n ? "&" : "?",
	    ask_date().p, STRF(ask_date()));
	if (!target_read(a, &req))
		return false;
	r = (struct sigv4_request){ .method = req.method_name,
	    .path = req.path, .query = req.query, .n_query = req.n_query,
	    .headers = &host, .n_headers = 1,
	    .payload = STR("UNSIGNED-PAYLOAD") };
	sts = sigv4_string_to_sign(&cx, &r, ask_date(), ask_scope(),
	    &canonical);
	sigv4_sign(ask_key(), sts, hex);
	a->target = str_printf(cx.mem, "%.*s&X-Amz-Signature=%s",
	    STRF(a->target), hex);
	return true;
}

/*
 * The first two bytes choose one of the address to change, or, where they are
 * even, none: what then means something else is refused.
 */
void
fuzz_query(struct str in)
{
	struct ask	 a = ask_of(str_from(in, 2), NOBODY);
	struct request	 was, is;
	struct answer	 got;
	size_t		 at;
	char		*p;

	lake_reset();
	if (in.n < 3 || !presign(&a))
		return;
	at = (unsigned char)in.p[0] * 256u + (unsigned char)in.p[1];
	if (at % 2 == 0) {
		ask(&a);
		return;
	}
	at = at / 2 % a.target.n;
	if (!target_read(&a, &was))
		return;
	p = str_z(cx.mem, a.target);
	p[at] = p[at] == 'a' ? 'b' : 'a';
	a.target = str_of(p);
	if (!target_read(&a, &is) || is.method == M_OPTIONS)
		return;
	if (str_is(was.path, is.path) && was.n_query == is.n_query &&
	    same_pairs(was.query, is.query, is.n_query))
		return;
	got = ask(&a);
	assert(!is_good(&got));
}
