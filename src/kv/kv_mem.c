/*
 * kv in memory, for tests: one sorted array under one mutex, so that every
 * transaction is alone; a failed write is undone from a list of old values.
 */
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "kv/kv.h"

struct row {
	struct str	key, value;	/* malloc'ed */
};

struct undo {
	struct undo	*prev;
	struct str	 key, value;
	bool		 was_there;
};

struct mem_kv {
	struct kv	 kv;
	pthread_mutex_t	 one;
	struct row	*rows;
	size_t		 n, room;
	struct undo	*undo;
};

struct mem_tx {
	struct kv_tx	 tx;
	struct mem_kv	*m;
};

struct kv_cursor {
	struct mem_kv	*m;
	struct str	 from, hi;
	bool		 past;		/* from itself was given out */
};

static struct str
own(struct str s)
{
	char	*p = malloc(s.n + 1);

	if (p == NULL)
		abort();
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void
disown(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

/* Index of the first row whose key is >= key. */
static size_t
lower(const struct mem_kv *m, struct str key)
{
	size_t	lo = 0, hi = m->n, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (str_cmp(m->rows[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool
is_at(const struct mem_kv *m, size_t i, struct str key)
{
	return i < m->n && str_is(m->rows[i].key, key);
}

static void
row_set(struct mem_kv *m, struct str key, struct str value)
{
	size_t	i = lower(m, key);

	if (is_at(m, i, key)) {
		disown(m->rows[i].value);
		m->rows[i].value = own(value);
		return;
	}
	if (m->n == m->room) {
		m->room = m->room == 0 ? 64 : m->room * 2;
		m->rows = realloc(m->rows, m->room * sizeof *m->rows);
		if (m->rows == NULL)
			abort();
	}
	memmove(&m->rows[i + 1], &m->rows[i], (m->n - i) * sizeof *m->rows);
	m->rows[i] = (struct row){ own(key), own(value) };
	m->n++;
}

static void
row_drop(struct mem_kv *m, struct str key)
{
	size_t	i = lower(m, key);

	if (!is_at(m, i, key))
		return;
	disown(m->rows[i].key);
	disown(m->rows[i].value);
	m->n--;
	memmove(&m->rows[i], &m->rows[i + 1], (m->n - i) * sizeof *m->rows);
}

static void
remember(struct mem_kv *m, struct str key)
{
	struct undo	*u = calloc(1, sizeof *u);
	size_t		 i = lower(m, key);

	if (u == NULL)
		abort();
	u->prev = m->undo;
	u->key = own(key);
	u->was_there = is_at(m, i, key);
	u->value = u->was_there ? own(m->rows[i].value) : (struct str){ 0 };
	m->undo = u;
}

static void
settle(struct mem_kv *m, bool back)
{
	struct undo	*u;

	while ((u = m->undo) != NULL) {
		m->undo = u->prev;
		if (back && u->was_there)
			row_set(m, u->key, u->value);
		else if (back)
			row_drop(m, u->key);
		disown(u->key);
		disown(u->value);
		free(u);
	}
}

static enum err
mem_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct mem_kv	*m = (struct mem_kv *)kv;
	struct mem_tx	 tx = { { kv, false }, m };
	enum err	 e;

	pthread_mutex_lock(&m->one);
	e = fn(cx, &tx.tx, arg);
	pthread_mutex_unlock(&m->one);
	return e;
}

static enum err
mem_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct mem_kv	*m = (struct mem_kv *)kv;
	struct mem_tx	 tx = { { kv, true }, m };
	enum err	 e;

	pthread_mutex_lock(&m->one);
	e = fn(cx, &tx.tx, arg);
	settle(m, e != OK);
	pthread_mutex_unlock(&m->one);
	return e;
}

static enum err
mem_find(struct cx *cx, struct kv_tx *tx, struct str key, struct str *value,
    bool *there)
{
	struct mem_kv	*m = ((struct mem_tx *)tx)->m;
	size_t		 i = lower(m, key);

	*there = is_at(m, i, key);
	if (*there)
		*value = str_dup(cx->mem, m->rows[i].value);
	return OK;
}

static enum err
mem_put(struct cx *cx, struct kv_tx *tx, struct str key, struct str value)
{
	struct mem_kv	*m = ((struct mem_tx *)tx)->m;

	(void)cx;
	remember(m, key);
	row_set(m, key, value);
	return OK;
}

static enum err
mem_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	struct mem_kv	*m = ((struct mem_tx *)tx)->m;

	(void)cx;
	remember(m, key);
	row_drop(m, key);
	return OK;
}

static enum err
mem_scan(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    bool keys_only, struct kv_cursor **out)
{
	struct kv_cursor	*c = arena_get(cx->mem, sizeof *c);

	(void)keys_only;
	c->m = ((struct mem_tx *)tx)->m;
	c->from = str_dup(cx->mem, lo);
	c->hi = str_dup(cx->mem, hi);
	*out = c;
	return OK;
}

static enum err
mem_next(struct cx *cx, struct kv_cursor *c, struct str *key,
    struct str *value, bool *there)
{
	size_t	i = lower(c->m, c->from);

	(void)cx;
	if (c->past && is_at(c->m, i, c->from))
		i++;
	*there = i < c->m->n && str_cmp(c->m->rows[i].key, c->hi) < 0;
	if (!*there)
		return OK;
	*key = c->m->rows[i].key;
	*value = c->m->rows[i].value;
	c->from = str_dup(cx->mem, *key);
	c->past = true;
	return OK;
}

static enum err
mem_seek(struct cx *cx, struct kv_cursor *c, struct str lo)
{
	c->from = str_dup(cx->mem, lo);
	c->past = false;
	return OK;
}

static void
mem_cursor_close(struct kv_cursor *c)
{
	(void)c;
}

static enum err
mem_last(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct str *key, struct str *value, bool *there)
{
	struct mem_kv	*m = ((struct mem_tx *)tx)->m;
	size_t		 i = lower(m, hi);

	*there = i > 0 && str_cmp(m->rows[i - 1].key, lo) >= 0;
	if (*there) {
		*key = str_dup(cx->mem, m->rows[i - 1].key);
		*value = str_dup(cx->mem, m->rows[i - 1].value);
	}
	return OK;
}

static enum err
mem_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	struct mem_kv	*m = ((struct mem_tx *)tx)->m;
	struct str	 key;
	size_t		 i;

	for (*n = 0; *n < max; ++*n) {
		i = lower(m, lo);
		if (i == m->n || str_cmp(m->rows[i].key, hi) >= 0)
			break;
		key = str_dup(cx->mem, m->rows[i].key);
		mem_delete(cx, tx, key);
	}
	return OK;
}

static enum err
mem_trim(struct cx *cx, struct kv *kv)
{
	(void)cx;
	(void)kv;
	return OK;
}

static void
mem_close(struct kv *kv)
{
	struct mem_kv	*m = (struct mem_kv *)kv;
	size_t		 i;

	for (i = 0; i < m->n; i++) {
		disown(m->rows[i].key);
		disown(m->rows[i].value);
	}
	free(m->rows);
	pthread_mutex_destroy(&m->one);
	free(m);
}

static const struct kv_ops mem_ops = {
	.read = mem_read, .write = mem_write, .find = mem_find,
	.put = mem_put, .del = mem_delete, .scan = mem_scan,
	.next = mem_next, .seek = mem_seek, .cursor_close = mem_cursor_close,
	.last = mem_last, .clear = mem_clear, .trim = mem_trim,
	.close = mem_close,
};

struct kv *
kv_mem_open(void)
{
	struct mem_kv	*m = calloc(1, sizeof *m);

	if (m == NULL)
		abort();
	m->kv.ops = &mem_ops;
	pthread_mutex_init(&m->one, NULL);
	return &m->kv;
}
