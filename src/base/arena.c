/* Per-request memory in chunks; deferred releases run when it is emptied. */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_SINGLE	1 /* each piece its own malloc: ASan sees overruns */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_SINGLE	1
#endif
#endif

enum { ALIGN = 16, FIRST = 16 * 1024, LATER = 64 * 1024 };

struct chunk {
	struct chunk	*prev;
	size_t		 used, room;
	size_t		 pad;
	/* bytes follow */
};

struct defer {
	struct defer	*prev;
	void		(*fn)(void *);
	void		*thing;
};

struct arena {
	struct chunk	*top;
	size_t		 held;
	struct defer	*defers;
};

static void *
arena_must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

static void
chunk_push(struct arena *a, size_t room)
{
	struct chunk	*c;

	c = arena_must(malloc(sizeof *c + room));
	c->prev = a->top;
	c->used = 0;
	c->room = room;
	a->top = c;
	a->held += room;
}

struct arena *
arena_new(void)
{
	struct arena	*a;

	a = arena_must(calloc(1, sizeof *a));
	chunk_push(a, FIRST);
	return a;
}

void *
arena_get(struct arena *a, size_t n)
{
	return memset(arena_raw(a, n), 0, n);
}

void *
arena_raw(struct arena *a, size_t n)
{
	struct chunk	*c = a->top;
	char		*p;

	if (n > SIZE_MAX / 2)
		abort();
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
#ifdef ARENA_SINGLE
	chunk_push(a, n);
	c = a->top;
#else
	if (c->room - c->used < n) {
		chunk_push(a, n > LATER ? n : LATER);
		c = a->top;
	}
#endif
	p = (char *)(c + 1) + c->used;
	c->used += n;
	return p;
}

void *
arena_dup(struct arena *a, const void *p, size_t n)
{
	char	*q;

	q = arena_raw(a, n + 1);
	if (n > 0)
		memcpy(q, p, n);
	q[n] = '\0';
	return q;
}

void
arena_defer(struct arena *a, void (*fn)(void *), void *thing)
{
	struct defer	*d;

	d = arena_must(malloc(sizeof *d));
	d->prev = a->defers;
	d->fn = fn;
	d->thing = thing;
	a->defers = d;
}

struct arena_mark
arena_mark(struct arena *a)
{
	return (struct arena_mark){ a->top, a->top->used, a->defers };
}

void
arena_back(struct arena *a, struct arena_mark m)
{
	struct defer	*d;
	struct chunk	*c;

	while (a->defers != m.defers) {
		d = a->defers;
		a->defers = d->prev;
		d->fn(d->thing);
		free(d);
	}
	while (a->top != m.chunk) {
		c = a->top;
		a->top = c->prev;
		a->held -= c->room;
		free(c);
	}
	a->top->used = m.used;
}

size_t
arena_held(const struct arena *a)
{
	return a->held;
}

void
arena_empty(struct arena *a)
{
	struct chunk	*first;

	for (first = a->top; first->prev != NULL; first = first->prev)
		continue;
	arena_back(a, (struct arena_mark){ first, 0, NULL });
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_empty(a);
	free(a->top);
	free(a);
}
