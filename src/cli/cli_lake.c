/* The lake that a subcommand works on, opened as the user that owns it. */
#include "cli/cli.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/fileio.h"

static bool
become(unsigned user, unsigned group)
{
	struct passwd	*pw = getpwuid(user);
	gid_t		 gid = pw != NULL ? pw->pw_gid : group;

	return (pw != NULL ? initgroups(pw->pw_name, gid) :
	    setgroups(1, &gid)) == 0 && setgid(gid) == 0 && setuid(user) == 0;
}

bool
cli_group(const char *name, unsigned *group)
{
	struct group	*g = getgrnam(name);

	if (g == NULL) {
		fprintf(stderr, "lakegate: there is no group %s\n", name);
		return false;
	}
	*group = g->gr_gid;
	return true;
}

bool
cli_become_owner(struct cli *c)
{
	struct file_owner	own;
	bool			there;

	if (geteuid() != 0 || c->conf.lake.n == 0 || fault_skip("CLI_OWNER"))
		return true;
	if (file_owner(c->cx, str_z(c->cx->mem, c->conf.lake), &own,
	    &there) != OK) {
		cli_fail(c);
		return false;
	}
	if (!there || own.user == 0 || become(own.user, own.group))
		return true;
	fprintf(stderr, "lakegate: cannot become the user that owns %.*s: "
	    "%s\n", STRF(c->conf.lake), strerror(errno));
	return false;
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

bool
cli_sure(bool yes, const char *what, const char *name)
{
	char	answer[8] = "";

	if (yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "lakegate: this deletes %s %s and everything "
		    "it has, for good: add --yes\n", what, name);
		return false;
	}
	fprintf(stderr, "Delete %s %s and everything it has, for good? "
	    "Type yes: ", what, name);
	if (fgets(answer, sizeof answer, stdin) != NULL &&
	    strcmp(answer, "yes\n") == 0)
		return true;
	fprintf(stderr, "lakegate: nothing was deleted\n");
	return false;
}

int
cli_verbs(struct cli *c, struct app *(*open)(struct cli *c),
    const struct cli_verb *verbs, size_t n, const void *opt)
{
	const struct cli_verb	*v;
	struct app		*app;
	enum err		 e;
	bool			 yes = cli_flag(c, "--yes");

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if ((app = open(c)) == NULL)
		return CLI_FAILED;
	for (v = verbs; v < verbs + n; v++)
		if (strcmp(c->argv[0], v->name) == 0 &&
		    c->argc >= v->least && c->argc <= v->most)
			break;
	if (v == verbs + n) {
		app_close(app);
		fprintf(stderr, "lakegate: see `lakegate help`\n");
		return CLI_USAGE;
	}
	if (v->asks != NULL && !cli_sure(yes, v->asks, c->argv[1])) {
		app_close(app);
		return CLI_USAGE;
	}
	e = v->run(c, app, opt);
	if (e == OK && v->audit != NULL)
		cli_audit(c, v->audit, str_of(c->argv[1]));
	app_close(app);
	return e == OK ? CLI_OK : cli_fail(c);
}
