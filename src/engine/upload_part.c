/* Parts of uploads: from a body, or copied from an object. */
#include "engine/upload.h"

#include "base/buf.h"
#include "base/enc.h"
#include "base/fault.h"
#include "engine/body.h"
#include "engine/records.h"
#include "engine/versions.h"
#include "lake/keys.h"
#include "tree/claim.h"

enum { COPY_TRIES = 10 };

/* Last in the transaction: the part has its extents. */
static enum err
upload_part_write(struct cx *cx, struct kv_tx *tx, struct upload_tx *t,
    const struct upload_part *part)
{
	struct buf	b;
	enum err	e;

	buf_init(&b, cx->mem, UPLOAD_RECORD_MAX);
	entry_format(&b, &part->en);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "the part has too many pieces");
	t->u->revision++;
	if ((!fault_skip("PART_NOTE") &&
	    (e = claim_entry(cx, tx, &t->w.gs, &part->en)) != OK) ||
	    (e = kv_put(cx, tx, key_part(cx, t->id, part->number), &b)) != OK)
		return e;
	return upload_put(cx, tx, t->u);
}

/* ---- from a body ------------------------------------------------------- */

struct upload_part_put {
	struct upload_tx	 t;
	struct body		*body;
	struct upload_part	*part;			/* out: size, extents */
};

static enum err
upload_part_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_part_put	*p = arg;
	struct gc_state		*gs = &p->t.w.gs;
	enum err		 e;

	if ((e = upload_find(cx, tx, &p->t, false)) != OK ||
	    (e = gc_state_find(cx, tx, gs)) != OK ||
	    (e = body_claim(cx, tx, gs, p->body, &p->part->en)) != OK)
		return e;
	return upload_part_write(cx, tx, &p->t, p->part);
}

enum err
upload_part(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct upload_part *part, struct body *b)
{
	struct upload		u;
	struct upload_part_put	p = { .t = upload_tx(eng, at, id, &u),
	    .body = b, .part = part };
	enum err		e;

	if ((e = body_keep(cx, b)) != OK)
		return e;
	part->en.mtime = cx->now;
	e = kv_write(cx, eng->kv, upload_part_fn, &p);
	if (e == E_CONDEMNED) {
		cx_forget(cx);
		if ((e = body_rename(cx, b)) == OK)
			e = kv_write(cx, eng->kv, upload_part_fn, &p);
	}
	b->named = e == OK || e == E_STORE;
	return e;
}

/* ---- copied ------------------------------------------------------------ */

struct upload_copying {
	struct upload_tx	 t;
	const struct target	*src;
	const struct cond	*cond;		/* on the source */
	struct str		 etag;		/* of what was read of it */
	uint64_t		 off, len;	/* of the source */
	struct upload_part	*part;			/* out: size, extents */
	bool			 changed;	/* out: it is another by now */
};

/* The extents of bytes off … off+len of an entry. */
static void
upload_cut_extents(struct cx *cx, const struct entry *en, uint64_t off,
    uint64_t len, struct entry *out)
{
	const struct entry_extent	*x = en->extents;
	struct entry_extent		*y;
	uint64_t			 n;

	out->extents = y = arena_get(cx->mem, en->n_extents * sizeof *y);
	out->n_extents = 0;
	out->has_manifest = false;
	out->size = len;
	for (; len > 0; x++) {
		if (off >= x->len) {
			off -= x->len;
			continue;
		}
		n = x->len - off < len ? x->len - off : len;
		y[out->n_extents++] = (struct entry_extent){ x->block,
		    x->off + off, n };
		len -= n;
		off = 0;
	}
}

static enum err
upload_copy_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_copying	*c = arg;
	struct entry		 src;
	enum err		 e;

	/* The source is read in the tx that names its blocks.  [I9] */
	if ((e = version_get(cx, c->t.w.eng, tx, c->src, &src)) != OK ||
	    (e = cond_check(cx, c->cond, COND_WRITE, &src)) != OK ||
	    (e = entry_find_extents(cx, tx, c->src->path, &src)) != OK)
		return e;
	c->changed = !fault_skip("COPY_SOURCE") && !str_is(src.etag, c->etag);
	if (c->changed)
		return OK;
	if (c->off > src.size || c->len > src.size - c->off)
		return fail(cx, E_BAD_RANGE, "the source has %llu bytes",
		    (unsigned long long)src.size);
	upload_cut_extents(cx, &src, c->off, c->len, &c->part->en);
	if ((e = upload_find(cx, tx, &c->t, false)) != OK ||
	    (e = gc_state_find(cx, tx, &c->t.w.gs)) != OK)
		return e;
	return upload_part_write(cx, tx, &c->t, c->part);
}

