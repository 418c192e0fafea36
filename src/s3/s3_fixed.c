/*
 * What tools ask of a bucket or an object before they begin, and what is true
 * of every lake: the owner has every permission, and no configuration of these
 * kinds exists.  s3_already.c has what is answered to who sets one.
 */
#include "s3/s3_call.h"

#include "base/xml.h"
#include "s3/s3_config.h"
#include "s3/s3_route.h"
#include "s3/s3_xml.h"

/* GetBucketAcl and GetObjectAcl: full control for who asks. */
enum err
s3_get_acl(struct cx *cx, struct s3_call *c)
{
	struct buf	b;
	enum err	e;

	if ((e = s3_config_exists(cx, c)) != OK)
		return e;
	s3_xml_begin(cx, &b, "AccessControlPolicy");
	s3_xml_owner(&b, c, "Owner");
	buf_z(&b, "<AccessControlList><Grant><Grantee xmlns:xsi=\""
	    "http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\""
	    "CanonicalUser\">");
	xml_put(&b, "ID", s3_xml_owner_id(c));
	xml_put(&b, "DisplayName", s3_xml_owner_id(c));
	buf_z(&b, "</Grantee><Permission>FULL_CONTROL</Permission></Grant>"
	    "</AccessControlList>");
	s3_xml_end(c, &b, "AccessControlPolicy");
	return OK;
}

enum err
s3_fixed_document(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	if ((e = s3_config_exists(cx, c)) != OK)
		return e;
	response_body(c->res, 200, "application/xml", str_printf(cx->mem,
	    S3_XML "%s", c->row->answer));
	return OK;
}

enum err
s3_fixed_missing(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	e = s3_config_exists(cx, c);
	return e == OK ? s3_config_missing(cx, c->row->answer) : e;
}
