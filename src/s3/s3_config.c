/* What a repository is set to, as a bucket. */
#include "s3/s3_config.h"

#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_xml.h"

enum err
s3_config_exists(struct cx *cx, struct s3_call *c)
{
	struct entry	en;
	struct repo	r;

	return c->key.n > 0 ? object_stat(cx, c->eng, &c->at, &en) :
	    repo_get(cx, c->eng, c->bucket, &r);
}

enum err
s3_config_missing(struct cx *cx, const char *code)
{
	return s3_fail(cx, E_NO_SUCH_ROUTE, code,
	    "The configuration does not exist");
}

enum err
s3_config_get(struct cx *cx, struct s3_call *c, const char *setting,
    const char *type, const char *missing)
{
	struct str	value;
	struct repo	r;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	value = repo_setting(&r, setting);
	if (value.n == 0)
		return s3_config_missing(cx, missing);
	response_body(c->res, 200, type, value);
	return OK;
}

enum err
s3_config_put(struct cx *cx, struct s3_call *c, const char *setting,
    struct str value)
{
	return repo_set(cx, c->eng, c->bucket, setting, value);
}

enum err
s3_config_delete(struct cx *cx, struct s3_call *c, const char *setting)
{
	c->res->status = 204;
	return repo_set(cx, c->eng, c->bucket, setting,
	    (struct str){ NULL, 0 });
}

enum err
s3_get_bucket_versioning(struct cx *cx, struct s3_call *c)
{
	struct str	status;
	struct repo	r;
	struct buf	b;
	enum err	e;

	if ((e = repo_get(cx, c->eng, c->bucket, &r)) != OK)
		return e;
	s3_xml_begin(cx, &b, "VersioningConfiguration");
	status = repo_setting(&r, SETTING_VERSIONING);
	if (status.n > 0)
		xml_put(&b, "Status", status);
	s3_xml_end(c, &b, "VersioningConfiguration");
	return OK;
}

/* Commits are there anyway: this says whether S3 shows them as versions. */
enum err
s3_put_bucket_versioning(struct cx *cx, struct s3_call *c)
{
	struct str		 status = STR(""), mfa = STR("");
	const struct xml_field	 fields[] = {
		{ "Status", &status }, { "MfaDelete", &mfa },
	};
	struct xml		*x;
	enum err		 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, "VersioningConfiguration",
	    &x)) != OK || (e = xml_fields(cx, x, 0, fields, 2)) != OK ||
	    (e = xml_close(cx, x)) != OK)
		return e;
	if (!str_is(status, STR("Enabled")) &&
	    !str_is(status, STR("Suspended")))
		return fail(cx, E_BAD_XML, "<Status> is Enabled or "
		    "Suspended.");
	if (str_is(mfa, STR("Enabled")))
		return fail(cx, E_NOT_IMPLEMENTED, "MFA delete is not "
		    "implemented.");
	return s3_config_put(cx, c, SETTING_VERSIONING, status);
}
