/* lakegate user, lakegate key, lakegate rekey. */
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "base/when.h"
#include "cli/cli.h"

static bool
is_verb(const struct cli *c, const char *verb, int words)
{
	return strcmp(c->argv[0], verb) == 0 && c->argc == words;
}

static enum err
user_run(struct cli *c, struct auth *a, bool *known)
{
	struct cred_user	*users;
	size_t		 i, n;
	enum err	 e;

	*known = true;
	if (is_verb(c, "create", 2))
		return cred_user_create(c->cx, a, str_of(c->argv[1]));
	if (is_verb(c, "delete", 2))
		return cred_user_delete(c->cx, a, str_of(c->argv[1]));
	*known = is_verb(c, "list", 1);
	if (!*known || (e = cred_user_list(c->cx, a, &users, &n)) != OK)
		return OK;
	for (i = 0; i < n; i++)
		printf("%.*s\t%.*s\n", STRF(users[i].name),
		    STRF(when_iso(c->cx->mem, users[i].created)));
	return OK;
}

static enum err
key_run(struct cli *c, struct auth *a, const char *id, struct str secret,
    bool *known)
{
	struct cred_key	*keys, key;
	size_t		 i, n;
	enum err	 e;

	*known = true;
	if (is_verb(c, "create", 2)) {
		e = cred_key_create(c->cx, a, str_of(c->argv[1]), str_of(id),
		    secret, &key);
		if (e == OK)
			cli_audit(c, "key create", key.id);
		return e == OK ? cli_print_key(c->cx, &key) : e;
	}
	if (is_verb(c, "revoke", 2)) {
		e = cred_key_delete(c->cx, a, str_of(c->argv[1]));
		if (e == OK)
			cli_audit(c, "key revoke", str_of(c->argv[1]));
		return e;
	}
	*known = strcmp(c->argv[0], "list") == 0;
	if (!*known || (e = cred_key_list(c->cx, a, str_of(c->argc > 1 ?
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
	if ((app = cli_app_auth(c)) == NULL)
		return CLI_FAILED;
	e = user_run(c, app_auth(app), &known);
	if (e == OK && known && c->argc == 2)
		cli_audit(c, strcmp(c->argv[0], "create") == 0 ?
		    "user create" : "user delete", str_of(c->argv[1]));
	return finish(c, app, e, known);
}

int
cmd_key(struct cli *c)
{
	const char	*id = cli_option(c, "--access-key-id");
	struct str	 secret;
	struct app	*app;
	enum err	 e;
	bool		 known;

	if (!cli_secret(c, &secret))
		return CLI_FAILED;
	if (!cli_words(c, 1, 2))
		return CLI_USAGE;
	if ((app = cli_app_auth(c)) == NULL)
		return CLI_FAILED;
	e = key_run(c, app_auth(app), id, secret, &known);
	return finish(c, app, e, known);
}

int
cmd_rekey(struct cli *c)
{
	bool			lost = cli_flag(c, "--lost");
	struct rekey_report	r;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (!cli_become_owner(c))
		return CLI_FAILED;
	if (app_rekey(c->cx, &c->conf, lost, &r) != OK)
		return cli_fail(c);
	cli_audit(c, lost ? "rekey --lost" : "rekey", c->conf.lake);
	if (r.resumed)
		printf("a rekey that had been interrupted is done\n");
	if (lost)
		printf("new master key; %llu access keys revoked: make one "
		    "with `lakegate key create USER`\n",
		    (unsigned long long)r.revoked);
	else
		printf("new master key; %llu secrets sealed anew; sessions "
		    "have ended\n", (unsigned long long)r.keys);
	printf("Copy it to your backup; older backups of the database need "
	    "the old one.\n");
	return CLI_OK;
}
