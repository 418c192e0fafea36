/* lakegate gc, lakegate fsck. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/metric.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "upkeep/upkeep.h"

int
cmd_gc(struct cli *c)
{
	const char		*grace = cli_option(c, "--grace");
	struct gc_opts		 opt = { .progress = cli_progress };
	struct gc_report	 r;
	struct app		*app;
	uint64_t		 seconds = (uint64_t)c->conf.gc_grace;
	enum err		 e;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (grace != NULL && !str_u64(str_of(grace), 31536000, &seconds)) {
		fprintf(stderr, "lakegate: --grace takes seconds\n");
		return CLI_USAGE;
	}
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	opt.grace = (int64_t)seconds * 1000;
	opt.upload_age = c->conf.upload_age * 1000;
	opt.head_age = c->conf.head_age * 1000;
	e = gc_run(c->cx, app_engine(app), &opt, &r);
	cli_progress_end();
	app_close(app);
	if (e != OK)
		return cli_fail(c);
	metric_set(METRIC_gc_success_timestamp_seconds,
	    (uint64_t)c->cx->now / 1000);
	printf("removed: %llu commits, %llu tree nodes, %llu blocks "
	    "(%llu bytes), %llu temporary files, %llu rows, %llu uploads\n",
	    (unsigned long long)r.commits, (unsigned long long)r.nodes,
	    (unsigned long long)r.blocks, (unsigned long long)r.bytes,
	    (unsigned long long)r.files, (unsigned long long)r.rows,
	    (unsigned long long)r.uploads);
	if (r.waiting > 0)
		printf("a backup is under way: %llu blocks wait for the next "
		    "gc\n", (unsigned long long)r.waiting);
	if (r.overtaken)
		printf("another gc has begun meanwhile, and does the rest\n");
	if (r.unreadable == 0)
		return CLI_OK;
	fprintf(stderr, "lakegate: records that are missing or cannot be read: "
	    "%llu.  What they named is not known, so nothing was deleted that "
	    "may have been theirs.  `lakegate fsck` says which they are\n",
	    (unsigned long long)r.unreadable);
	return CLI_KEPT;
}

/* Where a repair moves records to, by the time: it must not be there. */
static void
cmd_fsck_folder(struct cli *c, struct fsck_opts *opt)
{
	const char	*lake = str_z(c->cx->mem, c->conf.lake);
	struct tm	 tm;
	time_t		 now = c->cx->now / 1000;
	char		 z[30];

	gmtime_r(&now, &tm);
	strftime(z, sizeof z, "%Y%m%dT%H%M%S", &tm);
	opt->repair = str_printf(c->cx->mem, "%s/repair-%s.%03d", lake, z,
	    (int)(c->cx->now % 1000)).p;
	opt->repair_lock = str_printf(c->cx->mem, "%s/repair.lock", lake).p;
}

static void
cmd_fsck_repaired(struct cli *c, const struct fsck_opts *opt,
    const struct fsck_report *r)
{
	if (opt->repair == NULL || r->problems == 0)
		return;
	printf("moved %llu records that could not be read to %s; its file "
	    "\"list\" says what each means.\n",
	    (unsigned long long)r->repaired, opt->repair);
	printf("What is missing can come back from a backup alone (`lakegate "
	    "restore`), or be given up: delete the object, then commit.\n");
	printf("Run fsck again to see what is left.\n");
	cli_audit(c, "fsck --repair", c->conf.lake);
}

int
cmd_fsck(struct cli *c)
{
	struct fsck_opts	 opt = { .progress = cli_progress,
	    .found = cli_found, .most = CLI_PROBLEMS };
	struct fsck_report	 r;
	struct app		*app;
	enum err		 e;
	bool			 repair = cli_flag(c, "--repair");

	opt.deep = cli_flag(c, "--deep");
	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if ((app = cli_app(c)) == NULL)
		return CLI_FAILED;
	if (repair)
		cmd_fsck_folder(c, &opt);
	e = fsck_run(c->cx, app_engine(app), &opt, &r);
	cli_progress_end();
	app_close(app);
	if (e != OK)
		return cli_fail(c);
	printf("%s: %llu commits, %llu tree nodes, %llu entries, %llu blocks; "
	    "%llu blocks of garbage\n", r.problems == 0 ? "clean" : "DAMAGED",
	    (unsigned long long)r.commits, (unsigned long long)r.nodes,
	    (unsigned long long)r.entries, (unsigned long long)r.blocks,
	    (unsigned long long)r.garbage);
	cmd_fsck_repaired(c, &opt, &r);
	return r.problems == 0 ? CLI_OK : CLI_FAILED;
}
