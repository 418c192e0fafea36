/*
 * Bucket policies serve one purpose here: anonymous reading.  Every access key
 * already has all permissions, so a policy cannot change anything for a key.
 * PutBucketPolicy refuses other statements, so that no stored policy promises
 * what is not enforced.
 */
#include "s3/s3_policy.h"

#include "base/fault.h"
#include "base/json.h"
#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_public_block.h"
#include "s3/s3_route.h"
#include "s3/s3_xml.h"

static const struct str	arn = STR_INIT("arn:aws:s3:::");

#define malformed(cx, ...) \
	s3_fail((cx), E_BAD_REQUEST, "MalformedPolicy", __VA_ARGS__)

/* Those that a policy may allow. */
static const char *const	actions[] = {
	[MAY_GET_OBJECT] = "s3:GetObject",
	[MAY_GET_VERSION] = "s3:GetObjectVersion",
	[MAY_GET_ATTRIBUTES] = "s3:GetObjectAttributes",
	[MAY_GET_TAGGING] = "s3:GetObjectTagging",
	[MAY_GET_LOCATION] = "s3:GetBucketLocation",
	[MAY_LIST] = "s3:ListBucket",
	[MAY_LIST_VERSIONS] = "s3:ListBucketVersions",
};
enum { ACTIONS = sizeof actions / sizeof actions[0] };

static bool
is_everyone(struct cx *cx, struct json principal)
{
	struct json_item	*at;
	struct json		 aws;

	if (json_member(principal, "AWS", &aws))
		principal = aws;
	return json_kind(principal) != JSON_OBJECT &&
	    json_items(cx, principal, &at) == 1 &&
	    json_kind(at[0].value) == JSON_STR &&
	    str_is(json_text(at[0].value), STR("*"));
}

static enum err
check_action(struct cx *cx, struct json v)
{
	struct buf	b;
	size_t		i;

	if (json_kind(v) != JSON_STR)
		return malformed(cx, "An Action is a string.");
	for (i = 1; i < ACTIONS; i++)
		if (str_is_nocase(json_text(v), str_of(actions[i])))
			return OK;
	if (!str_starts_nocase(json_text(v), STR("s3:")) &&
	    !str_is(json_text(v), STR("*")))
		return malformed(cx, "Policy has invalid action");
	buf_init(&b, cx->mem, sizeof cx->words);
	for (i = 1; i < ACTIONS; i++)
		buf_printf(&b, "%s%s", i == 1 ? "" : i + 1 < ACTIONS ? ", " :
		    " and ", actions[i]);
	return fail(cx, E_NOT_IMPLEMENTED, "A policy opens reading only: the "
	    "actions %.*s, each by its name; not %.*s.",
	    STRF(buf_as_str(&b)), STRF(json_text(v)));
}

/* The repository itself, or keys of it; "*" and "?" stand for what they do. */
static enum err
check_resource(struct cx *cx, const struct s3_call *c, struct json v)
{
	struct str	s = STR("");

	if (json_kind(v) == JSON_STR)
		s = json_text(v);
	if (!str_take(&s, arn))
		return malformed(cx, "Policy has invalid resource");
	if (!str_like(c->bucket, str_to(s, str_find(s, '/'))))
		return malformed(cx, "Policy has invalid resource: it must be "
		    "%.*s%.*s or %.*s%.*s/<keys>", STRF(arn), STRF(c->bucket),
		    STRF(arn), STRF(c->bucket));
	if (str_has(s, STR("${")))
		return fail(cx, E_NOT_IMPLEMENTED, "Variables in a Resource "
		    "are not implemented: \"%.*s\".", STRF(s));
	return OK;
}

/* What would narrow a statement, and so open more if it were passed over. */
static enum err
check_members(struct cx *cx, struct json st)
{
	static const char *const	other[] = { "Condition", "NotAction",
	    "NotPrincipal", "NotResource" };
	struct json			v;
	size_t				i;

	for (i = 0; i < sizeof other / sizeof other[0]; i++)
		if (json_member(st, other[i], &v))
			return fail(cx, E_NOT_IMPLEMENTED, "%s in a policy is "
			    "not implemented.", other[i]);
	return OK;
}

