/*
 * The public access block of a repository: policies that open it are refused,
 * or do not count.  What it says of ACLs is true anyway.
 */
#include "s3/s3_public_block.h"

#include "base/xml.h"
#include "s3/s3_body.h"
#include "s3/s3_config.h"
#include "s3/s3_xml.h"

static const char *const	members[] = { "BlockPublicAcls",
    "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets" };
enum { MEMBERS = sizeof members / sizeof members[0] };

#define ROOT	"PublicAccessBlockConfiguration"

bool
s3_public_block_has(struct cx *cx, const struct repo *r, const char *member)
{
	return str_has(repo_setting(r, SETTING_PUBLIC_BLOCK),
	    str_printf(cx->mem, "<%s>true</%s>", member, member));
}

enum err
s3_put_public_access_block(struct cx *cx, struct s3_call *c)
{
	struct xml_field	 fields[MEMBERS];
	struct str		 said[MEMBERS];
	struct xml		*x;
	struct buf		 b;
	size_t			 i;
	enum err		 e;

	for (i = 0; i < MEMBERS; i++) {
		said[i] = STR("false");
		fields[i] = (struct xml_field){ members[i], &said[i] };
	}
	if ((e = s3_body_read_xml(cx, c, LIMIT_BODY, ROOT, &x)) != OK ||
	    (e = xml_fields(cx, x, 0, fields, MEMBERS)) != OK ||
	    (e = xml_close(cx, x)) != OK)
		return e;
	s3_xml_begin(cx, &b, ROOT);
	for (i = 0; i < MEMBERS; i++) {
		said[i] = str_lower(cx->mem, str_trim(said[i]));
		if (!str_is(said[i], STR("true")) &&
		    !str_is(said[i], STR("false")))
			return fail(cx, E_BAD_XML, "<%s> is true or false.",
			    members[i]);
		xml_put(&b, members[i], said[i]);
	}
	buf_z(&b, "</" ROOT ">");
	return s3_config_put(cx, c, SETTING_PUBLIC_BLOCK, buf_as_str(&b));
}

enum err
s3_get_public_access_block(struct cx *cx, struct s3_call *c)
{
	return s3_config_get(cx, c, SETTING_PUBLIC_BLOCK, "application/xml",
	    "NoSuchPublicAccessBlockConfiguration");
}

enum err
s3_delete_public_access_block(struct cx *cx, struct s3_call *c)
{
	return s3_config_delete(cx, c, SETTING_PUBLIC_BLOCK);
}
