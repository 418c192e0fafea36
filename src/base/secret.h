/*
 * Secrets in memory: wiped after use, and never in a core dump.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/str.h"

struct arena;

/*
 * Wipe these bytes when the arena is emptied, or taken back before this point.
 * They must be writable, and valid until then.  Not inside a transaction.
 */
void	secret_wipe_later(struct arena *mem, struct str s);

/*
 * From now on this process leaves no core dump, and other processes of its
 * user cannot attach to it or read its memory.
 */
void	secret_no_dumps(void);

#endif
