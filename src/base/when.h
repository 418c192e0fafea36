/* The clock, and the forms of dates that our protocols use. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

int64_t		 when_now(void);		/* ms since 1970 */
int64_t		 when_monotonic(void);		/* us, for durations */
int64_t		 when_cpu(void);		/* us of this process */

/* "Sun, 06 Nov 1994 08:49:37 GMT" [RFC 9110 5.6.7] */
struct str	 when_http(struct arena *mem, int64_t ms);
bool		 when_http_parse(struct str s, int64_t *ms);

/* "2009-10-12T17:50:30.000Z", UTC; a parser that also takes no fraction. */
struct str	 when_iso(struct arena *mem, int64_t ms);
bool		 when_iso_parse(struct str s, int64_t *ms);

/* "20150830T123600Z" [SigV4] */
struct str	 when_amz(struct arena *mem, int64_t ms);
bool		 when_amz_parse(struct str s, int64_t *ms);

#endif
