/*
 * Counters that are true across threads and processes: one small mapped file
 * in the lake, atomically added to.  Without a file they count this process.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdint.h>

#include "base/err.h"

struct buf;
struct cx;

enum metric {
#define METRIC(name, help)	METRIC_##name,
#include "base/metric.def"
#undef METRIC
	METRIC_COUNT
};

/* From now on counters are those of the file at path, which is made when it is
 * not there; once, before there are threads.  E_STORE, E_DISK_FULL. */
enum err	metric_open(struct cx *cx, const char *path);
/* Add n; from any thread. */
void		metric_add(enum metric m, uint64_t n);
/* Append all counters in Prometheus' text format 0.0.4. */
void		metric_text(struct buf *b);

#endif
