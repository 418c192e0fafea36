/* Free space on the disks. */
#ifndef ENGINE_DISK_H
#define ENGINE_DISK_H

#include "base/err.h"

struct cx;
struct engine;

/*
 * E_DISK_FULL when the lake's disk, or that of the web server's spool, has less
 * free space than the reserve.  For writes that bring bytes.
 */
enum err	disk_check(struct cx *cx, struct engine *eng);

#endif
