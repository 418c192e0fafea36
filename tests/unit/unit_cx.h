/* A context for the whole run, for the test programs that need no lake. */
#ifndef TESTS_UNIT_CX_H
#define TESTS_UNIT_CX_H

#include "unit/unit.h"

static struct cx	cx;

static inline int
cx_setup(void **state)
{
	(void)state;
	cx_init(&cx, arena_new());
	return 0;
}

static inline int
cx_teardown(void **state)
{
	(void)state;
	arena_free(cx.mem);
	return 0;
}

#endif
