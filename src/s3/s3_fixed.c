/*
 * What tools ask of a bucket or an object before they begin, and what is true
 * of every lake: the owner has every permission, and no configuration of these
 * kinds exists.  Setting one is 501.
 */
#include "s3/s3_call.h"

#include "base/xml.h"
#include "s3/s3_config.h"
#include "s3/s3_route.h"
#include "s3/s3_xml.h"

static enum err
asked_thing_exists(struct cx *cx, struct s3_call *c)
{
	struct entry	en;
	struct repo	r;

	return c->key.n > 0 ? object_stat(cx, c->eng, &c->at, &en) :
	    repo_get(cx, c->eng, c->bucket, &r);
}

/* GetBucketAcl and GetObjectAcl: full control for who asks. */
enum err
s3_get_acl(struct cx *cx, struct s3_call *c)
{
	struct buf	b;
	enum err	e;

	if ((e = asked_thing_exists(cx, c)) != OK)
		return e;
	s3_xml_begin(cx, &b, "AccessControlPolicy");
	s3_xml_owner(&b, c, "Owner");
	buf_z(&b, "<AccessControlList><Grant><Grantee xmlns:xsi=\""
	    "http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\""
	    "CanonicalUser\">");
	xml_put(&b, "ID", c->who.user);
	xml_put(&b, "DisplayName", c->who.user);
	buf_z(&b, "</Grantee><Permission>FULL_CONTROL</Permission></Grant>"
	    "</AccessControlList>");
	s3_xml_end(c, &b, "AccessControlPolicy");
	return OK;
}

enum err
s3_fixed_document(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	if ((e = asked_thing_exists(cx, c)) != OK)
		return e;
	response_body(c->res, 200, "application/xml", str_printf(cx->mem,
	    S3_XML "%s", c->row->answer));
	return OK;
}

enum err
s3_fixed_missing(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	e = asked_thing_exists(cx, c);
	return e == OK ? s3_config_missing(cx, c->row->answer) : e;
}
