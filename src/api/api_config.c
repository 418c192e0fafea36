/* What clients ask a server about itself before anything else. */
#include "api/api_call.h"

/*
 * lakectl warns of an enterprise server unless the context is "lakeFS", and
 * lakefs-spec compares the version as three numbers.  [lakeFS getConfig]
 */
static void
config_put_version(struct json_out *j, const char *name,
    const struct api_call *c)
{
	json_open(j, name, '{');
	json_put_str(j, "version", c->opt->version);
	json_put_str(j, "version_context", STR("lakeFS"));
	json_close(j, '}');
}

/*
 * Of what clients choose by: without pre_sign_support lakectl, Python and
 * lakefs-spec send objects through this API; "local" and ^local:// are what a
 * repository's namespace is checked against.  The capitals in ValidityRegex
 * are lakeFS's.  [lakeFS getConfig]
 */
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

	j = api_begin(cx);
	json_open(&j, NULL, '{');
	config_put_version(&j, "version_config", c);
	put_storage(&j, "storage_config");
	json_open(&j, "storage_config_list", '[');
	json_close(&j, ']');
	json_open(&j, "ui_config", '{');
	json_close(&j, '}');
	json_open(&j, "capabilities_config", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}

/* Parts of getConfig that older clients ask for by themselves.  [lakeFS
 * getLakeFSVersion, getStorageConfig] */
enum err
api_get_lakefs_version(struct cx *cx, struct api_call *c)
{
	struct json_out	j;

	j = api_begin(cx);
	config_put_version(&j, NULL, c);
	api_answer(c, 200, &j);
	return OK;
}

enum err
api_get_storage_config(struct cx *cx, struct api_call *c)
{
	struct json_out	j;

	j = api_begin(cx);
	put_storage(&j, NULL);
	api_answer(c, 200, &j);
	return OK;
}

enum err
api_healthcheck(struct cx *cx, struct api_call *c)
{
	(void)cx;
	c->res->status = 204;
	return OK;
}

/* lakectl tells each of its commands.  What it counts is read and forgotten.
 * [lakeFS postStatsEvents] */
enum err
api_post_stats_events(struct cx *cx, struct api_call *c)
{
	struct json	in, events;
	enum err	e;

	if ((e = api_take_json(cx, c, LIMIT_BODY, false, &in)) != OK)
		return e;
	if (!json_member(in, "events", &events) ||
	    json_kind(events) != JSON_ARRAY)
		return fail(cx, E_BAD_JSON, "\"events\" must be an array");
	c->res->status = 204;
	return OK;
}

enum err
api_auth_capabilities(struct cx *cx, struct api_call *c)
{
	struct json_out	j;

	j = api_begin(cx);
	json_open(&j, NULL, '{');
	json_put_bool(&j, "invite_user", false);
	json_close(&j, '}');
	api_answer(c, 200, &j);
	return OK;
}
