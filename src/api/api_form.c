/* multipart/form-data: the bytes of the part named "content". [RFC 7578] */
#include "api/call.h"

#include <string.h>

enum { HEAD_MAX = 16 * 1024, BUFFER = 64 * 1024 };

struct form {
	struct source	 in;
	char		*buf;
	size_t		 at, n;
	bool		 eof;
	struct str	 mark;		/* "\r\n--boundary" */
	bool		 ended;
};

/* More input behind what is there; false at its end. */
static enum err
more(struct cx *cx, struct form *f, bool *grew)
{
	size_t		got;
	enum err	e;

	memmove(f->buf, f->buf + f->at, f->n - f->at);
	f->n -= f->at;
	f->at = 0;
	*grew = false;
	if (f->eof || f->n == BUFFER)
		return OK;
	if ((e = source_read(cx, &f->in, f->buf + f->n, BUFFER - f->n,
	    &got)) != OK)
		return e;
	f->n += got;
	f->eof = got == 0;
	*grew = got > 0;
	return OK;
}

static struct str
held(const struct form *f)
{
	return (struct str){ f->buf + f->at, f->n - f->at };
}

static enum err
bad(struct cx *cx, const char *why)
{
	return fail(cx, E_BAD_REQUEST, "the multipart form is not well "
	    "formed: %s", why);
}

/* Bring a text into the buffer and step over it; what was before it. */
static enum err
until(struct cx *cx, struct form *f, struct str text, struct str *before)
{
	size_t		at;
	enum err	e;
	bool		grew;

	while ((at = str_find_str(held(f), text)) == held(f).n) {
		if ((e = more(cx, f, &grew)) != OK)
			return e;
		if (!grew)
			return bad(cx, "no part named \"content\"");
	}
	*before = str_dup(cx->mem, str_to(held(f), at));
	f->at += at + text.n;
	return OK;
}

/* The content of the part: all up to the mark. */
static enum err
form_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct form	*f = self;
	struct str	 h;
	size_t		 at;
	enum err	 e;
	bool		 grew;

	*got = 0;
	while (!f->ended) {
		h = held(f);
		at = str_find_str(h, f->mark);
		f->ended = at == 0 && h.n > 0;
		/* Bytes that may begin a mark wait for what follows. */
		if (at == h.n)
			at = h.n >= f->mark.n ? h.n - f->mark.n + 1 : 0;
		if (at > 0) {
			*got = at < n ? at : n;
			memcpy(p, h.p, *got);
			f->at += *got;
			return OK;
		}
		if (f->ended)
			break;
		if ((e = more(cx, f, &grew)) != OK)
			return e;
		if (!grew)
			return fail(cx, E_INCOMPLETE_BODY, "the multipart "
			    "form ends inside its content");
	}
	return OK;
}

static struct str
part_type(struct str head)
{
	struct str	rest = head, line;

	while (str_split(&rest, '\n', &line))
		if (str_starts_nocase(line, STR("Content-Type:")))
			return str_trim(str_to(str_from(line, 13),
			    str_find(str_from(line, 13), '\r')));
	return STR("");
}

static enum err
boundary_of(struct cx *cx, struct str type, struct str *out)
{
	size_t	at = str_find_str(type, STR("boundary="));

	*out = str_from(type, at + 9);
	*out = str_to(*out, str_find(*out, ';'));
	if (out->n >= 2 && out->p[0] == '"')
		*out = (struct str){ out->p + 1, out->n - 2 };
	if (at == type.n || out->n == 0 || out->n > 200)
		return bad(cx, "no boundary");
	*out = str_dup(cx->mem, *out);
	return OK;
}

enum err
api_form_open(struct cx *cx, struct api_call *c, struct source *out,
    struct str *content_type)
{
	struct str	 type = request_header(c->req, "content-type");
	struct str	 boundary, skipped, head;
	struct form	*f;
	enum err	 e;

	*out = c->req->body;
	*content_type = type.n > 0 ? type : STR("application/octet-stream");
	if (!str_starts_nocase(type, STR("multipart/form-data"))) {
		if (!c->req->has_length && !c->req->cut_shows)
			return fail(cx, E_NO_LENGTH, "Content-Length is "
			    "required");
		return OK;
	}
	if ((e = boundary_of(cx, type, &boundary)) != OK)
		return e;
	f = arena_get(cx->mem, sizeof *f);
	f->in = c->req->body;
	f->buf = arena_get(cx->mem, BUFFER);
	f->mark = str_printf(cx->mem, "\r\n--%.*s", STRF(boundary));
	/* The first mark has no line before it. */
	memcpy(f->buf, "\r\n", 2);
	f->n = 2;
	do {
		if ((e = until(cx, f, f->mark, &skipped)) != OK ||
		    (e = until(cx, f, STR("\r\n\r\n"), &head)) != OK)
			return e;
		if (head.n > HEAD_MAX)
			return bad(cx, "a part's head is too long");
	} while (!str_has(head, STR("name=\"content\"")));
	*content_type = part_type(head);
	if (content_type->n == 0)
		*content_type = STR("application/octet-stream");
	*out = (struct source){ form_read, f };
	return OK;
}
