/* XML in and out.  Home of libxml2. */
#include "base/xml.h"

#include <dlfcn.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/limit.h"
#include "base/stream.h"
#include "base/vec.h"

enum { WINDOW = 4096, NAME_ROOM = 64 };

static __typeof__(xmlCreatePushParserCtxt)	*parser_new;
static __typeof__(xmlFreeParserCtxt)		*parser_free;
static __typeof__(xmlParseChunk)		*parse_chunk;
static __typeof__(xmlStopParser)		*parser_stop;
static __typeof__(xmlDictSetLimit)		*dict_limit;
static __typeof__(xmlFreeDoc)			*doc_free;
static __typeof__(xmlSetGenericErrorFunc)	*errors_to;
static pthread_once_t				 once = PTHREAD_ONCE_INIT;
static bool					 loaded;

#define LIBRARY	"libxml2.so.2"

static void
load(void)
{
	void	*lib = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (lib == NULL)
		return;
	*(void **)&parser_new = dlsym(lib, "xmlCreatePushParserCtxt");
	*(void **)&parser_free = dlsym(lib, "xmlFreeParserCtxt");
	*(void **)&parse_chunk = dlsym(lib, "xmlParseChunk");
	*(void **)&parser_stop = dlsym(lib, "xmlStopParser");
	*(void **)&dict_limit = dlsym(lib, "xmlDictSetLimit");
	*(void **)&doc_free = dlsym(lib, "xmlFreeDoc");
	*(void **)&errors_to = dlsym(lib, "xmlSetGenericErrorFunc");
	loaded = parser_new != NULL && parser_free != NULL &&
	    parse_chunk != NULL && parser_stop != NULL &&
	    dict_limit != NULL && doc_free != NULL && errors_to != NULL;
}

enum err
xml_ready(struct cx *cx)
{
	void	*lib = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);

	if (lib == NULL)
		return fail(cx, E_STORE, LIBRARY " cannot be loaded, without "
		    "which each request with XML fails: install libxml2");
	dlclose(lib);
	return OK;
}

/* What the library would write to standard error is the client's doing. */
static void
say_nothing(void *arg, const char *words, ...)
{
	(void)arg;
	(void)words;
}

/* ---- what the parser says ---------------------------------------------- */

enum step { BEGIN, END, TEXT };

struct event {
	enum step	what;
	struct str	s;		/* local name, or text */
};

struct xml {
	xmlParserCtxt	*parser;
	struct source	 in;
	const char	*refused;	/* why parsing was stopped */
	/* what one window gave: read from at on */
	struct arena	*mem;
	VEC(struct event) events;
	size_t		 at;
	/* the parser's place */
	size_t		 held;		/* bytes since it last said a thing */
	unsigned	 deep;
	unsigned	 n_elements;
	/* the reader's */
	unsigned	 depth;		/* elements that are open */
	char		 name[NAME_ROOM];
	bool		 ended;
	char		 window[WINDOW];
};

static void
xml_refuse(struct xml *x, const char *why)
{
	x->refused = why;
	parser_stop(x->parser);
}

static void
event_add(struct xml *x, enum step what, const xmlChar *p, size_t n)
{
	struct event	*ev = VEC_PUSH(x->mem, &x->events);

	x->held = 0;
	ev->what = what;
	ev->s = (struct str){ n > 0 ? arena_dup(x->mem, p, n) : "", n };
}

/*
 * The parser has seen what the first bytes and the declaration say: where it
 * means to decode them, they are not UTF-8.
 */
static void
on_document(void *arg)
{
	struct xml		*x = arg;
	const xmlChar		*named = x->parser->encoding;
	const xmlParserInput	*in = x->parser->input;

	if (!fault_skip("XML_ENCODING") && ((named != NULL &&
	    !str_is_nocase(str_of((const char *)named), STR("UTF-8"))) ||
	    in->buf == NULL || in->buf->encoder != NULL))
		xml_refuse(x, "it is not in UTF-8");
}

static void
on_doctype(void *arg, const xmlChar *name, const xmlChar *external,
    const xmlChar *where)
{
	(void)name;
	(void)external;
	(void)where;
	if (!fault_skip("XML_DOCTYPE"))
		xml_refuse(arg, "document types are not accepted");
}

