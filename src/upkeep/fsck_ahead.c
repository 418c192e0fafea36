/*
 * What fsck reads ahead of its walk, so that a page of records costs one
 * snapshot: the leaves below a node, a chain of commits, the last manifest.
 */
#include "upkeep/fsck_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lake/keys.h"

enum {
	NODES = 512,
	NODE_BYTES = 8 << 20,		/* of them in memory */
	COMMITS = 64,
	COMMIT_BYTES = 1 << 20
};

struct ahead_commit {
	struct oid	 id;
	struct str	 bytes;		/* malloc'ed */
	uint64_t	 generation;
	int64_t		 latest;
	bool		 doomed;
};

struct fsck_ahead {
	struct oid		 want[NODES];
	struct node		*node[NODES];	/* NULL: taken, or not good */
	size_t			 n, at, bytes;
	struct uid		 ruid;		/* of the commits */
	struct ahead_commit	 commit[COMMITS];
	size_t			 n_commits, commit_bytes;
	struct uid		 manifest;
	struct str		 manifest_bytes;	/* malloc'ed */
};

struct fsck_ahead *
fsck_ahead_open(void)
{
	struct fsck_ahead	*a = calloc(1, sizeof *a);

	if (a == NULL)
		abort();
	return a;
}

static struct str
ahead_own(struct str s)
{
	char	*p = malloc(s.n + 1);

	if (p == NULL)
		abort();
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void
ahead_disown(struct str *s)
{
	free((void *)(uintptr_t)s->p);
	*s = (struct str){ NULL, 0 };
}

static void
ahead_drop_nodes(struct fsck_ahead *a)
{
	size_t	i;

	for (i = 0; i < a->n; i++) {
		node_release(a->node[i]);
		a->node[i] = NULL;
	}
	a->bytes = 0;
}

static void
ahead_drop_commits(struct fsck_ahead *a)
{
	size_t	i;

	for (i = 0; i < a->n_commits; i++)
		ahead_disown(&a->commit[i].bytes);
	a->n_commits = a->commit_bytes = 0;
}

void
fsck_ahead_close(struct fsck_ahead *a)
{
	ahead_drop_nodes(a);
	ahead_drop_commits(a);
	ahead_disown(&a->manifest_bytes);
	free(a);
}

/* A record that cannot be read is not there: the walk says so. */
static enum err
ahead_find(struct cx *cx, struct kv_tx *tx, struct str key, struct str *v,
    bool *there)
{
	enum err	e = kv_find(cx, tx, key, v, there);

	if (e != E_CORRUPT)
		return e;
	cx_forget(cx);
	*there = false;
	return OK;
}

/* ---- nodes ------------------------------------------------------------- */

static enum err
ahead_node(struct cx *cx, struct kv_tx *tx, const struct gc_state *gs,
    const struct oid *id, struct node **out)
{
	struct str	v;
	uint64_t	stamp;
	enum err	e;
	bool		there;

	*out = NULL;
	if ((e = ahead_find(cx, tx, key_stamp(cx, id), &v, &there)) != OK ||
	    !there || !take_be64(&v, &stamp) || stamp > gs->epoch)
		return e;
	if ((e = ahead_find(cx, tx, key_node(cx, id), &v, &there)) != OK ||
	    !there || v.n < NODE_HEADER + 4)
		return e;
	*out = node_wrap(v.p, v.n);
	if (oid_is(&(*out)->id, id))
		return OK;
	node_release(*out);
	*out = NULL;
	return OK;
}

/* The nodes that are wanted, whole and with a valid stamp: the others are NULL,
 * and looked at when the walk comes there. */
static enum err
ahead_nodes_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct fsck_ahead	*a = arg;
	struct gc_state		 gs;
	struct arena_mark	 back;
	size_t			 i;
	enum err		 e;

	ahead_drop_nodes(a);
	e = gc_state_find(cx, tx, &gs);
	for (i = 0; e == OK && i < a->n && a->bytes < NODE_BYTES; i++) {
		back = arena_mark(cx->mem);
		e = ahead_node(cx, tx, &gs, &a->want[i], &a->node[i]);
		arena_back(cx->mem, back);
		a->bytes += a->node[i] != NULL ? a->node[i]->n : 0;
	}
	return e;
}