static enum err
check_effect(struct cx *cx, struct json st)
{
	struct json	v;
	struct str	effect;
	enum err	e;

	if (json_kind(st) != JSON_OBJECT || !json_member(st, "Effect", &v) ||
	    json_kind(v) != JSON_STR)
		return malformed(cx, "Missing required field Effect");
	effect = json_text(v);
	if ((e = check_members(cx, st)) != OK)
		return e;
	if (str_is(effect, STR("Deny")))
		return fail(cx, E_NOT_IMPLEMENTED, "Deny statements are not "
		    "supported. Without a matching Allow, only requests "
		    "signed with an access key are accepted.");
	return str_is(effect, STR("Allow")) ? OK :
	    malformed(cx, "Invalid effect: %.*s", STRF(effect));
}

static enum err
check_statement(struct cx *cx, const struct s3_call *c, struct json st)
{
	struct json		 v, action, resource;
	struct json_item	*at;
	size_t			 i, n;
	enum err		 e;

	if ((e = check_effect(cx, st)) != OK)
		return e;
	if (!json_member(st, "Principal", &v) ||
	    !json_member(st, "Action", &action) ||
	    !json_member(st, "Resource", &resource))
		return malformed(cx, "A statement needs Principal, Action and "
		    "Resource.");
	if (!is_everyone(cx, v))
		return fail(cx, E_NOT_IMPLEMENTED, "Principal must be \"*\": "
		    "access keys already have full access.");
	for (i = 0, n = json_items(cx, action, &at); i < n; i++)
		if ((e = check_action(cx, at[i].value)) != OK)
			return e;
	for (i = 0, n = json_items(cx, resource, &at); i < n; i++)
		if ((e = check_resource(cx, c, at[i].value)) != OK)
			return e;
	return OK;
}

/* One may stand without brackets. */
static size_t
statements(struct cx *cx, struct json v, struct json_item **at)
{
	if (json_kind(v) != JSON_OBJECT)
		return json_items(cx, v, at);
	*at = arena_get(cx->mem, sizeof **at);
	(*at)->value = v;
	return 1;
}

enum err
s3_put_bucket_policy(struct cx *cx, struct s3_call *c)
{
	struct json_item	*at;
	struct json		 root, v;
	struct str		 text;
	struct repo		 r;
	size_t			 i, n;
	enum err		 e;

	e = s3_body_read_text(cx, c, LIMIT_POLICY, &text);
	if (e == E_TOO_LARGE)
		return malformed(cx, "A policy may have %d bytes.",
		    LIMIT_POLICY);
	if (e != OK)
		return e;
	if (json_parse(cx, text, &root) != OK)
		return malformed(cx, "Policies must be valid JSON and the "
		    "first byte must be '{'");
	if (!json_member(root, "Version", &v) || json_kind(v) != JSON_STR ||
	    (!str_is(json_text(v), STR("2012-10-17")) &&
	    !str_is(json_text(v), STR("2008-10-17"))))
		return malformed(cx, "The policy must contain a valid version "
		    "string");
	if (!json_member(root, "Statement", &v))
		return malformed(cx, "Missing required field Statement");
	n = statements(cx, v, &at);
	if (n == 0)
		return malformed(cx, "A policy needs a Statement.");
	for (i = 0; i < n; i++)
		if ((e = check_statement(cx, c, at[i].value)) != OK)
			return e;
	/* All that are taken open something to everyone. */
	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	if (s3_public_block_has(cx, &r, "BlockPublicPolicy"))
		return fail(cx, E_DENIED, "Access Denied: the policy is "
		    "public, and the BlockPublicPolicy of the public access "
		    "block is true.");
	c->res->status = 204;
	return s3_config_put(cx, c, SETTING_POLICY, text);
}

