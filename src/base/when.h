/* The clock, and the forms of dates that our protocols use. */
#ifndef BASE_WHEN_H
#define BASE_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct arena;

/* Milliseconds since 1970, UTC: what is stored and shown. */
int64_t		 when_now(void);
/* Microseconds that only grow: for durations. */
int64_t		 when_monotonic(void);

/* "Sun, 06 Nov 1994 08:49:37 GMT" [RFC 9110 5.6.7], in mem */
struct str	 when_http(struct arena *mem, int64_t ms);
/* That form alone; false: s is not of it. */
bool		 when_http_parse(struct str s, int64_t *ms);

/* "2009-10-12T17:50:30.000Z", in mem */
struct str	 when_iso(struct arena *mem, int64_t ms);
/* That form, also without the fraction; false: s is not of it. */
bool		 when_iso_parse(struct str s, int64_t *ms);

/*
 * Any date and time of [RFC 3339 5.6], with the offset and the fraction of a
 * second that it may have, of which a part of a millisecond counts as a whole
 * one.  A second 60 is the first of the next minute.  False: s is none, as
 * where the month has no such day.
 */
bool		 when_rfc3339_parse(struct str s, int64_t *ms);

/* "20150830T123600Z" [SigV4], in mem */
struct str	 when_amz(struct arena *mem, int64_t ms);
/* That form alone; false: s is not of it. */
bool		 when_amz_parse(struct str s, int64_t *ms);

#endif
