/*
 * Log lines on standard error (the web server keeps them) or in a file, one
 * write each: "2026-01-31T12:00:00.000Z level key=value …".  Bytes from
 * clients are escaped by log_value.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

struct buf;
struct cx;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines below this level are not written: "error", "warn", "info" (as it is
 * at first) or "debug"; false: name is another word. */
bool	log_set_level(struct str name);
/*
 * From now on lines go to the end of this file, which many processes may
 * share.  Once it has been renamed or removed, within a second to a new one of
 * that name.  path is kept.  E_CONF: it cannot be written.
 */
enum err log_open(struct cx *cx, const char *path);
/*
 * The audit log: one line for each change that was made, in a file of its own
 * as above.  Where none was opened, log_audit writes nothing; a line that the
 * file does not take goes to the log, as an error.
 */
enum err log_open_audit(struct cx *cx, const char *path);
/* Is there an audit log? */
bool	log_audits(void);
/* A line of it; words are made with log_value where a client wrote them. */
void	log_audit(struct cx *cx, struct str words);
/* A line of the log.  What a client wrote must have passed log_value. */
void	log_line(enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * Append " key=value", quoted and escaped where the value needs it.  Characters
 * that a terminal would obey, or that change the order of what it shows, become
 * \u and their number.
 */
void	log_value(struct buf *b, const char *key, struct str value);
/* A line that says what failed, and the failure recorded in cx. */
void	log_failure(enum log_level level, const char *what,
	    const struct cx *cx);

#endif
