/* Nodes: their byte form, and where they are cut. */
#include "tree/node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"

__extension__ typedef unsigned __int128 wide;

/* ---- where a node ends ------------------------------------------------- */

static uint64_t
node_mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

/* Part of the format: never to be changed. */
static uint64_t
node_key_hash(struct str key, unsigned level)
{
	uint64_t	h = node_mix(level + 0x9e3779b97f4a7c15u), v;
	size_t		i, j;

	for (i = 0; i < key.n; i += 8) {
		for (v = 0, j = 0; j < 8 && i + j < key.n; j++)
			v |= (uint64_t)(unsigned char)key.p[i + j] << (8 * j);
		h = node_mix(h ^ v) + key.n;
	}
	return h;
}

/*
 * -ln((h+1) / 2^64) * 2^20, in integers: exp and log may differ in the last
 * bit between C libraries, and node identity must not.  Twenty squarings give
 * twenty bits of log2.
 */
static uint64_t
node_exponential(uint64_t h)
{
	uint64_t	log2 = 0, m;
	unsigned	i, top;

	h |= 1;
	top = 63 - (unsigned)__builtin_clzll(h);
	m = h << (63 - top) >> 32;		/* 1.31 fixed point */
	for (i = 0; i < 20; i++) {
		m = m * m >> 31;
		log2 <<= 1;
		if (m >> 32 != 0) {
			log2 |= 1;
			m >>= 1;
		}
	}
	log2 |= (uint64_t)top << 20;
	/* ln 2 = 726817 / 2^20 */
	return (((uint64_t)64 << 20) - log2) * 726817 >> 20;
}

/*
 * A cut becomes likelier as the node grows (Weibull, shape 4): sizes stay near
 * the target, and chunking finds back into step soon after a change.  The
 * scale is target / gamma(1.25) = 1.103 * target.
 */
bool
node_cut(struct str key, unsigned level, size_t s0, size_t s1)
{
	const uint64_t	scale = NODE_TARGET * 1103 / 1000;
	wide		risk, need;

	if (s1 >= NODE_HARD)
		return true;
	risk = ((wide)s1 * s1 * s1 * s1 - (wide)s0 * s0 * s0 * s0) << 20;
	need = (wide)node_exponential(node_key_hash(key, level)) * scale *
	    scale * scale * scale;
	return need < risk;
}

/* ---- building ---------------------------------------------------------- */

void
node_build(struct node_builder *b, struct arena *mem, unsigned level)
{
	assert(level < TREE_LEVELS);
	if (b->p == NULL)
		b->p = arena_raw(mem, NODE_ROOM);
	b->mem = mem;
	b->n = NODE_HEADER;
	b->count = 0;
	b->level = level;
	b->below = 0;
	b->n_restarts = 0;
	b->nkey = 0;
	b->ended = false;
}

static void
node_put_varint(struct node_builder *b, uint64_t v)
{
	while (v >= 0x80) {
		b->p[b->n++] = (unsigned char)(v | 0x80);
		v >>= 7;
	}
	b->p[b->n++] = (unsigned char)v;
}

static void
node_put_bytes(struct node_builder *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
}

/* Keys rise, and so none is empty: what one shares with the last says so. */
static void
node_put_key(struct node_builder *b, struct str key)
{
	size_t	shared = 0;

	assert(b->p != NULL && !b->ended);
	assert(key.n <= sizeof b->key);
	while (shared < key.n && shared < b->nkey &&
	    (unsigned char)key.p[shared] == b->key[shared])
		shared++;
	assert(shared < key.n && (shared == b->nkey ||
	    (unsigned char)key.p[shared] > b->key[shared]));
	if (b->count % NODE_RESTART == 0) {
		b->restarts = vec_room(b->mem, b->restarts, b->n_restarts,
		    &b->room_restarts, sizeof *b->restarts);
		b->restarts[b->n_restarts++] = (uint32_t)b->n;
		shared = 0;
	}
	node_put_varint(b, shared);
	node_put_varint(b, key.n - shared);
	node_put_bytes(b, key.p + shared, key.n - shared);
	memcpy(b->key, key.p, key.n);
	b->nkey = key.n;
	b->count++;
}

static bool
node_ends_here(struct node_builder *b, size_t s0)
{
	struct str	key = { (const char *)b->key, b->nkey };

	b->ended = b->count >= 2 && node_cut(key, b->level, s0 - NODE_HEADER,
	    b->n - NODE_HEADER);
	return b->ended;
}

bool
node_add_value(struct node_builder *b, struct str key, struct str value)
{
	size_t	s0 = b->n;

	assert(b->level == 0 && value.n <= NODE_VALUE_MAX);
	node_put_key(b, key);
	node_put_varint(b, value.n);
	node_put_bytes(b, value.p, value.n);
	b->below++;
	return node_ends_here(b, s0);
}