static void
on_begin(void *arg, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_namespaces, const xmlChar **namespaces,
    int n_attributes, int n_defaulted, const xmlChar **attributes)
{
	struct xml	*x = arg;

	(void)prefix;
	(void)uri;
	(void)n_namespaces;
	(void)namespaces;
	(void)n_attributes;
	(void)n_defaulted;
	(void)attributes;
	x->deep++;
	x->n_elements++;
	if (!fault_skip("XML_DEPTH") && x->deep > LIMIT_XML_DEPTH)
		xml_refuse(x, "its elements lie too deep in each other");
	else if (!fault_skip("XML_ELEMENTS") &&
	    x->n_elements > LIMIT_XML_ELEMENTS)
		xml_refuse(x, "it has too many elements");
	else
		event_add(x, BEGIN, name, strlen((const char *)name));
}

static void
on_end(void *arg, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
	struct xml	*x = arg;

	(void)name;
	(void)prefix;
	(void)uri;
	x->deep--;
	event_add(x, END, NULL, 0);
}

static void
on_text(void *arg, const xmlChar *p, int n)
{
	event_add(arg, TEXT, p, (size_t)n);
}

static xmlSAXHandler	handler = {
	.initialized = XML_SAX2_MAGIC,
	.startDocument = on_document,
	.internalSubset = on_doctype,
	.startElementNs = on_begin,
	.endElementNs = on_end,
	.characters = on_text,
	.ignorableWhitespace = on_text,
	.cdataBlock = on_text,
};

/* ---- pulling ----------------------------------------------------------- */

static void
xml_release(void *thing)
{
	struct xml	*x = thing;

	if (x->parser != NULL) {
		if (x->parser->myDoc != NULL)
			doc_free(x->parser->myDoc);
		parser_free(x->parser);
	}
	arena_free(x->mem);
}

static enum err
xml_bad(struct cx *cx, const struct xml *x)
{
	return fail(cx, E_BAD_XML, "the body cannot be read: %s",
	    x->refused != NULL ? x->refused : "it is not well-formed XML");
}

/* The next window of the source, into events; at its end x->ended. */
static enum err
xml_fill(struct cx *cx, struct xml *x)
{
	size_t		got;
	enum err	e;

	arena_empty(x->mem);
	memset(&x->events, 0, sizeof x->events);
	x->at = 0;
	if ((e = source_read(cx, &x->in, x->window, WINDOW, &got)) != OK)
		return e;
	x->ended = got == 0;
	x->held += got;
	/* No character of XML, and what UTF-16 and UTF-32 are full of. */
	if (memchr(x->window, '\0', got) != NULL) {
		x->refused = "it has a NUL byte";
		return xml_bad(cx, x);
	}
	parse_chunk(x->parser, x->window, (int)got, x->ended);
	if (x->refused != NULL || !x->parser->wellFormed)
		return xml_bad(cx, x);
	if (!fault_skip("XML_TAG") && x->held > LIMIT_XML_TAG) {
		x->refused = "a tag, comment or instruction is too long";
		return xml_bad(cx, x);
	}
	return OK;
}

/* The next event; *there false: the document has ended. */
static enum err
event_next(struct cx *cx, struct xml *x, struct event *out, bool *there)
{
	enum err	e;

	while (x->at == x->events.n && !x->ended)
		if ((e = xml_fill(cx, x)) != OK)
			return e;
	*there = x->at < x->events.n;
	if (!*there)
		return OK;
	*out = x->events.at[x->at++];
	if (out->what == BEGIN)
		x->depth++;
	else if (out->what == END)
		x->depth--;
	return OK;
}

/* A longer name is none that anybody asks for. */
static void
stand_on(struct xml *x, struct str name)
{
	size_t	n = name.n < NAME_ROOM ? name.n : 0;

	memcpy(x->name, name.p, n);
	x->name[n] = '\0';
}

