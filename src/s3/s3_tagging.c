/*
 * The tags of an object, versioned with it and read-only with its ref; and
 * those of a bucket.
 */
#include "s3/s3_call.h"

#include "base/vec.h"
#include "base/xml.h"

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
	s3_version_header(c, &en);
	s3_xml_begin(cx, &b, "Tagging");
	put_tags(&b, en.tags, en.n_tags);
	s3_xml_end(c, &b, "Tagging");
	return OK;
}

enum err
s3_tags_read(struct cx *cx, struct xml *x, size_t most, struct pair **tags,
    size_t *n)
{
	VEC(struct pair)	 all = { 0 };
	struct pair		*p;
	enum err		 e;
	bool			 there;

	do
		if ((e = xml_next(cx, x, 0, &there)) != OK)
			return e;
	while (there && !xml_is(x, "TagSet"));
	if (!there)
		return fail(cx, E_BAD_XML, "<Tagging> needs a <TagSet>");
	while ((e = xml_next(cx, x, 1, &there)) == OK && there) {
		if (!xml_is(x, "Tag"))
			continue;
		if (all.n > most)
			break;
		p = VEC_PUSH(cx->mem, &all);
		*p = (struct pair){ STR(""), STR("") };
		if ((e = xml_fields(cx, x, 2, (struct xml_field[]){
		    { "Key", &p->name }, { "Value", &p->value } }, 2)) != OK)
			return e;
	}
	if (e != OK || (e = xml_close(cx, x)) != OK)
		return e;
	*tags = all.at;
	*n = all.n;
	return s3_tags_check(cx, all.at, all.n, most);
}

enum err
s3_put_object_tagging(struct cx *cx, struct s3_call *c)
{
	struct pair	*tags;
	struct xml	*x;
	size_t		 n;
	enum err	 e;

	if ((e = s3_take_xml(cx, c, LIMIT_BODY, "Tagging", &x)) != OK ||
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
	return s3_setting_get(cx, c, SETTING_TAGGING, "application/xml",
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

	if ((e = s3_take_xml(cx, c, LIMIT_BODY, "Tagging", &x)) != OK ||
	    (e = s3_tags_read(cx, x, LIMIT_TAGS_BUCKET, &tags, &n)) != OK)
		return e;
	c->res->status = 204;
	s3_xml_begin(cx, &b, "Tagging");
	put_tags(&b, tags, n);
	buf_z(&b, "</Tagging>");
	return s3_setting_put(cx, c, SETTING_TAGGING, buf_as_str(&b));
}

enum err
s3_delete_bucket_tagging(struct cx *cx, struct s3_call *c)
{
	return s3_setting_delete(cx, c, SETTING_TAGGING);
}
