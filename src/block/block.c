/* The caller's side of block. */
#include "block/block.h"

#include "base/cx.h"

enum err
block_create(struct cx *cx, struct block *b, struct block_writer **w)
{
	return b->ops->create(cx, b, w);
}

enum err
block_write(struct cx *cx, struct block_writer *w, const void *p, size_t n)
{
	return w->block->ops->write(cx, w, p, n);
}

enum err
block_keep(struct cx *cx, struct block_writer *w, const struct uid *id)
{
	return w->block->ops->keep(cx, w, id);
}

void
block_drop(struct block_writer *w)
{
	if (w != NULL)
		w->block->ops->drop(w);
}

static void
reader_release(void *r)
{
	((struct block_reader *)r)->block->ops->close_reader(r);
}

enum err
block_open(struct cx *cx, struct block *b, const struct uid *id,
    struct block_reader **r)
{
	enum err	e;

	if ((e = b->ops->open(cx, b, id, r)) == OK)
		arena_defer(cx->mem, reader_release, *r);
	return e;
}

enum err
block_read(struct cx *cx, struct block_reader *r, uint64_t off, void *p,
    size_t n, size_t *got)
{
	return r->block->ops->read(cx, r, off, p, n, got);
}

enum err
block_size(struct cx *cx, struct block *b, const struct uid *id,
    uint64_t *size, bool *there)
{
	return b->ops->size(cx, b, id, size, there);
}

enum err
block_rename(struct cx *cx, struct block *b, const struct uid *from,
    const struct uid *to)
{
	return b->ops->rename(cx, b, from, to);
}

enum err
block_delete(struct cx *cx, struct block *b, const struct uid *id)
{
	return b->ops->del(cx, b, id);
}

enum err
block_each(struct cx *cx, struct block *b, block_fn *fn, void *arg)
{
	return b->ops->each(cx, b, fn, arg);
}

enum err
block_sweep(struct cx *cx, struct block *b, size_t *n)
{
	return b->ops->sweep(cx, b, n);
}

struct str
block_path(struct cx *cx, struct block *b, const struct uid *id)
{
	return b->ops->path(cx, b, id);
}

void
block_close(struct block *b)
{
	if (b != NULL)
		b->ops->close(b);
}
