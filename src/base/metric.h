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

enum err	metric_open(struct cx *cx, const char *path);
void		metric_add(enum metric m, uint64_t n);
uint64_t	metric_get(enum metric m);
void		metric_text(struct buf *b); /* Prometheus text format 0.0.4 */

#endif
