/*
 * A set of prints.  The table has them nearly in order, as the upper bits of a
 * print say where it goes: sorting it takes one pass.
 */
#include "upkeep/seen.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "base/spool.h"
#include "lake/ids.h"
#include "upkeep/bloom.h"

enum { SLOTS_FIRST = 4096, PAGE = 256, FILTERS = 16 << 20 };

struct print {
	uint64_t	a, b;		/* a 0: a free slot */
};

struct run {				/* prints in a file, in order */
	int		fd;
	size_t		n;
	struct bloom	filter;		/* bits NULL: there is none */
};

struct seen {
	struct print	*table;
	size_t		 size, n;	/* slots; of them taken */
	size_t		 most;		/* slots */
	struct run	*runs;
	size_t		 n_runs;
	uint64_t	 filters;	/* bytes of all */
	unsigned char	 seed[16];
	struct cx	 cx;		/* of the files */
	bool		 broken;
};

static struct print *
seen_table(size_t slots)
{
	struct print	*t = calloc(slots, sizeof *t);

	if (t == NULL)
		abort();
	return t;
}

struct seen *
seen_open(size_t slots)
{
	struct seen	*s = calloc(1, sizeof *s);

	if (s == NULL)
		abort();
	s->most = slots;
	s->size = slots < SLOTS_FIRST ? slots : SLOTS_FIRST;
	s->table = seen_table(s->size);
	s->cx = cx_bare(arena_new());
	ident_random(s->seed, sizeof s->seed);
	return s;
}

void
seen_empty(struct seen *s)
{
	size_t	i;

	for (i = 0; i < s->n_runs; i++) {
		file_close(s->runs[i].fd);
		bloom_close(&s->runs[i].filter);
	}
	free(s->runs);
	s->runs = NULL;
	s->n_runs = s->n = 0;
	s->filters = 0;
	memset(s->table, 0, s->size * sizeof *s->table);
}

void
seen_close(struct seen *s)
{
	if (s == NULL)
		return;
	seen_empty(s);
	arena_free(s->cx.mem);
	free(s->table);
	free(s);
}

enum err
seen_check(struct cx *cx, const struct seen *s)
{
	return s->broken ? fail(cx, E_STORE, "what was seen cannot be read "
	    "from its temporary file") : OK;
}

size_t
seen_files(const struct seen *s)
{
	return s->n_runs;
}

static struct print
seen_print(const struct seen *s, char kind, struct str id)
{
	unsigned char	hash[SHA256_BYTES];
	struct digest	d;
	struct print	p;

	digest_begin(&d, DIGEST_SHA256);
	digest_feed(&d, s->seed, sizeof s->seed);
	digest_feed(&d, &kind, 1);
	digest_feed(&d, id.p, id.n);
	digest_end(&d, hash);
	memcpy(&p, hash, sizeof p);
	p.a |= 1;
	return p;
}

static int
seen_order(const void *one, const void *other)
{
	const struct print	*x = one, *y = other;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return x->b < y->b ? -1 : x->b > y->b;
}

static struct uid
seen_uid(struct print p)
{
	struct uid	u;

	memcpy(u.b, &p, sizeof u);
	return u;
}

/* ---- in memory --------------------------------------------------------- */

/* Where a print is among so many that are in order, or nearly. */
static size_t
seen_guess(struct print p, size_t among)
{
	return (size_t)((p.a >> 32) * among >> 32);
}

static struct print *
seen_slot(const struct seen *s, struct print p)
{
	size_t	i = seen_guess(p, s->size);

	while (s->table[i].a != 0 && seen_order(&s->table[i], &p) != 0)
		i = (i + 1) & (s->size - 1);
	return &s->table[i];
}

static void
seen_grow(struct seen *s)
{
	struct print	*old = s->table;
	size_t		 i, n = s->size;

	s->size *= 2;
	s->table = seen_table(s->size);
	for (i = 0; i < n; i++)
		if (old[i].a != 0)
			*seen_slot(s, old[i]) = old[i];
	free(old);
}

/* ---- in files ---------------------------------------------------------- */

