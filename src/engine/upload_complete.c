/* Completion of an upload: its parts become an object. */
#include "engine/upload.h"

#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/limit.h"
#include "engine/area.h"
#include "engine/upload_sums.h"
#include "engine/versions.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/claim.h"

enum { MANIFEST_MAX = 8 << 20 };	/* bytes */

struct completion {
	struct upload_tx	 t;
	const struct upload_complete_opts *opt;
	struct str		 list;		/* digest of the list */
	struct uid		 manifest;	/* its id but for the epoch */
	/* of the snapshot that gathers the parts */
	struct upload_parts	 parts;		/* as listed */
	uint64_t		 revision;	/* of the upload */
	/* set anew by each run of the transaction */
	bool			 again;		/* the upload has changed */
	struct entry		*out;
};

/* ---- what is listed ---------------------------------------------------- */

static enum err
complete_part(struct cx *cx, struct kv_tx *tx, struct completion *c, size_t i)
{
	const struct upload_complete_item	*it = &c->opt->items[i];
	struct upload_part			*p = &c->parts.at[i];
	struct pair				*sum;
	struct str				 v;
	enum err				 e;
	bool					 there;

	if (i > 0 && it->number <= it[-1].number)
		return fail(cx, E_PART_ORDER, "The list of parts was not in "
		    "ascending order.");
	if ((e = kv_find(cx, tx, key_part(cx, c->t.id, it->number), &v,
	    &there)) != OK || (there &&
	    (e = entry_parse(cx, v, &p->en)) != OK))
		return e;
	p->number = it->number;
	sum = there && it->sum.name.n > 0 ?
	    pair_find(p->en.sums, p->en.n_sums, it->sum.name) : NULL;
	if (!there || !str_is(p->en.etag, it->etag) ||
	    (sum != NULL && !str_is(sum->value, it->sum.value)))
		return fail(cx, E_INVALID_PART, "Part %u could not be found, "
		    "or its ETag or checksum is another.", it->number);
	return OK;
}

static enum err
complete_gather_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct completion	*c = arg;
	struct upload_part	*p = c->parts.at;
	enum err		 e;
	size_t			 i;

	if ((e = upload_find(cx, tx, &c->t, true)) != OK)
		return e;
	c->revision = c->t.u->revision;
	if (c->t.u->done)
		return str_is(c->t.u->done_list, c->list) ? OK :
		    upload_missing(cx);
	for (i = 0; i < c->parts.n; i++)
		if ((e = complete_part(cx, tx, c, i)) != OK)
			return e;
	for (i = 0; i + 1 < c->parts.n; i++)
		if (p[i].en.size < c->t.w.eng->opt.part_least)
			return fail(cx, E_PART_TOO_SMALL, "Part %u has %llu "
			    "bytes; all but the last need 5 MiB.",
			    p[i].number, (unsigned long long)p[i].en.size);
	return write_look_path(cx, tx, &c->t.w, c->t.path);
}

/* ---- the object -------------------------------------------------------- */

/* Its size and extents are the parts' in turn. */
static void
complete_extents(struct cx *cx, const struct upload_parts *p,
    struct entry *en)
{
	const struct entry	*part;
	size_t			 i, j, n = 0;

	for (i = 0; i < p->n; i++)
		n += p->at[i].en.n_extents;
	en->extents = arena_get(cx->mem, n * sizeof *en->extents);
	en->parts = arena_get(cx->mem, p->n * sizeof *en->parts);
	en->n_extents = 0;
	en->n_parts = p->n;
	en->size = 0;
	for (i = 0; i < p->n; i++) {
		part = &p->at[i].en;
		en->parts[i] = part->size;
		en->size += part->size;
		for (j = 0; j < part->n_extents; j++)
			en->extents[en->n_extents++] = part->extents[j];
	}
}

/* The object that the listed parts make. */
static enum err
complete_assemble(struct cx *cx, struct completion *c)
{
	struct entry	*en = c->out;

	*en = c->t.u->meta;
	en->mtime = cx->now;
	en->etag = upload_sums_etag(cx, &c->parts);
	complete_extents(cx, &c->parts, en);
	if (c->opt->has_size && c->opt->size != en->size)
		return fail(cx, E_BAD_REQUEST, "The provided "
		    "'x-amz-mp-object-size' header does not match the %llu "
		    "bytes of the parts.", (unsigned long long)en->size);
	return upload_sums_join(cx, c->t.u, &c->parts, &c->opt->sum, en);
}

