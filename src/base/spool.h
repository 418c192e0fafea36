/*
 * Bytes that wait for a slow client wait on disk: in a file without a name, so
 * that whatever happens to the process nothing stays.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stream.h"

struct cx;

/* The folder, and how many bytes are to stay free there; once, before there
 * are threads.  dir is kept; without it there is no spool. */
void		spool_init(const char *dir, uint64_t reserve);

/* A file for so many bytes, to be written to; false: the disk has no room for
 * them, or there is no spool.  Close it with file_close or by spool_source. */
bool		spool_open(struct cx *cx, uint64_t bytes, int *fd);

/* The file from its begin; it is closed with the arena of cx. */
struct source	spool_source(struct cx *cx, int fd);

#endif
