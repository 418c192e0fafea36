/*
 * The tags of an object, versioned with it and read-only with its ref; and
 * those of a bucket.
 */
#include "s3/s3_call.h"

#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_meta.h"
#include "s3/s3_tags.h"
#include "s3/s3_xml.h"

static void
put_tags(struct buf *b, const struct pair *tags, size_t n)
{
	size_t	i;

	buf_z(b, "<TagSet>");
	for (i = 0; i < n; i++) {
		buf_z(b, "<Tag>");
		xml_put(b, "Key", tags[i].name);
		xml_put(b, "Value", tags[i].value);
		buf_z(b, "</Tag>");
	}
	buf_z(b, "</TagSet>");
}

enum err
s3_get_object_tagging(struct cx *cx, struct s3_call *c)
{
	struct entry	en;
	struct buf	b;
	enum err	e;

	if ((e = object_stat(cx, c->eng, &c->at, &en)) != OK)
		return e;
	s3_meta_version(c, &en);
	s3_xml_begin(cx, &b, "Tagging");
	put_tags(&b, en.tags, en.n_tags);
	s3_xml_end(c, &b, "Tagging");
	return OK;
}

enum err
s3_put_object_tagging(struct cx *cx, struct s3_call *c)
{
	struct pair	*tags;
	struct xml	*x;
	size_t		 n;
	enum err	 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, "Tagging", &x)) != OK ||
	    (e = s3_tags_read(cx, x, LIMIT_TAGS_OBJECT, &tags, &n)) != OK)
		return e;
	return object_set_tags(cx, c->eng, &c->at, tags, n);
}

enum err
s3_delete_object_tagging(struct cx *cx, struct s3_call *c)
{
	enum err	e;

	e = object_set_tags(cx, c->eng, &c->at, NULL, 0);
	if (e == OK)
		c->res->status = 204;
	return e;
}

enum err
s3_get_bucket_tagging(struct cx *cx, struct s3_call *c)
{
	return s3_config_get(cx, c, SETTING_TAGGING, "application/xml",
	    "NoSuchTagSet");
}

enum err
s3_put_bucket_tagging(struct cx *cx, struct s3_call *c)
{
	struct pair	*tags;
	struct xml	*x;
	struct buf	 b;
	size_t		 n;
	enum err	 e;

	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, "Tagging", &x)) != OK ||
	    (e = s3_tags_read(cx, x, LIMIT_TAGS_BUCKET, &tags, &n)) != OK)
		return e;
	c->res->status = 204;
	s3_xml_begin(cx, &b, "Tagging");
	put_tags(&b, tags, n);
	buf_z(&b, "</Tagging>");
	return s3_config_put(cx, c, SETTING_TAGGING, buf_as_str(&b));
}

enum err
s3_delete_bucket_tagging(struct cx *cx, struct s3_call *c)
{
	return s3_config_delete(cx, c, SETTING_TAGGING);
}
