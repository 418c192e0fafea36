/* lakegate: subcommands, usage, options. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "cli/cli.h"

static const struct {
	const char	*name, *args, *words;
	cli_fn		*run;
} commands[] = {
	{ "init", "[DIR] [--user NAME] [--access-key-id ID] "
	    "[--secret-file FILE|-] [--no-key] [--group NAME]",
	    "make a lake and its first key", cmd_init },
	{ "serve", "[--port N] [--bind ADDRESS] | --socket PATH [--mode OCTAL]",
	    "run lighttpd, or the worker alone on a socket, in the foreground",
	    cmd_serve },
	{ "user", "list | create NAME | delete NAME", "users", cmd_user },
	{ "key", "list [USER] | create USER [--access-key-id ID] "
	    "[--secret-file FILE|-] | revoke ID", "access keys", cmd_key },
	{ "rekey", "[--lost]", "another master key, which seals secrets",
	    cmd_rekey },
	{ "repo", "list | create NAME [--default-branch B] | delete NAME",
	    "repositories", cmd_repo },
	{ "gc", "[--grace SECONDS]", "remove what nothing names", cmd_gc },
	{ "fsck", "[--deep]", "check every invariant of the lake", cmd_fsck },
	{ "conf", "", "every setting, its value and meaning", cmd_conf },
	{ "version", "", "print the version", cmd_version },
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int
usage(FILE *out)
{
	size_t	i;

	fprintf(out, "usage: lakegate [--lake DIR] COMMAND …\n\n");
	for (i = 0; i < COMMANDS; i++)
		fprintf(out, "  %s %s\n      %s\n", commands[i].name,
		    commands[i].args, commands[i].words);
	fprintf(out, "\nDIR may also be the setting \"lake\" or "
	    "LAKEGATE_LAKE.  See lakegate(1).\n");
	return out == stdout ? CLI_OK : CLI_USAGE;
}

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

struct app *
cli_app(struct cli *c)
{
	struct app	*app;

	if (!cli_become_owner(c))
		return NULL;
	if (app_open(c->cx, &c->conf, &app) != OK) {
		cli_fail(c);
		return NULL;
	}
	return app;
}

struct app *
cli_app_auth(struct cli *c)
{
	struct app	*app = cli_app(c);

	if (app == NULL || app_open_auth(c->cx, app) == OK)
		return app;
	cli_fail(c);
	app_close(app);
	return NULL;
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

static int
run(struct cli *c)
{
	const char	*lake = cli_option(c, "--lake");
	size_t		 i;

	if (c->argc == 0 || strcmp(c->argv[0], "help") == 0 ||
	    strcmp(c->argv[0], "--help") == 0)
		return usage(c->argc == 0 ? stderr : stdout);
	for (i = 0; i < COMMANDS; i++)
		if (strcmp(c->argv[0], commands[i].name) == 0)
			break;
	if (i == COMMANDS) {
		fprintf(stderr, "lakegate: no command \"%s\"\n", c->argv[0]);
		return usage(stderr);
	}
	if (conf_read(c->cx, &c->conf) != OK)
		return cli_fail(c);
	if (lake != NULL)
		c->conf.lake = str_of(lake);
	cut(c, 0, 1);
	return commands[i].run(c);
}

int
main(int argc, char **argv)
{
	struct cli	c = { .argc = argc - 1, .argv = argv + 1,
	    .by = getuid() };
	struct cx	cx;
	int		status;

	fault_init();
	if (!fault_skip("UMASK"))
		umask(077);
	secret_no_dumps();
	cx_init(&cx, arena_new());
	c.cx = &cx;
	status = run(&c);
	arena_free(cx.mem);
	return status;
}
