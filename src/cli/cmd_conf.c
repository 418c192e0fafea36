/* lakegate conf, lakegate version. */
#include <stdio.h>

#include "cli/cli.h"
#include "config.h"

int
cmd_conf(struct cli *c)
{
	const struct conf_row	*rows;
	size_t			 i, n;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	rows = conf_rows(&n);
	printf("# file: %.*s\n", STRF(c->conf.file.n > 0 ? c->conf.file :
	    STR("none")));
	for (i = 0; i < n; i++) {
		printf("\n# %s\n", rows[i].words);
		if (rows[i].kind == CONF_NUMBER)
			printf("# %lld to %lld, default %s\n",
			    (long long)rows[i].low, (long long)rows[i].high,
			    rows[i].preset);
		else if (rows[i].kind == CONF_CHOICE)
			printf("# one of: %s; default %s\n", rows[i].choices,
			    rows[i].preset);
		printf("%s = %.*s\n", rows[i].name,
		    STRF(conf_value(c->cx, &c->conf, &rows[i])));
	}
	return CLI_OK;
}

int
cmd_version(struct cli *c)
{
	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	printf("lakegate %s\n", PACKAGE_VERSION);
	return CLI_OK;
}
