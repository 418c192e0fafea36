/* Who one is: a key becomes a session, and whose it is. */
#include "api/api_call.h"

#include "base/secret.h"

/* The token is in the answer for programs and in a cookie for browsers; both
 * end with the setting "session".  [lakeFS login] */
enum err
api_login(struct cx *cx, struct api_call *c)
{
	struct json	in;
	struct json_out	j;
	struct str	id, secret, token;
	int64_t		expires;
	enum err	e;

	if ((e = api_take_json(cx, c, LIMIT_BODY_LOGIN, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "access_key_id", &id)) != OK ||
	    (e = json_need_str(cx, in, "secret_access_key", &secret)) != OK)
		return e;
	secret_wipe_later(cx->mem, secret);
	if ((e = auth_login(cx, c->auth, c->req, id, secret, &token,
	    &expires)) != OK)
		return e;
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_put_str(&j, "token", token);
	json_put_int(&j, "token_expiration", expires);
	json_close(&j, '}');
	response_header(c->res, "Set-Cookie", auth_cookie(cx, c->req, token,
	    expires - cx->now / 1000));
	api_answer(c, 200, &j);
	return OK;
}

/* lakeFS answers nobody with an empty user; here the route asks who it is, as
 * any other does.  [lakeFS getCurrentUser] */
enum err
api_get_current_user(struct cx *cx, struct api_call *c)
{
	struct cred_user	u = { .created = 0 };
	struct json_out	j;
	enum err	e;
	bool		there;

	if ((e = cred_user_find(cx, c->auth, c->who.user, &u, &there)) != OK)
		return e;
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_open(&j, "user", '{');
	json_put_str(&j, "id", c->who.user);
	json_put_int(&j, "creation_date", u.created / 1000);
	json_put_str(&j, "friendly_name", c->who.user);
	json_put_str(&j, "email", STR(""));
	json_close(&j, '}');
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}
