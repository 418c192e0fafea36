/*
 * Blocks as files: <lake>/blocks/<last byte>/<id>, immutable.
 *
 * A body is written to <lake>/tmp/<random> under a lock, synced, renamed to
 * its id, and the folder synced; only then may an entry name it.  [I20]  The
 * 256 folders are made and synced with the lake, so that none is new later.
 *
 * Who may read them: the lake's owner (folders 0700, files 0600), and one group
 * where blocks/ itself says so by its mode, 2750: then the group of blocks/ is
 * that of each block, a new one gets the mode 0640 before it gets its name, and
 * the lake's folder is 2710, so that the group comes to blocks/ and sees
 * nothing else.  A web server that sends objects by itself (X-Sendfile) and
 * runs as another user joins that group.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "block/block.h"
#include "lake/ids.h"

struct block_file {
	struct block	 b;
	char		*dir;
	bool		 shared;	/* with this group */
	unsigned	 group;
};

struct block_file_writer {
	struct block_writer	 w;
	char			*path;
	int			 fd;
};

struct block_file_reader {
	struct block_reader	 r;
	int			 fd;
};

static struct str
block_file_folder(struct cx *cx, struct block *b, const struct uid *id)
{
	return str_printf(cx->mem, "%s/blocks/%02x",
	    ((struct block_file *)b)->dir, id->b[sizeof id->b - 1]);
}

static struct str
block_file_path(struct cx *cx, struct block *b, const struct uid *id)
{
	char	hex[33];

	enc_hex(hex, id->b, sizeof id->b);
	return str_printf(cx->mem, "%s/blocks/%02x/%s",
	    ((struct block_file *)b)->dir, id->b[sizeof id->b - 1], hex);
}

static void
block_file_writer_free(struct block_file_writer *w)
{
	file_close(w->fd);
	free(w->path);
	free(w);
}

static enum err
block_file_create(struct cx *cx, struct block *b, struct block_writer **out)
{
	struct block_file_writer	*w;
	struct str			 path;
	char				 hex[33];
	enum err			 e;
	int				 fd;

	ident_hex(hex, 16);
	path = str_printf(cx->mem, "%s/tmp/%s", ((struct block_file *)b)->dir,
	    hex);
	if ((e = file_create(cx, path.p, &fd)) != OK)
		return e;
	/* A locked file has a living writer: sweep leaves it alone. */
	file_try_lock(fd);
	w = calloc(1, sizeof *w);
	if (w == NULL || (w->path = strdup(path.p)) == NULL)
		abort();
	w->w.block = b;
	w->fd = fd;
	*out = &w->w;
	return OK;
}

static enum err
block_file_write(struct cx *cx, struct block_writer *bw, const void *p,
    size_t n)
{
	return file_write(cx, ((struct block_file_writer *)bw)->fd, p, n);
}

static void
block_file_drop(struct block_writer *bw)
{
	struct block_file_writer	*w = (struct block_file_writer *)bw;
	struct arena			*mem = arena_new();
	struct cx			 cx = cx_bare(mem);

	file_unlink(&cx, w->path);
	arena_free(mem);
	block_file_writer_free(w);
}

static enum err
block_file_keep(struct cx *cx, struct block_writer *bw, const struct uid *id)
{
	struct block_file_writer	*w = (struct block_file_writer *)bw;
	struct block_file		*f = (struct block_file *)bw->block;
	struct str			 path;
	enum err			 e = OK;

	path = block_file_path(cx, bw->block, id);
	if (f->shared && !fault_skip("BLOCK_SHARED"))
		e = file_share(cx, w->fd, f->group, 0640);
	if (e != OK || (e = file_sync(cx, w->fd)) != OK ||
	    (e = file_rename(cx, w->path, path.p)) != OK) {
		block_file_drop(bw);
		return e;
	}
	e = file_sync_dir(cx, block_file_folder(cx, bw->block, id).p);
	block_file_writer_free(w);
	return e;
}

static enum err
block_file_open_reader(struct cx *cx, struct block *b, const struct uid *id,
    struct block_reader **out)
{
	struct block_file_reader	*r;
	struct str			 path = block_file_path(cx, b, id);
	enum err			 e;
	int				 fd;

	if (!file_exists(path.p))
		return fail(cx, E_CORRUPT, "the bytes of the object are gone");
	if ((e = file_open(cx, path.p, &fd)) != OK)
		return e;
	r = calloc(1, sizeof *r);
	if (r == NULL)
		abort();
	r->r.block = b;
	r->fd = fd;
	*out = &r->r;
	return OK;
}

static enum err
block_file_read(struct cx *cx, struct block_reader *r, uint64_t off, void *p,
    size_t n, size_t *got)
{
	return file_pread(cx, ((struct block_file_reader *)r)->fd, p, n, off,
	    got);
}

static void
block_file_close_reader(struct block_reader *r)
{
	file_close(((struct block_file_reader *)r)->fd);
	free(r);
}

static enum err
block_file_size(struct cx *cx, struct block *b, const struct uid *id,
    uint64_t *size, bool *there)
{
	return file_size(cx, block_file_path(cx, b, id).p, size, there);
}

static enum err
block_file_rename(struct cx *cx, struct block *b, const struct uid *from,
    const struct uid *to)
{
	enum err	e;

	if ((e = file_rename(cx, block_file_path(cx, b, from).p,
	    block_file_path(cx, b, to).p)) != OK ||
	    (e = file_sync_dir(cx, block_file_folder(cx, b, to).p)) != OK)
		return e;
	return file_sync_dir(cx, block_file_folder(cx, b, from).p);
}

