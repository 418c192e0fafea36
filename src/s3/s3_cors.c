/*
 * Requests that browsers send for pages of other origins.  [Fetch, S3 CORS]
 * The configuration is kept as XML of our own, checked when it is put.
 */
#include "s3/s3_cors.h"

#include "base/fault.h"
#include "base/vec.h"
#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_xml.h"

enum { ORIGINS, METHODS, HEADERS, EXPOSED, LISTS };

/* What a rule lists. */
static const struct {
	const char	*element;
	bool		 needed, wildcard;
	const char	*words;		/* no others; NULL: any */
} lists[LISTS] = {
	[ORIGINS] = { "AllowedOrigin", true, true, NULL },
	[METHODS] = { "AllowedMethod", true, false,
	    "GET PUT HEAD POST DELETE" },
	[HEADERS] = { "AllowedHeader", false, true, NULL },
	[EXPOSED] = { "ExposeHeader", false, false, NULL },
};

struct texts {
	VEC(struct str)	v;
};

struct rule {
	struct texts	list[LISTS];
	struct str	id, max_age;
};

/* ---- the configuration ------------------------------------------------- */

static enum err
check_text(struct cx *cx, size_t list, struct str s)
{
	struct str	rest = str_of(lists[list].words), one;
	size_t		star = str_find(s, '*');

	if (star < s.n && !lists[list].wildcard)
		return fail(cx, E_BAD_REQUEST, "%s \"%.*s\" contains a "
		    "wildcard, which is not supported there.",
		    lists[list].element, STRF(s));
	if (str_find(str_from(s, star + 1), '*') < str_from(s, star + 1).n)
		return fail(cx, E_BAD_REQUEST, "%s \"%.*s\" can not have "
		    "more than one wildcard.", lists[list].element, STRF(s));
	if (lists[list].words == NULL)
		return OK;
	while (str_split(&rest, ' ', &one))
		if (str_is(one, s))
			return OK;
	return fail(cx, E_BAD_REQUEST, "Found unsupported HTTP method in CORS "
	    "config. Unsupported method is %.*s", STRF(s));
}

/* One element of a rule. */
static enum err
rule_take(struct cx *cx, struct xml *x, struct rule *r)
{
	struct str	s;
	size_t		i;
	enum err	e;

	if (xml_is(x, "ID"))
		return xml_text(cx, x, &r->id);
	if (xml_is(x, "MaxAgeSeconds"))
		return xml_text(cx, x, &r->max_age);
	for (i = 0; i < LISTS && !xml_is(x, lists[i].element); i++)
		continue;
	if (i == LISTS)
		return OK;
	if ((e = xml_text(cx, x, &s)) != OK ||
	    (e = check_text(cx, i, str_trim(s))) != OK)
		return e;
	*VEC_PUSH(cx->mem, &r->list[i].v) = str_trim(s);
	return OK;
}

static enum err
rule_read(struct cx *cx, struct xml *x, struct rule *r)
{
	uint64_t	n;
	size_t		i;
	enum err	e;
	bool		there;

	*r = (struct rule){ .id = STR("") };
	while ((e = xml_next(cx, x, 1, &there)) == OK && there)
		if ((e = rule_take(cx, x, r)) != OK)
			return e;
	if (e != OK)
		return e;
	r->max_age = str_trim(r->max_age);
	if (r->id.n > LIMIT_CORS_ID || (r->max_age.n > 0 && !str_u64(r->max_age,
	    INT32_MAX, &n)))
		return fail(cx, E_BAD_XML, "<ID> may have 255 bytes, and "
		    "<MaxAgeSeconds> is a number");
	for (i = 0; i < LISTS; i++)
		if (lists[i].needed && r->list[i].v.n == 0)
			return fail(cx, E_BAD_XML, "A <CORSRule> needs an "
			    "<%s>", lists[i].element);
	return OK;
}

struct rules {
	VEC(struct rule)	v;
};

static enum err
cors_wrong_number(struct cx *cx)
{
	return fail(cx, E_BAD_XML, "1 to %d <CORSRule>", LIMIT_CORS_RULES);
}

