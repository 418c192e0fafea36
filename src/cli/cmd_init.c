/* lakegate init: a new lake and its first key. */
#include "cli/cli.h"

#include <stdio.h>

int
cmd_init(struct cli *c)
{
	const char		*user = cli_option(c, "--user");
	const char		*id = cli_option(c, "--access-key-id");
	const char		*group = cli_option(c, "--group");
	unsigned		 gid = 0;
	struct app_first	 first = { .none = cli_flag(c, "--no-key"),
	    .user = str_of(user != NULL ? user : "admin"),
	    .id = str_of(id), .tell = cli_print_key };

	if (!cli_secret(c, &first.secret))
		return CLI_FAILED;
	if (!cli_words(c, 0, 1))
		return CLI_USAGE;
	if (c->argc == 1)
		c->conf.lake = str_of(c->argv[0]);
	if (c->conf.lake.n == 0) {
		fprintf(stderr, "lakegate: which folder? lakegate init DIR\n");
		return CLI_USAGE;
	}
	if ((group != NULL && !cli_group(group, &gid)) || !cli_become_owner(c))
		return CLI_FAILED;
	if (app_create(c->cx, &c->conf, group != NULL ? &gid : NULL,
	    &first) != OK)
		return cli_fail(c);
	cli_audit(c, "init", c->conf.lake);
	return CLI_OK;
}
