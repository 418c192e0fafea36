/*
 * Log lines on standard error (the web server keeps them), one write each:
 * "2026-01-31T12:00:00.000Z level key=value …".  Bytes from clients are
 * escaped by log_value.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/str.h"

struct buf;

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

bool	log_set_level(struct str name);	/* "error", "warn", "info", "debug" */
void	log_line(enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Append " key=value", quoted and escaped where the value needs it. */
void	log_value(struct buf *b, const char *key, struct str value);

#endif
