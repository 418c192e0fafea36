/*
 * Threads on demand.  A thread is ready (looks for a request), busy with one,
 * or parked.  A busy one that waits for its client does not work: another may.
 * At most CREW_WORK work at once, for more would only hinder each other.
 */
#ifndef HTTP_CREW_H
#define HTTP_CREW_H

#include <stdbool.h>

enum { CREW_WORK = 16, CREW_REST_MS = 10000 };

struct crew;

/* A crew of at most n threads that all run fn(arg); none runs yet. */
struct crew	*crew_new(unsigned n, void *(*fn)(void *), void *arg);
/* The first; false: the system gives no thread. */
bool		 crew_start(struct crew *c);

/* Of the calling thread, which is ready: it has a request. */
void		 crew_busy(struct crew *c);
/* It has done its request; false: it is of no use any more, and ends. */
bool		 crew_done(struct crew *c);
/* Few threads are left: those that stay. */
bool		 crew_is_small(struct crew *c);
/* It has found nothing for CREW_REST_MS; false: it ends. */
bool		 crew_rested(struct crew *c);

/* Of any busy thread: it waits for its client; it does so no longer. */
void		 crew_waits(struct crew *c);
void		 crew_works(struct crew *c);

#endif
