/*
 * One budget of memory for all requests of a process, beyond the little that
 * each thread has anyway: bodies that are read whole, what is parsed from
 * them, what is gathered for an answer, and the answer until it has been sent.
 *
 * A request has one share.  It claims before it takes much memory, and waits
 * where that does not fit; what it holds when its answer is ready is then
 * counted as it is.  See src/base/DESIGN.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include <stddef.h>

#include "base/err.h"

struct cx;

struct budget_share {			/* of one request; zeroed at first */
	size_t	bytes;
};

enum { BUDGET_LEAST = 128 * 1024 };	/* less is not counted */

/* The budget in bytes, once, before there are threads. */
void		budget_init(size_t bytes);

/*
 * Claim n bytes for the request of cx, whose share is cx->share; where that is
 * NULL (commands, tests) nothing is counted.  Waits for LIMIT_MEMORY_WAIT
 * seconds at most, then E_BUSY.  A request that could never fit is let in
 * when no other holds any.
 */
enum err	budget_claim(struct cx *cx, size_t n);

/* The same, unless the request has claimed so much already. */
enum err	budget_need(struct cx *cx, size_t n);

/* The request now holds n bytes in all, more or less than it claimed. */
void		budget_hold(struct cx *cx, size_t n);

/* The request has ended and its memory is freed; what was much goes back to
 * the kernel. */
void		budget_close(struct budget_share *share);

/* So many requests are there.  Of more than 16 (which the slow ones are) each
 * takes off the budget what it holds without a claim, down to half of it. */
void		budget_requests(size_t n);

/* What all requests have claimed, in bytes. */
size_t		budget_used(void);

#endif
