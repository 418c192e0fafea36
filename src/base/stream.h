/* Bytes that are pulled from somewhere: request bodies, object bytes. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cx;
struct digest;

enum { STREAM_WINDOW = 64 * 1024 };

/*
 * A source gives up to n bytes a call; *got == 0 is the end.  What it owns is
 * deferred in the context's arena, so nobody closes a source.
 */
struct source {
	enum err	(*read)(struct cx *cx, void *self, void *p, size_t n,
			    size_t *got);
	void		*self;
};

/* A piece of a file: what a web server may send by itself. */
struct file_span {
	struct str	path;
	uint64_t	off, len;
};

/* One call of the source: up to n bytes, *got 0 at the end.  Its own errors. */
enum err	source_read(struct cx *cx, const struct source *s, void *p,
		    size_t n, size_t *got);

/* Read all of it, at most max bytes (else E_TOO_LARGE), into the arena. */
enum err	source_all(struct cx *cx, const struct source *s, size_t max,
		    struct str *out);

/*
 * The same for the body of a request, whose length is known (0 where it is
 * not): what is too large is refused, and the memory claimed, before a byte is
 * read.  E_TOO_LARGE, E_BUSY.
 */
enum err	source_body(struct cx *cx, const struct source *s,
		    uint64_t length, size_t max, struct str *out);

/* Read and drop what is left, until its end or max bytes. */
enum err	source_drain(struct cx *cx, const struct source *s,
		    uint64_t max);

/* Feed all of it to n digests that are begun; ending them is the caller's. */
enum err	source_digest(struct cx *cx, const struct source *s,
		    struct digest *d, size_t n);

/* A source of these bytes, which must last as long as it. */
struct source	source_of_str(struct cx *cx, struct str s);

#endif
