/* The `lakegate` command: one function a subcommand. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "app/app.h"
#include "base/cx.h"

/* Exit codes: 0 done, 1 failed or (fsck) damage found, 2 wrong usage. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	struct cx	*cx;
	struct conf	 conf;
	int		 argc;		/* after the subcommand */
	char		**argv;
	unsigned	 by;		/* user id of who typed it */
};

typedef int cli_fn(struct cli *c);

/* Options by name: --name VALUE, or --name alone for a flag. */
const char	*cli_option(struct cli *c, const char *name); /* takes it out */
bool		 cli_flag(struct cli *c, const char *name);
/* What is left must be n plain words (or fewer, from least). */
bool		 cli_words(struct cli *c, int least, int most);
/* Say what went wrong, from cx. */
int		 cli_fail(struct cli *c);
/* The lake that the settings, or a leading --lake, name, opened as its owner:
 * what only root may read (a file with a secret) is read before. */
struct app	*cli_app(struct cli *c);	/* NULL: said already */
struct app	*cli_app_auth(struct cli *c);	/* with users and keys */
/*
 * --secret-file: one line of a file, or of standard input for "-"; "" without
 * the option.  Before cli_become_owner, as the file is the caller's.  false:
 * said already.
 */
bool		 cli_secret(struct cli *c, struct str *out);
/* Root works on a lake as the user that owns it, so that nothing in it becomes
 * root's and nobody leads root anywhere.  false: said already. */
bool		 cli_become_owner(struct cli *c);
/* A line of the audit log: this command changed that. */
void		 cli_audit(struct cli *c, const char *command, struct str what);
/* A bar on a terminal, nothing elsewhere. */
void		 cli_progress(void *arg, const char *what,
		    uint64_t done, uint64_t total);
void		 cli_progress_end(void);

cli_fn	cmd_init, cmd_serve, cmd_user, cmd_key, cmd_repo, cmd_gc, cmd_fsck,
	cmd_rekey, cmd_conf, cmd_version;

#endif
