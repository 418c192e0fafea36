/* What subcommands share: their options, and how they say what they did. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

/* Remove n arguments at i. */
static void
cut(struct cli *c, int i, int n)
{
	memmove(&c->argv[i], &c->argv[i + n],
	    (size_t)(c->argc - i - n) * sizeof *c->argv);
	c->argc -= n;
}

const char *
cli_option(struct cli *c, const char *name)
{
	const char	*value;
	size_t		 n = strlen(name);
	int		 i;

	for (i = 0; i < c->argc; i++) {
		if (strcmp(c->argv[i], name) == 0 && i + 1 < c->argc) {
			value = c->argv[i + 1];
			cut(c, i, 2);
			return value;
		}
		if (strncmp(c->argv[i], name, n) == 0 &&
		    c->argv[i][n] == '=') {
			value = c->argv[i] + n + 1;
			cut(c, i, 1);
			return value;
		}
	}
	return NULL;
}

bool
cli_flag(struct cli *c, const char *name)
{
	int	i;

	for (i = 0; i < c->argc; i++)
		if (strcmp(c->argv[i], name) == 0) {
			cut(c, i, 1);
			return true;
		}
	return false;
}

bool
cli_words(struct cli *c, int least, int most)
{
	int	i;

	for (i = 0; i < c->argc; i++)
		if (c->argv[i][0] == '-' && c->argv[i][1] != '\0') {
			fprintf(stderr, "lakegate: unknown option %s\n",
			    c->argv[i]);
			return false;
		}
	if (c->argc < least || c->argc > most) {
		fprintf(stderr, "lakegate: %s arguments; see `lakegate "
		    "help`\n", c->argc < least ? "missing" : "too many");
		return false;
	}
	return true;
}

int
cli_fail(struct cli *c)
{
	fprintf(stderr, "lakegate: %s\n", c->cx->words);
	return CLI_FAILED;
}

void
cli_audit(struct cli *c, const char *command, struct str what)
{
	struct buf	b;

	buf_init(&b, c->cx->mem, 8 * 1024);
	buf_printf(&b, "id=%s protocol=cli", c->cx->id);
	log_value(&b, "op", str_of(command));
	buf_printf(&b, " uid=%u", c->by);
	log_value(&b, "what", what);
	log_audit(c->cx, buf_as_str(&b));
}

void
cli_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	(void)arg;
	if (!isatty(STDERR_FILENO))
		return;
	if (total > 0)
		fprintf(stderr, "\r%-20s %3llu%% %llu/%llu ", what,
		    (unsigned long long)(done * 100 / total),
		    (unsigned long long)done, (unsigned long long)total);
	else
		fprintf(stderr, "\r%-20s %llu ", what,
		    (unsigned long long)done);
}

void
cli_progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%60s\r", "");
}

void
cli_found(void *arg, const char *invariant, const char *what)
{
	(void)arg;
	cli_progress_end();
	printf("%s: %s\n", invariant, what);
}