static enum err
complete_manifest(struct cx *cx, struct kv_tx *tx, struct completion *c)
{
	struct uid	 now = block_id_new(c->t.w.gs.epoch, BLOCK_IN_KV);
	struct entry	*en = c->out;
	struct buf	 b;

	en->has_manifest = en->n_extents > ENTRY_EXTENTS ||
	    en->n_parts > ENTRY_EXTENTS;
	if (!en->has_manifest)
		return OK;
	memcpy(c->manifest.b, now.b, 8);
	en->manifest = c->manifest;
	buf_init(&b, cx->mem, MANIFEST_MAX);
	entry_manifest_format(&b, en);
	if (!buf_ok(&b))
		return fail(cx, E_TOO_LARGE, "the object has too many pieces");
	return kv_put(cx, tx, key_manifest(cx, &en->manifest), &b);
}

/* The upload keeps its answer, for the same request again. */
static enum err
complete_close(struct cx *cx, struct kv_tx *tx, struct completion *c)
{
	struct upload	*u = c->t.u;
	enum err	 e;

	u->done = true;
	u->done_list = c->list;
	u->done_etag = c->out->etag;
	u->meta.sums = c->out->sums;
	u->meta.n_sums = c->out->n_sums;
	u->meta.sums_composite = c->out->sums_composite;
	if ((e = upload_put(cx, tx, u)) != OK)
		return e;
	return upload_clear_parts(cx, tx, c->t.id, &c->t.parts_left);
}

static enum err
complete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct completion	*c = arg;
	struct write		*w = &c->t.w;
	enum err		 e;

	if ((e = upload_find(cx, tx, &c->t, true)) != OK)
		return e;
	c->again = c->t.u->done || (c->t.u->revision != c->revision &&
	    !fault_skip("REVISION"));
	if (c->again)
		return OK;
	if ((e = area_check_backlog(cx, &w->br)) != OK ||
	    (e = gc_state_find(cx, tx, &w->gs)) != OK ||
	    (e = write_cond(cx, tx, w, c->t.path, &c->opt->cond)) != OK ||
	    (e = complete_manifest(cx, tx, c)) != OK ||
	    (e = claim_entry(cx, tx, &w->gs, c->out)) != OK ||
	    (e = write_row(cx, tx, w, c->t.path, c->out)) != OK ||
	    (e = write_close(cx, tx, w)) != OK)
		return e;
	c->out->version = version_staged(&w->r);
	return complete_close(cx, tx, c);
}

/* ---- the call ---------------------------------------------------------- */

/* What makes two completions the same request. */
static struct str
complete_list_digest(struct cx *cx, const struct upload_complete_opts *opt)
{
	unsigned char	*out = arena_get(cx->mem, SHA256_BYTES);
	struct digest	 d;
	uint32_t	 n;
	size_t		 i;

	digest_begin(&d, DIGEST_SHA256);
	for (i = 0; i < opt->n; i++) {
		n = opt->items[i].number;
		digest_feed(&d, &n, sizeof n);
		digest_feed(&d, opt->items[i].etag.p, opt->items[i].etag.n);
	}
	digest_end(&d, out);
	return (struct str){ (char *)out, SHA256_BYTES };
}

enum err
upload_complete(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, const struct upload_complete_opts *opt,
    struct entry *out)
{
	struct upload		u;
	struct completion	c = { .t = upload_tx(eng, at, id, &u),
	    .opt = opt, .list = complete_list_digest(cx, opt), .out = out };
	enum err		e;

	if (opt->n == 0 || opt->n > LIMIT_PARTS)
		return fail(cx, E_BAD_XML, "a completion lists 1 to %d parts",
		    LIMIT_PARTS);
	c.parts.n = opt->n;
	c.parts.at = arena_get(cx->mem, opt->n * sizeof *c.parts.at);
	c.manifest = block_id_new(0, BLOCK_IN_KV);
	do {
		if ((e = kv_read(cx, eng->kv, complete_gather_fn, &c)) != OK)
			return e;
		if (u.done) {
			*out = u.meta;
			out->etag = u.done_etag;
			return OK;
		}
		if ((e = complete_assemble(cx, &c)) != OK ||
		    (e = kv_write(cx, eng->kv, complete_fn, &c)) != OK)
			return e;
	} while (c.again);
	if (c.t.parts_left)
		upload_clear_rest(cx, eng, id);
	if (c.t.w.sealed)
		todo_add(&eng->todo, &c.t.w.r.ruid, at->ref, &c.t.w.br.uid);
	return OK;
}
