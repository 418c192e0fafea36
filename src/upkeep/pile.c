/* A pile whose older half goes into a file each time it is full. */
#include "upkeep/pile.h"

#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "base/fileio.h"
#include "base/spool.h"

struct pile {
	size_t		 size, most;
	unsigned char	*at;
	size_t		 n, room;
	int		*fds;		/* of most / 2 items each */
	size_t		 n_fds;
};

struct pile *
pile_open(size_t size, size_t most)
{
	struct pile	*p = calloc(1, sizeof *p);

	if (p == NULL)
		abort();
	p->size = size;
	p->most = most;
	return p;
}

void
pile_empty(struct pile *p)
{
	while (p->n_fds > 0)
		file_close(p->fds[--p->n_fds]);
	p->n = 0;
}

void
pile_close(struct pile *p)
{
	if (p == NULL)
		return;
	pile_empty(p);
	free(p->fds);
	free(p->at);
	free(p);
}

/* False: there is no file for it. */
static bool
pile_spill(struct cx *cx, struct pile *p)
{
	struct cx	aside = cx_aside(cx);
	size_t		half = p->most / 2;
	int		fd;

	if (!spool_open(cx, half * p->size, &fd))
		return false;
	if (file_write(&aside, fd, p->at, half * p->size) != OK) {
		file_close(fd);
		return false;
	}
	p->fds = realloc(p->fds, (p->n_fds + 1) * sizeof *p->fds);
	if (p->fds == NULL)
		abort();
	p->fds[p->n_fds++] = fd;
	p->n -= half;
	memmove(p->at, p->at + half * p->size, p->n * p->size);
	return true;
}

void
pile_push(struct cx *cx, struct pile *p, const void *item)
{
	if (p->n == p->room && (p->n < p->most || !pile_spill(cx, p))) {
		p->room = p->room == 0 ? 16 : p->room * 2;
		p->at = realloc(p->at, p->room * p->size);
		if (p->at == NULL)
			abort();
	}
	memcpy(p->at + p->n++ * p->size, item, p->size);
}

static enum err
pile_unspill(struct cx *cx, struct pile *p)
{
	size_t		half = p->most / 2 * p->size, got;
	int		fd = p->fds[--p->n_fds];
	enum err	e;

	if ((e = file_pread(cx, fd, p->at, half, 0, &got)) == OK && got < half)
		e = fail(cx, E_STORE, "a temporary file is shorter than what "
		    "was written to it");
	file_close(fd);
	p->n = p->most / 2;
	return e;
}

enum err
pile_pop(struct cx *cx, struct pile *p, void *item, bool *there)
{
	enum err	e;

	if (p->n == 0 && p->n_fds > 0 && (e = pile_unspill(cx, p)) != OK)
		return e;
	*there = p->n > 0;
	if (*there)
		memcpy(item, p->at + --p->n * p->size, p->size);
	return OK;
}
