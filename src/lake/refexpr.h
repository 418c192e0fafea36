/*
 * Ref expressions: main, main~2, main^1, main~2^2, main@, main$, a1b2c3.
 * Pure parsing; what they resolve to is the engine's.
 */
#ifndef LAKE_REFEXPR_H
#define LAKE_REFEXPR_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cx;

enum { REF_STEPS = 32 };

enum refexpr_mode {
	REF_PLAIN,	/* a branch means its staging view */
	REF_HEAD,	/* "@": the committed head of a branch */
	REF_STAGED	/* "$": the staging view, said aloud */
};

struct refexpr_step {
	/* '~': nth first-parent ancestor; '^': nth parent */
	char		op;
	uint32_t	n;
};

struct refexpr {
	struct str		base;
	enum refexpr_mode	mode;
	struct refexpr_step	steps[REF_STEPS];
	size_t			n_steps;
};

/* *out has slices of text.  E_BAD_REF with words that say what is wrong. */
enum err	refexpr_parse(struct cx *cx, struct str text,
		    struct refexpr *out);

#endif
