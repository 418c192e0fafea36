/* Blocks in memory, for tests. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "block/block.h"
#include "lake/ids.h"

struct block_mem_piece {
	struct block_mem_piece	*next;
	struct uid		 id;
	char			*p;
	size_t			 n;
};

struct block_mem {
	struct block		 b;
	pthread_mutex_t		 lock;
	struct block_mem_piece	*first;
};

struct block_mem_writer {
	struct block_writer	 w;
	struct block_mem_piece	*piece;
};

struct block_mem_reader {
	struct block_reader	 r;
	char			*p;
	size_t			 n;
};

static void *
block_mem_zeroed(size_t n)
{
	void	*p = calloc(1, n);

	if (p == NULL)
		abort();
	return p;
}

static struct block_mem_piece **
block_mem_place_of(struct block_mem *m, const struct uid *id)
{
	struct block_mem_piece	**at;

	for (at = &m->first; *at != NULL; at = &(*at)->next)
		if (uid_is(&(*at)->id, id))
			break;
	return at;
}

static enum err
block_mem_create(struct cx *cx, struct block *b, struct block_writer **out)
{
	struct block_mem_writer	*w = block_mem_zeroed(sizeof *w);

	(void)cx;
	w->w.block = b;
	w->piece = block_mem_zeroed(sizeof *w->piece);
	*out = &w->w;
	return OK;
}

static enum err
block_mem_write(struct cx *cx, struct block_writer *bw, const void *p, size_t n)
{
	struct block_mem_piece	*piece = ((struct block_mem_writer *)bw)->piece;

	(void)cx;
	piece->p = realloc(piece->p, piece->n + n + 1);
	if (piece->p == NULL)
		abort();
	memcpy(piece->p + piece->n, p, n);
	piece->n += n;
	return OK;
}

static enum err
block_mem_keep(struct cx *cx, struct block_writer *bw, const struct uid *id)
{
	struct block_mem	*m = (struct block_mem *)bw->block;
	struct block_mem_piece	*piece = ((struct block_mem_writer *)bw)->piece;

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
block_mem_drop(struct block_writer *bw)
{
	struct block_mem_piece	*piece = ((struct block_mem_writer *)bw)->piece;

	free(piece->p);
	free(piece);
	free(bw);
}

static enum err
block_mem_open_reader(struct cx *cx, struct block *b, const struct uid *id,
    struct block_reader **out)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_reader	*r = block_mem_zeroed(sizeof *r);
	struct block_mem_piece	*piece;

	pthread_mutex_lock(&m->lock);
	piece = *block_mem_place_of(m, id);
	if (piece != NULL) {
		r->n = piece->n;
		r->p = block_mem_zeroed(r->n + 1);
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
block_mem_read(struct cx *cx, struct block_reader *br, uint64_t off, void *p,
    size_t n, size_t *got)
{
	struct block_mem_reader	*r = (struct block_mem_reader *)br;

	(void)cx;
	*got = off >= r->n ? 0 : r->n - off < n ? r->n - off : n;
	if (*got > 0)
		memcpy(p, r->p + off, *got);
	return OK;
}

static void
block_mem_close_reader(struct block_reader *br)
{
	free(((struct block_mem_reader *)br)->p);
	free(br);
}

static enum err
block_mem_size(struct cx *cx, struct block *b, const struct uid *id,
    uint64_t *size, bool *there)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_piece	*piece;

	(void)cx;
	pthread_mutex_lock(&m->lock);
	piece = *block_mem_place_of(m, id);
	*there = piece != NULL;
	*size = piece != NULL ? piece->n : 0;
	pthread_mutex_unlock(&m->lock);
	return OK;
}

static enum err
block_mem_rename(struct cx *cx, struct block *b, const struct uid *from,
    const struct uid *to)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_piece	*piece;

	pthread_mutex_lock(&m->lock);
	piece = *block_mem_place_of(m, from);
	if (piece != NULL)
		piece->id = *to;
	pthread_mutex_unlock(&m->lock);
	return piece != NULL ? OK : fail(cx, E_STORE, "rename: no such block");
}

static enum err
block_mem_delete(struct cx *cx, struct block *b, const struct uid *id)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_piece	**at, *piece;

	(void)cx;
	pthread_mutex_lock(&m->lock);
	at = block_mem_place_of(m, id);
	if ((piece = *at) != NULL) {
		*at = piece->next;
		free(piece->p);
		free(piece);
	}
	pthread_mutex_unlock(&m->lock);
	return OK;
}

static enum err
block_mem_each(struct cx *cx, struct block *b, block_fn *fn, void *arg)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_piece	*piece, *next;
	enum err		 e = OK;

	for (piece = m->first; e == OK && piece != NULL; piece = next) {
		next = piece->next;
		e = fn(cx, &piece->id, piece->n, arg);
	}
	return e;
}

static enum err
block_mem_sweep(struct cx *cx, struct block *b, size_t *n)
{
	(void)cx;
	(void)b;
	*n = 0;
	return OK;
}

static struct str
block_mem_path(struct cx *cx, struct block *b, const struct uid *id)
{
	(void)cx;
	(void)b;
	(void)id;
	return STR("");
}

static void
block_mem_close(struct block *b)
{
	struct block_mem	*m = (struct block_mem *)b;
	struct block_mem_piece	*piece;

	while ((piece = m->first) != NULL) {
		m->first = piece->next;
		free(piece->p);
		free(piece);
	}
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const struct block_ops block_mem_ops = {
	.create = block_mem_create, .write = block_mem_write,
	.keep = block_mem_keep, .drop = block_mem_drop,
	.open = block_mem_open_reader, .read = block_mem_read,
	.close_reader = block_mem_close_reader, .size = block_mem_size,
	.rename = block_mem_rename, .del = block_mem_delete,
	.each = block_mem_each, .sweep = block_mem_sweep,
	.path = block_mem_path, .close = block_mem_close,
};

struct block *
block_mem_open(void)
{
	struct block_mem	*m = block_mem_zeroed(sizeof *m);

	m->b.ops = &block_mem_ops;
	pthread_mutex_init(&m->lock, NULL);
	return &m->b;
}