/* Of a document that stands on its root, to its end. */
static enum err
rules_read(struct cx *cx, struct xml *x, struct rules *out)
{
	enum err	e;
	bool		there;

	while ((e = xml_next(cx, x, 0, &there)) == OK && there) {
		if (!xml_is(x, "CORSRule"))
			continue;
		if (out->v.n == LIMIT_CORS_RULES)
			return cors_wrong_number(cx);
		if ((e = rule_read(cx, x, VEC_PUSH(cx->mem,
		    &out->v))) != OK)
			return e;
	}
	if (e != OK || (e = xml_close(cx, x)) != OK)
		return e;
	return out->v.n > 0 ? OK : cors_wrong_number(cx);
}

static void
put_rule(struct buf *b, const struct rule *r)
{
	size_t	i, k;

	buf_z(b, "<CORSRule>");
	if (r->id.n > 0)
		xml_put(b, "ID", r->id);
	for (i = 0; i < LISTS; i++)
		for (k = 0; k < r->list[i].v.n; k++)
			xml_put(b, lists[i].element, r->list[i].v.at[k]);
	if (r->max_age.n > 0)
		xml_put(b, "MaxAgeSeconds", r->max_age);
	buf_z(b, "</CORSRule>");
}

enum err
s3_put_bucket_cors(struct cx *cx, struct s3_call *c)
{
	struct rules	 all = { .v = { 0 } };
	struct xml	*x;
	struct buf	 b;
	size_t		 i;
	enum err	 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, "CORSConfiguration",
	    &x)) != OK || (e = rules_read(cx, x, &all)) != OK)
		return e;
	s3_xml_begin(cx, &b, "CORSConfiguration");
	for (i = 0; i < all.v.n; i++)
		put_rule(&b, &all.v.at[i]);
	buf_z(&b, "</CORSConfiguration>");
	if (b.n > LIMIT_CORS)
		return fail(cx, E_BAD_REQUEST, "The CORS configuration may "
		    "have %d bytes.", LIMIT_CORS);
	return s3_config_put(cx, c, SETTING_CORS, buf_as_str(&b));
}

enum err
s3_get_bucket_cors(struct cx *cx, struct s3_call *c)
{
	return s3_config_get(cx, c, SETTING_CORS, "application/xml",
	    "NoSuchCORSConfiguration");
}

enum err
s3_delete_bucket_cors(struct cx *cx, struct s3_call *c)
{
	return s3_config_delete(cx, c, SETTING_CORS);
}

/* ---- what it says of a request ----------------------------------------- */

/* A "*" is any characters, one in a text; nothing else is special.  [S3] */
static bool
is_like(struct str s, struct str pattern)
{
	size_t		star = str_find(pattern, '*');
	struct str	head = str_to(pattern, star);
	struct str	tail = str_from(pattern, star + 1);

	if (star == pattern.n)
		return str_is(s, pattern);
	return s.n >= head.n + tail.n && str_starts(s, head) &&
	    str_ends(s, tail);
}

static bool
any_like(const struct texts *list, struct str s, struct str *which)
{
	size_t	i;

	for (i = 0; i < list->v.n; i++)
		if (is_like(s, list->v.at[i])) {
			*which = list->v.at[i];
			return true;
		}
	return false;
}

/* Each of these request headers, in any case. */
static bool
headers_allowed(struct cx *cx, const struct rule *r, struct str asked)
{
	struct texts	low = { .v = { 0 } };
	struct str	one, which;
	size_t		i;

	for (i = 0; i < r->list[HEADERS].v.n; i++)
		*VEC_PUSH(cx->mem, &low.v) = str_lower(cx->mem,
		    r->list[HEADERS].v.at[i]);
	while (str_split(&asked, ',', &one)) {
		one = str_trim(str_lower(cx->mem, one));
		if (one.n > 0 && !any_like(&low, one, &which))
			return false;
	}
	return true;
}

static struct str
joined(struct cx *cx, const struct texts *list)
{
	struct buf	b;
	size_t		i;

	buf_init(&b, cx->mem, LIMIT_CORS);
	for (i = 0; i < list->v.n; i++) {
		if (i > 0)
			buf_z(&b, ", ");
		buf_str(&b, list->v.at[i]);
	}
	return buf_as_str(&b);
}

