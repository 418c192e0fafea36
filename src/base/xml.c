/* XML in and out.  Home of libxml2. */
#include "base/xml.h"

#include <dlfcn.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/enc.h"

static __typeof__(xmlReadMemory)	*read_memory;
static __typeof__(xmlFreeDoc)		*free_doc;
static __typeof__(xmlDocGetRootElement)	*root_element;
static __typeof__(xmlNodeGetContent)	*node_content;
static __typeof__(xmlMemFree)		*mem_free;
static pthread_once_t			 once = PTHREAD_ONCE_INIT;
static bool				 loaded;

static void *
symbol(void *lib, const char *name)
{
	return lib != NULL ? dlsym(lib, name) : NULL;
}

static void
load(void)
{
	void	*lib = dlopen("libxml2.so.2", RTLD_NOW | RTLD_LOCAL);
	void	(**fre)(void *);

	*(void **)&read_memory = symbol(lib, "xmlReadMemory");
	*(void **)&free_doc = symbol(lib, "xmlFreeDoc");
	*(void **)&root_element = symbol(lib, "xmlDocGetRootElement");
	*(void **)&node_content = symbol(lib, "xmlNodeGetContent");
	/* xmlFree is a variable that holds the function. */
	fre = symbol(lib, "xmlFree");
	mem_free = fre != NULL ? *fre : NULL;
	loaded = read_memory != NULL && free_doc != NULL &&
	    root_element != NULL && node_content != NULL && mem_free != NULL;
}

static void
doc_release(void *doc)
{
	free_doc(doc);
}

static bool
named(const xmlNode *n, const char *name)
{
	return n->type == XML_ELEMENT_NODE &&
	    strcmp((const char *)n->name, name) == 0;
}

enum err
xml_parse(struct cx *cx, struct str text, const char *root, struct xml *out)
{
	xmlDoc	*doc;
	xmlNode	*top;

	pthread_once(&once, load);
	if (!loaded)
		return fail(cx, E_STORE, "libxml2.so.2 cannot be loaded");
	/* Entities need a DTD: with none, there is nothing to expand. */
	if (text.n > INT32_MAX || str_has(text, STR("<!DOCTYPE")))
		return fail(cx, E_BAD_XML, "document types are not accepted");
	doc = read_memory(text.p, (int)text.n, NULL, NULL, XML_PARSE_NONET |
	    XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
	if (doc == NULL)
		return fail(cx, E_BAD_XML, "the body is not well-formed XML");
	arena_defer(cx->mem, doc_release, doc);
	top = root_element(doc);
	if (top == NULL || !named(top, root))
		return fail(cx, E_BAD_XML, "the root element must be %s", root);
	out->node = top;
	return OK;
}

static bool
find_from(xmlNode *n, const char *name, struct xml *out)
{
	for (; n != NULL; n = n->next)
		if (named(n, name)) {
			out->node = n;
			return true;
		}
	return false;
}

bool
xml_child(struct xml e, const char *name, struct xml *out)
{
	return find_from(((xmlNode *)e.node)->children, name, out);
}

bool
xml_next(struct xml e, const char *name, struct xml *out)
{
	return find_from(((xmlNode *)e.node)->next, name, out);
}

struct str
xml_content(struct cx *cx, struct xml e)
{
	xmlChar		*z = node_content(e.node);
	struct str	 s = str_dup(cx->mem, str_of((const char *)z));

	if (z != NULL)
		mem_free(z);
	return s;
}

struct str
xml_text(struct cx *cx, struct xml e, const char *name)
{
	struct xml	child;

	return xml_child(e, name, &child) ? xml_content(cx, child) : STR("");
}

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
