/* Lists of uploads, and of the parts of one. */
#include "engine/upload.h"

#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/vec.h"
#include "engine/branches.h"
#include "engine/listing.h"
#include "engine/records.h"

/* ---- the parts of one -------------------------------------------------- */

struct upload_list_parts {
	struct upload_tx	t;
	uint32_t		after;
	/* set anew by each run */
	struct list_fill	fill;
	VEC(struct upload_part)	found;
};

static enum err
upload_parts_take(struct cx *cx, void *self, struct str key, struct str value)
{
	struct upload_list_parts	*l = self;
	struct upload_part		*p;

	if (!list_takes(&l->fill, 0))
		return OK;
	p = VEC_PUSH(cx->mem, &l->found);
	key = str_from(key, 1 + sizeof(struct uid));
	if (!take_be32(&key, &p->number))
		return fail(cx, E_CORRUPT, "part key");
	return entry_parse(cx, str_dup(cx->mem, value), &p->en);
}

static enum err
upload_parts_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_list_parts	*l = arg;
	struct keys_range		 in;
	enum err			 e;

	memset(&l->found, 0, sizeof l->found);
	if ((e = upload_find(cx, tx, &l->t, false)) != OK)
		return e;
	in = key_range(cx, key_parts(cx, l->t.id));
	in.lo = key_part(cx, l->t.id, l->after + 1);
	return list_records(cx, tx, &in, &l->fill, upload_parts_take, l);
}

enum err
upload_list_parts(struct cx *cx, struct engine *eng, const struct target *at,
    const struct uid *id, uint32_t after, size_t limit, struct upload *u,
    struct upload_part_page *out)
{
	struct upload_list_parts	l = { .t = upload_tx(eng, at, id, u),
	    .after = after, .fill = { .limit = limit } };
	enum err			e;

	l.t.any_branch = true;
	e = kv_read(cx, eng->kv, upload_parts_fn, &l);
	*out = (struct upload_part_page){ l.found.at, l.found.n, l.fill.more };
	return e;
}

/* ---- those of a branch ------------------------------------------------- */

struct upload_list {
	struct str		 repo, branch, after_id;
	const struct list_query	*q;
	/* set anew by each run */
	struct list_fill	 fill;
	VEC(struct upload)	 found;
};

static enum err
upload_list_take(struct cx *cx, void *self, struct str key, struct str value)
{
	struct upload_list	*l = self;
	struct upload		 u;
	enum err		 e;

	(void)key;
	if ((e = upload_parse(cx, str_dup(cx->mem, value), &u)) != OK)
		return e;
	if (!u.done && list_takes(&l->fill, list_cost(value)))
		*VEC_PUSH(cx->mem, &l->found) = u;
	return OK;
}

static enum err
upload_list_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct upload_list	*l = arg;
	struct branch		 br;
	struct keys_range	 in;
	struct repo		 r;
	struct uid		 id;
	enum err		 e;

	memset(&l->found, 0, sizeof l->found);
	if ((e = repo_find(cx, tx, l->repo, &r)) != OK ||
	    (e = branch_need(cx, tx, &r.ruid, l->branch, &br)) != OK)
		return e;
	in = key_range(cx, key_uploads_at(cx, &br.uid, l->q->prefix));
	if (l->q->after.n > 0) {
		/* After one upload, or after all of a path. */
		memset(id.b, 0xff, sizeof id.b);
		enc_unhex(l->after_id, id.b, sizeof id.b);
		list_after(cx, &in, key_upload(cx, &br.uid, l->q->after, &id));
	}
	return list_records(cx, tx, &in, &l->fill, upload_list_take, l);
}

enum err
upload_list(struct cx *cx, struct engine *eng, struct str repo,
    struct str branch, const struct list_query *q, struct str after_id,
    struct upload_page *out)
{
	struct upload_list	l = { .repo = repo, .branch = branch,
	    .after_id = after_id, .q = q, .fill = { .limit = q->limit } };
	enum err		e;

	if ((e = list_claim(cx, q->limit)) != OK)
		return e;
	e = kv_read(cx, eng->kv, upload_list_fn, &l);
	*out = (struct upload_page){ l.found.at, l.found.n, l.fill.more };
	return e;
}
