/*
 * Settings.  Order: defaults, the file (LAKEGATE_CONF, else the one fixed at
 * build, else lakegate.conf beside the program), then LAKEGATE_… variables.
 * An unknown name or a bad value is E_CONF, with file and line.
 */
#ifndef APP_CONF_H
#define APP_CONF_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct cx;

struct conf {
#define TEXT(name, preset, words)		struct str name;
#define NUMBER(name, preset, low, high, words)	int64_t name;
#define CHOICE(name, preset, choices, words)	struct str name;
#include "app/conf.def"
#undef TEXT
#undef NUMBER
#undef CHOICE
	struct str	 file;		/* read from, or "" */
};

struct conf_row {
	const char	*name, *preset, *choices, *words;
	int64_t		 low, high;	/* of a number */
	enum { CONF_TEXT, CONF_NUMBER, CONF_CHOICE } kind;
	size_t		 offset;
};

/* Read them.  Strings are in cx->mem: keep that context as long as the
 * settings.  E_CONF, E_STORE. */
enum err	conf_read(struct cx *cx, struct conf *out);
/* The table: a row for each setting, in the order of conf.def. */
const struct conf_row *conf_rows(size_t *n);
/* May a value stand in quotation marks in lighttpd's configuration?  E_CONF. */
enum err	conf_check_quoted(struct cx *cx, const char *name,
		    struct str value);
/* The value as text, as a file would have it; in the context's memory, or c's
 * own. */
struct str	conf_value(struct cx *cx, const struct conf *c,
		    const struct conf_row *row);

#endif