static enum err
block_file_delete(struct cx *cx, struct block *b, const struct uid *id)
{
	return file_unlink(cx, block_file_path(cx, b, id).p);
}

struct block_file_walk {
	struct block	*b;
	block_fn	*fn;
	void		*arg;
};

static enum err
block_file_walk_one(struct cx *cx, const char *name, void *arg)
{
	struct block_file_walk	*w = arg;
	struct uid		 id;
	uint64_t		 size;
	enum err		 e;
	bool			 there;

	if (!enc_unhex(str_of(name), id.b, sizeof id.b))
		return OK;
	if ((e = block_file_size(cx, w->b, &id, &size, &there)) != OK ||
	    !there)
		return e;
	return w->fn(cx, &id, size, w->arg);
}

static enum err
block_file_each(struct cx *cx, struct block *b, block_fn *fn, void *arg)
{
	struct block_file_walk	w = { b, fn, arg };
	struct arena_mark	mark;
	struct uid		id = { { 0 } };
	enum err		e = OK;
	unsigned		i;

	for (i = 0; e == OK && i < 256; i++) {
		mark = arena_mark(cx->mem);
		id.b[sizeof id.b - 1] = (unsigned char)i;
		e = file_each(cx, block_file_folder(cx, b, &id).p,
		    block_file_walk_one, &w);
		arena_back(cx->mem, mark);
	}
	return e;
}

struct block_file_sweep {
	const char	*dir;
	size_t		 n;
};

static enum err
block_file_sweep_one(struct cx *cx, const char *name, void *arg)
{
	struct block_file_sweep	*s = arg;
	struct str		 path;
	enum err		 e = OK;
	int			 fd;

	path = str_printf(cx->mem, "%s/tmp/%s", s->dir, name);
	if (file_open(cx, path.p, &fd) != OK) {
		cx_forget(cx);		/* its writer has just renamed it */
		return OK;
	}
	if (file_try_lock(fd)) {
		e = file_unlink(cx, path.p);
		s->n++;
	}
	file_close(fd);
	return e;
}

static enum err
block_file_sweep(struct cx *cx, struct block *b, size_t *n)
{
	struct block_file_sweep	s = { ((struct block_file *)b)->dir, 0 };
	enum err		e;

	e = file_each(cx, str_printf(cx->mem, "%s/tmp", s.dir).p,
	    block_file_sweep_one, &s);
	*n = s.n;
	return e;
}

static void
block_file_close(struct block *b)
{
	free(((struct block_file *)b)->dir);
	free(b);
}

static const struct block_ops block_file_ops = {
	.create = block_file_create, .write = block_file_write,
	.keep = block_file_keep, .drop = block_file_drop,
	.open = block_file_open_reader, .read = block_file_read,
	.close_reader = block_file_close_reader, .size = block_file_size,
	.rename = block_file_rename, .del = block_file_delete,
	.each = block_file_each, .sweep = block_file_sweep,
	.path = block_file_path, .close = block_file_close,
};

static enum err
block_file_make_folders(struct cx *cx, const char *dir)
{
	struct str	blocks = str_printf(cx->mem, "%s/blocks", dir);
	enum err	e;
	unsigned	i;

	if ((e = file_make_dir(cx, blocks.p)) != OK ||
	    (e = file_make_dir(cx, str_printf(cx->mem, "%s/tmp", dir).p)) != OK)
		return e;
	for (i = 0; i < 256; i++)
		if ((e = file_make_dir(cx, str_printf(cx->mem, "%s/%02x",
		    blocks.p, i).p)) != OK)
			return e;
	if ((e = file_sync_dir(cx, blocks.p)) != OK)
		return e;
	return file_sync_dir(cx, dir);
}

enum err
block_file_share(struct cx *cx, const char *dir, unsigned group)
{
	struct str	blocks = str_printf(cx->mem, "%s/blocks", dir);
	enum err	e;
	unsigned	i;

	for (i = 0; i < 256; i++)
		if ((e = file_share_dir(cx, str_printf(cx->mem, "%s/%02x",
		    blocks.p, i).p, group, 02750)) != OK)
			return e;
	if ((e = file_share_dir(cx, blocks.p, group, 02750)) != OK ||
	    (e = file_share_dir(cx, str_printf(cx->mem, "%s/tmp", dir).p,
	    group, 02700)) != OK)
		return e;
	return file_share_dir(cx, dir, group, 02710);
}

enum err
block_file_open(struct cx *cx, const char *dir, bool create,
    struct block **out)
{
	struct block_file	*f;
	struct file_owner	 own = { .mode = 0 };
	enum err		 e;
	bool			 there;

	if (create && (e = block_file_make_folders(cx, dir)) != OK)
		return e;
	if ((e = file_owner(cx, str_printf(cx->mem, "%s/blocks", dir).p, &own,
	    &there)) != OK)
		return e;
	f = calloc(1, sizeof *f);
	if (f == NULL || (f->dir = strdup(dir)) == NULL)
		abort();
	f->b.ops = &block_file_ops;
	f->shared = (own.mode & 02050) == 02050;
	f->group = own.group;
	*out = &f->b;
	return OK;
}
