/* lakegate init: a new lake and its first key. */
#include "cli/cli.h"

#include <grp.h>
#include <stdio.h>

#include "auth/auth.h"
#include "cli/print.h"

/* The group that may read blocks/, by name; false: there is none. */
static bool
group_of(const char *name, unsigned *group)
{
	struct group	*g = getgrnam(name);

	if (g == NULL) {
		fprintf(stderr, "lakegate: there is no group %s\n", name);
		return false;
	}
	*group = g->gr_gid;
	return true;
}

int
cmd_init(struct cli *c)
{
	const char	*user = cli_option(c, "--user");
	const char	*id = cli_option(c, "--access-key-id");
	const char	*secret = cli_option(c, "--secret-access-key");
	const char	*group = cli_option(c, "--group");
	unsigned	 gid = 0;
	bool		 no_key = cli_flag(c, "--no-key");
	struct app	*app;
	struct key	 key;
	enum err	 e;

	if (!cli_words(c, 0, 1))
		return CLI_USAGE;
	if (c->argc == 1)
		c->conf.lake = str_of(c->argv[0]);
	if (c->conf.lake.n == 0) {
		fprintf(stderr, "lakegate: which folder? lakegate init DIR\n");
		return CLI_USAGE;
	}
	if ((group != NULL && !group_of(group, &gid)) || !cli_become_owner(c))
		return CLI_FAILED;
	if (app_create(c->cx, &c->conf, group != NULL ? &gid : NULL) != OK)
		return cli_fail(c);
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	e = no_key ? OK : key_create_first(c->cx, app_auth(app), str_of(user !=
	    NULL ? user : "admin"), str_of(id), str_of(secret), &key);
	if (e == OK && !no_key)
		print_key(&key);
	app_close(app);
	return e == OK ? CLI_OK : cli_fail(c);
}
