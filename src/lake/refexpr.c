/* Ref expressions: a base name and its modifiers. */
#include "lake/refexpr.h"

#include "base/cx.h"

static bool
is_modifier(char c)
{
	return c == '~' || c == '^' || c == '@' || c == '$';
}

static enum err
refexpr_bad(struct cx *cx, struct str text)
{
	return fail(cx, E_BAD_REF, "\"%.*s\" is not a ref: a branch, tag or "
	    "commit id, followed by ~N, ^N, or, for a branch, @ or $",
	    STRF(text));
}

enum err
refexpr_parse(struct cx *cx, struct str text, struct refexpr *out)
{
	struct refexpr_step	*step;
	struct str		 rest = text;
	uint64_t		 n;
	size_t			 i;

	*out = (struct refexpr){ .mode = REF_PLAIN };
	for (i = 0; i < text.n && !is_modifier(text.p[i]); i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f)
			return refexpr_bad(cx, text);
	out->base = str_to(text, i);
	rest = str_from(text, i);
	if (out->base.n == 0 || !str_is_utf8(out->base))
		return refexpr_bad(cx, text);
	if (rest.n == 1 && (rest.p[0] == '@' || rest.p[0] == '$')) {
		out->mode = rest.p[0] == '@' ? REF_HEAD : REF_STAGED;
		return OK;
	}
	while (rest.n > 0) {
		if ((rest.p[0] != '~' && rest.p[0] != '^') ||
		    out->n_steps == REF_STEPS)
			return refexpr_bad(cx, text);
		step = &out->steps[out->n_steps++];
		step->op = rest.p[0];
		rest = str_from(rest, 1);
		for (i = 0; i < rest.n && !is_modifier(rest.p[i]); i++)
			continue;
		n = 1;
		if (i > 0 && !str_u64(str_to(rest, i), 1000000, &n))
			return refexpr_bad(cx, text);
		step->n = (uint32_t)n;
		rest = str_from(rest, i);
	}
	return OK;
}
