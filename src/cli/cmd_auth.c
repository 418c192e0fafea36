/* lakegate user, lakegate key, lakegate rekey. */
#include <stdio.h>

#include "auth/auth.h"
#include "base/when.h"
#include "cli/cli.h"

static enum err
user_list(struct cli *c, struct app *app, const void *none)
{
	struct cred_user	*users;
	size_t			 i, n;
	enum err		 e;

	(void)none;
	if ((e = cred_user_list(c->cx, app_auth(app), &users, &n)) != OK)
		return e;
	for (i = 0; i < n; i++)
		printf("%.*s\t%.*s\n", STRF(users[i].name),
		    STRF(when_iso(c->cx->mem, users[i].created)));
	return OK;
}

static enum err
user_create(struct cli *c, struct app *app, const void *none)
{
	(void)none;
	return cred_user_create(c->cx, app_auth(app), str_of(c->argv[1]));
}

static enum err
user_delete(struct cli *c, struct app *app, const void *none)
{
	(void)none;
	return cred_user_delete(c->cx, app_auth(app), str_of(c->argv[1]));
}

int
cmd_user(struct cli *c)
{
	static const struct cli_verb	verbs[] = {
		{ "list", 1, 1, NULL, NULL,
		    user_list },
		{ "create", 2, 2, "user create", NULL,
		    user_create },
		{ "delete", 2, 2, "user delete", "the user",
		    user_delete },
	};

	return cli_verbs(c, cli_app_auth, verbs,
	    sizeof verbs / sizeof verbs[0], NULL);
}

static enum err
key_list(struct cli *c, struct app *app, const void *none)
{
	struct cred_key	*keys;
	size_t		 i, n;
	enum err	 e;

	(void)none;
	if ((e = cred_key_list(c->cx, app_auth(app), str_of(c->argc > 1 ?
	    c->argv[1] : ""), &keys, &n)) != OK)
		return e;
	for (i = 0; i < n; i++)
		printf("%.*s\t%.*s\t%.*s\n", STRF(keys[i].id),
		    STRF(keys[i].user), STRF(when_iso(c->cx->mem,
		    keys[i].created)));
	return OK;
}

struct chosen {			/* of a new key, "": drawn */
	struct str	id, secret;
};

static enum err
key_create(struct cli *c, struct app *app, const void *opt)
{
	const struct chosen	*as = opt;
	struct cred_key		 key;
	enum err		 e;

	if ((e = cred_key_create(c->cx, app_auth(app), str_of(c->argv[1]),
	    as->id, as->secret, &key)) != OK)
		return e;
	cli_audit(c, "key create", key.id);
	return cli_print_key(c->cx, &key);
}

static enum err
key_revoke(struct cli *c, struct app *app, const void *none)
{
	(void)none;
	return cred_key_delete(c->cx, app_auth(app), str_of(c->argv[1]));
}

int
cmd_key(struct cli *c)
{
	static const struct cli_verb	verbs[] = {
		{ "list", 1, 2, NULL, NULL,
		    key_list },
		{ "create", 2, 2, NULL, NULL,
		    key_create },	/* it says which */
		{ "revoke", 2, 2, "key revoke", NULL,
		    key_revoke },
	};
	struct chosen			as = {
	    .id = str_of(cli_option(c, "--access-key-id")) };

	return !cli_secret(c, &as.secret) ? CLI_FAILED :
	    cli_verbs(c, cli_app_auth, verbs,
	    sizeof verbs / sizeof verbs[0], &as);
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
