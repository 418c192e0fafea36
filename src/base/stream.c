/* Pull sources. */
#include "base/stream.h"

#include <string.h>

#include "base/budget.h"
#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"

enum err
source_read(struct cx *cx, const struct source *s, void *p, size_t n,
    size_t *got)
{
	*got = 0;
	if (s->read == NULL)
		return OK;
	return s->read(cx, s->self, p, n, got);
}

enum err
source_all(struct cx *cx, const struct source *s, size_t max, struct str *out)
{
	struct buf	 b;
	char		*window;
	size_t		 got;
	enum err	 e;

	window = arena_raw(cx->mem, 16384);
	buf_init(&b, cx->mem, max);
	while ((e = source_read(cx, s, window, 16384, &got)) == OK && got > 0) {
		buf_add(&b, window, got);
		if (!buf_ok(&b))
			return fail(cx, E_TOO_LARGE,
			    "this request's body may have %zu bytes at most",
			    max);
	}
	*out = buf_as_str(&b);
	return e;
}

/* One byte more than it may have shows that it has more. */
static enum err
read_known(struct cx *cx, const struct source *s, size_t length,
    struct str *out)
{
	char		*p = arena_raw(cx->mem, length + 1);
	size_t		 n = 0, got = 1;
	enum err	 e;

	while (got > 0 && n <= length) {
		if ((e = source_read(cx, s, p + n, length + 1 - n,
		    &got)) != OK)
			return e;
		n += got;
	}
	*out = (struct str){ p, n };
	return n <= length ? OK : fail(cx, E_INCOMPLETE_BODY, "the body has "
	    "more than the %zu bytes that were announced", length);
}

enum err
source_body(struct cx *cx, const struct source *s, uint64_t length,
    size_t max, struct str *out)
{
	enum err	e;

	if (!fault_skip("BODY_LENGTH") && length > max)
		return fail(cx, E_TOO_LARGE, "the body of this request may "
		    "have %zu bytes", max);
	/* Growing to a length that is not known leaves as much behind. */
	if ((e = budget_claim(cx, length > 0 ? (size_t)length :
	    2 * max)) != OK)
		return e;
	return length > 0 ? read_known(cx, s, (size_t)length, out) :
	    source_all(cx, s, max, out);
}

enum err
source_drain(struct cx *cx, const struct source *s, uint64_t max)
{
	char		 window[4096];
	size_t		 got;
	enum err	 e;

	do {
		if ((e = source_read(cx, s, window, sizeof window, &got)) != OK)
			return e;
		max = got < max ? max - got : 0;
	} while (got > 0 && max > 0);
	return OK;
}

enum err
source_digest(struct cx *cx, const struct source *s, struct digest *d,
    size_t n)
{
	char		*window = arena_raw(cx->mem, STREAM_WINDOW);
	size_t		 i, got;
	enum err	 e;

	while ((e = source_read(cx, s, window, STREAM_WINDOW, &got)) == OK &&
	    got > 0)
		for (i = 0; i < n; i++)
			digest_feed(&d[i], window, got);
	return e;
}

static enum err
str_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct str	*s = self;

	(void)cx;
	*got = n < s->n ? n : s->n;
	if (*got > 0)
		memcpy(p, s->p, *got);
	*s = str_from(*s, *got);
	return OK;
}

struct source
source_of_str(struct cx *cx, struct str s)
{
	return (struct source){ str_read, arena_dup(cx->mem, &s, sizeof s) };
}
