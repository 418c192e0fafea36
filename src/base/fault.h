/*
 * What tests break on purpose.
 *
 * Named points where a step fails or the process dies:
 * LAKEGATE_FAULT=block.rename:3 fails the third pass of that point (errno
 * ENOSPC), LAKEGATE_FAULT=block.rename:3:kill ends the process there, and
 * LAKEGATE_FAULT=block.rename:3:stop stops it until a SIGCONT.
 * Without the variable a point costs one load.
 *
 * Named guards that are left out: in a build with --enable-faults,
 * LAKEGATE_SKIP=NAME leaves the guard out that asks fault_skip("NAME"), and
 * `sh tests/run faults` shows which test misses it.  tests/faults/guards lists
 * them all; in other builds fault_skip is false.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/* Read the environment; once, at start, before there are threads. */
void	fault_init(void);
/* Should this point fail now?  Then errno is ENOSPC. */
bool	fault(const char *point);

#ifdef LG_FAULTS
/* Should this guard be left out? */
bool	fault_skip(const char *guard);
#else
#define fault_skip(guard)	false
#endif

#endif