bool
node_add_child(struct node_builder *b, struct str key,
    const struct oid *child, uint64_t below)
{
	size_t	s0 = b->n;

	assert(b->level > 0 && below > 0);
	node_put_key(b, key);
	node_put_bytes(b, child->b, sizeof child->b);
	node_put_varint(b, below);
	b->below += below;
	return node_ends_here(b, s0);
}

bool
node_may_follow(const struct node_it *it, struct str after)
{
	return str_cmp(node_key(it), after) > 0 &&
	    (it->level == 0 ? it->value.n <= NODE_VALUE_MAX : it->below > 0);
}

static void
put_be32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static uint32_t
get_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

struct str
node_finish(struct node_builder *b)
{
	size_t	i;

	assert(b->count > 0 && b->n + 4 * (b->n_restarts + 1) <= NODE_ROOM);
	b->p[0] = (unsigned char)b->level;
	put_be32(b->p + 1, (uint32_t)(b->below >> 32));
	put_be32(b->p + 5, (uint32_t)b->below);
	for (i = 0; i < b->n_restarts; i++, b->n += 4)
		put_be32(b->p + b->n, b->restarts[i]);
	put_be32(b->p + b->n, (uint32_t)b->n_restarts);
	b->n += 4;
	return (struct str){ (const char *)b->p, b->n };
}

/* ---- reading ----------------------------------------------------------- */

unsigned
node_level(const struct node *n)
{
	return n->b[0];
}

uint64_t
node_entries(const struct node *n)
{
	return (uint64_t)get_be32(n->b + 1) << 32 | get_be32(n->b + 5);
}

struct str
node_key(const struct node_it *it)
{
	return (struct str){ (const char *)it->key, it->nkey };
}

static uint32_t
node_restarts(const struct node *n)
{
	uint32_t	r;

	if (n->n < NODE_HEADER + 4)
		return 0;
	r = get_be32(n->b + n->n - 4);
	return r <= (n->n - NODE_HEADER - 4) / 4 ? r : 0;
}

void
node_begin(struct node_it *it, struct node *n)
{
	uint32_t	r = node_restarts(n);

	it->node = n;
	it->off = NODE_HEADER;
	it->end = r > 0 ? n->n - 4 - 4 * (size_t)r : 0;
	it->index = 0;
	it->nkey = 0;
	it->bad = r == 0 || n->b[0] >= TREE_LEVELS;
	it->level = it->bad ? 0 : n->b[0];
}

static bool
node_spoilt(struct node_it *it)
{
	it->bad = true;
	return false;
}

bool
node_step(struct node_it *it)
{
	struct str	s;
	uint64_t	shared, more;

	if (it->bad || it->off >= it->end)
		return false;
	s = (struct str){ (const char *)it->node->b + it->off,
	    it->end - it->off };
	if (!take_varint(&s, &shared) || !take_varint(&s, &more) ||
	    shared > it->nkey || more > s.n || shared + more == 0 ||
	    shared + more > sizeof it->key)
		return node_spoilt(it);
	take_bytes(&s, more, it->key + shared);
	it->nkey = shared + more;
	if (it->level == 0) {
		if (!take_field(&s, &it->value))
			return node_spoilt(it);
		it->below = 1;
	} else if (!take_bytes(&s, sizeof it->child, it->child.b) ||
	    !take_varint(&s, &it->below))
		return node_spoilt(it);
	it->off = it->end - s.n;
	it->index++;
	return true;
}

/* The restart point before which no item can be the one sought. */
static void
node_jump(struct node_it *it, struct str key)
{
	const unsigned char	*table = it->node->b + it->end;
	uint32_t		 lo = 0, hi = node_restarts(it->node), mid;
	struct node_it		 probe;

	while (hi - lo > 1) {
		mid = (lo + hi) / 2;
		probe = (struct node_it){ .node = it->node, .end = it->end,
		    .level = it->level, .off = get_be32(table + 4 * mid) };
		if (!node_step(&probe)) {
			it->bad = true;
			return;
		}
		if (str_cmp(node_key(&probe), key) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	it->off = get_be32(table + 4 * lo);
	it->index = lo * NODE_RESTART;
	it->nkey = 0;
}

bool
node_seek(struct node_it *it, struct node *n, struct str key)
{
	node_begin(it, n);
	if (it->bad)
		return false;
	node_jump(it, key);
	while (node_step(it))
		if (str_cmp(node_key(it), key) >= 0)
			return true;
	return false;
}

struct node *
node_wrap(const void *p, size_t n)
{
	struct node	*node = malloc(sizeof *node + n);

	if (node == NULL)
		abort();
	atomic_init(&node->refs, 1);
	node->n = n;
	if (n > 0)
		memcpy(node->b, p, n);
	digest_of(DIGEST_SHA256, p, n, node->id.b);
	return node;
}

void
node_release(struct node *n)
{
	if (n != NULL && atomic_fetch_sub(&n->refs, 1) == 1)
		free(n);
}
