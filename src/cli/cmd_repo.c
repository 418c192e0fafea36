/* lakegate repo. */
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "cli/cli.h"
#include "engine/engine.h"

static enum err
list(struct cli *c, struct engine *eng)
{
	struct list_query	q = { .limit = 1000 };
	struct repo_page	page = { .more = true };
	size_t			i;
	enum err		e = OK;

	while (e == OK && page.more) {
		if ((e = repo_list(c->cx, eng, &q, &page)) != OK)
			break;
		for (i = 0; i < page.n; i++)
			printf("%.*s\t%.*s\t%.*s\n", STRF(page.at[i].name),
			    STRF(page.at[i].default_branch),
			    STRF(when_iso(c->cx->mem, page.at[i].created)));
		if (page.n > 0)
			q.after = page.at[page.n - 1].name;
	}
	return e;
}

static enum err
create(struct cli *c, struct engine *eng, const char *branch)
{
	struct repo	r = { .name = str_of(c->argv[1]) };

	r.default_branch = str_of(branch != NULL ? branch : "main");
	r.storage_namespace = str_printf(c->cx->mem, "local://%s", c->argv[1]);
	return repo_create(c->cx, eng, &r, STR("admin"));
}

int
cmd_repo(struct cli *c)
{
	const char	*branch = cli_option(c, "--default-branch");
	struct app	*app;
	struct engine	*eng;
	enum err	 e;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	eng = app_engine(app);
	if (strcmp(c->argv[0], "list") == 0 && c->argc == 1)
		e = list(c, eng);
	else if (strcmp(c->argv[0], "create") == 0 && c->argc == 2)
		e = create(c, eng, branch);
	else if (strcmp(c->argv[0], "delete") == 0 && c->argc == 2)
		e = repo_delete(c->cx, eng, str_of(c->argv[1]), false);
	else {
		app_close(app);
		fprintf(stderr, "lakegate: see `lakegate help`\n");
		return CLI_USAGE;
	}
	if (e == OK && c->argc == 2)
		cli_audit(c, strcmp(c->argv[0], "create") == 0 ?
		    "repo create" : "repo delete", str_of(c->argv[1]));
	app_close(app);
	return e == OK ? CLI_OK : cli_fail(c);
}
