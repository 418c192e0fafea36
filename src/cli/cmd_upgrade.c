/* lakegate upgrade: the format of this version for a lake of an older one. */
#include <stdio.h>

#include "cli/cli.h"

int
cmd_upgrade(struct cli *c)
{
	struct app_upgraded	u;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (!cli_become_owner(c))
		return CLI_FAILED;
	if (app_upgrade(c->cx, &c->conf, &u) != OK)
		return cli_fail(c);
	if (u.from == u.to) {
		printf("nothing to do: the lake has format %d\n", u.to);
		return CLI_OK;
	}
	cli_audit(c, "upgrade", c->conf.lake);
	printf("upgraded: from format %d to %d, %llu repositories; restart "
	    "what still runs of the older version\n", u.from, u.to,
	    (unsigned long long)u.repositories);
	return CLI_OK;
}
