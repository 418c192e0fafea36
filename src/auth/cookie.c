/* The cookie that has a browser's session: what it is good for, from where. */
#include "auth/auth_inside.h"

#include "base/cx.h"
#include "base/fault.h"
#include "http/http.h"

struct str
auth_cookie(struct cx *cx, const struct request *req, struct str token,
    int64_t seconds)
{
	return str_printf(cx->mem, AUTH_COOKIE "=%.*s; Path=/api/v1; "
	    "Max-Age=%lld; HttpOnly; SameSite=Strict%s", STRF(token),
	    (long long)seconds, req->https ? "; Secure" : "");
}

struct str
cookie_find(const struct request *req, struct str name)
{
	struct str	all = request_header(req, "cookie"), one;

	while (str_split(&all, ';', &one)) {
		one = str_trim(one);
		if (str_starts(one, name) && one.n > name.n &&
		    one.p[name.n] == '=')
			return str_from(one, name.n + 1);
	}
	return STR("");
}

/*
 * A cookie comes by itself, whatever page had the request made.  Browsers say
 * which it was: in Sec-Fetch-Site, those before it in Origin.
 */
enum err
cookie_origin(struct cx *cx, const struct request *req)
{
	struct str	site = request_header(req, "sec-fetch-site");
	struct str	origin = request_header(req, "origin"), own;

	if (fault_skip("COOKIE_ORIGIN") || req->method == M_GET ||
	    req->method == M_HEAD || req->method == M_OPTIONS)
		return OK;
	own = str_printf(cx->mem, "%s://%.*s", req->https ? "https" : "http",
	    STRF(req->host));
	if (site.n > 0 ? str_is(site, STR("same-origin")) :
	    req->host.n > 0 && str_is_nocase(origin, own))
		return OK;
	return fail(cx, E_CORS, "a session of a browser changes things only "
	    "from pages of this server: other programs sign in with an access "
	    "key or a token");
}
