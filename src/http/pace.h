/*
 * How well a client keeps up with its transfer: arithmetic alone, its clock is
 * the caller's.  DESIGN says what the figures are for.
 *
 * Waiting for the client costs time, bytes buy some back: at LEAST_RATE for the
 * right to go on, at KEEP_UP for not being called slow.  What can be saved up
 * is bounded, more generously for answers: server and kernel hold much of them,
 * and take more only when a good part of that has gone.
 */
#ifndef HTTP_PACE_H
#define HTTP_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum pace_of { PACE_BODY, PACE_ANSWER };

struct pace {
	enum pace_of	 of;
	int64_t		 since;		/* us: waits since then; 0: does not */
	int64_t		 least, keep;	/* us of waiting that are left */
	int64_t		 waited;	/* us, of late */
	uint64_t	 moved;		/* bytes, of late */
};

/* Nothing has been waited for yet. */
void		pace_init(struct pace *p);
/* A wait for the client begins; times are in microseconds and never 0. */
void		pace_wait(struct pace *p, enum pace_of of, int64_t now);
/* The wait is over, and so many bytes went. */
void		pace_moved(struct pace *p, int64_t now, uint64_t bytes);
/* For how many us the client has been waited for by now; 0: it is not. */
int64_t		pace_waits(const struct pace *p, int64_t now);
/* Has it been waited for more than a second, and moved less than LIMIT_KEEP_UP
 * a second? */
bool		pace_is_slow(const struct pace *p, int64_t now);
/* Has it moved less than LIMIT_LEAST_RATE a second for LIMIT_PATIENCE? */
bool		pace_is_over(const struct pace *p, int64_t now);
/* Bytes a second of waiting, of late: by this the slowest is chosen. */
uint64_t	pace_rate(const struct pace *p, int64_t now);

#endif
