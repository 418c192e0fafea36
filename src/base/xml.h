/*
 * XML: small request bodies read into a tree, and a writer into a buf.
 * Home of libxml2, which is loaded at first use: linking it would cost each
 * CGI process 1 ms and 2.5 MiB.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;

struct xml {			/* an element, or NULL inside */
	void	*node;
};

/*
 * Parse a document whose root element is named so (in any namespace).  No
 * DTD, no entities but the five, no network, bounded depth: E_BAD_XML.
 */
enum err	xml_parse(struct cx *cx, struct str text, const char *root,
		    struct xml *out);

/* First child or next sibling element with this local name; false: none. */
bool		xml_child(struct xml e, const char *name, struct xml *out);
bool		xml_next(struct xml e, const char *name, struct xml *out);
struct str	xml_content(struct cx *cx, struct xml e);
/* The text of a child element; "" when it is not there. */
struct str	xml_text(struct cx *cx, struct xml e, const char *name);

/* <name>text</name>, escaped. */
void		xml_put(struct buf *b, const char *name, struct str text);
void		xml_put_u64(struct buf *b, const char *name,
		    unsigned long long v);
void		xml_put_bool(struct buf *b, const char *name, bool v);

#endif