enum err
s3_get_bucket_policy(struct cx *cx, struct s3_call *c)
{
	return s3_config_get(cx, c, SETTING_POLICY, "application/json",
	    "NoSuchBucketPolicy");
}

enum err
s3_delete_bucket_policy(struct cx *cx, struct s3_call *c)
{
	return s3_config_delete(cx, c, SETTING_POLICY);
}

enum err
s3_get_bucket_policy_status(struct cx *cx, struct s3_call *c)
{
	struct repo	r;
	struct buf	b;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	s3_xml_begin(cx, &b, "PolicyStatus");
	xml_put_bool(&b, "IsPublic", repo_setting(&r, SETTING_POLICY).n > 0);
	s3_xml_end(c, &b, "PolicyStatus");
	return OK;
}

/* ---- asking it --------------------------------------------------------- */

/* Is this action among the strings of a member?  Their case does not count. */
static bool
has_action(struct cx *cx, struct json o, enum s3_action action)
{
	struct json_item	*at;
	struct json		 v;
	size_t			 i, n;

	if (!json_member(o, "Action", &v))
		return false;
	for (i = 0, n = json_items(cx, v, &at); i < n; i++)
		if (str_is_nocase(json_text(at[i].value),
		    str_of(actions[action])))
			return true;
	return false;
}

/* Does one of the strings of a member fit this text? */
static bool
has_like(struct cx *cx, struct json o, const char *name, struct str text)
{
	struct json_item	*at;
	struct json		 v;
	size_t			 i, n;

	if (!json_member(o, name, &v))
		return false;
	for (i = 0, n = json_items(cx, v, &at); i < n; i++)
		if (str_like(text, json_text(at[i].value)))
			return true;
	return false;
}

enum err
s3_policy_allows(struct cx *cx, const struct s3_call *c,
    enum s3_action action, bool *allowed)
{
	struct json_item	*at;
	struct json		 root, v;
	struct str		 resource;
	struct repo		 r;
	size_t			 i, n;
	enum err		 e;

	*allowed = false;
	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK ||
	    repo_setting(&r, SETTING_POLICY).n == 0 ||
	    (!fault_skip("PUBLIC_BLOCK") &&
	    s3_public_block_has(cx, &r, "RestrictPublicBuckets")) ||
	    (e = json_parse(cx, repo_setting(&r, SETTING_POLICY),
	    &root)) != OK || !json_member(root, "Statement", &v))
		return e;
	resource = str_printf(cx->mem, "%.*s%.*s%s%.*s", STRF(arn),
	    STRF(c->bucket), c->key.n > 0 ? "/" : "", STRF(c->key));
	n = statements(cx, v, &at);
	for (i = 0; i < n && !*allowed; i++)
		*allowed = has_action(cx, at[i].value, action) &&
		    has_like(cx, at[i].value, "Resource", resource);
	return OK;
}

static enum s3_action
action_of(const struct s3_call *c)
{
	return c->row->versioned != MAY_NOBODY && request_query(c->req,
	    "versionId") != NULL ? c->row->versioned : c->row->action;
}

enum err
s3_policy_check(struct cx *cx, const struct s3_call *c)
{
	struct cx	 aside = cx_aside(cx);
	enum s3_action	 action = action_of(c);
	size_t		 i;
	bool		 allowed = false;

	/* A repository that is not there is nobody's to know of. */
	if (action == MAY_NOBODY || c->bucket.n == 0 ||
	    s3_policy_allows(&aside, c, action, &allowed) != OK || !allowed)
		return fail(cx, E_NO_AUTH, "Access Denied: the request is not "
		    "signed. S3 clients need an access key id and its "
		    "secret.");
	for (i = 0; i < c->req->n_query; i++)
		if (str_starts(c->req->query[i].name, STR("response-")))
			return fail(cx, E_BAD_REQUEST, "Request specific "
			    "response headers cannot be used for anonymous "
			    "GET requests.");
	return OK;
}
