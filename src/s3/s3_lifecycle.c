/* The lifecycle configuration of a repository; gc obeys it. */
#include "s3/s3_call.h"

#include "base/xml.h"
#include "lake/lifecycle.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_xml.h"

#define ROOT	"LifecycleConfiguration"

/* Nothing is moved between classes, so it moves what AWS's default does. */
static void
say_transition(struct s3_call *c)
{
	response_header(c->res, "x-amz-transition-default-minimum-object-size",
	    STR("all_storage_classes_128K"));
}

enum err
s3_put_bucket_lifecycle(struct cx *cx, struct s3_call *c)
{
	struct lifecycle	 l;
	struct xml		*x;
	struct buf		 b;
	enum err		 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, ROOT, &x)) != OK ||
	    (e = lifecycle_read(cx, x, &l)) != OK)
		return e;
	s3_xml_begin(cx, &b, ROOT);
	lifecycle_put(&b, &l);
	buf_z(&b, "</" ROOT ">");
	if (b.n > LIMIT_LIFECYCLE)
		return fail(cx, E_BAD_REQUEST, "The lifecycle configuration "
		    "may have %d bytes.", LIMIT_LIFECYCLE);
	say_transition(c);
	return s3_config_put(cx, c, SETTING_LIFECYCLE, buf_as_str(&b));
}

enum err
s3_get_bucket_lifecycle(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	e = s3_config_get(cx, c, SETTING_LIFECYCLE, "application/xml",
	    "NoSuchLifecycleConfiguration");
	if (e == OK)
		say_transition(c);
	return e;
}

enum err
s3_delete_bucket_lifecycle(struct cx *cx, struct s3_call *c)
{
	return s3_config_delete(cx, c, SETTING_LIFECYCLE);
}
