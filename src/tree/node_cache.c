/* Nodes that were read, shared by threads: each shard drops its eldest. */
#include "tree/node_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/metric.h"
#include "kv/kv.h"
#include "lake/keys.h"

enum { SHARDS = 8, BUCKETS = 1024 };

struct slot {
	struct slot	*chain;			/* bucket */
	struct slot	*newer, *older;		/* use */
	struct node	*node;
};

struct shard {
	pthread_mutex_t	 lock;
	size_t		 bytes;
	struct slot	*newest, *oldest;
	struct slot	*bucket[BUCKETS];
};

struct node_cache {
	size_t		 limit;			/* bytes a shard */
	struct shard	 shard[SHARDS];
};

struct node_cache *
node_cache_open(size_t bytes)
{
	struct node_cache	*c = calloc(1, sizeof *c);
	size_t			 i;

	if (c == NULL)
		abort();
	c->limit = bytes / SHARDS;
	for (i = 0; i < SHARDS; i++)
		pthread_mutex_init(&c->shard[i].lock, NULL);
	return c;
}

static void
cache_unlink_use(struct shard *s, struct slot *t)
{
	*(t->newer != NULL ? &t->newer->older : &s->newest) = t->older;
	*(t->older != NULL ? &t->older->newer : &s->oldest) = t->newer;
}

static void
cache_link_use(struct shard *s, struct slot *t)
{
	t->newer = NULL;
	t->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = t;
	s->newest = t;
}

static struct slot **
cache_find_slot(struct shard *s, const struct oid *id)
{
	struct slot	**at;

	at = &s->bucket[(id->b[1] | (unsigned)id->b[2] << 8) % BUCKETS];
	while (*at != NULL && !oid_is(&(*at)->node->id, id))
		at = &(*at)->chain;
	return at;
}

static void
cache_evict(struct shard *s)
{
	struct slot	*t = s->oldest, **at = cache_find_slot(s, &t->node->id);

	*at = t->chain;
	cache_unlink_use(s, t);
	s->bytes -= t->node->n;
	node_release(t->node);
	free(t);
}

void
node_cache_close(struct node_cache *c)
{
	size_t	i;

	for (i = 0; i < SHARDS; i++) {
		while (c->shard[i].oldest != NULL)
			cache_evict(&c->shard[i]);
		pthread_mutex_destroy(&c->shard[i].lock);
	}
	free(c);
}

static struct node *
cache_find(struct node_cache *c, const struct oid *id)
{
	struct shard	*s = &c->shard[id->b[0] % SHARDS];
	struct slot	*t;
	struct node	*n = NULL;

	pthread_mutex_lock(&s->lock);
	if ((t = *cache_find_slot(s, id)) != NULL) {
		cache_unlink_use(s, t);
		cache_link_use(s, t);
		n = t->node;
		atomic_fetch_add(&n->refs, 1);
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool
node_is_cached(struct trees *ts, const struct oid *id)
{
	struct node	*n = cache_find(ts->cache, id);

	if (n != NULL)
		node_release(n);
	return n != NULL;
}

static void
cache_add(struct node_cache *c, struct node *n)
{
	struct shard	*s = &c->shard[n->id.b[0] % SHARDS];
	struct slot	**at, *t;

	if (n->n > c->limit)
		return;
	pthread_mutex_lock(&s->lock);
	if (*(at = cache_find_slot(s, &n->id)) == NULL) {
		t = calloc(1, sizeof *t);
		if (t == NULL)
			abort();
		t->node = n;
		atomic_fetch_add(&n->refs, 1);
		*at = t;
		cache_link_use(s, t);
		s->bytes += n->n;
		while (s->bytes > c->limit)
			cache_evict(s);
	}
	pthread_mutex_unlock(&s->lock);
}

/* From the kv; the copy that a kv gives is the caller's to take back. */
static enum err
node_load(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *id, struct node **out)
{
	struct str	key = key_node(cx, id), bytes;
	enum err	e;
	bool		there;

	e = tx != NULL ? kv_find(cx, tx, key, &bytes, &there) :
	    kv_get(cx, ts->kv, key, &bytes, &there);
	if (e != OK)
		return e;
	if (!there || bytes.n < NODE_HEADER + 4)
		return fail(cx, E_CORRUPT, "tree node %s is missing",
		    oid_hex(id).z);
	*out = node_wrap(bytes.p, bytes.n);
	if (oid_is(&(*out)->id, id))
		return OK;
	node_release(*out);
	return fail(cx, E_CORRUPT, "tree node %s is damaged", oid_hex(id).z);
}

enum err
node_get(struct cx *cx, struct trees *ts, struct kv_tx *tx,
    const struct oid *id, struct node **out)
{
	struct arena_mark	back;
	enum err		e;

	if ((*out = cache_find(ts->cache, id)) != NULL) {
		metric_add(METRIC_node_hits, 1);
		return OK;
	}
	metric_add(METRIC_node_misses, 1);
	/* A commit or a diff reads more nodes than memory holds. */
	back = arena_mark(cx->mem);
	e = node_load(cx, ts, tx, id, out);
	if (!fault_skip("NODE_MEMORY"))
		arena_back(cx->mem, back);
	if (e == OK)
		cache_add(ts->cache, *out);
	return e;
}
