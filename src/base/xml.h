/*
 * XML: documents read element by element, as their bytes come, and a writer
 * into a buf.  Home of libxml2, which is loaded at first use: linking it would
 * cost each CGI process 1 ms and 2.5 MiB.
 *
 * A reader stands on an element.  Nothing of the document is kept but what is
 * taken from it, so a list of any length is worked off in the memory of one
 * item.  Every call fails with E_BAD_XML as soon as it comes to what is not
 * well formed or not taken: bytes that are not UTF-8 or a declaration of
 * another encoding, a document type (and so any entity but the five), what
 * is over LIMIT_XML_DEPTH, _ELEMENTS, _TEXT or _TAG; or with the source's own
 * error.
 */
#ifndef BASE_XML_H
#define BASE_XML_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;
struct source;
struct xml;			/* a document being read; the arena's */

/* Can the library be loaded?  E_STORE.  It is not kept. */
enum err	xml_ready(struct cx *cx);

/* Begin to read, and step onto the root, which must have this local name. */
enum err	xml_open(struct cx *cx, const struct source *in,
		    const char *root, struct xml **out);

/*
 * Step onto the next child of the element that is open at this depth (the
 * root's is 0), over what is left of the child before.  *there is false when
 * that element has ended.
 */
enum err	xml_next(struct cx *cx, struct xml *x, unsigned depth,
		    bool *there);
/* Has the element stepped onto this local name? */
bool		xml_is(const struct xml *x, const char *name);
/* The text of the element stepped onto, to its end; in the arena. */
enum err	xml_text(struct cx *cx, struct xml *x, struct str *out);

/* A child to look for, and where its text goes. */
struct xml_field {
	const char	*name;
	struct str	*text;
};
/*
 * The texts of children of the element at this depth, to its end: of each
 * name the first; what is not there is left alone.
 */
enum err	xml_fields(struct cx *cx, struct xml *x, unsigned depth,
		    const struct xml_field *fields, size_t n);

/* The rest, to the end of the source: what was taken holds only now. */
enum err	xml_close(struct cx *cx, struct xml *x);

/* Append <name>text</name>, escaped. */
void		xml_put(struct buf *b, const char *name, struct str text);
/* The same of a number. */
void		xml_put_u64(struct buf *b, const char *name,
		    unsigned long long v);
/* The same of true or false. */
void		xml_put_bool(struct buf *b, const char *name, bool v);

#endif
