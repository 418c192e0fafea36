/* Tags, wherever a request has them. */
#include "s3/s3_tags.h"

#include "base/enc.h"
#include "base/vec.h"
#include "base/xml.h"

static size_t
characters(struct str s)
{
	size_t	i, n = 0;

	for (i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* So many at most, each key once.  [S3] */
static enum err
tags_check(struct cx *cx, struct pair *tags, size_t n, size_t most)
{
	size_t	i;

	if (n > most)
		return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "There cannot "
		    "be more than %zu tags", most);
	for (i = 0; i < n; i++) {
		if (tags[i].name.n == 0 || characters(tags[i].name) >
		    LIMIT_TAG_KEY ||
		    !str_is_utf8(tags[i].name))
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "The "
			    "TagKey you have provided is invalid: 1 to %d "
			    "characters", LIMIT_TAG_KEY);
		if (characters(tags[i].value) > LIMIT_TAG_VALUE ||
		    !str_is_utf8(tags[i].value))
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag", "The "
			    "TagValue you have provided is invalid: up to %d "
			    "characters", LIMIT_TAG_VALUE);
		if (pair_find(tags, i, tags[i].name) != NULL)
			return s3_fail(cx, E_BAD_ARGUMENT, "InvalidTag",
			    "Cannot provide multiple Tags with the same key");
	}
	return OK;
}

/* "k1=v1&k2=v2", percent-encoded.  [S3 x-amz-tagging] */
enum err
s3_tags_header(struct cx *cx, const struct s3_call *c, struct entry *en)
{
	struct str		 rest, one;
	VEC(struct pair)	 tags = { 0 };
	struct pair		*p;
	size_t			 at;

	rest = request_header(c->req, "x-amz-tagging");
	if (rest.n == 0)
		return OK;
	while (str_split(&rest, '&', &one)) {
		at = str_find(one, '=');
		p = VEC_PUSH(cx->mem, &tags);
		if (!enc_unpercent(cx->mem, str_to(one, at), true, &p->name) ||
		    !enc_unpercent(cx->mem, str_from(one, at + 1), true,
		    &p->value))
			return fail(cx, E_BAD_ARGUMENT, "The header "
			    "'x-amz-tagging' shall be encoded as UTF-8 then "
			    "URLEncoded URL query parameters without tag "
			    "name duplicates.");
	}
	en->tags = tags.at;
	en->n_tags = tags.n;
	return tags_check(cx, tags.at, tags.n, LIMIT_TAGS_OBJECT);
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
	return tags_check(cx, all.at, all.n, most);
}
