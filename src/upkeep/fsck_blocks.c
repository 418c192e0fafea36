/*
 * The blocks that entries name, looked for in batches: sorted, each once, those
 * in the kv along a scan of it.  What is not there, or too short, is in doubt:
 * a second walk looks at that alone, with the entry and the root that name it
 * at hand.
 */
#include "upkeep/fsck_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/vec.h"
#include "lake/block_id.h"
#include "lake/keys.h"

enum {
	BATCH = 1 << 19,
	DOUBTS = 1 << 16,	/* with more, all is in doubt */
	ROWS = 5000,		/* in a snapshot */
	IDLE = 8,		/* rows that nobody needs: then seek */
	FEW = 12
};

struct blocks_need {
	struct uid	id;
	uint64_t	end;		/* bytes that it must have */
};

struct blocks_batch {
	struct blocks_need	*at;
	size_t			 n;
};

struct fsck_blocks {
	struct blocks_batch	 small, files;
	struct uid		*doubt;		/* in order, when settled */
	size_t			 n_doubts;
	bool			 all;		/* is in doubt */
	bool			 counted;	/* those in the kv */
	uint64_t		 done;
};

static void *
blocks_room(size_t n, size_t size)
{
	void	*p = calloc(n, size);

	if (p == NULL)
		abort();
	return p;
}

struct fsck_blocks *
fsck_blocks_open(void)
{
	struct fsck_blocks	*b = blocks_room(1, sizeof *b);

	b->small.at = blocks_room(BATCH, sizeof *b->small.at);
	b->files.at = blocks_room(BATCH, sizeof *b->files.at);
	b->doubt = blocks_room(DOUBTS, sizeof *b->doubt);
	return b;
}

void
fsck_blocks_close(struct fsck_blocks *b)
{
	free(b->small.at);
	free(b->files.at);
	free(b->doubt);
	free(b);
}

/* ---- in order ---------------------------------------------------------- */

static int
blocks_order(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uid));
}

static void
blocks_sort_few(struct blocks_need *at, size_t n)
{
	struct blocks_need	x;
	size_t			i, k;

	for (i = 1; i < n; i++) {
		x = at[i];
		for (k = i; k > 0 && blocks_order(&x, &at[k - 1]) < 0; k--)
			at[k] = at[k - 1];
		at[k] = x;
	}
}

/* By one byte after the other, in place: ids begin alike. */
static void
blocks_sort(struct blocks_need *at, size_t n, size_t byte)
{
	size_t			ends[256] = { 0 }, next[256], i, k = 0;
	struct blocks_need	x;

	if (n <= FEW || byte == sizeof at->id) {
		blocks_sort_few(at, byte == sizeof at->id ? 0 : n);
		return;
	}
	for (i = 0; i < n; i++)
		ends[at[i].id.b[byte]]++;
	for (i = 0; i < 256; i++) {
		next[i] = k;
		ends[i] = k += ends[i];
	}
	for (i = 0; i < 256; i++)
		while (next[i] < ends[i]) {
			x = at[next[i]];
			k = next[x.id.b[byte]]++;
			at[k == next[i] ? k : next[i]] = at[k];
			at[k] = x;
		}
	for (i = 0, k = 0; i < 256; k = ends[i++])
		if (ends[i] > k)
			blocks_sort(at + k, ends[i] - k, byte + 1);
}

/* Each id once, with the most that is needed of it. */
static void
blocks_merge(struct blocks_batch *b)
{
	size_t	i, n = 0;

	blocks_sort(b->at, b->n, 0);
	for (i = 0; i < b->n; i++) {
		if (n == 0 || !uid_is(&b->at[n - 1].id, &b->at[i].id))
			b->at[n++] = b->at[i];
		else if (b->at[n - 1].end < b->at[i].end)
			b->at[n - 1].end = b->at[i].end;
	}
	b->n = n;
}

static void
blocks_doubt(struct fsck_blocks *b, const struct uid *id)
{
	if (fault_skip("FSCK_DOUBT"))
		return;
	if (b->n_doubts == DOUBTS)
		b->all = true;
	else
		b->doubt[b->n_doubts++] = *id;
}

/* ---- those in the kv --------------------------------------------------- */

struct blocks_page {
	const struct blocks_batch *need;
	bool			 count;		/* come to every block */
	size_t			 from;		/* where the page begins, */
	struct str		 lo;		/* in both */
	/* what it came to */
	size_t			 at;
	struct str		 last;		/* key */
	uint64_t		 blocks;
	bool			 ended;
	VEC(size_t)		 bad;
};

/* Needed, and not there or not long enough. */
static void
blocks_bad(struct cx *cx, struct blocks_page *p)
{
	if (p->bad.n <= DOUBTS)
		*VEC_PUSH(cx->mem, &p->bad) = p->at;
	p->at++;
}

/* A block that is there; true: what is needed next lies behind it. */
static bool
blocks_pass(struct cx *cx, struct blocks_page *p, struct str key, uint64_t size)
{
	const struct blocks_need	*need = p->need->at;
	int				 order = -1;

	while (p->at < p->need->n && (order = memcmp(need[p->at].id.b,
	    key.p + 1, sizeof(struct uid))) < 0)
		blocks_bad(cx, p);
	if (p->at == p->need->n || order > 0)
		return true;
	if (size == KV_NO_VALUE || size < need[p->at].end)
		blocks_bad(cx, p);
	else
		p->at++;
	return false;
}

