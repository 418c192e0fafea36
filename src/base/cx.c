/* Contexts, and the names of errors. */
#include "base/cx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/ident.h"
#include "base/when.h"

static const char *const names[] = {
#define ERR(name, words)	#name,
#include "base/err.def"
#undef ERR
};

static const char *const texts[] = {
#define ERR(name, words)	words,
#include "base/err.def"
#undef ERR
};

const char *
err_name(enum err e)
{
	return e < ERR_KINDS ? names[e] : "E_UNKNOWN";
}

const char *
err_words(enum err e)
{
	return e < ERR_KINDS ? texts[e] : "unknown error";
}

void
cx_init(struct cx *cx, struct arena *mem)
{
	memset(cx, 0, sizeof *cx);
	cx->mem = mem;
	cx->now = when_now();
	ident_hex(cx->id, 16);
}

struct cx
cx_aside(const struct cx *cx)
{
	struct cx	aside = *cx;

	cx_forget(&aside);
	return aside;
}

struct cx
cx_bare(struct arena *mem)
{
	return (struct cx){ .mem = mem };
}

enum err
cx_fail(struct cx *cx, enum err code, const char *file, int line,
    const char *fmt, ...)
{
	va_list	ap;

	cx->code = code;
	cx->as = NULL;
	cx->file = file;
	cx->line = line;
	va_start(ap, fmt);
	vsnprintf(cx->words, sizeof cx->words, fmt, ap);
	va_end(ap);
	return code;
}

enum err
cx_as(struct cx *cx, const char *as)
{
	cx->as = as;
	return cx->code;
}

const char *
cx_public(const struct cx *cx)
{
	bool	ours = cx->code == E_STORE || cx->code == E_CORRUPT ||
	    cx->code == E_CONF || cx->code == E_DISK_FULL;

	return ours && !fault_skip("WORDS_OURS") ? err_words(cx->code) :
	    cx->words;
}

void
cx_forget(struct cx *cx)
{
	cx->code = OK;
	cx->as = NULL;
	cx->words[0] = '\0';
	cx->file = NULL;
	cx->line = 0;
}

enum err
cx_pass(struct cx *to, const struct cx *from)
{
	to->code = from->code;
	to->as = from->as;
	to->file = from->file;
	to->line = from->line;
	memcpy(to->words, from->words, sizeof to->words);
	return to->code;
}
