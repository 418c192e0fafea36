/* The `lakegate` command: one function a subcommand, and what they share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "app/app.h"
#include "base/cx.h"

struct cred_key;

/* Exit codes: 0 done, 1 failed or (fsck) damage found, 2 wrong usage, 3 (gc)
 * some records could not be read, so what they may name stays. */
enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_KEPT = 3 };

struct cli {
	struct cx	*cx;
	struct conf	 conf;
	int		 argc;		/* after the subcommand */
	char		**argv;
	unsigned	 by;		/* user id of who typed it */
};

/* A subcommand: its exit code. */
typedef int cli_fn(struct cli *c);

/* --name VALUE or --name=VALUE, taken out of argv; NULL: it is not there. */
const char	*cli_option(struct cli *c, const char *name);
/* --name alone, taken out of argv: is it there? */
bool		 cli_flag(struct cli *c, const char *name);
/* Call it after these two: what is left must be from least to most plain
 * words, and none an option.  false: said already. */
bool		 cli_words(struct cli *c, int least, int most);
/* Say what went wrong, from cx.  CLI_FAILED. */
int		 cli_fail(struct cli *c);
/* A line of the audit log: this command changed that. */
void		 cli_audit(struct cli *c, const char *command, struct str what);
/* How far a command is (total 0: not known), on a terminal, nothing elsewhere;
 * arg is not looked at. */
void		 cli_progress(void *arg, const char *what,
		    uint64_t done, uint64_t total);
/* Take that line away, before anything else is printed. */
void		 cli_progress_end(void);

/* Root works on a lake as the user that owns it, so that nothing in it becomes
 * root's and nobody leads root anywhere.  false: said already. */
bool		 cli_become_owner(struct cli *c);
/*
 * The lake that the settings, or a leading --lake, name, opened as its owner:
 * what only root may read (a file with a secret) is read before.  The caller
 * closes it with app_close; NULL: said already.
 */
struct app	*cli_app(struct cli *c);
/* The same with users and keys. */
struct app	*cli_app_auth(struct cli *c);

/* Problems of one kind that are told; of the others, their number. */
enum { CLI_PROBLEMS = 20 };
/* A line for what fsck found; arg is not looked at. */
void		 cli_found(void *arg, const char *invariant, const char *what);

/* The group of a name; false: there is none, and this was said. */
bool		 cli_group(const char *name, unsigned *group);

/* A verb of a subcommand. */
struct cli_verb {
	const char	*name;
	int		 least, most;	/* words, the verb included */
	/* What the audit log says, with the word after the verb, when it is
	 * done; NULL: nothing. */
	const char	*audit;
	/* What cannot be had back, to be asked for first; NULL: nothing. */
	const char	*asks;
	enum err	(*run)(struct cli *c, struct app *app,
			    const void *opt);
};
/* May this be done?  On a terminal it is asked, elsewhere --yes must have been
 * given.  false: said already. */
bool		 cli_sure(bool yes, const char *what, const char *name);
/*
 * Open the lake and run the verb that is typed, with opt, which the caller made
 * of the options: those are taken out of argv before.  The exit code.
 */
int		 cli_verbs(struct cli *c, struct app *(*open)(struct cli *c),
		    const struct cli_verb *verbs, size_t n, const void *opt);

/*
 * --secret-file: one line of a file, or of standard input for "-"; "" without
 * the option.  Before cli_become_owner, as the file is the caller's.  The
 * secret is wiped with the context's memory.  false: said already.
 */
bool		 cli_secret(struct cli *c, struct str *out);
/* A key, and its secret if it was drawn: the only time that one is shown.
 * E_STORE: standard output does not take it. */
enum err	 cli_print_key(struct cx *cx, const struct cred_key *key);

/* Another program, found as a shell finds it. */
struct cli_task {
	const char		*const *argv;	/* NULL at its end */
	const struct pair	*env;	/* beside ours; strings with a NUL */
	size_t			 n_env;
	struct str		 input;		/* at most 64 KiB */
	int			 seconds;	/* that it may take */
	bool			 quiet;	/* its errors are in what it says */
};
/* Run it to its end: its exit status, 127 where it is not there, -1 where it
 * did not end by itself.  *said: the first 64 KiB of its output. */
int		 cli_program(struct cx *cx, const struct cli_task *p,
		    struct str *said);

/* Every setting as a variable of the worker's environment, *n of them; their
 * strings end in a NUL. */
struct pair	*cli_settings(struct cli *c, size_t *n);
/* The worker's program: beside this one in a build tree, else where it is
 * installed. */
struct str	 cli_worker_path(struct cx *cx);
/*
 * Does a worker that is started with these settings work?  One is, for one
 * question; what it says to standard error is passed on.  false: and so is what
 * is wrong.
 */
bool		 cli_worker_works(struct cli *c);

/* Where `lakegate serve` listens, and its worker. */
struct cli_serving {
	const char	*bind;
	long		 port;
	struct str	 socket;	/* of the worker */
};
/* lighttpd's configuration for this lake and worker, in the context's memory.
 * E_CONF: a value has a character that cannot stand in it. */
enum err	 cli_lighttpd_conf(struct cli *c, const struct cli_serving *s,
		    struct str *out);

cli_fn	cmd_init, cmd_serve, cmd_user, cmd_key, cmd_repo, cmd_gc, cmd_fsck,
	cmd_rekey, cmd_backup, cmd_restore, cmd_upgrade, cmd_doctor, cmd_conf,
	cmd_version;

#endif
