/* Bytes into blocks: small ones with their entry's tx, large ones as files. */
#include "engine/body.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/fault.h"
#include "engine/disk.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

uint64_t
body_size(const struct body *b)
{
	return b->size;
}

const unsigned char *
body_md5(const struct body *b)
{
	return b->md5;
}

struct str
body_etag(struct cx *cx, const struct body *b)
{
	return enc_hex_str(cx->mem, b->md5, sizeof b->md5);
}

/* What got no name leaves nothing behind. */
static void
body_release(void *thing)
{
	struct body	*b = thing;
	struct cx	 cx = cx_bare(arena_new());

	digest_drop(&b->digest);
	block_drop(b->writer);
	if (b->kept && !b->named)
		block_delete(&cx, b->eng->block, &b->id);
	arena_free(cx.mem);
}

static enum err
body_to_file(struct cx *cx, struct body *b, struct str first)
{
	enum err	e;

	if ((e = block_create(cx, b->eng->block, &b->writer)) != OK)
		return e;
	b->is_file = true;
	return block_write(cx, b->writer, first.p, first.n);
}

static enum err
body_add(struct cx *cx, struct body *b, struct buf *small, const void *p,
    size_t n)
{
	enum err	e;

	if (!b->is_file && b->size > b->eng->opt.inline_max &&
	    (e = body_to_file(cx, b, buf_as_str(small))) != OK)
		return e;
	if (b->is_file && (e = disk_check_body(cx, b->eng, b->size - n,
	    b->size)) != OK)
		return e;
	if (b->is_file)
		return block_write(cx, b->writer, p, n);
	buf_add(small, p, n);
	return OK;
}

enum err
body_take(struct cx *cx, struct engine *eng, const struct source *src,
    uint64_t max, void (*feed)(void *arg, const void *p, size_t n),
    void *arg, struct body **out)
{
	struct body	*b = arena_get(cx->mem, sizeof *b);
	struct buf	 small;
	char		*window = arena_raw(cx->mem, STREAM_WINDOW);
	size_t		 got;
	enum err	 e;

	if ((e = disk_check(cx, eng)) != OK)
		return e;
	b->eng = eng;
	digest_begin(&b->digest, DIGEST_MD5);
	arena_defer(cx->mem, body_release, b);
	buf_init(&small, cx->mem, eng->opt.inline_max);
	while ((e = source_read(cx, src, window, STREAM_WINDOW, &got)) == OK &&
	    got > 0) {
		b->size += got;
		if (b->size > max)
			return fail(cx, E_TOO_LARGE, "at most %llu bytes are "
			    "allowed here", (unsigned long long)max);
		digest_feed(&b->digest, window, got);
		if (feed != NULL)
			feed(arg, window, got);
		if ((e = body_add(cx, b, &small, window, got)) != OK)
			return e;
	}
	if (e != OK)
		return e;
	b->bytes = buf_as_str(&small);
	digest_end(&b->digest, b->md5);
	*out = b;
	return OK;
}

enum err
body_keep(struct cx *cx, struct body *b)
{
	struct block_writer	*w = b->writer;
	struct gc_state		 gs;
	enum err		 e;

	b->id = block_id_new(0, BLOCK_IN_KV);
	if (!b->is_file)
		return OK;
	/* The epoch is read here, not when the body began: an upload of two
	 * days has an id of the last second. */
	if ((e = gc_state_read(cx, b->eng->kv, &gs)) != OK)
		return e;
	b->id = block_id_new(gs.epoch, BLOCK_IN_FILE);
	b->writer = NULL;
	if ((e = block_keep(cx, w, &b->id)) != OK)
		return e;
	b->kept = true;
	/* Should gc remove the file before it has a name: see body_copy. */
	if (block_open(cx, b->eng->block, &b->id, &b->reader) != OK) {
		cx_forget(cx);
		b->reader = NULL;
	}
	return OK;
}

/* gc has removed the file: all of it again, from the descriptor. */
static enum err
body_copy(struct cx *cx, struct body *b)
{
	char			*window = arena_raw(cx->mem, STREAM_WINDOW);
	struct block_writer	*w;
	uint64_t		 at = 0;
	size_t			 got;
	enum err		 e;

	if (b->reader == NULL || fault_skip("BODY_AGAIN"))
		return fail(cx, E_CONDEMNED, "garbage collection removed the "
		    "bytes before they had a name; send them again");
	if ((e = block_create(cx, b->eng->block, &b->writer)) != OK)
		return e;
	while ((e = block_read(cx, b->reader, at, window, STREAM_WINDOW,
	    &got)) == OK && got > 0 &&
	    (e = block_write(cx, b->writer, window, got)) == OK)
		at += got;
	if (e != OK)
		return e;
	w = b->writer;
	b->writer = NULL;
	return block_keep(cx, w, &b->id);
}

enum err
body_rename(struct cx *cx, struct body *b)
{
	struct cx	aside;
	struct gc_state	gs;
	struct uid	old = b->id;
	uint64_t	size;
	enum err	e;
	bool		there;

	if (!b->is_file)
		return OK;
	if ((e = gc_state_read(cx, b->eng->kv, &gs)) != OK)
		return e;
	b->id = block_id_new(gs.epoch, BLOCK_IN_FILE);
	if ((e = block_rename(cx, b->eng->block, &old, &b->id)) == OK)
		return OK;
	aside = *cx;
	if (block_size(&aside, b->eng->block, &old, &size, &there) != OK ||
	    there)
		return e;
	cx_forget(cx);
	return body_copy(cx, b);
}

enum err
body_claim(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    struct body *b, struct entry *en)
{
	struct uid	now = block_id_new(gs->epoch, BLOCK_IN_KV);
	enum err	e;

	en->size = b->size;
	en->has_manifest = false;
	en->n_extents = b->size > 0;
	if (b->size == 0)
		return OK;
	if (!b->is_file) {
		/* The epoch of this tx, the random part of the body. */
		memcpy(b->id.b, now.b, 8);
		if ((e = kv_put_bytes(cx, tx, key_small(cx, &b->id),
		    b->bytes)) != OK)
			return e;
	} else if ((e = claim_check_epoch(cx, gs,
	    block_id_epoch(&b->id))) != OK)
		return e;
	en->extents = arena_get(cx->mem, sizeof *en->extents);
	en->extents[0] = (struct entry_extent){ b->id, 0, b->size };
	return fault_skip("BODY_NOTE") ? OK : claim_entry(cx, tx, gs, en);
}
