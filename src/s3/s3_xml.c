/* Answers in XML. */
#include "s3/s3_xml.h"

#include "base/enc.h"
#include "base/xml.h"

void
s3_xml_begin(struct cx *cx, struct buf *b, const char *root)
{
	buf_init(b, cx->mem, S3_ANSWER_MAX);
	buf_printf(b, S3_XML "<%s xmlns=\"" S3_XMLNS "\">", root);
}

void
s3_xml_end(struct s3_call *c, struct buf *b, const char *root)
{
	buf_printf(b, "</%s>", root);
	response_body(c->res, 200, "application/xml", buf_as_str(b));
}

struct str
s3_xml_owner_id(const struct s3_call *c)
{
	return c->opt->account.n > 0 ? c->opt->account : c->who.user;
}

void
s3_xml_owner(struct buf *b, const struct s3_call *c, const char *element)
{
	buf_printf(b, "<%s>", element);
	xml_put(b, "ID", s3_xml_owner_id(c));
	xml_put(b, "DisplayName", s3_xml_owner_id(c));
	buf_printf(b, "</%s>", element);
}

struct str
s3_xml_key(struct cx *cx, bool url, struct str key)
{
	struct buf	b;

	if (!url)
		return key;
	buf_init(&b, cx->mem, 8192);
	enc_percent(&b, key, false);
	return buf_as_str(&b);
}
