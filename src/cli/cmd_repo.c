/* lakegate repo. */
#include <stdio.h>

#include "base/limit.h"
#include "base/when.h"
#include "cli/cli.h"
#include "engine/engine.h"

static enum err
repo_list_all(struct cli *c, struct app *app, const void *none)
{
	struct list_query	q = { .limit = LIMIT_PAGE };
	struct repo_page	page = { .more = true };
	size_t			i;
	enum err		e;

	(void)none;
	while (page.more) {
		if ((e = repo_list(c->cx, app_engine(app), &q, &page)) != OK)
			return e;
		for (i = 0; i < page.n; i++)
			printf("%.*s\t%.*s\t%.*s\n", STRF(page.at[i].name),
			    STRF(page.at[i].default_branch),
			    STRF(when_iso(c->cx->mem, page.at[i].created)));
		if (page.n > 0)
			q.after = page.at[page.n - 1].name;
	}
	return OK;
}

static enum err
repo_make(struct cli *c, struct app *app, const void *branch)
{
	struct repo	r = { .name = str_of(c->argv[1]),
	    .default_branch = str_of(branch != NULL ? branch : "main") };

	r.storage_namespace = str_printf(c->cx->mem, "local://%s", c->argv[1]);
	return repo_create(c->cx, app_engine(app), &r, STR("admin"));
}

static enum err
repo_remove(struct cli *c, struct app *app, const void *none)
{
	(void)none;
	return repo_delete(c->cx, app_engine(app), str_of(c->argv[1]), false);
}

int
cmd_repo(struct cli *c)
{
	static const struct cli_verb	verbs[] = {
		{ "list", 1, 1, NULL, NULL,
		    repo_list_all },
		{ "create", 2, 2, "repo create", NULL,
		    repo_make },
		{ "delete", 2, 2, "repo delete", "the repository",
		    repo_remove },
	};

	return cli_verbs(c, cli_app, verbs, sizeof verbs / sizeof verbs[0],
	    cli_option(c, "--default-branch"));
}