static void
upload_set_sum(struct cx *cx, struct upload_part *p, struct pair sum)
{
	p->en.sums = arena_get(cx->mem, sizeof *p->en.sums);
	p->en.sums[0] = sum;
	p->en.n_sums = 1;
}

/* Reads the span for the part's MD5, and for a checksum unless it is NULL. */
static enum err
upload_copy_digest(struct cx *cx, struct upload_copying *c,
    const struct entry *en, const struct digest_sum *kind)
{
	unsigned char	 raw[DIGEST_MAX];
	struct source	 src;
	struct digest	 d[2];
	char		*hex;
	enum err	 e;

	if ((e = object_source(cx, c->t.w.eng, en, c->off, c->len,
	    &src)) != OK)
		return e;
	digest_begin(&d[0], DIGEST_MD5);
	if (kind != NULL)
		digest_begin(&d[1], kind->kind);
	e = source_digest(cx, &src, d, kind != NULL ? 2 : 1);
	digest_end(&d[0], raw);
	hex = arena_get(cx->mem, 33);
	enc_hex(hex, raw, 16);
	c->part->en.etag = str_of(hex);
	if (kind == NULL)
		return e;
	digest_end(&d[1], raw);
	upload_set_sum(cx, c->part, (struct pair){ c->t.u->sum_kind,
	    enc_base64(cx->mem, raw, digest_size(kind->kind)) });
	return e;
}

/*
 * The part's MD5, and the checksum that the upload asks for, are the source's
 * where it is taken whole, else they have to be read from the bytes; the tx
 * then takes the extents only of the very object that was read.
 */
static enum err
upload_copy_sums(struct cx *cx, struct upload_copying *c,
    const struct entry *en)
{
	const struct digest_sum	*kind = digest_sum_named(c->t.u->sum_kind);
	const struct pair	*known = en->sums_composite ? NULL :
	    pair_find(en->sums, en->n_sums, c->t.u->sum_kind);

	if (c->off != 0 || c->len != en->size || en->etag.n != 32 ||
	    (kind != NULL && known == NULL))
		return upload_copy_digest(cx, c, en, kind);
	c->part->en.etag = en->etag;
	if (kind != NULL)
		upload_set_sum(cx, c->part, *known);
	return OK;
}

static enum err
upload_copy_look_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	return upload_find(cx, tx, &((struct upload_copying *)arg)->t, false);
}

/* One try: reads what the source is now, and names that or nothing. */
static enum err
upload_copy_once(struct cx *cx, struct upload_copying *c,
    const struct upload_copy *from)
{
	struct engine	*eng = c->t.w.eng;
	struct entry	 en;
	enum err	 e;

	if ((e = kv_read(cx, eng->kv, upload_copy_look_fn, c)) != OK ||
	    (e = object_open(cx, eng, from->src, &en)) != OK ||
	    (e = cond_check(cx, from->cond, COND_WRITE, &en)) != OK)
		return e;
	if (from->off > en.size || from->len > en.size - from->off)
		return fail(cx, E_BAD_RANGE, "the source has %llu bytes",
		    (unsigned long long)en.size);
	c->len = from->len > 0 ? from->len : en.size - from->off;
	c->etag = en.etag;
	if ((e = upload_copy_sums(cx, c, &en)) != OK)
		return e;
	c->part->en.mtime = cx->now;
	return kv_write(cx, eng->kv, upload_copy_fn, c);
}

enum err
upload_part_copy(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, struct upload_part *part,
    const struct upload_copy *from)
{
	struct upload		u;
	struct upload_copying	c = { .t = upload_tx(eng, at, id, &u),
	    .src = from->src, .cond = from->cond, .off = from->off,
	    .part = part };
	enum err		e;
	int			i;

	for (i = 0; i < COPY_TRIES; i++)
		if ((e = upload_copy_once(cx, &c, from)) != OK || !c.changed)
			return e;
	return fail(cx, E_BUSY, "the source was overwritten %d times while it "
	    "was copied", i);
}