void
fsck_ahead_begin(struct fsck *f)
{
	ahead_drop_nodes(f->ahead);
	f->ahead->n = f->ahead->at = 0;
}

void
fsck_ahead_want(struct fsck *f, const struct oid *id)
{
	struct fsck_ahead	*a = f->ahead;

	if (a->n < NODES && !mark_has(&f->m, GREY_NODE, oid_str(id)))
		a->want[a->n++] = *id;
}

enum err
fsck_ahead_read(struct cx *cx, struct fsck *f)
{
	return f->ahead->n == 0 ? OK :
	    kv_read(cx, f->eng->kv, ahead_nodes_fn, f->ahead);
}

/* The walk takes them in order, and leaves out what it has seen since. */
static struct node *
ahead_take(struct fsck_ahead *a, const struct oid *id)
{
	struct node	*n;
	size_t		 i;

	for (i = a->at; i < a->n; i++)
		if (oid_is(&a->want[i], id))
			break;
	if (i >= a->n)
		return NULL;
	n = a->node[i];
	a->node[i] = NULL;
	a->at = i + 1;
	return n;
}

struct ahead_one {
	const struct oid	*id;
	struct node		*node;
};

static enum err
ahead_one_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct ahead_one	*o = arg;
	struct gc_state		 gs;
	enum err		 e;

	node_release(o->node);
	o->node = NULL;
	if ((e = gc_state_find(cx, tx, &gs)) != OK)
		return e;
	return ahead_node(cx, tx, &gs, o->id, &o->node);
}

/* From what was read ahead, or with its stamp in a snapshot; what is wrong with
 * it node_get says. */
enum err
fsck_ahead_get_node(struct cx *cx, struct mark *m, const struct oid *id,
    struct node **out)
{
	struct fsck		*f = m->arg;
	struct ahead_one	 o = { id, NULL };
	struct arena_mark	 back = arena_mark(cx->mem);
	enum err		 e = OK;

	if ((o.node = ahead_take(f->ahead, id)) == NULL) {
		e = kv_read(cx, f->eng->kv, ahead_one_fn, &o);
		arena_back(cx->mem, back);
	}
	f->stamped = o.node != NULL;
	*out = o.node;
	if (e != OK || o.node != NULL)
		return e;
	return node_get(cx, &m->trees, NULL, id, out);
}

/* ---- commits ----------------------------------------------------------- */

static const struct ahead_commit *
ahead_commit_find(const struct fsck_ahead *a, const struct oid *id)
{
	size_t	i;

	for (i = 0; i < a->n_commits; i++)
		if (oid_is(&a->commit[i].id, id))
			return &a->commit[i];
	return NULL;
}

struct ahead_chain {
	struct fsck	*f;
	struct uid	 ruid;
	struct oid	 first;
};

static enum err
ahead_doomed(struct cx *cx, struct kv_tx *tx, const struct ahead_chain *ch,
    const struct oid *id, const struct gc_state *gs, bool *doomed)
{
	struct str	v;
	uint64_t	doom;
	enum err	e;

	if ((e = ahead_find(cx, tx, key_doom(cx, &ch->ruid, id), &v,
	    doomed)) != OK)
		return e;
	*doomed = *doomed && take_be64(&v, &doom) && doom <= gs->floor;
	return OK;
}

/* One commit of the chain; *next is where the walk goes from it, or zero. */
static enum err
ahead_chain_step(struct cx *cx, struct kv_tx *tx, const struct ahead_chain *ch,
    const struct gc_state *gs, struct oid *next)
{
	struct fsck_ahead	*a = ch->f->ahead;
	struct ahead_commit	*at = &a->commit[a->n_commits];
	struct str		 key, v;
	struct commit		 c;
	enum err		 e;
	bool			 there;

	key = key_commit(cx, &ch->ruid, oid_str(next));
	*at = (struct ahead_commit){ .id = *next };
	*next = (struct oid){ { 0 } };
	if ((e = ahead_find(cx, tx, key, &v, &there)) != OK || !there)
		return e;
	if ((e = ahead_doomed(cx, tx, ch, &at->id, gs, &at->doomed)) != OK)
		return e;
	if (commit_parse(cx, v, &c) != OK) {
		cx_forget(cx);
		return OK;
	}
	at->bytes = ahead_own(v);
	at->generation = c.generation;
	at->latest = commit_latest(&c);
	a->n_commits++;
	a->commit_bytes += v.n;
	if (c.n_parents == 0)
		return OK;
	*next = c.parents[c.n_parents - 1];
	key = key_commit(cx, &ch->ruid, oid_str(next));
	if (mark_has(&ch->f->m, GREY_COMMIT, str_from(key, 1)))
		*next = (struct oid){ { 0 } };
	return OK;
}

