/*
 * A lake in memory whose transactions can be counted, and stopped before: what
 * tests of gc and fsck need.
 */
#ifndef TESTS_UNIT_LAKE_H
#define TESTS_UNIT_LAKE_H

#include "unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/enc.h"
#include "block/block.h"
#include "engine/engine_inside.h"
#include "kv/kv.h"
#include "lake/block_id.h"
#include "lake/keys.h"
#include "tree/gc_state.h"
#include "upkeep/upkeep.h"

#define REPO	STR("repo")

/* A kv whose transactions call a hook, each or the n-th, before they begin. */
struct hook_kv {
	struct kv	 kv;
	struct kv	*inner;
	unsigned	 n, at;		/* transactions so far; 0: at each */
	unsigned	 last;		/* then there is no store; 0: never */
	void		 (*hook)(void *arg, bool writes);
	void		*arg;
	bool		 writes;	/* the one at hand */
};

static void *
hook_run(void *arg)
{
	struct hook_kv	*h = arg;

	h->hook(h->arg, h->writes);
	return NULL;
}

/* On a thread of its own: a transaction is about to begin here. */
static inline enum err
hook_step(struct cx *cx, struct hook_kv *h, bool writes)
{
	pthread_t	thread;

	if (++h->n > h->last && h->last > 0)
		return fail(cx, E_STORE, "the process died");
	h->writes = writes;
	if (h->hook != NULL && (h->at == 0 || h->n == h->at) &&
	    (pthread_create(&thread, NULL, hook_run, h) != 0 ||
	    pthread_join(thread, NULL) != 0))
		abort();
	return OK;
}

static enum err
hook_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct hook_kv	*h = (struct hook_kv *)kv;
	enum err	 e;

	if ((e = hook_step(cx, h, false)) != OK)
		return e;
	return h->inner->ops->read(cx, h->inner, fn, arg);
}

static enum err
hook_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct hook_kv	*h = (struct hook_kv *)kv;
	enum err	 e;

	if ((e = hook_step(cx, h, true)) != OK)
		return e;
	return h->inner->ops->write(cx, h->inner, fn, arg);
}

static enum err
hook_trim(struct cx *cx, struct kv *kv)
{
	struct hook_kv	*h = (struct hook_kv *)kv;

	return h->inner->ops->trim(cx, h->inner);
}

static const struct kv_ops hook_ops = { .read = hook_read,
	.write = hook_write, .trim = hook_trim };

struct lake {
	struct cx	 cx;
	struct kv	*kv;
	struct block	*block;
	struct engine	*eng;
	struct hook_kv	 hook;
	struct engine	*hooked;	/* the same lake, through the hook */
	unsigned	 found;
	char		 last[800];	/* what was found last */
};

static inline struct engine *
lake_engine(struct kv *kv, struct block *block)
{
	struct engine_opts	o;

	engine_defaults(&o);
	o.inline_max = 64;
	o.area_rows = o.fold_rows = 10;
	return engine_open(kv, block, &o);
}

static inline void
lake_begin(struct lake *l)
{
	struct repo		r = { .name = REPO,
	    .default_branch = STR("main"), .storage_namespace = STR("x") };
	struct branch_opts	from = { .source = STR("main") };
	struct oid		head;

	memset(l, 0, sizeof *l);
	cx_init(&l->cx, arena_new());
	l->kv = kv_mem_open();
	l->block = block_mem_open();
	l->eng = lake_engine(l->kv, l->block);
	l->hook = (struct hook_kv){ .kv = { &hook_ops }, .inner = l->kv };
	l->hooked = lake_engine(&l->hook.kv, l->block);
	assert_ok(&l->cx, engine_init(&l->cx, l->eng));
	assert_ok(&l->cx, repo_create(&l->cx, l->eng, &r, STR("me")));
	assert_ok(&l->cx, branch_create(&l->cx, l->eng, REPO, STR("dev"),
	    &from, STR("me"), &head));
}

static inline void
lake_end(struct lake *l)
{
	arena_free(l->cx.mem);
	engine_close(l->hooked);
	engine_close(l->eng);
	block_close(l->block);
	kv_close(l->kv);
}

static inline struct target
lake_at(const char *ref, const char *path)
{
	return (struct target){ .repo = REPO, .ref = str_of(ref),
	    .path = str_of(path) };
}

