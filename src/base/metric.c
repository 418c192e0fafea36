/* Counters shared by all workers of a lake. */
#include "base/metric.h"

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/fileio.h"
#include "base/str.h"

enum { OPERATIONS = 320, BOUNDS = 13, CLASSES = 5 };

/* Upper bounds of the histogram. */
static const struct {
	int64_t		 us;
	const char	*seconds;
} bounds[BOUNDS] = {
	{ 1000, "0.001" }, { 2500, "0.0025" }, { 5000, "0.005" },
	{ 10000, "0.01" }, { 25000, "0.025" }, { 50000, "0.05" },
	{ 100000, "0.1" }, { 250000, "0.25" }, { 500000, "0.5" },
	{ 1000000, "1" }, { 2500000, "2.5" }, { 10000000, "10" },
	{ 60000000, "60" },
};

static const char *const classes[CLASSES] = {
	"2xx", "3xx", "4xx", "501", "5xx"
};

static const struct {
	const char	*name, *type, *help;
} rows[] = {
#define COUNTER(name, help)	{ #name "_total", "counter", help },
#define GAUGE(name, help)	{ #name, "gauge", help },
#include "base/metric.def"
#undef COUNTER
#undef GAUGE
};

struct operation_counts {
	atomic_uint_fast64_t	answers[CLASSES];
	atomic_uint_fast64_t	within[BOUNDS + 1];	/* the last: longer */
	atomic_uint_fast64_t	us;
};

struct counts {
	atomic_uint_fast64_t	form;		/* digest of what is counted */
	atomic_uint_fast64_t	scalar[METRIC_COUNT];
	struct operation_counts	operation[OPERATIONS];
};

static struct counts	 own;
static struct counts	*counts = &own;

/* operations[0] is for what has no name; the others are sorted. */
static struct operation {
	const char	*protocol, *name;
} operations[OPERATIONS] = { { "-", "-" } };
static size_t	 n_operations = 1;

