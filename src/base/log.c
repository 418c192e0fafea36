/* Log lines, and those of the audit log. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/when.h"

enum { LOOK_US = 1000 * 1000 };		/* how often a rename is looked for */

static const char *const	names[] = { "error", "warn", "info", "debug" };
static enum log_level		limit = LOG_INFO;

struct log_file {
	pthread_mutex_t	 lock;
	const char	*path;		/* NULL: not opened */
	int		 fd;
	int64_t		 looked;
};
static struct log_file	lines = { PTHREAD_MUTEX_INITIALIZER, NULL,
    STDERR_FILENO, 0 };
static struct log_file	audit = { PTHREAD_MUTEX_INITIALIZER, NULL, -1, 0 };

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

static enum err
file_start(struct cx *cx, struct log_file *f, const char *path)
{
	int	fd;

	if (!file_append_open(path, &fd))
		return fail(cx, E_CONF, "the log %s cannot be written", path);
	f->path = path;
	f->fd = fd;
	f->looked = when_monotonic();
	return OK;
}

enum err
log_open(struct cx *cx, const char *path)
{
	return file_start(cx, &lines, path);
}

enum err
log_open_audit(struct cx *cx, const char *path)
{
	return file_start(cx, &audit, path);
}

/* Rotation renames the file: go on in a new one of its name. */
static void
follow(struct log_file *f)
{
	int64_t	now = when_monotonic();
	int	fd;

	if (now - f->looked < LOOK_US)
		return;
	f->looked = now;
	if (file_is_at(f->fd, f->path) || !file_append_open(f->path, &fd))
		return;
	file_close(f->fd);
	f->fd = fd;
}

/* One line, whole, whoever else writes to the file; false: not written. */
static bool
put_line(struct log_file *f, const char *line, size_t n)
{
	ssize_t	m;

	/* Standard error is never changed for another file. */
	if (f->path == NULL)
		return write(f->fd, line, n) == (ssize_t)n;
	pthread_mutex_lock(&f->lock);
	follow(f);
	m = write(f->fd, line, n);
	pthread_mutex_unlock(&f->lock);
	return m == (ssize_t)n;
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
	put_line(&lines, line, (size_t)n);	/* else nowhere to say so */
}

bool
log_audits(void)
{
	return audit.path != NULL;
}

void
log_audit(struct cx *cx, struct str words)
{
	struct str	line = str_printf(cx->mem, "%.*s audit %.*s\n",
	    STRF(when_iso(cx->mem, when_now())), STRF(words));

	if (log_audits() && !put_line(&audit, line.p, line.n))
		log_line(LOG_ERROR, "audit line not written: %.*s",
		    STRF(words));
}

/* Characters that order a terminal about, or the text on it: controls, and
 * those of writing from right to left.  [Unicode 9, bidirectional] */
static bool
is_order(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c ||
	    c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069);
}

/* As JSON; a byte that is no UTF-8 as the character of its number. */
static void
put_quoted(struct buf *b, struct str s)
{
	uint32_t	c;
	size_t		n;

	buf_byte(b, '"');
	for (; s.n > 0; s = str_from(s, n)) {
		n = str_character(s, &c);
		if (n == 0) {
			n = 1;
			c = (unsigned char)s.p[0];
			buf_printf(b, "\\u%04x", (unsigned)c);
		} else if (is_order(c) && !fault_skip("LOG_ORDER"))
			buf_printf(b, "\\u%04x", (unsigned)c);
		else {
			if (c == '"' || c == '\\')
				buf_byte(b, '\\');
			buf_str(b, str_to(s, n));
		}
	}
	buf_byte(b, '"');
}

void
log_value(struct buf *b, const char *key, struct str value)
{
	size_t	i;

	buf_printf(b, " %s=", key);
	for (i = 0; i < value.n; i++)
		if ((unsigned char)value.p[i] <= ' ' || value.p[i] == '"' ||
		    value.p[i] == '\\' || value.p[i] == '=' ||
		    (unsigned char)value.p[i] >= 0x7f)
			break;
	if (i == value.n && value.n > 0)
		buf_str(b, value);
	else
		put_quoted(b, value);
}

void
log_failure(enum log_level level, const char *what, const struct cx *cx)
{
	struct buf	b;

	buf_init(&b, cx->mem, 8192);
	buf_printf(&b, "%s error=%s", what, err_name(cx->code));
	log_value(&b, "words", str_of(cx->words));
	log_line(level, "%.*s", STRF(buf_as_str(&b)));
}
