/* The bytes of objects. */
#include "engine/engine.h"

#include <string.h>

#include "engine/engine_inside.h"
#include "lake/block_id.h"
#include "lake/keys.h"

/* A span of an entry's bytes, read extent by extent. */
struct reading {
	struct engine			*eng;
	const struct entry_extent	*ext;
	size_t				 n, at;	/* extents; the one at hand */
	uint64_t			 off;	/* within it */
	uint64_t			 left;	/* of the span */
	struct arena			*mem;	/* of the extent at hand */
	bool				 opened;
	struct str			 bytes;	/* small block */
	struct block_reader		*reader;	/* or file */
};

static void
reading_release(void *thing)
{
	arena_free(((struct reading *)thing)->mem);
}

static enum err
reading_small(struct cx *cx, struct reading *r, const struct uid *id)
{
	enum err	e;
	bool		there;

	if ((e = kv_get(cx, r->eng->kv, key_small(cx, id), &r->bytes,
	    &there)) != OK)
		return e;
	return there ? OK : fail(cx, E_CORRUPT,
	    "the bytes of the object are gone");
}

static enum err
reading_open(struct cx *cx, struct reading *r)
{
	const struct uid	*id = &r->ext[r->at].block;
	struct cx		 sub = cx_aside(cx);
	enum err		 e;

	if (r->mem == NULL) {
		r->mem = arena_new();
		arena_defer(cx->mem, reading_release, r);
	}
	arena_empty(r->mem);
	sub.mem = r->mem;
	e = block_id_is_file(id) ?
	    block_open(&sub, r->eng->block, id, &r->reader) :
	    reading_small(&sub, r, id);
	r->opened = e == OK;
	return e == OK ? OK : cx_pass(cx, &sub);
}

static enum err
reading_piece(struct cx *cx, struct reading *r, void *p, size_t n,
    size_t *got)
{
	const struct entry_extent	*x = &r->ext[r->at];
	uint64_t			 at = x->off + r->off;
	enum err			 e;

	if (block_id_is_file(&x->block)) {
		if ((e = block_read(cx, r->reader, at, p, n, got)) != OK)
			return e;
	} else {
		*got = at >= r->bytes.n ? 0 :
		    r->bytes.n - at < n ? r->bytes.n - at : n;
		memcpy(p, r->bytes.p + at, *got);
	}
	return *got == n ? OK : fail(cx, E_CORRUPT,
	    "a block is shorter than its object");
}

static enum err
reading_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	struct reading	*r = self;
	uint64_t	 rest;
	enum err	 e;

	while (r->left > 0 && r->at < r->n &&
	    r->off >= r->ext[r->at].len) {
		r->off -= r->ext[r->at].len;
		r->at++;
		r->opened = false;
	}
	if (r->left == 0)
		return OK;
	if (r->at == r->n)
		return fail(cx, E_CORRUPT, "extents end before the object");
	if (!r->opened && (e = reading_open(cx, r)) != OK)
		return e;
	rest = r->ext[r->at].len - r->off;
	rest = rest < r->left ? rest : r->left;
	n = rest < n ? (size_t)rest : n;
	if ((e = reading_piece(cx, r, p, n, got)) != OK)
		return e;
	r->off += n;
	r->left -= n;
	return OK;
}

enum err
object_source(struct cx *cx, struct engine *eng, const struct entry *en,
    uint64_t off, uint64_t len, struct source *out)
{
	struct reading	*r = arena_get(cx->mem, sizeof *r);

	if (en->bytes.p != NULL && en->bytes.n >= en->extents[0].off + off +
	    len) {
		*out = source_of_str(cx, str_to(str_from(en->bytes,
		    en->extents[0].off + off), len));
		return OK;
	}
	r->eng = eng;
	r->ext = en->extents;
	r->n = en->n_extents;
	r->off = off;
	r->left = len;
	*out = (struct source){ reading_read, r };
	/* Open before the answer: after its first byte no error can be told. */
	while (r->at < r->n && r->off >= r->ext[r->at].len)
		r->off -= r->ext[r->at++].len;
	return len > 0 && r->at < r->n ? reading_open(cx, r) : OK;
}

enum err
object_files(struct cx *cx, struct engine *eng, const struct entry *en,
    uint64_t off, uint64_t len, struct file_span **out, size_t *n)
{
	const struct entry_extent	*x;
	struct file_span		*s;
	uint64_t			 part;

	*n = 0;
	*out = s = arena_get(cx->mem, en->n_extents * sizeof *s);
	for (x = en->extents; x < en->extents + en->n_extents && len > 0; x++) {
		if (off >= x->len) {
			off -= x->len;
			continue;
		}
		part = x->len - off < len ? x->len - off : len;
		s->path = block_id_is_file(&x->block) ?
		    block_path(cx, eng->block, &x->block) : STR("");
		if (s->path.n == 0) {
			*n = 0;
			return OK;
		}
		s->off = x->off + off;
		s->len = part;
		s++;
		++*n;
		off = 0;
		len -= part;
	}
	return OK;
}
