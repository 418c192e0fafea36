/* Blocks in memory, for tests. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "block/block.h"
#include "lake/record.h"

struct piece {
	struct piece	*next;
	struct uid	 id;
	char		*p;
	size_t		 n;
};

struct mem_block {
	struct block	 b;
	pthread_mutex_t	 lock;
	struct piece	*first;
};

struct mem_writer {
	struct block_writer	 w;
	struct piece		*piece;
};

struct mem_reader {
	struct block_reader	 r;
	char			*p;
	size_t			 n;
};

static void *
zeroed(size_t n)
{
	void	*p = calloc(1, n);

	if (p == NULL)
		abort();
	return p;
}

static struct piece **
place_of(struct mem_block *m, const struct uid *id)
{
	struct piece	**at;

	for (at = &m->first; *at != NULL; at = &(*at)->next)
		if (uid_is(&(*at)->id, id))
			break;
	return at;
}

static enum err
mem_create(struct cx *cx, struct block *b, struct block_writer **out)
{
	struct mem_writer	*w = zeroed(sizeof *w);

	(void)cx;
	w->w.block = b;
	w->piece = zeroed(sizeof *w->piece);
	*out = &w->w;
	return OK;
}

static enum err
mem_write(struct cx *cx, struct block_writer *bw, const void *p, size_t n)
{
	struct piece	*piece = ((struct mem_writer *)bw)->piece;

	(void)cx;
	piece->p = realloc(piece->p, piece->n + n + 1);
	if (piece->p == NULL)
		abort();
	memcpy(piece->p + piece->n, p, n);
	piece->n += n;
	return OK;
}

static enum err
mem_keep(struct cx *cx, struct block_writer *bw, const struct uid *id)
{
	struct mem_block	*m = (struct mem_block *)bw->block;
	struct piece		*piece = ((struct mem_writer *)bw)->piece;

	(void)cx;
	pthread_mutex_lock(&m->lock);
	piece->id = *id;
	piece->next = m->first;
	m->first = piece;
	pthread_mutex_unlock(&m->lock);
	free(bw);
	return OK;
}

static void
mem_drop(struct block_writer *bw)
{
	struct piece	*piece = ((struct mem_writer *)bw)->piece;

	free(piece->p);
	free(piece);
	free(bw);
}

static enum err
mem_open(struct cx *cx, struct block *b, const struct uid *id,
    struct block_reader **out)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct mem_reader	*r = zeroed(sizeof *r);
	struct piece		*piece;

	pthread_mutex_lock(&m->lock);
	piece = *place_of(m, id);
	if (piece != NULL) {
		r->n = piece->n;
		r->p = zeroed(r->n + 1);
		if (r->n > 0)
			memcpy(r->p, piece->p, r->n);
	}
	pthread_mutex_unlock(&m->lock);
	r->r.block = b;
	*out = &r->r;
	if (piece != NULL)
		return OK;
	free(r);
	return fail(cx, E_CORRUPT, "the bytes of the object are gone");
}

static enum err
mem_read(struct cx *cx, struct block_reader *br, uint64_t off, void *p,
    size_t n, size_t *got)
{
	struct mem_reader	*r = (struct mem_reader *)br;

	(void)cx;
	*got = off >= r->n ? 0 : r->n - off < n ? r->n - off : n;
	if (*got > 0)
		memcpy(p, r->p + off, *got);
	return OK;
}

static void
mem_close_reader(struct block_reader *br)
{
	free(((struct mem_reader *)br)->p);
	free(br);
}

static enum err
mem_size(struct cx *cx, struct block *b, const struct uid *id,
    uint64_t *size, bool *there)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct piece		*piece;

	(void)cx;
	pthread_mutex_lock(&m->lock);
	piece = *place_of(m, id);
	*there = piece != NULL;
	*size = piece != NULL ? piece->n : 0;
	pthread_mutex_unlock(&m->lock);
	return OK;
}

static enum err
mem_rename(struct cx *cx, struct block *b, const struct uid *from,
    const struct uid *to)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct piece		*piece;

	pthread_mutex_lock(&m->lock);
	piece = *place_of(m, from);
	if (piece != NULL)
		piece->id = *to;
	pthread_mutex_unlock(&m->lock);
	return piece != NULL ? OK : fail(cx, E_STORE, "rename: no such block");
}

static enum err
mem_delete(struct cx *cx, struct block *b, const struct uid *id)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct piece		**at, *piece;

	(void)cx;
	pthread_mutex_lock(&m->lock);
	at = place_of(m, id);
	if ((piece = *at) != NULL) {
		*at = piece->next;
		free(piece->p);
		free(piece);
	}
	pthread_mutex_unlock(&m->lock);
	return OK;
}

static enum err
mem_each(struct cx *cx, struct block *b, block_fn *fn, void *arg)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct piece		*piece, *next;
	enum err		 e = OK;

	for (piece = m->first; e == OK && piece != NULL; piece = next) {
		next = piece->next;
		e = fn(cx, &piece->id, piece->n, arg);
	}
	return e;
}

static enum err
mem_sweep(struct cx *cx, struct block *b, size_t *n)
{
	(void)cx;
	(void)b;
	*n = 0;
	return OK;
}

static struct str
mem_path(struct cx *cx, struct block *b, const struct uid *id)
{
	(void)cx;
	(void)b;
	(void)id;
	return STR("");
}

static void
mem_close(struct block *b)
{
	struct mem_block	*m = (struct mem_block *)b;
	struct piece		*piece;

	while ((piece = m->first) != NULL) {
		m->first = piece->next;
		free(piece->p);
		free(piece);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct block_ops mem_ops = {
	.create = mem_create, .write = mem_write, .keep = mem_keep,
	.drop = mem_drop, .open = mem_open, .read = mem_read,
	.close_reader = mem_close_reader, .size = mem_size,
	.rename = mem_rename, .del = mem_delete, .each = mem_each,
	.sweep = mem_sweep, .path = mem_path, .close = mem_close,
};

struct block *
block_mem_open(void)
{
	struct mem_block	*m = zeroed(sizeof *m);

	m->b.ops = &mem_ops;
	pthread_mutex_init(&m->lock, NULL);
	return &m->b;
}