enum err
xml_open(struct cx *cx, const struct source *in, const char *root,
    struct xml **out)
{
	struct xml	*x = arena_get(cx->mem, sizeof *x);
	struct event	 ev = { BEGIN, { NULL, 0 } };
	enum err	 e;
	bool		 there;

	pthread_once(&once, load);
	if (!loaded)
		return fail(cx, E_STORE, "libxml2.so.2 cannot be loaded");
	if (!fault_skip("XML_SILENT"))
		errors_to(NULL, say_nothing);	/* of this thread */
	x->in = *in;
	x->mem = arena_new();
	arena_defer(cx->mem, xml_release, x);
	x->parser = parser_new(&handler, x, NULL, 0, NULL);
	if (x->parser == NULL)
		return fail(cx, E_STORE, "libxml2 cannot start");
	dict_limit(x->parser->dict, LIMIT_XML_TAG);
	do
		if ((e = event_next(cx, x, &ev, &there)) != OK)
			return e;
	while (there && ev.what != BEGIN);
	if (!there || !str_is(ev.s, str_of(root)))
		return fail(cx, E_BAD_XML, "the root element must be %s", root);
	stand_on(x, ev.s);
	*out = x;
	return OK;
}

enum err
xml_next(struct cx *cx, struct xml *x, unsigned depth, bool *there)
{
	struct event	ev;
	enum err	e;
	bool		more;

	*there = false;
	while (x->depth > depth) {
		if ((e = event_next(cx, x, &ev, &more)) != OK || !more)
			return e;
		if (ev.what == BEGIN && x->depth == depth + 2) {
			stand_on(x, ev.s);
			*there = true;
			return OK;
		}
	}
	return OK;
}

bool
xml_is(const struct xml *x, const char *name)
{
	return strcmp(x->name, name) == 0;
}

enum err
xml_text(struct cx *cx, struct xml *x, struct str *out)
{
	unsigned	 open = x->depth;
	struct event	 ev;
	struct buf	 b;
	enum err	 e;
	bool		 more = true;

	*out = STR("");
	buf_init(&b, cx->mem, LIMIT_XML_TEXT);
	while (x->depth >= open && more) {
		if ((e = event_next(cx, x, &ev, &more)) != OK)
			return e;
		if (!more || ev.what != TEXT)
			continue;
		if (out->n == 0 && ev.s.n <= LIMIT_XML_TEXT) {
			*out = str_dup(cx->mem, ev.s);
			continue;
		}
		if (b.n == 0)
			buf_str(&b, *out);
		buf_str(&b, ev.s);
		if (!buf_ok(&b))
			return fail(cx, E_BAD_XML, "the text of <%s> may have "
			    "%d bytes", x->name, LIMIT_XML_TEXT);
		*out = buf_as_str(&b);
	}
	return OK;
}

enum err
xml_fields(struct cx *cx, struct xml *x, unsigned depth,
    const struct xml_field *fields, size_t n)
{
	bool		 there, *seen = arena_get(cx->mem, n);
	size_t		 i;
	enum err	 e;

	while ((e = xml_next(cx, x, depth, &there)) == OK && there)
		for (i = 0; i < n; i++)
			if (!seen[i] && xml_is(x, fields[i].name)) {
				seen[i] = true;
				if ((e = xml_text(cx, x,
				    fields[i].text)) != OK)
					return e;
				break;
			}
	return e;
}

enum err
xml_close(struct cx *cx, struct xml *x)
{
	struct event	ev;
	enum err	e;
	bool		more;

	do
		e = event_next(cx, x, &ev, &more);
	while (e == OK && more);
	return e;
}

/* ---- writing ----------------------------------------------------------- */

void
xml_put(struct buf *b, const char *name, struct str text)
{
	buf_byte(b, '<');
	buf_z(b, name);
	buf_byte(b, '>');
	enc_xml(b, text);
	buf_add(b, "</", 2);
	buf_z(b, name);
	buf_byte(b, '>');
}

void
xml_put_u64(struct buf *b, const char *name, unsigned long long v)
{
	buf_printf(b, "<%s>%llu</%s>", name, v, name);
}

void
xml_put_bool(struct buf *b, const char *name, bool v)
{
	xml_put(b, name, v ? STR("true") : STR("false"));
}
