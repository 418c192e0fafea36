/* Settings: a table, a file, the environment.  Home of inih. */
#include "app/conf.h"

#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/fileio.h"

#ifndef CONF_PATH
#define CONF_PATH	"/etc/lakegate/lakegate.conf"
#endif

static const struct conf_row rows[] = {
#define TEXT(name, preset, words) \
	{ #name, preset, NULL, words, 0, 0, CONF_TEXT, \
	    offsetof(struct conf, name) },
#define NUMBER(name, preset, low, high, words) \
	{ #name, #preset, NULL, words, low, high, CONF_NUMBER, \
	    offsetof(struct conf, name) },
#define CHOICE(name, preset, choices, words) \
	{ #name, preset, choices, words, 0, 0, CONF_CHOICE, \
	    offsetof(struct conf, name) },
#include "app/conf.def"
#undef TEXT
#undef NUMBER
#undef CHOICE
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* Variables that are not settings. */
static const char *const others[] = { "LAKEGATE_CONF", "LAKEGATE_FAULT",
    "LAKEGATE_SKIP", "LAKEGATE_CONTENT_LENGTH" };

const struct conf_row *
conf_rows(size_t *n)
{
	*n = ROWS;
	return rows;
}

static const struct conf_row *
conf_row_of(struct str name)
{
	size_t	i;

	for (i = 0; i < ROWS; i++)
		if (str_is_nocase(name, str_of(rows[i].name)))
			return &rows[i];
	return NULL;
}

static bool
conf_is_choice(const char *choices, struct str value)
{
	struct str	rest = str_of(choices), one;

	while (str_split(&rest, ' ', &one))
		if (str_is(one, value))
			return true;
	return false;
}

/* "64K", "8M", "1G" */
static bool
conf_number(struct str s, const struct conf_row *row, int64_t *out)
{
	uint64_t	v, unit;
	char		last = s.n > 1 ? s.p[s.n - 1] : '0';

	unit = last == 'K' ? 1 << 10 : last == 'M' ? 1 << 20 :
	    last == 'G' ? 1 << 30 : 1;
	if (unit > 1)
		s.n--;
	if (!str_u64(s, INT64_MAX / unit, &v))
		return false;
	*out = (int64_t)(v * unit);
	return *out >= row->low && *out <= row->high;
}

static enum err
conf_set(struct cx *cx, struct conf *c, struct str where, struct str name,
    struct str value)
{
	const struct conf_row	*row = conf_row_of(name);
	void			*at;

	if (row == NULL)
		return fail(cx, E_CONF, "%.*s: unknown setting \"%.*s\"",
		    STRF(where), STRF(name));
	at = (char *)c + row->offset;
	if (row->kind == CONF_NUMBER) {
		if (!conf_number(value, row, at))
			return fail(cx, E_CONF, "%.*s: %s must be a number "
			    "from %lld to %lld", STRF(where), row->name,
			    (long long)row->low, (long long)row->high);
		return OK;
	}
	if (row->kind == CONF_CHOICE && !conf_is_choice(row->choices, value))
		return fail(cx, E_CONF, "%.*s: %s must be one of: %s",
		    STRF(where), row->name, row->choices);
	*(struct str *)at = str_dup(cx->mem, value);
	return OK;
}

struct reading {
	struct cx	*cx;
	struct conf	*c;
	enum err	 e;
	int		 line;
	FILE		*in;
};

/* inih reads by this, so that an error can name its line. */
static char *
conf_line(char *z, int n, void *arg)
{
	struct reading	*r = arg;

	r->line++;
	return r->e == OK ? fgets(z, n, r->in) : NULL;
}

static int
conf_pair(void *arg, const char *section, const char *name, const char *value)
{
	struct reading	*r = arg;
	struct str	 where = str_printf(r->cx->mem, "%.*s:%d",
	    STRF(r->c->file), r->line);

	if (section[0] != '\0')
		r->e = fail(r->cx, E_CONF, "%.*s: sections are not used",
		    STRF(where));
	else
		r->e = conf_set(r->cx, r->c, where, str_of(name),
		    str_of(value));
	return 1;
}

static enum err
read_file(struct cx *cx, struct conf *c)
{
	struct reading	r = { .cx = cx, .c = c };
	struct str	text;
	enum err	e;
	int		bad;

	if ((e = file_read_all(cx, str_z(cx->mem, c->file), 1 << 20,
	    &text)) != OK)
		return e;
	if (text.n == 0)
		return OK;
	r.in = fmemopen((void *)(uintptr_t)text.p, text.n, "r");
	if (r.in == NULL)
		return fail(cx, E_CONF, "%.*s cannot be read", STRF(c->file));
	bad = ini_parse_stream(conf_line, &r, conf_pair, &r);
	fclose(r.in);
	if (r.e != OK)
		return r.e;
	return bad == 0 ? OK : fail(cx, E_CONF, "%.*s:%d: expected "
	    "name = value", STRF(c->file), bad > 0 ? bad : r.line);
}

/* lakegate.conf in the program's own folder. */
static struct str
conf_beside(struct cx *cx)
{
	char	exe[4096];
	ssize_t	n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	while (n > 0 && exe[n - 1] != '/')
		n--;
	return n <= 0 ? STR("") : str_printf(cx->mem, "%.*slakegate.conf",
	    (int)n, exe);
}

static struct str
conf_which(struct cx *cx)
{
	const char	*named = getenv("LAKEGATE_CONF");
	struct str	 own;

	if (named != NULL)
		return str_of(named);
	if (file_exists(CONF_PATH))
		return str_of(CONF_PATH);
	own = conf_beside(cx);
	return own.n > 0 && file_exists(own.p) ? own : STR("");
}

static bool
conf_is_other(struct str name)
{
	size_t	i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		if (str_is(name, str_of(others[i])))
			return true;
	return false;
}

static enum err
read_environment(struct cx *cx, struct conf *c)
{
	struct str	var, name;
	char		**env;
	size_t		 at;
	enum err	 e;

	for (env = environ; *env != NULL; env++) {
		var = str_of(*env);
		at = str_find(var, '=');
		name = str_to(var, at);
		if (!str_starts(name, STR("LAKEGATE_")) || conf_is_other(name))
			continue;
		if ((e = conf_set(cx, c, name, str_from(name, 9),
		    str_from(var, at + 1))) != OK)
			return e;
	}
	return OK;
}

enum err
conf_read(struct cx *cx, struct conf *out)
{
	size_t		i;
	enum err	e;

	memset(out, 0, sizeof *out);
	for (i = 0; i < ROWS; i++)
		if ((e = conf_set(cx, out, STR("default"), str_of(rows[i].name),
		    str_of(rows[i].preset))) != OK)
			return e;
	out->file = conf_which(cx);
	if (out->file.n > 0 && (e = read_file(cx, out)) != OK)
		return e;
	return read_environment(cx, out);
}

enum err
conf_check_quoted(struct cx *cx, const char *name, struct str value)
{
	size_t	i;

	for (i = 0; i < value.n; i++)
		if (!fault_skip("CONF_QUOTE") && (value.p[i] == '"' ||
		    value.p[i] == '\\' || (unsigned char)value.p[i] < ' '))
			return fail(cx, E_CONF, "%s has a quotation mark, a "
			    "backslash or a control character, which "
			    "lighttpd's configuration cannot hold", name);
	return OK;
}

struct str
conf_value(struct cx *cx, const struct conf *c, const struct conf_row *row)
{
	const void	*at = (const char *)c + row->offset;

	if (row->kind == CONF_NUMBER)
		return str_printf(cx->mem, "%lld",
		    (long long)*(const int64_t *)at);
	return *(const struct str *)at;
}
