/* What fsck found. */
#include "upkeep/fsck_inside.h"

#include <stdarg.h>
#include <stdio.h>

void
fsck_found(struct fsck *f, const char *invariant, const char *fmt, ...)
{
	va_list	ap;
	char	what[700];

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	f->r->problems++;
	if (f->opt->found != NULL)
		f->opt->found(f->opt->arg, invariant, what);
}
