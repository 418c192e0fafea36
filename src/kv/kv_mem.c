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

struct kv_mem_row {
	struct str	key, value;	/* malloc'ed */
};

struct kv_mem_undo {
	struct kv_mem_undo	*prev;
	struct str		 key, value;
	bool			 was_there;
};

struct kv_mem {
	struct kv		 kv;
	pthread_mutex_t		 one;
	struct kv_mem_row	*rows;
	size_t			 n, room;
	struct kv_mem_undo	*undo;
};

struct kv_mem_tx {
	struct kv_tx	 tx;
	struct kv_mem	*m;
};

struct kv_cursor {
	struct kv_mem	*m;
	struct str	 from, hi;
	size_t		 at;		/* where from was */
	bool		 past;		/* from itself was given out */
};

static struct str
kv_mem_own(struct str s)
{
	char	*p = malloc(s.n + 1);

	if (p == NULL)
		abort();
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

static void
kv_mem_disown(struct str s)
{
	free((void *)(uintptr_t)s.p);
}

/* Index of the first row whose key is >= key. */
static size_t
kv_mem_lower(const struct kv_mem *m, struct str key)
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
kv_mem_is_at(const struct kv_mem *m, size_t i, struct str key)
{
	return i < m->n && str_is(m->rows[i].key, key);
}

static void
kv_mem_row_set(struct kv_mem *m, struct str key, struct str value)
{
	size_t	i = kv_mem_lower(m, key);

	if (kv_mem_is_at(m, i, key)) {
		kv_mem_disown(m->rows[i].value);
		m->rows[i].value = kv_mem_own(value);
		return;
	}
	if (m->n == m->room) {
		m->room = m->room == 0 ? 64 : m->room * 2;
		m->rows = realloc(m->rows, m->room * sizeof *m->rows);
		if (m->rows == NULL)
			abort();
	}
	memmove(&m->rows[i + 1], &m->rows[i], (m->n - i) * sizeof *m->rows);
	m->rows[i] = (struct kv_mem_row){ kv_mem_own(key), kv_mem_own(value) };
	m->n++;
}

static void
kv_mem_row_drop(struct kv_mem *m, struct str key)
{
	size_t	i = kv_mem_lower(m, key);

	if (!kv_mem_is_at(m, i, key))
		return;
	kv_mem_disown(m->rows[i].key);
	kv_mem_disown(m->rows[i].value);
	m->n--;
	memmove(&m->rows[i], &m->rows[i + 1], (m->n - i) * sizeof *m->rows);
}

static void
kv_mem_remember(struct kv_mem *m, struct str key)
{
	struct kv_mem_undo	*u = calloc(1, sizeof *u);
	size_t			 i = kv_mem_lower(m, key);

	if (u == NULL)
		abort();
	u->prev = m->undo;
	u->key = kv_mem_own(key);
	u->was_there = kv_mem_is_at(m, i, key);
	if (u->was_there)
		u->value = kv_mem_own(m->rows[i].value);
	m->undo = u;
}

static void
kv_mem_settle(struct kv_mem *m, bool back)
{
	struct kv_mem_undo	*u;

	while ((u = m->undo) != NULL) {
		m->undo = u->prev;
		if (back && u->was_there)
			kv_mem_row_set(m, u->key, u->value);
		else if (back)
			kv_mem_row_drop(m, u->key);
		kv_mem_disown(u->key);
		kv_mem_disown(u->value);
		free(u);
	}
}

static enum err
kv_mem_read(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct kv_mem		*m = (struct kv_mem *)kv;
	struct kv_mem_tx	 tx = { { kv, false }, m };
	enum err		 e;

	pthread_mutex_lock(&m->one);
	e = fn(cx, &tx.tx, arg);
	pthread_mutex_unlock(&m->one);
	return e;
}

static enum err
kv_mem_write(struct cx *cx, struct kv *kv, kv_fn *fn, void *arg)
{
	struct kv_mem		*m = (struct kv_mem *)kv;
	struct kv_mem_tx	 tx = { { kv, true }, m };
	enum err		 e;

	pthread_mutex_lock(&m->one);
	e = fn(cx, &tx.tx, arg);
	kv_mem_settle(m, e != OK);
	pthread_mutex_unlock(&m->one);
	return e;
}

static enum err
kv_mem_find(struct cx *cx, struct kv_tx *tx, struct str key, struct str *value,
    bool *there)
{
	struct kv_mem	*m = ((struct kv_mem_tx *)tx)->m;
	size_t		 i = kv_mem_lower(m, key);

	*there = kv_mem_is_at(m, i, key);
	if (*there)
		*value = str_dup(cx->mem, m->rows[i].value);
	return OK;
}

static enum err
kv_mem_put(struct cx *cx, struct kv_tx *tx, struct str key, struct str value)
{
	struct kv_mem	*m = ((struct kv_mem_tx *)tx)->m;

	(void)cx;
	kv_mem_remember(m, key);
	kv_mem_row_set(m, key, value);
	return OK;
}

static enum err
kv_mem_delete(struct cx *cx, struct kv_tx *tx, struct str key)
{
	struct kv_mem	*m = ((struct kv_mem_tx *)tx)->m;

	(void)cx;
	kv_mem_remember(m, key);
	kv_mem_row_drop(m, key);
	return OK;
}

static enum err
kv_mem_scan(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    bool keys_only, struct kv_cursor **out)
{
	struct kv_cursor	*c = arena_get(cx->mem, sizeof *c);

	(void)keys_only;
	c->m = ((struct kv_mem_tx *)tx)->m;
	c->from = str_dup(cx->mem, lo);
	c->hi = str_dup(cx->mem, hi);
	*out = c;
	return OK;
}

static enum err
kv_mem_next(struct cx *cx, struct kv_cursor *c, struct str *key,
    struct str *value, bool *there)
{
	size_t	i = kv_mem_is_at(c->m, c->at, c->from) ? c->at :
	    kv_mem_lower(c->m, c->from);

	(void)cx;
	if (c->past && kv_mem_is_at(c->m, i, c->from))
		i++;
	*there = i < c->m->n && str_cmp(c->m->rows[i].key, c->hi) < 0;
	if (!*there)
		return OK;
	*key = c->m->rows[i].key;
	*value = c->m->rows[i].value;
	c->from = str_dup(cx->mem, *key);
	c->at = i;
	c->past = true;
	return OK;
}

static enum err
kv_mem_next_size(struct cx *cx, struct kv_cursor *cur, struct str *key,
    uint64_t *size, bool *there)
{
	struct str	value;
	enum err	e;

	if ((e = kv_mem_next(cx, cur, key, &value, there)) == OK && *there)
		*size = value.n;
	return e;
}

static enum err
kv_mem_seek(struct cx *cx, struct kv_cursor *c, struct str lo)
{
	c->from = str_dup(cx->mem, lo);
	c->past = false;
	return OK;
}

static void
kv_mem_cursor_close(struct kv_cursor *c)
{
	(void)c;
}

static enum err
kv_mem_last(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    struct str *key, struct str *value, bool *there)
{
	struct kv_mem	*m = ((struct kv_mem_tx *)tx)->m;
	size_t		 i = kv_mem_lower(m, hi);

	*there = i > 0 && str_cmp(m->rows[i - 1].key, lo) >= 0;
	if (*there) {
		*key = str_dup(cx->mem, m->rows[i - 1].key);
		*value = str_dup(cx->mem, m->rows[i - 1].value);
	}
	return OK;
}

static enum err
kv_mem_clear(struct cx *cx, struct kv_tx *tx, struct str lo, struct str hi,
    size_t max, size_t *n)
{
	struct kv_mem	*m = ((struct kv_mem_tx *)tx)->m;
	struct str	 key;
	size_t		 i;

	for (*n = 0; *n < max; ++*n) {
		i = kv_mem_lower(m, lo);
		if (i == m->n || str_cmp(m->rows[i].key, hi) >= 0)
			break;
		key = str_dup(cx->mem, m->rows[i].key);
		kv_mem_delete(cx, tx, key);
	}
	return OK;
}

static enum err
kv_mem_trim(struct cx *cx, struct kv *kv)
{
	(void)cx;
	(void)kv;
	return OK;
}

static enum err
kv_mem_copy(struct cx *cx, struct kv *kv, const char *dir, kv_told *told,
    void *arg)
{
	(void)kv;
	(void)told;
	(void)arg;
	return fail(cx, E_NOT_IMPLEMENTED, "%s: a store in memory has no "
	    "files", dir);
}

static void
kv_mem_close(struct kv *kv)
{
	struct kv_mem	*m = (struct kv_mem *)kv;
	size_t		 i;

	for (i = 0; i < m->n; i++) {
		kv_mem_disown(m->rows[i].key);
		kv_mem_disown(m->rows[i].value);
	}
	free(m->rows);
	pthread_mutex_destroy(&m->one);
	free(m);
}

static const struct kv_ops kv_mem_ops = {
	.read = kv_mem_read, .write = kv_mem_write, .find = kv_mem_find,
	.put = kv_mem_put, .del = kv_mem_delete, .scan = kv_mem_scan,
	.next = kv_mem_next, .next_size = kv_mem_next_size,
	.seek = kv_mem_seek,
	.cursor_close = kv_mem_cursor_close, .last = kv_mem_last,
	.clear = kv_mem_clear, .trim = kv_mem_trim, .copy = kv_mem_copy,
	.close = kv_mem_close,
};

struct kv *
kv_mem_open(void)
{
	struct kv_mem	*m = calloc(1, sizeof *m);

	if (m == NULL)
		abort();
	m->kv.ops = &kv_mem_ops;
	pthread_mutex_init(&m->one, NULL);
	return &m->kv;
}
