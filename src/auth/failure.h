/*
 * Failed logins, signatures and tokens: counted by address and by access key
 * with address, in a small file that all processes of a lake share.  DESIGN
 * says how, and what the counts are good for.
 */
#ifndef AUTH_FAILURE_H
#define AUTH_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct client;
struct cx;
struct failures;

/* path is kept.  The file is made when the first failure is counted; where it
 * cannot be, this process counts alone. */
struct failures	*failures_new(const char *path);
/* f may be NULL; the file stays. */
void		 failures_free(struct failures *f);
/*
 * One more, of this key ("": none was named), at a time in seconds of a clock
 * that goes on evenly and that all processes share.  True: the address, or the
 * key from that address, has failed more often than LIMIT_FAILURES_… allow.
 */
bool		 failures_add(struct cx *cx, struct failures *f,
		    const struct client *from, struct str key_id,
		    uint64_t now);

#endif
