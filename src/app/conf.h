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
#define TEXT(name, usual, words)		struct str name;
#define NUMBER(name, usual, low, high, words)	int64_t name;
#define CHOICE(name, usual, choices, words)	struct str name;
#include "app/conf.def"
#undef TEXT
#undef NUMBER
#undef CHOICE
	struct str	 file;		/* read from, or "" */
};

struct conf_row {
	const char	*name, *usual, *choices, *words;
	int64_t		 low, high;
	enum { CONF_TEXT, CONF_NUMBER, CONF_CHOICE } kind;
	size_t		 offset;
};

/* Strings are in cx->mem: keep that context as long as the settings. */
enum err	conf_read(struct cx *cx, struct conf *out);
const struct conf_row *conf_rows(size_t *n);
/* May a value stand in quotation marks in lighttpd's configuration?  E_CONF. */
enum err	conf_check_quoted(struct cx *cx, const char *name,
		    struct str value);
/* The value as text, for `lakegate conf`. */
struct str	conf_value(struct cx *cx, const struct conf *c,
		    const struct conf_row *row);

#endif