static enum err
blocks_page_rows(struct cx *cx, struct kv_tx *tx, struct blocks_page *p,
    struct kv_cursor *cur)
{
	struct str	key = { NULL, 0 };
	unsigned	rows, idle = 0;
	uint64_t	size;
	enum err	e = OK;
	bool		there;

	for (rows = 0; e == OK && rows < ROWS; rows++) {
		if ((e = kv_next_size(cx, tx, cur, &key, &size,
		    &there)) != OK || !there)
			break;
		p->blocks++;
		idle = key.n != 1 + sizeof(struct uid) ||
		    blocks_pass(cx, p, key, size) ? idle + 1 : 0;
		if (!p->count && p->at == p->need->n)
			break;
		if (p->count || idle < IDLE)
			continue;
		idle = 0;
		e = kv_seek(cx, tx, cur, key_small(cx,
		    &p->need->at[p->at].id));
	}
	if (e != OK)
		return e;
	p->ended = rows < ROWS;
	while (p->ended && p->at < p->need->n)
		blocks_bad(cx, p);
	p->last = p->ended ? key : str_dup(cx->mem, key);
	return OK;
}

static enum err
blocks_page_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	struct blocks_page	*p = arg;
	struct keys_range	 in = key_range(cx, key_letter(cx, 'y'));
	struct kv_cursor	*cur;
	enum err		 e;

	p->at = p->from;
	p->blocks = 0;
	p->bad.at = NULL;
	p->bad.n = p->bad.room = 0;
	if ((e = kv_scan_keys(cx, tx, p->lo.n > 0 ? p->lo : in.lo, in.hi,
	    &cur)) != OK)
		return e;
	return blocks_page_rows(cx, tx, p, cur);
}

static enum err
blocks_settle_small(struct cx *cx, struct fsck *f)
{
	struct fsck_blocks	*b = f->blocks;
	struct blocks_page	 p = { .need = &b->small,
	    .count = !b->counted };
	struct arena_mark	 back;
	unsigned char		 lo[KV_KEY_MAX + 1];
	size_t			 i;
	enum err		 e = OK;

	b->counted = true;
	p.ended = b->small.n == 0 && !p.count;
	while (e == OK && !p.ended) {
		back = arena_mark(cx->mem);
		e = kv_read(cx, f->eng->kv, blocks_page_fn, &p);
		for (i = 0; e == OK && i < p.bad.n; i++)
			blocks_doubt(b, &b->small.at[p.bad.at[i]].id);
		if (e == OK && !p.ended) {
			memcpy(lo, p.last.p, p.last.n);
			lo[p.last.n] = 0;
			p.lo = (struct str){ (char *)lo, p.last.n + 1 };
			p.from = p.at;
		}
		if (e == OK && p.count)
			f->r->blocks += p.blocks;
		arena_back(cx->mem, back);
		fsck_progress(f, "looking for blocks", b->done += p.blocks);
	}
	b->small.n = 0;
	return e;
}

/* ---- files ------------------------------------------------------------- */

static enum err
blocks_settle_files(struct cx *cx, struct fsck *f)
{
	struct fsck_blocks	*b = f->blocks;
	struct arena_mark	 back = arena_mark(cx->mem);
	uint64_t		 size;
	size_t			 i;
	enum err		 e = OK;
	bool			 there;

	for (i = 0; e == OK && i < b->files.n; i++) {
		e = block_size(cx, f->eng->block, &b->files.at[i].id, &size,
		    &there);
		if (e == OK && (!there || size < b->files.at[i].end))
			blocks_doubt(b, &b->files.at[i].id);
		arena_back(cx->mem, back);
		if (++b->done % 1024 == 0)
			fsck_progress(f, "looking for blocks", b->done);
	}
	b->files.n = 0;
	return e;
}

/* ---- both -------------------------------------------------------------- */

enum err
fsck_blocks_settle(struct cx *cx, struct fsck *f)
{
	struct fsck_blocks	*b = f->blocks;
	enum err		 e;

	blocks_merge(&b->small);
	blocks_merge(&b->files);
	if ((e = blocks_settle_small(cx, f)) == OK)
		e = blocks_settle_files(cx, f);
	qsort(b->doubt, b->n_doubts, sizeof *b->doubt, blocks_order);
	return e;
}

enum err
fsck_blocks_add(struct cx *cx, struct fsck *f, const struct entry_extent *x)
{
	struct fsck_blocks	*b = f->blocks;
	struct blocks_batch	*to = block_id_is_file(&x->block) ? &b->files :
	    &b->small;

	to->at[to->n++] = (struct blocks_need){ x->block,
	    x->len > UINT64_MAX - x->off ? UINT64_MAX : x->off + x->len };
	return to->n < BATCH ? OK : fsck_blocks_settle(cx, f);
}

bool
fsck_blocks_doubted(const struct fsck *f, const struct uid *id)
{
	const struct fsck_blocks	*b = f->blocks;

	return b->all || bsearch(id, b->doubt, b->n_doubts, sizeof *b->doubt,
	    blocks_order) != NULL;
}

bool
fsck_blocks_in_doubt(const struct fsck *f)
{
	return f->blocks->n_doubts > 0;
}