static void
cors_answer(struct cx *cx, struct s3_call *c, const struct rule *r,
    struct str origin, struct str which)
{
	bool	anyone = str_is(which, STR("*"));

	response_header(c->res, "Access-Control-Allow-Origin",
	    anyone ? which : origin);
	if (!anyone)
		response_header(c->res, "Access-Control-Allow-Credentials",
		    STR("true"));
	response_header(c->res, "Access-Control-Allow-Methods",
	    joined(cx, &r->list[METHODS]));
	if (r->list[EXPOSED].v.n > 0)
		response_header(c->res, "Access-Control-Expose-Headers",
		    joined(cx, &r->list[EXPOSED]));
	if (r->max_age.n > 0)
		response_header(c->res, "Access-Control-Max-Age", r->max_age);
}

static bool
cors_fits(struct cx *cx, const struct rule *r, struct str origin,
    struct str method, struct str asked, struct str *which)
{
	struct str	same;

	return any_like(&r->list[ORIGINS], origin, which) &&
	    any_like(&r->list[METHODS], method, &same) &&
	    headers_allowed(cx, r, asked);
}

/* The first rule that fits answers; false: there is none. */
static enum err
cors(struct cx *cx, struct s3_call *c, struct str method, struct str asked,
    bool *found)
{
	struct str	 origin = request_header(c->req, "origin"), which;
	struct rules	 all = { .v = { 0 } };
	struct rule	*r;
	struct source	 text;
	struct repo	 repo;
	struct xml	*x;
	enum err	 e;

	*found = false;
	/* Tell caches that the answer depends on these headers. */
	response_header(c->res, "Vary", STR("Origin, "
	    "Access-Control-Request-Headers, Access-Control-Request-Method"));
	if ((e = repo_get(cx, c->eng, c->bucket, &repo)) != OK ||
	    repo_setting(&repo, SETTING_CORS).n == 0)
		return e;
	text = source_of_str(cx, repo_setting(&repo, SETTING_CORS));
	if ((e = xml_open(cx, &text, "CORSConfiguration", &x)) != OK ||
	    (e = rules_read(cx, x, &all)) != OK)
		return e;
	for (r = all.v.at; r < all.v.at + all.v.n && !*found; r++) {
		*found = cors_fits(cx, r, origin, method, asked, &which);
		if (*found)
			cors_answer(cx, c, r, origin, which);
	}
	return OK;
}

void
s3_cors_headers(struct cx *cx, struct s3_call *c)
{
	struct cx	aside = cx_aside(cx);
	bool		found;

	if (request_header(c->req, "origin").n > 0 && c->bucket.n > 0 &&
	    c->req->method != M_OPTIONS)
		cors(&aside, c, c->req->method_name, STR(""), &found);
}

enum err
s3_cors_preflight(struct cx *cx, struct s3_call *c)
{
	struct str	method = request_header(c->req,
	    "access-control-request-method");
	struct str	headers = request_header(c->req,
	    "access-control-request-headers");
	enum err	e;
	bool		found;

	if (request_header(c->req, "origin").n == 0)
		return fail(cx, E_BAD_REQUEST, "Insufficient information. "
		    "Origin request header needed.");
	if (method.n == 0)
		return fail(cx, E_BAD_REQUEST, "Invalid "
		    "Access-Control-Request-Method: null");
	/* A repository that is not there answers as one without rules. */
	e = cors(cx, c, method, headers, &found);
	if (e != OK && (fault_skip("PREFLIGHT") || (e != E_NO_SUCH_REPO &&
	    e != E_BAD_NAME)))
		return e;
	if (!found)
		return s3_fail(cx, E_DENIED, "AccessForbidden", "CORSResponse: "
		    "This CORS request is not allowed: no rule of the "
		    "repository has its origin, method and headers.");
	if (headers.n > 0)
		response_header(c->res, "Access-Control-Allow-Headers",
		    str_lower(cx->mem, headers));
	return OK;
}
