/*
 * The context that every fallible call receives: the memory of this request,
 * its time, its id, and what went wrong.  One per thread.
 */
#ifndef BASE_CX_H
#define BASE_CX_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct budget_share;

struct cx {
	struct arena	*mem;
	struct budget_share *share;	/* of memory, or NULL: not counted */
	int64_t		 now;		/* ms since 1970, set once a request */
	char		 id[33];	/* request id, hex */
	enum err	 code;		/* last failure, or OK */
	char		 words[600];	/* its words for the client */
	const char	*as;		/* see cx_as; or NULL */
	const char	*file;
	int		 line;
};

/* The context of a new request in mem: a new id, the time now, no failure. */
void	cx_init(struct cx *cx, struct arena *mem);

/*
 * The same request's context without a failure, for a step whose failure is
 * not the request's: what was recorded in cx, or will be, stays as it is.  It
 * shares the memory; give .mem another arena when the step's memory ends with
 * the step.  What the step failed of is lost unless cx_pass takes it over.
 */
struct cx cx_aside(const struct cx *cx);

/*
 * A context that is of no request: it has memory and can record a failure,
 * and that is all.  Its time is 0 and its id empty, so what is called with it
 * must read neither; its memory is not counted.
 */
struct cx cx_bare(struct arena *mem);

/* Record a failure and return its code: return fail(cx, E_X, "…", …); */
#define fail(cx, code, ...) \
	cx_fail((cx), (code), __FILE__, __LINE__, __VA_ARGS__)
/* What fail calls.  Words over the size of cx->words are cut. */
enum err cx_fail(struct cx *cx, enum err code, const char *file, int line,
	    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Give the failure just recorded the code that one protocol has for it alone,
 * where the protocol's code for its kind says too little; as outlives cx.
 * Returns the kind.
 */
enum err cx_as(struct cx *cx, const char *as);

/*
 * The words that a client may read.  Failures of this host, its disk and its
 * settings have words that name files: those are for the log, and the client
 * gets the words of the kind.
 */
const char *cx_public(const struct cx *cx);

/* Take the failure off cx: the caller has handled it. */
void	cx_forget(struct cx *cx);

/* Copy the failure recorded in one context to another, and return its kind. */
enum err cx_pass(struct cx *to, const struct cx *from);

#endif
