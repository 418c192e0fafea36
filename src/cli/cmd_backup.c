/* lakegate backup, lakegate restore. */
#include <stdio.h>

#include "base/fileio.h"
#include "base/metric.h"
#include "cli/cli.h"
#include "upkeep/upkeep.h"

static void
cmd_backup_says(const struct backup_opts *opt, const struct backup_report *r)
{
	printf("backed up: a database of %llu bytes, %llu blocks (%llu bytes); "
	    "%llu of them new: %llu cloned, %llu linked, %llu copied; %llu "
	    "that lost their names removed\n", (unsigned long long)r->database,
	    (unsigned long long)r->blocks, (unsigned long long)r->bytes,
	    (unsigned long long)r->fresh, (unsigned long long)r->cloned,
	    (unsigned long long)r->linked, (unsigned long long)r->copied,
	    (unsigned long long)r->dropped);
	if (file_same_disk(opt->lake, opt->to))
		printf("%s is on the lake's own file system: it does not "
		    "outlive this disk.\n", opt->to);
	if (opt->with_key)
		printf("A restore needs this folder alone: the master key is "
		    "in it, so whoever reads it can read every secret.\n");
	else
		printf("A restore needs this folder and the master key, which "
		    "is not in it: keep %s elsewhere, as it is now.\n",
		    opt->master);
	if (r->two_keys)
		printf("A rekey was interrupted: it needs %s.new too. Run "
		    "`lakegate rekey`, then another backup.\n", opt->master);
	if (r->old_key)
		printf("%s/master.key is of an earlier backup, and not this "
		    "one's: give --with-key, or remove it.\n", opt->to);
}

int
cmd_backup(struct cli *c)
{
	struct backup_opts	 opt = { .with_key = cli_flag(c, "--with-key"),
	    .progress = cli_progress };
	struct backup_report	 r;
	struct app		*app;
	enum err		 e;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	opt.to = c->argv[0];
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	e = app_backup(c->cx, app, &opt, &r);
	cli_progress_end();
	app_close(app);
	if (e != OK)
		return cli_fail(c);
	cmd_backup_says(&opt, &r);
	if (r.damaged == 0) {
		metric_set(METRIC_backup_success_timestamp_seconds,
		    (uint64_t)c->cx->now / 1000);
		return CLI_OK;
	}
	fprintf(stderr, "lakegate: the lake is DAMAGED, and so is this backup: "
	    "%llu things that it names are missing; see `lakegate fsck`\n",
	    (unsigned long long)r.damaged);
	return CLI_FAILED;
}

/* Whether the access keys work: they do with the right master key. */
static int
cmd_restore_key(struct cli *c)
{
	struct app	*app;

	if (app_open(c->cx, &c->conf, &app) != OK)
		return cli_fail(c);
	if (app_open_auth(c->cx, app) == OK)
		printf("The master key is there: all access keys work.\n");
	else
		printf("Access keys do not work yet: %s.\n", c->cx->words);
	app_close(app);
	return CLI_OK;
}

int
cmd_restore(struct cli *c)
{
	const char		*group = cli_option(c, "--group");
	unsigned		 gid = 0;
	struct restore_opts	 opt = { .damaged = cli_flag(c, "--damaged"),
	    .fsck = { .progress = cli_progress, .found = cli_found,
	    .most = CLI_PROBLEMS } };
	struct restore_report	 r;
	enum err		 e;

	if (!cli_words(c, 1, 1))
		return CLI_USAGE;
	opt.from = c->argv[0];
	if (c->conf.lake.n == 0) {
		fprintf(stderr, "lakegate: into which folder? lakegate --lake "
		    "NEW restore DIR\n");
		return CLI_USAGE;
	}
	if ((group != NULL && !cli_group(group, &gid)) || !cli_become_owner(c))
		return CLI_FAILED;
	opt.group = group != NULL ? &gid : NULL;
	e = app_restore(c->cx, &c->conf, &opt, &r);
	cli_progress_end();
	if (e != OK)
		return cli_fail(c);
	cli_audit(c, "restore", c->conf.lake);
	printf("restored: a database of %llu bytes, %llu blocks (%llu bytes); "
	    "fsck: %s\n", (unsigned long long)r.database,
	    (unsigned long long)r.blocks, (unsigned long long)r.bytes,
	    r.fsck.problems == 0 && !r.bad_sum ? "clean" : "DAMAGED");
	if (r.bad_sum)
		printf("The database has not the checksum that the backup has "
		    "recorded: what is wrong may be anywhere.\n");
	if (r.no_sum)
		printf("The backup has no checksum of its database: an older "
		    "lakegate made it.\n");
	return cmd_restore_key(c);
}
