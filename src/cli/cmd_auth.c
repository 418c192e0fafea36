/* lakegate user, lakegate key. */
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/print.h"

void
print_key(const struct key *key)
{
	printf("user               %.*s\n"
	    "access key id      %.*s\n"
	    "secret access key  %.*s\n", STRF(key->user), STRF(key->id),
	    STRF(key->secret));
}

static bool
is_verb(const struct cli *c, const char *verb, int words)
{
	return strcmp(c->argv[0], verb) == 0 && c->argc == words;
}

static enum err
user_run(struct cli *c, struct auth *a, bool *known)
{
	struct user	*users;
	size_t		 i, n;
	enum err	 e;

	*known = true;
	if (is_verb(c, "create", 2))
		return user_create(c->cx, a, str_of(c->argv[1]));
	if (is_verb(c, "delete", 2))
		return user_delete(c->cx, a, str_of(c->argv[1]));
	*known = is_verb(c, "list", 1);
	if (!*known || (e = user_list(c->cx, a, &users, &n)) != OK)
		return OK;
	for (i = 0; i < n; i++)
		printf("%.*s\t%.*s\n", STRF(users[i].name),
		    STRF(when_iso(c->cx->mem, users[i].created)));
	return OK;
}

static enum err
key_run(struct cli *c, struct auth *a, const char *id, const char *secret,
    bool *known)
{
	struct key	*keys, key;
	size_t		 i, n;
	enum err	 e;

	*known = true;
	if (is_verb(c, "create", 2)) {
		e = key_create(c->cx, a, str_of(c->argv[1]), str_of(id),
		    str_of(secret), &key);
		if (e == OK)
			print_key(&key);
		return e;
	}
	if (is_verb(c, "revoke", 2))
		return key_delete(c->cx, a, str_of(c->argv[1]));
	*known = strcmp(c->argv[0], "list") == 0;
	if (!*known || (e = key_list(c->cx, a, str_of(c->argc > 1 ?
	    c->argv[1] : ""), &keys, &n)) != OK)
		return OK;
	for (i = 0; i < n; i++)
		printf("%.*s\t%.*s\t%.*s\n", STRF(keys[i].id),
		    STRF(keys[i].user), STRF(when_iso(c->cx->mem,
		    keys[i].created)));
	return OK;
}

static int
finish(struct cli *c, struct app *app, enum err e, bool known)
{
	app_close(app);
	if (e != OK)
		return cli_fail(c);
	if (!known)
		fprintf(stderr, "lakegate: see `lakegate help`\n");
	return known ? CLI_OK : CLI_USAGE;
}

int
cmd_user(struct cli *c)
{
	struct app	*app;
	enum err	 e;
	bool		 known;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	e = user_run(c, app_auth(app), &known);
	return finish(c, app, e, known);
}

int
cmd_key(struct cli *c)
{
	const char	*id = cli_option(c, "--access-key-id");
	const char	*secret = cli_option(c, "--secret-access-key");
	struct app	*app;
	enum err	 e;
	bool		 known;

	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	e = key_run(c, app_auth(app), id, secret, &known);
	return finish(c, app, e, known);
}
