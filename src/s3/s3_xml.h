/* Answers in XML. */
#ifndef S3_S3_XML_H
#define S3_S3_XML_H

#include "base/buf.h"
#include "s3/s3_call.h"

#define S3_XML		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define S3_XMLNS	"http://s3.amazonaws.com/doc/2006-03-01/"

enum {
	S3_ANSWER_MAX = 16 << 20	/* bytes of one document */
};

/* Begin a document in b, which lives in the context's memory. */
void		s3_xml_begin(struct cx *cx, struct buf *b, const char *root);

/* End it, and make it the answer, with status 200. */
void		s3_xml_end(struct s3_call *c, struct buf *b,
		    const char *root);

/* Who owns everything: the setting account, else the user who asks. */
struct str	s3_xml_owner_id(const struct s3_call *c);

/* The owner as <Owner>, or under another name. */
void		s3_xml_owner(struct buf *b, const struct s3_call *c,
		    const char *element);

/* A key as a listing shows it: percent-encoded when encoding-type asked so. */
struct str	s3_xml_key(struct cx *cx, bool url, struct str key);

#endif
