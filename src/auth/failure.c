/* Who failed to authenticate, and how often of late. */
#include "auth/failure.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/ident.h"
#include "base/limit.h"
#include "base/log.h"
#include "http/http.h"

/*
 * A slot is one word: tag, second of the first failure, count.  A subject has
 * WAYS slots to be in.
 */
enum {
	COUNT_BITS = 12, START_BITS = 24,
	WAYS = 8, SETS = LIMIT_FAILURES_KEPT / WAYS,
	TRIES = 4
};
#define COUNT_MASK	((UINT64_C(1) << COUNT_BITS) - 1)
#define START_MASK	((UINT64_C(1) << START_BITS) - 1)
_Static_assert((SETS & (SETS - 1)) == 0, "sets are chosen by the low bits");
_Static_assert(LIMIT_FAILURES_ADDRESS < COUNT_MASK &&
    LIMIT_FAILURES_KEY < COUNT_MASK, "counts stop at COUNT_MASK");

typedef atomic_uint_fast64_t	slot;

struct table {
	slot	salt[2];
	slot	of_address[SETS][WAYS];
	slot	of_key[SETS][WAYS];
};

struct failures {
	pthread_mutex_t		 lock;	/* around the mapping, in a process */
	const char		*path;
	struct file_share	 file;
	struct table		*alone;	/* while there is no file */
};

struct failures *
failures_new(const char *path)
{
	struct failures	*f = calloc(1, sizeof *f);

	if (f == NULL)
		abort();
	pthread_mutex_init(&f->lock, NULL);
	f->path = path;
	return f;
}

void
failures_free(struct failures *f)
{
	if (f == NULL)
		return;
	file_share_close(&f->file);
	free(f->alone);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

/* The file, when it is as it should be or can be made so; else memory. */
static struct table *
table_of(struct cx *cx, struct failures *f)
{
	struct cx	aside = cx_aside(cx);

	if (file_share_is_whole(&f->file, f->path))
		return f->file.p;
	file_share_close(&f->file);
	if (file_share_open(&aside, f->path, sizeof(struct table),
	    &f->file) == OK)
		return f->file.p;
	if (f->alone == NULL) {
		log_line(LOG_WARN, "failures are not counted across "
		    "processes words=\"%s\"", aside.words);
		if ((f->alone = calloc(1, sizeof *f->alone)) == NULL)
			abort();
	}
	return f->alone;
}

/* Drawn by whoever comes first, so that nobody can choose his slots. */
static void
salt_read(struct table *t, uint64_t salt[2])
{
	uint_fast64_t	none, drawn;
	size_t		i;

	for (i = 0; i < 2; i++) {
		none = 0;
		ident_random(&drawn, sizeof drawn);
		salt[i] = atomic_compare_exchange_strong(&t->salt[i], &none,
		    drawn) ? drawn : none;
	}
}

static unsigned
count_of(uint64_t word)
{
	return word & COUNT_MASK;
}

/* Seconds since its first failure; of one in the future, which another boot or
 * a damaged file leaves, very many. */
static uint64_t
age_of(uint64_t word, uint64_t now)
{
	return (now - (word >> COUNT_BITS)) & START_MASK;
}

static bool
is_past(uint64_t word, uint64_t now)
{
	return count_of(word) == 0 || age_of(word, now) >= LIMIT_FAILURE_TIME;
}

static uint64_t
tag_of(uint64_t word)
{
	return word >> (COUNT_BITS + START_BITS);
}

/* Is a more easily given up than b?  What is past, then what failed least,
 * then what is oldest. */
static bool
is_lesser(uint64_t a, uint64_t b, uint64_t now)
{
	if (is_past(a, now) || is_past(b, now))
		return is_past(a, now) && !is_past(b, now);
	if (count_of(a) != count_of(b))
		return count_of(a) < count_of(b);
	return age_of(a, now) > age_of(b, now);
}

/* The slot of a tag, else the one to give up for it. */
static slot *
slot_pick(slot set[WAYS], uint64_t tag, uint64_t now, uint_fast64_t *seen)
{
	uint_fast64_t	 word;
	slot		*least = NULL;
	size_t		 i;

	for (i = 0; i < WAYS; i++) {
		word = atomic_load(&set[i]);
		if (tag_of(word) == tag && !is_past(word, now)) {
			*seen = word;
			return &set[i];
		}
		if (least == NULL || is_lesser(word, *seen, now)) {
			least = &set[i];
			*seen = word;
		}
	}
	return least;
}

/*
 * Count one; how many those are now.  Two processes that count the same may
 * each find a slot for it, and one that loses a race some times gives up:
 * counts are good enough, not exact.
 */
static unsigned
count_add(slot sets[SETS][WAYS], uint64_t hash, uint64_t now)
{
	uint64_t	 tag = tag_of(hash);
	uint_fast64_t	 seen = 0, next;
	slot		*at;
	int		 i;

	for (i = 0; i < TRIES; i++) {
		at = slot_pick(sets[hash & (SETS - 1)], tag, now, &seen);
		if (tag_of(seen) != tag || is_past(seen, now))
			next = tag << (COUNT_BITS + START_BITS) |
			    (now & START_MASK) << COUNT_BITS | 1;
		else
			next = seen + (count_of(seen) < COUNT_MASK);
		if (atomic_compare_exchange_strong(at, &seen, next))
			return count_of(next);
	}
	return 1;
}

static uint64_t
hash_of(const uint64_t salt[2], struct str subject)
{
	unsigned char	mac[SHA256_BYTES];
	uint64_t	hash;

	hmac_sha256(salt, 2 * sizeof salt[0], subject, mac);
	memcpy(&hash, mac, sizeof hash);
	return hash;
}

/* A key from an address; from one that is not known, the key alone. */
static struct str
key_subject(struct cx *cx, struct str network, struct str key_id)
{
	struct buf	b;

	buf_init(&b, cx->mem, 1024);
	buf_byte(&b, (char)network.n);
	buf_str(&b, network);
	buf_str(&b, str_to(key_id, LIMIT_KEY_ID + 1));
	return buf_as_str(&b);
}

/*
 * An address over its limit spends no further slots: with one key id after
 * another it would have the others forgotten.
 */
static bool
is_over(struct cx *cx, struct table *t, struct str network,
    struct str key_id, uint64_t now)
{
	uint64_t	salt[2];

	salt_read(t, salt);
	if (!fault_skip("FAILURES_ADDRESS") && network.n > 0 &&
	    count_add(t->of_address, hash_of(salt, network), now) >
	    LIMIT_FAILURES_ADDRESS)
		return true;
	return !fault_skip("FAILURES_KEY") && count_add(t->of_key,
	    hash_of(salt, key_subject(cx, network, key_id)), now) >
	    LIMIT_FAILURES_KEY;
}

bool
failures_add(struct cx *cx, struct failures *f, const struct client *from,
    struct str key_id, uint64_t now)
{
	struct str	network = from->known ?
	    address_network(&from->address) : STR("");
	bool		over;

	pthread_mutex_lock(&f->lock);
	over = is_over(cx, table_of(cx, f), network, key_id, now);
	pthread_mutex_unlock(&f->lock);
	return over;
}
