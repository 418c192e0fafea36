/*
 * The lease of a backup: while one is held no block of the lake that had a name
 * is deleted.  It is a lock on backup.lock in the lake, and ends with the
 * process that holds it.
 */
#ifndef UPKEEP_LEASE_H
#define UPKEEP_LEASE_H

#include <stdbool.h>

#include "base/err.h"

struct cx;
struct engine;

/* Open the lock; *fd is -1 where the lake is in memory, and never held. */
enum err	lease_open(struct cx *cx, struct engine *eng, int *fd);
/* Hold it until fd is closed.  Waits for a gc, which has it for moments;
 * E_BUSY when another backup does. */
enum err	lease_take(struct cx *cx, int fd);
/* Have it for a moment, to delete; false: a backup holds it. */
bool		lease_enter(int fd);
/* The moment is over. */
void		lease_leave(int fd);

#endif
