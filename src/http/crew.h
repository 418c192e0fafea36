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
/* Start the first thread; false: the system gives none. */
bool		 crew_start(struct crew *c);

/* The calling thread, which was ready, has a request now. */
void		 crew_busy(struct crew *c);
/* The calling thread has done its request; false: it is not needed any more,
 * and is to end. */
bool		 crew_done(struct crew *c);
/* Are so few threads left that they stay? */
bool		 crew_is_small(struct crew *c);
/* The calling thread has found nothing for CREW_REST_MS; false: it is to
 * end. */
bool		 crew_rested(struct crew *c);

/* A busy thread, whichever calls, waits for its client. */
void		 crew_waits(struct crew *c);
/* It waits no longer. */
void		 crew_works(struct crew *c);

#endif
