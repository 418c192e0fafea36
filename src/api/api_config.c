/* Configuration, setup, health, and who one is. */
#include "api/api_call.h"

#include "base/fault.h"
#include "base/secret.h"

static void
put_version(struct json_out *j, const char *name, const struct api_call *c)
{
	json_open(j, name, '{');
	json_put_str(j, "version", c->opt->version);
	json_put_str(j, "version_context", STR("lakeFS"));
	json_close(j, '}');
}

static void
put_storage(struct json_out *j, const char *name)
{
	json_open(j, name, '{');
	json_put_str(j, "blockstore_type", STR("local"));
	json_put_str(j, "blockstore_namespace_example",
	    STR("local://example-repository"));
	json_put_str(j, "blockstore_namespace_ValidityRegex",
	    STR("^local://"));
	json_put_str(j, "default_namespace_prefix", STR("local://"));
	json_put_bool(j, "pre_sign_support", false);
	json_put_bool(j, "pre_sign_support_ui", false);
	json_put_bool(j, "import_support", false);
	json_put_str(j, "import_validity_regex", STR("^$"));
	json_put_bool(j, "pre_sign_multipart_upload", false);
	json_put_str(j, "blockstore_id", STR(""));
	json_put_str(j, "blockstore_description", STR(""));
	json_close(j, '}');
}

enum err
api_get_config(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct buf	b;

	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	put_version(&j, "version_config", c);
	put_storage(&j, "storage_config");
	json_open(&j, "storage_config_list", '[');
	json_close(&j, ']');
	json_open(&j, "ui_config", '{');
	json_close(&j, '}');
	json_open(&j, "capabilities_config", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_get_lakefs_version(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct buf	b;

	j = api_begin(cx, &b);
	put_version(&j, NULL, c);
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_get_storage_config(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct buf	b;

	j = api_begin(cx, &b);
	put_storage(&j, NULL);
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_healthcheck(struct cx *cx, struct api_call *c)
{
	(void)cx;
	c->res->status = 204;
	return OK;
}

enum err
api_get_current_user(struct cx *cx, struct api_call *c)
{
	struct cred_user	u = { .created = 0 };
	struct json_out	j;
	struct buf	b;
	enum err	e;
	bool		there;

	if ((e = cred_user_find(cx, c->auth, c->who.user, &u, &there)) != OK)
		return e;
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_open(&j, "user", '{');
	json_put_str(&j, "id", c->who.user);
	json_put_int(&j, "creation_date", u.created / 1000);
	json_put_str(&j, "friendly_name", c->who.user);
	json_close(&j, '}');
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_login(struct cx *cx, struct api_call *c)
{
	struct json	in;
	struct json_out	j;
	struct str	id, secret, token;
	struct buf	b;
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
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_put_str(&j, "token", token);
	json_put_int(&j, "token_expiration", expires);
	json_close(&j, '}');
	response_header(c->res, "Set-Cookie", auth_cookie(cx, c->req, token,
	    expires - cx->now / 1000));
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_auth_capabilities(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct buf	b;

	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_put_bool(&j, "invite_user", false);
	json_close(&j, '}');
	api_answer(c, 200, &b);
	return OK;
}

enum err
api_get_setup_state(struct cx *cx, struct api_call *c)
{
	struct json_out	j;
	struct buf	b;
	enum err	e;
	bool		done;

	if ((e = cred_is_set_up(cx, c->auth, &done)) != OK)
		return e;
	j = api_begin(cx, &b);
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
	api_answer(c, 200, &b);
	return OK;
}

/* The first user and key of a lake that has none. */
enum err
api_setup(struct cx *cx, struct api_call *c)
{
	struct str	name;
	struct json	in;
	struct json_out	j;
	struct cred_key	key;
	struct buf	b;
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
	j = api_begin(cx, &b);
	json_open(&j, NULL, '{');
	json_put_str(&j, "access_key_id", key.id);
	json_put_str(&j, "secret_access_key", key.secret);
	json_put_int(&j, "creation_date", key.created / 1000);
	json_close(&j, '}');
	api_answer(c, 200, &b);
	secret_wipe_later(cx->mem, buf_as_str(&b));
	return OK;
}
