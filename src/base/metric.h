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
#define COUNTER(name, help)	METRIC_##name,
#define GAUGE(name, help)	METRIC_##name,
#include "base/metric.def"
#undef COUNTER
#undef GAUGE
	METRIC_COUNT
};

/* Requests of this operation will be counted by it; protocol and name live as
 * long as the process.  Again: nothing happens.  Before metric_open, once there
 * are threads no more. */
void		metric_operation(const char *protocol, const char *name);
/*
 * From now on counters are those of the file at path, which is made when it is
 * not there; once, before there are threads.  Where another version of the
 * program counted otherwise they begin anew.  E_STORE, E_DISK_FULL.
 */
enum err	metric_open(struct cx *cx, const char *path);
/* Add n; from any thread. */
void		metric_add(enum metric m, uint64_t n);
/* Set a gauge; from any thread. */
void		metric_set(enum metric m, uint64_t value);
/* A request was answered, after so many microseconds.  What no
 * metric_operation named counts as protocol and operation "-". */
void		metric_request(const char *protocol, const char *operation,
		    int status, int64_t us);
/* Append all counters in Prometheus' text format 0.0.4; operations that were
 * never asked for are left out. */
void		metric_text(struct buf *b);
/* Append a gauge that is measured now, under lakegate_NAME. */
void		metric_text_gauge(struct buf *b, const char *name,
		    const char *help, uint64_t value);

#endif
