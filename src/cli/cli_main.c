/* lakegate: the subcommands, and what they are called with. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
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
	{ "user", "list | create NAME | delete NAME [--yes]", "users",
	    cmd_user },
	{ "key", "list [USER] | create USER [--access-key-id ID] "
	    "[--secret-file FILE|-] | revoke ID", "access keys", cmd_key },
	{ "rekey", "[--lost]", "another master key, which seals secrets",
	    cmd_rekey },
	{ "repo", "list | create NAME [--default-branch B] | delete NAME "
	    "[--yes]", "repositories", cmd_repo },
	{ "gc", "[--grace SECONDS]", "delete what nothing refers to any more",
	    cmd_gc },
	{ "fsck", "[--deep] [--repair]", "check every invariant of the lake",
	    cmd_fsck },
	{ "backup", "DIR [--with-key]", "a backup of the lake, while it is "
	    "in use; again: what is new", cmd_backup },
	{ "restore", "DIR [--group NAME] [--damaged]",
	    "make the lake, which must not be there, of a backup",
	    cmd_restore },
	{ "upgrade", "", "give the lake the format of this version",
	    cmd_upgrade },
	{ "doctor", "[URL] [--access-key-id ID --secret-file FILE|-]",
	    "look for what could be wrong, and say what to do", cmd_doctor },
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

static int
run(struct cli *c)
{
	const char	*lake = cli_option(c, "--lake");
	size_t		 i;

	if (c->argc == 0 || strcmp(c->argv[0], "help") == 0 ||
	    strcmp(c->argv[0], "--help") == 0)
		return usage(c->argc == 0 ? stderr : stdout);
	if (strcmp(c->argv[0], "--version") == 0)
		return cmd_version(&(struct cli){ .cx = c->cx });
	for (i = 0; i < COMMANDS; i++)
		if (strcmp(c->argv[0], commands[i].name) == 0)
			break;
	if (i == COMMANDS) {
		fprintf(stderr, "lakegate: no command \"%s\"\n", c->argv[0]);
		return usage(stderr);
	}
	if (cli_flag(c, "--help")) {
		printf("usage: lakegate [--lake DIR] %s %s\n    %s\n",
		    commands[i].name, commands[i].args, commands[i].words);
		return CLI_OK;
	}
	if (conf_read(c->cx, &c->conf) != OK)
		return cli_fail(c);
	if (lake != NULL)
		c->conf.lake = str_of(lake);
	c->argc--;
	c->argv++;
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
