/* Setup: the first user and key over the REST API. */
#include "api/api_call.h"

#include "base/fault.h"
#include "base/secret.h"

/* The words of a server without roles, whose login page is its own.  [lakeFS
 * getSetupState] */
enum err
api_get_setup_state(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	enum err	e;
	bool		done;

	if ((e = cred_is_set_up(cx, c->auth, &done)) != OK)
		return e;
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_put_str(&j, "state", done ? STR("initialized") :
	    STR("not_initialized"));
	json_put_bool(&j, "comm_prefs_missing", false);
	json_open(&j, "login_config", '{');
	json_put_str(&j, "RBAC", STR("none"));
	json_put_str(&j, "login_url", STR(""));
	json_put_str(&j, "login_url_method", STR("none"));
	json_put_str(&j, "login_failed_message", STR("The credentials don't "
	    "match."));
	json_open(&j, "login_cookie_names", '[');
	json_put_str(&j, NULL, STR(AUTH_COOKIE));
	json_close(&j, ']');
	json_put_str(&j, "logout_url", STR("/logout"));
	json_close(&j, '}');
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}

/* The first user and key of a lake that has none; a second time is 409.  The
 * members beside username and key (an e-mail address) are ignored.  [lakeFS
 * setup] */
enum err
api_setup(struct cx *cx, struct api_call *c)
{
	struct str	name;
	struct json	in;
	struct json_out	j;
	struct cred_key	key;
	enum err	e;
	bool		done;

	if ((e = api_take_json(cx, c, LIMIT_BODY_LOGIN, false, &in)) != OK ||
	    (e = json_need_str(cx, in, "username", &name)) != OK ||
	    (e = cred_is_set_up(cx, c->auth, &done)) != OK)
		return e;
	if (done)
		return fail(cx, E_SET_UP, "lakegate is already set up");
	if (!c->opt->setup && !fault_skip("SETUP_OFF"))
		return fail(cx, E_OFF, "setup over the REST API is off: "
		    "`lakegate init` makes the first key of a new lake, "
		    "`lakegate key create USER` that of a lake without keys; "
		    "or switch the setting \"setup\" on");
	if (json_has(in, "key"))
		return fail(cx, E_NOT_IMPLEMENTED, "choosing the key is not "
		    "implemented: use `lakegate key create`");
	if ((e = cred_key_create_first(cx, c->auth, name, STR(""), STR(""),
	    &key)) != OK)
		return e;
	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_put_str(&j, "access_key_id", key.id);
	json_put_str(&j, "secret_access_key", key.secret);
	json_put_int(&j, "creation_date", key.created / 1000);
	json_close(&j, '}');
	api_answer(c, 200, &j);
	secret_wipe_later(cx->mem, buf_as_str(j.b));
	return OK;
}
