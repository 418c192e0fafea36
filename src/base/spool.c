/* Files without a name, for bytes that wait for a slow client. */
#include "base/spool.h"

#include "base/cx.h"
#include "base/fileio.h"
#include "base/ident.h"

static struct {
	const char	*dir;
	uint64_t	 reserve;
} spool;

struct spooled {
	int		fd;
	uint64_t	at;
};

void
spool_init(const char *dir, uint64_t reserve)
{
	spool.dir = dir;
	spool.reserve = reserve;
}

bool
spool_open(struct cx *cx, uint64_t bytes, int *fd)
{
	/* What goes wrong here is not the request's failure. */
	struct cx	 aside = cx_aside(cx);
	char		 hex[33];
	struct str	 path;
	uint64_t	 there;

	if (spool.dir == NULL || file_free_space(&aside, spool.dir,
	    &there) != OK || there < spool.reserve ||
	    there - spool.reserve < bytes)
		return false;
	ident_hex(hex, 16);
	path = str_printf(cx->mem, "%s/%s", spool.dir, hex);
	if (file_create(&aside, path.p, fd) != OK)
		return false;
	if (file_unlink(&aside, path.p) == OK)
		return true;
	file_close(*fd);
	return false;
}

static enum err
spooled_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct spooled	*s = self;
	enum err	 e = file_pread(cx, s->fd, p, n, s->at, got);

	s->at += *got;
	return e;
}

static void
spooled_close(void *self)
{
	file_close(((struct spooled *)self)->fd);
}

struct source
spool_source(struct cx *cx, int fd)
{
	struct spooled	*s = arena_get(cx->mem, sizeof *s);

	s->fd = fd;
	arena_defer(cx->mem, spooled_close, s);
	return (struct source){ spooled_read, s };
}
