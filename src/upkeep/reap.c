/* Removing the rows of what no longer exists. */
#include "upkeep/reap.h"

#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "engine/fold.h"
#include "engine/records.h"
#include "engine/refs.h"
#include "lake/keys.h"
#include "upkeep/mark.h"
#include "upkeep/orphans.h"
#include "upkeep/rows.h"
#include "upkeep/upload_age.h"

enum { STEP = 1000, HEADS = 256 };
#define DAY_MS	((int64_t)24 * 3600 * 1000)

struct reap {
	struct engine		*eng;
	const struct gc_opts	*opt;
	struct gc_report	*r;
	bool			 stays;	/* a branch that cannot be read */
	struct upload_ages	*ages;
	/* head log rows to trim */
	struct arena		*mem;
	struct str		 heads[HEADS];
	size_t			 n_heads;
};

struct clear {
	struct keys_range	in;
	size_t			n;
};

static enum err
reap_clear_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct clear	*c = arg;

	return kv_clear(cx, tx, c->in.lo, c->in.hi, STEP, &c->n);
}

static enum err
reap_clear(struct cx *cx, struct reap *p, struct str prefix)
{
	struct clear	c = { .in = key_range(cx, prefix), .n = STEP };
	enum err	e = OK;

	while (e == OK && c.n == STEP) {
		e = kv_write(cx, p->eng->kv, reap_clear_fn, &c);
		p->r->rows += c.n;
	}
	return e;
}

struct del {
	struct str	key, note; /* note: a reap record to write, or "" */
};

static enum err
reap_delete_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct del	*d = arg;
	enum err	 e;

	if (d->note.n > 0 &&
	    (e = kv_put_bytes(cx, tx, d->note, STR(""))) != OK)
		return e;
	return kv_delete(cx, tx, d->key);
}

/* The parts of an upload that is gone, and what remembers them. */
static enum err
reap_parts(struct cx *cx, struct reap *p, const struct uid *id)
{
	struct del	d = { .key = key_reap(cx, 'U', id) };
	enum err	e;

	if ((e = reap_clear(cx, p, key_parts(cx, id))) != OK)
		return e;
	return kv_write(cx, p->eng->kv, reap_delete_fn, &d);
}

static enum err
reap_upload(struct cx *cx, struct reap *p, struct str key)
{
	struct del	d = { .key = key };
	struct uid	id;
	enum err	e;

	/* The record goes first; the note keeps its parts in mind.  [I15] */
	orphans_upload_id(cx, key, STR(""), &id);
	if (!fault_skip("REAP_NOTE"))
		d.note = key_reap(cx, 'U', &id);
	if ((e = kv_write(cx, p->eng->kv, reap_delete_fn, &d)) != OK)
		return e;
	p->r->uploads++;
	return reap_parts(cx, p, &id);
}

/* Parts that something else left without upload and note. */
static enum err
reap_orphaned_parts(struct cx *cx, const struct uid *id, void *arg)
{
	return fault_skip("REAP_PARTS") ? OK : reap_parts(cx, arg, id);
}

static enum err
reap_any_upload(struct cx *cx, struct str key, struct str value, void *arg)
{
	(void)value;
	return reap_upload(cx, arg, key);
}

static enum err
reap_old_upload(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct reap	*p = arg;
	struct upload	 u;

	if (!key_is_whole(key) || upload_parse(cx, value, &u) != OK) {
		cx_forget(cx);
		p->r->unreadable++;
		return OK;
	}
	/* The answer of a completed one is kept for a day. */
	if (u.created + (u.done ? DAY_MS : upload_age(p->ages, &u,
	    p->opt->upload_age)) > cx->now)
		return OK;
	return reap_upload(cx, p, key);
}

static enum err
reap_old_uploads(struct cx *cx, struct reap *p)
{
	struct arena	*mem = arena_new();
	enum err	e;

	if ((e = upload_ages_load(cx, p->eng, mem, &p->ages)) == OK)
		e = rows_each(cx, p->eng->kv, key_letter(cx, 'U'), false,
		    reap_old_upload, p);
	arena_free(mem);
	return e;
}

static enum err
reap_branch(struct cx *cx, struct reap *p, const struct uid *uid)
{
	enum err	e;

	if ((e = rows_each(cx, p->eng->kv, key_uploads(cx, uid), true,
	    reap_any_upload, p)) != OK ||
	    (e = reap_clear(cx, p, key_rows(cx, uid))) != OK)
		return e;
	return reap_clear(cx, p, key_counts(cx, uid));
}

/* A branch of a deleted repository: a reap record keeps its rows in mind. */
static enum err
reap_orphan(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct reap	*p = arg;
	struct branch	 br;
	struct del	 d = { .key = key };
	enum err	 e;

	if (branch_parse(cx, value, &br) != OK) {
		cx_forget(cx);
		p->stays = true;
		return OK;
	}
	d.note = key_reap(cx, 'B', &br.uid);
	if ((e = kv_write(cx, p->eng->kv, reap_delete_fn, &d)) != OK)
		return e;
	return reap_branch(cx, p, &br.uid);
}

static enum err
reap_repo(struct cx *cx, struct reap *p, const struct uid *ruid)
{
	static const char	kinds[] = "THCD";
	struct buf		b;
	size_t			i;
	enum err		e;

	p->stays = false;
	e = rows_each(cx, p->eng->kv, key_branch(cx, ruid, STR("")), false,
	    reap_orphan, p);
	for (i = 0; e == OK && kinds[i] != '\0'; i++) {
		buf_init(&b, cx->mem, 64);
		buf_byte(&b, kinds[i]);
		buf_str(&b, uid_str(ruid));
		e = reap_clear(cx, p, buf_as_str(&b));
	}
	return e;
}