/* The prints to the front, in order; each is but a few slots from its place. */
static void
seen_sort(struct seen *s)
{
	struct print	p;
	size_t		i, k, n = 0;

	for (i = 0; i < s->size; i++) {
		if (s->table[i].a == 0)
			continue;
		p = s->table[i];
		for (k = n++; k > 0 && seen_order(&s->table[k - 1], &p) > 0;
		    k--)
			s->table[k] = s->table[k - 1];
		s->table[k] = p;
	}
}

/* Everything back into its slot: there is no file for it. */
static void
seen_unsort(struct seen *s)
{
	struct print	*sorted = s->table;
	size_t		 i;

	s->table = seen_table(s->size);
	for (i = 0; i < s->n; i++)
		*seen_slot(s, sorted[i]) = sorted[i];
	free(sorted);
}

static void
seen_filter(struct seen *s, struct run *r)
{
	struct uid	id;
	size_t		i;

	r->filter.bits = NULL;
	if (s->filters >= FILTERS)
		return;
	bloom_open(&r->filter, r->n);
	s->filters += r->filter.n / 8;
	for (i = 0; i < r->n; i++) {
		id = seen_uid(s->table[i]);
		bloom_add(&r->filter, &id);
	}
}

/* False: it could not be written, and all is as it was. */
static bool
seen_spill(struct seen *s)
{
	struct run	r = { .n = s->n };

	if (!spool_open(&s->cx, s->n * sizeof *s->table, &r.fd))
		return false;
	seen_sort(s);
	if (file_write(&s->cx, r.fd, s->table, s->n * sizeof *s->table) != OK) {
		cx_forget(&s->cx);
		file_close(r.fd);
		seen_unsort(s);
		return false;
	}
	s->runs = realloc(s->runs, (s->n_runs + 1) * sizeof *s->runs);
	if (s->runs == NULL)
		abort();
	seen_filter(s, &r);
	s->runs[s->n_runs++] = r;
	s->n = 0;
	memset(s->table, 0, s->size * sizeof *s->table);
	return true;
}

/*
 * Prints are random numbers, so where one is can be guessed to within some
 * hundred; from there on page by page.
 */
static bool
seen_read(struct seen *s, const struct run *r, struct print p)
{
	struct print	page[PAGE];
	size_t		lo = 0, hi = r->n, at, n, got;

	while (lo < hi) {
		at = seen_guess(p, r->n);
		at = at < lo + PAGE / 2 ? lo : at - PAGE / 2;
		at = at + PAGE <= hi ? at : hi - lo < PAGE ? lo : hi - PAGE;
		n = hi - at < PAGE ? hi - at : PAGE;
		if (file_pread(&s->cx, r->fd, page, n * sizeof p,
		    at * sizeof p, &got) != OK || got < n * sizeof p) {
			s->broken = true;
			return true;
		}
		if (seen_order(&p, &page[0]) < 0)
			hi = at;
		else if (seen_order(&p, &page[n - 1]) > 0)
			lo = at + n;
		else
			return bsearch(&p, page, n, sizeof p, seen_order) !=
			    NULL;
	}
	return false;
}

static bool
seen_in_files(struct seen *s, struct print p)
{
	struct uid	id = seen_uid(p);
	size_t		i;

	for (i = 0; i < s->n_runs; i++) {
		if (s->runs[i].filter.bits != NULL &&
		    !bloom_has(&s->runs[i].filter, &id))
			continue;
		if (fault_skip("SEEN_EXACT") || seen_read(s, &s->runs[i], p))
			return true;
	}
	return false;
}

bool
seen_has(struct seen *s, char kind, struct str id)
{
	struct print	p = seen_print(s, kind, id);

	return seen_slot(s, p)->a != 0 || seen_in_files(s, p);
}

bool
seen_add(struct seen *s, char kind, struct str id)
{
	struct print	p = seen_print(s, kind, id), *slot = seen_slot(s, p);

	if (slot->a != 0 || seen_in_files(s, p))
		return false;
	*slot = p;
	if (++s->n < s->size / 4 * 3)
		return true;
	if (s->size >= s->most && seen_spill(s))
		return true;
	seen_grow(s);
	return true;
}
