/*
 * Named points where a test can make a step fail or the process die:
 * LAKEGATE_FAULT=block.rename:3 fails the third pass of that point (errno
 * ENOSPC), LAKEGATE_FAULT=block.rename:3:kill ends the process there.
 * Without the variable a point costs one load.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

void	fault_init(void);	/* reads the environment, once at start */
bool	fault(const char *point);

#endif
