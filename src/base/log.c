/* Log lines. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/when.h"

static const char *const	names[] = { "error", "warn", "info", "debug" };
static enum log_level		limit = LOG_INFO;

bool
log_set_level(struct str name)
{
	size_t	i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(name, str_of(names[i]))) {
			limit = (enum log_level)i;
			return true;
		}
	return false;
}

void
log_line(enum log_level level, const char *fmt, ...)
{
	struct arena	*mem;
	struct str	 when;
	va_list		 ap;
	char		 line[8192];
	int		 n, m;

	if (level > limit)
		return;
	mem = arena_new();
	when = when_iso(mem, when_now());
	n = snprintf(line, sizeof line - 1, "%.*s %s ", STRF(when),
	    names[level]);
	arena_free(mem);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof line - 1 - (size_t)n, fmt, ap);
	va_end(ap);
	n += m < 0 ? 0 : m;
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return;		/* nowhere left to say so */
}

void
log_value(struct buf *b, const char *key, struct str value)
{
	size_t	i;

	buf_printf(b, " %s=", key);
	for (i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] <= ' ' || value.p[i] == '"' ||
		    value.p[i] == '\\' || value.p[i] == '=')
			break;
	if (i == value.n && value.n > 0)
		buf_str(b, value);
	else
		enc_json(b, value);
}