static enum err
ahead_chain_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct ahead_chain	*ch = arg;
	struct fsck_ahead		*a = ch->f->ahead;
	struct oid			 next = ch->first;
	struct arena_mark		 back;
	struct gc_state			 gs;
	enum err			 e;

	ahead_drop_commits(a);
	a->ruid = ch->ruid;
	e = gc_state_find(cx, tx, &gs);
	while (e == OK && !oid_is_zero(&next) && a->n_commits < COMMITS &&
	    a->commit_bytes < COMMIT_BYTES) {
		back = arena_mark(cx->mem);
		e = ahead_chain_step(cx, tx, ch, &gs, &next);
		arena_back(cx->mem, back);
	}
	return e;
}

/* The walk goes to the last parent first, and so does the chain. */
static enum err
ahead_get_commit(struct cx *cx, struct fsck *f, struct str key, struct str *v,
    bool *there)
{
	struct ahead_chain		 ch = { .f = f };
	const struct ahead_commit	*c;
	enum err			 e;

	memcpy(ch.ruid.b, key.p + 1, sizeof ch.ruid);
	memcpy(ch.first.b, key.p + 1 + sizeof ch.ruid, sizeof ch.first);
	c = uid_is(&f->ahead->ruid, &ch.ruid) ?
	    ahead_commit_find(f->ahead, &ch.first) : NULL;
	if (c == NULL) {
		if ((e = kv_read(cx, f->eng->kv, ahead_chain_fn, &ch)) != OK)
			return e;
		c = ahead_commit_find(f->ahead, &ch.first);
	}
	f->commit = ch.first;
	*there = c != NULL;
	if (c == NULL)		/* missing, or to be said why it is not read */
		return kv_get(cx, f->eng->kv, key, v, there);
	*v = c->bytes;
	f->doomed = c->doomed;
	return OK;
}

bool
fsck_ahead_generation(const struct fsck *f, const struct oid *id,
    uint64_t *generation, int64_t *latest)
{
	const struct ahead_commit	*c = ahead_commit_find(f->ahead, id);

	if (c == NULL)
		return false;
	*generation = c->generation;
	*latest = c->latest;
	return true;
}

/* ---- manifests --------------------------------------------------------- */

enum err
fsck_ahead_get_manifest(struct cx *cx, struct fsck *f, const struct uid *id,
    struct str *v, bool *there)
{
	struct fsck_ahead	*a = f->ahead;
	enum err		 e = OK;

	*there = true;
	if (a->manifest_bytes.p == NULL || !uid_is(&a->manifest, id)) {
		ahead_disown(&a->manifest_bytes);
		e = kv_get(cx, f->eng->kv, key_manifest(cx, id), v, there);
		if (e != OK || !*there)
			return e;
		a->manifest = *id;
		a->manifest_bytes = ahead_own(*v);
	}
	*v = a->manifest_bytes;
	return OK;
}

/* What cannot be read is as good as missing. */
enum err
fsck_ahead_get_record(struct cx *cx, struct mark *m, struct str key,
    struct str *v, bool *there)
{
	struct fsck	*f = m->arg;
	struct uid	 id;
	enum err	 e;

	if (key.p[0] == 'C') {
		e = ahead_get_commit(cx, f, key, v, there);
	} else {
		memcpy(id.b, key.p + 1, sizeof id);
		e = fsck_ahead_get_manifest(cx, f, &id, v, there);
	}
	if (e != E_CORRUPT)
		return e;
	cx_forget(cx);
	*there = false;
	return OK;
}