static uint64_t
metric_get(const atomic_uint_fast64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

static int
operation_order(const void *a, const void *b)
{
	const struct operation	*x = a, *y = b;
	int			 order = strcmp(x->protocol, y->protocol);

	return order != 0 ? order : strcmp(x->name, y->name);
}

static size_t
operation_find(const char *protocol, const char *name)
{
	const struct operation	 key = { protocol, name }, *at;

	at = bsearch(&key, operations + 1, n_operations - 1, sizeof key,
	    operation_order);
	return at == NULL ? 0 : (size_t)(at - operations);
}

void
metric_operation(const char *protocol, const char *name)
{
	if (operation_find(protocol, name) != 0)
		return;
	assert(n_operations < OPERATIONS);
	operations[n_operations++] = (struct operation){ protocol, name };
	qsort(operations + 1, n_operations - 1, sizeof operations[0],
	    operation_order);
}

/* Never 0, which is what a new file has. */
static uint64_t
metric_form(void)
{
	unsigned char	hash[SHA256_BYTES];
	struct digest	d;
	uint64_t	form;
	size_t		i;

	digest_begin(&d, DIGEST_SHA256);
	for (i = 0; i < METRIC_COUNT; i++)
		digest_feed(&d, rows[i].name, strlen(rows[i].name) + 1);
	for (i = 0; i < n_operations; i++) {
		digest_feed(&d, operations[i].protocol,
		    strlen(operations[i].protocol) + 1);
		digest_feed(&d, operations[i].name,
		    strlen(operations[i].name) + 1);
	}
	for (i = 0; i < BOUNDS; i++)
		digest_feed(&d, &bounds[i].us, sizeof bounds[i].us);
	digest_end(&d, hash);
	memcpy(&form, hash, sizeof form);
	return form | 1;
}

/* Without a lock, which a mapping would keep where it cannot be given back: of
 * two that begin anew at once one may lose what the other has just counted. */
enum err
metric_open(struct cx *cx, const char *path)
{
	uint64_t	form = metric_form();
	void		*p;
	enum err	 e;

	if ((e = file_map(cx, path, sizeof own, &p)) != OK)
		return e;
	counts = p;
	if (metric_get(&counts->form) != form) {
		memset(p, 0, sizeof own);
		atomic_store(&counts->form, form);
	}
	return OK;
}

void
metric_add(enum metric m, uint64_t n)
{
	atomic_fetch_add_explicit(&counts->scalar[m], n, memory_order_relaxed);
}

void
metric_set(enum metric m, uint64_t value)
{
	atomic_store_explicit(&counts->scalar[m], value, memory_order_relaxed);
}

static size_t
class_of(int status)
{
	return status < 300 ? 0 : status < 400 ? 1 : status < 500 ? 2 :
	    status == 501 ? 3 : 4;
}

void
metric_request(const char *protocol, const char *operation, int status,
    int64_t us)
{
	struct operation_counts	*c;
	size_t			 i = 0;

	c = &counts->operation[operation_find(protocol, operation)];
	while (i < BOUNDS && us > bounds[i].us)
		i++;
	atomic_fetch_add_explicit(&c->answers[class_of(status)], 1,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&c->within[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->us, us > 0 ? (uint64_t)us : 0,
	    memory_order_relaxed);
}

/* ---- Prometheus' text format ------------------------------------------- */

static void
text_head(struct buf *b, const char *name, const char *type,
    const char *help)
{
	buf_printf(b, "# HELP lakegate_%s %s\n# TYPE lakegate_%s %s\n", name,
	    help, name, type);
}

static void
text_labels(struct buf *b, const char *family, size_t i)
{
	buf_printf(b, "lakegate_%s{protocol=\"%s\",operation=\"%s\"", family,
	    operations[i].protocol, operations[i].name);
}

static void
text_answers(struct buf *b)
{
	uint64_t	n;
	size_t		i, k;

	text_head(b, "requests_total", "counter",
	    "requests answered, by protocol, operation and class of status");
	for (i = 0; i < n_operations; i++)
		for (k = 0; k < CLASSES; k++) {
			n = metric_get(&counts->operation[i].answers[k]);
			if (n == 0)
				continue;
			text_labels(b, "requests_total", i);
			buf_printf(b, ",status=\"%s\"} %llu\n", classes[k],
			    (unsigned long long)n);
		}
}

/* Buckets hold what is within their bound, all smaller ones included. */
static void
text_durations_of(struct buf *b, size_t i)
{
	const struct operation_counts	*c = &counts->operation[i];
	uint64_t			 n = 0, us = metric_get(&c->us);
	size_t				 k;

	for (k = 0; k <= BOUNDS; k++) {
		n += metric_get(&c->within[k]);
		text_labels(b, "request_duration_seconds_bucket", i);
		buf_printf(b, ",le=\"%s\"} %llu\n", k < BOUNDS ?
		    bounds[k].seconds : "+Inf", (unsigned long long)n);
	}
	text_labels(b, "request_duration_seconds_sum", i);
	buf_printf(b, "} %llu.%06llu\n", (unsigned long long)(us / 1000000),
	    (unsigned long long)(us % 1000000));
	text_labels(b, "request_duration_seconds_count", i);
	buf_printf(b, "} %llu\n", (unsigned long long)n);
}

static bool
was_asked(size_t i)
{
	size_t	k;

	for (k = 0; k < CLASSES; k++)
		if (metric_get(&counts->operation[i].answers[k]) > 0)
			return true;
	return false;
}

void
metric_text(struct buf *b)
{
	size_t	i;

	text_answers(b);
	text_head(b, "request_duration_seconds", "histogram",
	    "from the first byte of a request to the last of its answer");
	for (i = 0; i < n_operations; i++)
		if (was_asked(i))
			text_durations_of(b, i);
	for (i = 0; i < METRIC_COUNT; i++) {
		text_head(b, rows[i].name, rows[i].type, rows[i].help);
		buf_printf(b, "lakegate_%s %llu\n", rows[i].name,
		    (unsigned long long)metric_get(&counts->scalar[i]));
	}
}

void
metric_text_gauge(struct buf *b, const char *name, const char *help,
    uint64_t value)
{
	text_head(b, name, "gauge", help);
	buf_printf(b, "lakegate_%s %llu\n", name, (unsigned long long)value);
}
