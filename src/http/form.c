/* multipart/form-data, read part by part as it comes.  [RFC 7578] */
#include "http/http.h"

#include <string.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/limit.h"

enum { BUFFER = 64 * 1024 };
enum { HEAD = 2 + LIMIT_FORM_HEAD };	/* the mark's own line ends first */

struct form {
	struct source	 in;
	char		*buf;
	size_t		 at, n;
	bool		 eof;
	struct str	 mark;		/* "\r\n--boundary" */
	bool		 at_mark;	/* the content is read */
	size_t		 n_parts;
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
form_bad(struct cx *cx, const char *why)
{
	return fail(cx, E_BAD_REQUEST, "the multipart form is not well "
	    "formed: %s", why);
}

static enum err
boundary_of(struct cx *cx, struct str type, struct str *out)
{
	static const struct str	name = STR_INIT("boundary=");
	size_t			at = str_find_str(type, name);

	*out = str_from(type, at + name.n);
	*out = str_to(*out, str_find(*out, ';'));
	if (out->n >= 2 && out->p[0] == '"')
		*out = (struct str){ out->p + 1, out->n - 2 };
	if (at == type.n || out->n == 0 || out->n > 200)
		return form_bad(cx, "no boundary");
	return OK;
}

bool
form_is_sent(const struct request *req)
{
	return str_starts_nocase(request_header(req, "content-type"),
	    STR("multipart/form-data"));
}

enum err
form_open(struct cx *cx, const struct request *req, struct form **out)
{
	struct form	*f = arena_get(cx->mem, sizeof *f);
	struct str	 boundary;
	enum err	 e;

	*out = f;
	if ((e = boundary_of(cx, request_header(req, "content-type"),
	    &boundary)) != OK)
		return e;
	f->in = req->body;
	f->buf = arena_get(cx->mem, BUFFER);
	f->mark = str_printf(cx->mem, "\r\n--%.*s", STRF(boundary));
	/* The first mark has no line before it. */
	memcpy(f->buf, "\r\n", 2);
	f->n = 2;
	return OK;
}

/* The content of the part: all up to the mark. */
static enum err
content_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct form	*f = self;
	struct str	 h;
	size_t		 at;
	enum err	 e;
	bool		 grew;

	*got = 0;
	while (!f->at_mark) {
		h = held(f);
		at = str_find_str(h, f->mark);
		f->at_mark = at == 0 && h.n > 0;
		/* Bytes that may begin a mark wait for what follows. */
		if (at == h.n)
			at = h.n >= f->mark.n ? h.n - f->mark.n + 1 : 0;
		if (at > 0) {
			*got = at < n ? at : n;
			memcpy(p, h.p, *got);
			f->at += *got;
			return OK;
		}
		if (f->at_mark)
			break;
		if ((e = more(cx, f, &grew)) != OK)
			return e;
		if (!grew)
			return fail(cx, E_INCOMPLETE_BODY, "the multipart "
			    "form ends inside its content");
	}
	return OK;
}

struct source
form_content(struct form *f)
{
	return (struct source){ content_read, f };
}

/* A parameter of a header line: token or quoted. */
static struct str
parameter(struct str line, struct str name)
{
	struct str	rest = str_from(line, str_find(line, ';')), value;
	size_t		at, end;

	while (rest.n > 0) {
		rest = str_trim(str_from(rest, 1));
		at = str_find(rest, '=');
		value = str_from(rest, at + 1);
		if (value.n > 0 && value.p[0] == '"') {
			value = str_from(value, 1);
			for (end = str_find(value, '"'); end < value.n &&
			    end > 0 && value.p[end - 1] == '\\';)
				end += 1 + str_find(str_from(value, end + 1),
				    '"');
		} else
			end = str_find(value, ';');
		if (str_is_nocase(str_trim(str_to(rest, at)), name))
			return str_to(value, end);
		rest = str_from(value, end);
		rest = str_from(rest, str_find(rest, ';'));
	}
	return (struct str){ NULL, 0 };
}

static void
head_read(struct cx *cx, struct str head, struct form_part *out)
{
	struct str	line;

	*out = (struct form_part){ .name = STR("") };
	head = str_dup(cx->mem, head);
	while (str_split(&head, '\n', &line)) {
		line = str_to(line, str_find(line, '\r'));
		if (str_take_nocase(&line, STR("Content-Type:")))
			out->type = str_trim(line);
		else if (str_take_nocase(&line, STR("Content-Disposition:"))) {
			out->name = parameter(line, STR("name"));
			out->filename = parameter(line, STR("filename"));
		}
	}
}

enum err
form_next(struct cx *cx, struct form *f, struct form_part *out, bool *there)
{
	const struct str	blank = STR("\r\n\r\n");
	struct source		content = form_content(f);
	size_t			at;
	enum err		e;
	bool			grew = true;

	/* Two bytes are ours, see form_open; one more is too many. */
	if ((e = source_drain(cx, &content, f->n_parts == 0 &&
	    !fault_skip("FORM_PREAMBLE") ? 2 + LIMIT_FORM_PREAMBLE + 1 :
	    UINT64_MAX)) != OK)
		return e;
	if (!f->at_mark)
		return form_bad(cx, "too much precedes its first part");
	f->at += f->mark.n;
	f->at_mark = false;
	while (held(f).n < 2 && grew)
		if ((e = more(cx, f, &grew)) != OK)
			return e;
	*there = !str_starts(held(f), STR("--"));
	if (!*there)
		return OK;
	if (f->n_parts++ == LIMIT_FORM_PARTS)
		return form_bad(cx, "it has too many parts");
	while ((at = str_find_str(held(f), blank)) == held(f).n &&
	    at < HEAD + blank.n) {
		if ((e = more(cx, f, &grew)) != OK)
			return e;
		if (!grew)
			return form_bad(cx, "it ends inside a part's head");
	}
	if (at > HEAD && !fault_skip("FORM_HEAD"))
		return form_bad(cx, "a part's head is too long");
	head_read(cx, str_to(held(f), at), out);
	f->at += at + blank.n;
	return OK;
}