static inline struct str
lake_md5(struct cx *cx, struct str bytes)
{
	unsigned char	sum[16];

	digest_of(DIGEST_MD5, bytes.p, bytes.n, sum);
	return enc_hex_str(cx->mem, sum, sizeof sum);
}

static inline enum err
lake_try_put(struct cx *cx, struct engine *eng, const struct target *at,
    struct str bytes, struct entry *en)
{
	static const struct cond	none;
	struct source			src = source_of_str(cx, bytes);
	struct body			*body;
	enum err			e;

	*en = (struct entry){ .content_type = STR("t"),
	    .etag = lake_md5(cx, bytes) };
	if ((e = body_take(cx, eng, &src, 1 << 30, NULL, NULL, &body)) != OK)
		return e;
	return object_put(cx, eng, at, body, en, &none, false);
}

static inline struct entry
lake_put(struct lake *l, const char *ref, const char *path, const char *bytes)
{
	struct target	at = lake_at(ref, path);
	struct entry	en;

	assert_ok(&l->cx, lake_try_put(&l->cx, l->eng, &at, str_of(bytes),
	    &en));
	return en;
}

static inline void
lake_delete(struct lake *l, const char *ref, const char *path)
{
	static const struct cond	none;
	struct target			at = lake_at(ref, path);
	bool				marker;

	assert_ok(&l->cx, object_delete(&l->cx, l->eng, &at, &none, false,
	    &marker));
}

static inline enum err
lake_try_commit(struct cx *cx, struct engine *eng, const char *branch)
{
	const struct commit_opts	opt = { .message = STR("m"),
	    .committer = STR("me"), .allow_empty = true };
	struct commit			c;

	return commit_create(cx, eng, REPO, str_of(branch), &opt, &c);
}

/* Without grace; moves of heads are forgotten at once. */
static inline enum err
lake_try_gc(struct cx *cx, struct engine *eng)
{
	const struct gc_opts	opt = { .upload_age = 1 };
	struct gc_report	r;

	return gc_run(cx, eng, &opt, &r);
}

static inline void
lake_found(void *arg, const char *invariant, const char *what)
{
	struct lake	*l = arg;

	if (strstr(what, "made by hand") != NULL)
		return;		/* a hint, and no problem of its own */
	l->found++;
	snprintf(l->last, sizeof l->last, "%s: %s", invariant, what);
}

static inline enum err
lake_try_fsck(struct lake *l, struct cx *cx, struct engine *eng, bool deep)
{
	const struct fsck_opts	opt = { .deep = deep, .found = lake_found,
	    .arg = l };
	struct fsck_report	r;
	enum err		e;

	l->found = 0;
	l->last[0] = '\0';
	if ((e = fsck_run(cx, eng, &opt, &r)) == OK)
		assert_int_equal(l->found, r.problems);
	return e;
}

static inline unsigned
lake_fsck(struct lake *l, bool deep)
{
	assert_ok(&l->cx, lake_try_fsck(l, &l->cx, l->eng, deep));
	return l->found;
}

struct lake_record {
	struct str	key, value;	/* value.p NULL: it goes */
};

static enum err
lake_record_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct lake_record	*r = arg;

	return r->value.p == NULL ? kv_delete(cx, tx, r->key) :
	    kv_put_bytes(cx, tx, r->key, r->value);
}

/* Behind the engine's back. */
static inline void
lake_set(struct lake *l, struct str key, struct str value)
{
	struct lake_record	r = { key, value };

	assert_ok(&l->cx, kv_write(&l->cx, l->kv, lake_record_fn, &r));
}

static inline struct str
lake_get(struct lake *l, struct str key, bool *there)
{
	struct str	v = { NULL, 0 };

	assert_ok(&l->cx, kv_get(&l->cx, l->kv, key, &v, there));
	return v;
}

static inline bool
lake_has_block(struct lake *l, const struct uid *id)
{
	uint64_t	size;
	bool		there;

	if (block_id_is_file(id))
		assert_ok(&l->cx, block_size(&l->cx, l->block, id, &size,
		    &there));
	else
		lake_get(l, key_small(&l->cx, id), &there);
	return there;
}

#endif