static enum err
reap_one(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct reap	*p = arg;
	struct del	 d = { .key = key };
	struct uid	 id;
	enum err	 e;

	(void)value;
	if (!key_is_whole(key))
		return OK;
	memcpy(id.b, key.p + 2, sizeof id);
	if (key.p[1] == 'U')
		return reap_parts(cx, p, &id);
	if (key.p[1] == 'B')
		e = reap_branch(cx, p, &id);
	else if ((e = reap_repo(cx, p, &id)) == OK && p->stays)
		return OK;
	return e == OK ? kv_write(cx, p->eng->kv, reap_delete_fn, &d) : e;
}

struct cut_args {
	struct uid	ruid, ticket;
	struct str	name;
};

static enum err
reap_cut_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct cut_args	*a = arg;
	struct branch	 br;
	enum err	 e;
	bool		 there;

	if ((e = branch_find(cx, tx, &a->ruid, a->name, &br, &there)) != OK ||
	    !there || !br.cut.live || !uid_is(&br.cut.ticket, &a->ticket))
		return e;
	br.cut.live = false;
	return branch_put(cx, tx, &a->ruid, &br);
}

/* What a living branch has left: folded areas, a cut that nobody advances. */
static enum err
reap_living(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct reap	*p = arg;
	struct branch	 br;
	struct cut_args	 a;
	enum err	 e;
	bool		 more = true;

	/* The mark counts it, as it does heads that cannot be read. */
	if (!key_is_whole(key) || branch_parse(cx, value, &br) != OK) {
		cx_forget(cx);
		return OK;
	}
	while (more)
		if ((e = fold_drop(cx, p->eng, &br.uid, br.low, STEP,
		    &more)) != OK)
			return e;
	if (!br.cut.live || br.cut.since + DAY_MS > cx->now)
		return OK;
	memcpy(a.ruid.b, key.p + 1, sizeof a.ruid);
	a.name = str_from(key, 1 + sizeof a.ruid);
	a.ticket = br.cut.ticket;
	return kv_write(cx, p->eng->kv, reap_cut_fn, &a);
}

/* The branch that a head log key is of, and all keys of it. */
static struct str
reap_name_of(struct str key)
{
	key = str_to(key, key.n - 9);		/* NUL and sequence number */
	return str_from(key, 1 + sizeof(struct uid));
}

/* The last row of a living branch says where its head is: it stays.  [I7] */
static enum err
reap_heads_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct reap		*p = arg;
	struct keys_range	 in;
	struct branch		 br;
	struct uid		 ruid;
	struct str		 k, v, name;
	size_t			 i;
	enum err		 e;
	bool			 there;

	for (i = 0; i < p->n_heads; i++) {
		memcpy(ruid.b, p->heads[i].p + 1, sizeof ruid);
		name = reap_name_of(p->heads[i]);
		in = key_range(cx, key_heads(cx, &ruid, name));
		e = branch_find(cx, tx, &ruid, name, &br, &there);
		if (e == E_CORRUPT) {
			cx_forget(cx);
			there = true;	/* what cannot be read may be alive */
		} else if (e != OK)
			return e;
		if (there && (e = kv_last(cx, tx, in.lo, in.hi, &k, &v,
		    &there)) != OK)
			return e;
		if (there && str_is(k, p->heads[i]))
			continue;
		if ((e = kv_delete(cx, tx, p->heads[i])) != OK)
			return e;
	}
	return OK;
}

static enum err
reap_heads(struct cx *cx, struct reap *p)
{
	struct arena_mark	back = arena_mark(cx->mem);
	enum err		e = OK;

	if (p->n_heads > 0)
		e = kv_write(cx, p->eng->kv, reap_heads_fn, p);
	p->n_heads = 0;
	arena_empty(p->mem);
	arena_back(cx->mem, back);
	return e;
}

static enum err
reap_old_head(struct cx *cx, struct str key, struct str value, void *arg)
{
	struct reap	*p = arg;
	struct headmove	 m;
	enum err	 e;

	if (!key_is_whole(key) || headmove_parse(cx, value, &m) != OK) {
		cx_forget(cx);
		return OK;
	}
	if (m.time + p->opt->head_age > cx->now)
		return OK;
	if (p->n_heads == HEADS && (e = reap_heads(cx, p)) != OK)
		return e;
	p->heads[p->n_heads++] = str_dup(p->mem, key);
	return OK;
}

enum err
reap_run(struct cx *cx, struct engine *eng, const struct gc_opts *opt,
    struct gc_report *r)
{
	struct reap		p = { .eng = eng, .opt = opt, .r = r };
	const struct orphans	parts = { .child = 'P', .owner = 'U',
	    .id = orphans_upload_id, .gone = reap_orphaned_parts, .arg = &p };
	enum err		e;

	if ((e = rows_each(cx, eng->kv, key_letter(cx, 'Z'), true, reap_one,
	    &p)) != OK ||
	    (e = rows_each(cx, eng->kv, key_letter(cx, 'B'), false, reap_living,
	    &p)) != OK ||
	    (e = reap_old_uploads(cx, &p)) != OK ||
	    (e = orphans_each(cx, eng->kv, &parts)) != OK)
		return e;
	p.mem = arena_new();
	e = rows_each(cx, eng->kv, key_letter(cx, 'H'), false, reap_old_head,
	    &p);
	if (e == OK)
		e = reap_heads(cx, &p);
	arena_free(p.mem);
	return e;
}
