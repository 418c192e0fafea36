/* Counters shared by all workers of a lake. */
#include "base/metric.h"

#include <stdatomic.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/fileio.h"

static atomic_uint_fast64_t	 own[METRIC_COUNT];
static atomic_uint_fast64_t	*counters = own;

static const struct {
	const char	*name, *help;
} rows[] = {
#define METRIC(name, help)	{ #name, help },
#include "base/metric.def"
#undef METRIC
};

enum err
metric_open(struct cx *cx, const char *path)
{
	void		*p;
	enum err	 e;

	if ((e = file_map(cx, path, sizeof own, &p)) != OK)
		return e;
	counters = p;
	return OK;
}

void
metric_add(enum metric m, uint64_t n)
{
	atomic_fetch_add_explicit(&counters[m], n, memory_order_relaxed);
}

void
metric_text(struct buf *b)
{
	size_t	i;

	for (i = 0; i < METRIC_COUNT; i++)
		buf_printf(b, "# HELP lakegate_%s_total %s\n"
		    "# TYPE lakegate_%s_total counter\n"
		    "lakegate_%s_total %llu\n", rows[i].name, rows[i].help,
		    rows[i].name, rows[i].name,
		    (unsigned long long)atomic_load_explicit(&counters[i],
		    memory_order_relaxed));
}
