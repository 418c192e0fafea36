/* Free space on the disks. */
#ifndef ENGINE_DISK_H
#define ENGINE_DISK_H

#include <stdint.h>

#include "base/err.h"

enum { DISK_STEP = 1 << 20 };	/* bytes of a body between two looks */

struct cx;
struct engine;

/*
 * E_NO_ROOM when the lake's disk, or that of the web server's spool, has less
 * free space than the reserve.  For writes that bring bytes.
 */
enum err	disk_check(struct cx *cx, struct engine *eng);
/* E_NO_ROOM when the lake's disk has less free space than the reserve.  For
 * writes that leave a record behind, of which there may be any number. */
enum err	disk_check_record(struct cx *cx, struct engine *eng);
/*
 * As disk_check while a body grows from so many bytes to so many: once a
 * DISK_STEP, so that many large bodies at once do not use up the reserve
 * together.
 */
enum err	disk_check_body(struct cx *cx, struct engine *eng,
		    uint64_t before, uint64_t now);

#endif
