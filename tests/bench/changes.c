/*
 * What large changes of a large lake cost, the engine alone on SQLite: for each
 * step the time, the CPU time, and the most memory that it held.  The lake is
 * made at once, by the engine's own parts, so that its size costs little.
 *
 *	bench_changes FOLDER OBJECTS CHANGES [MIB]
 *
 * With MIB it fails when a step takes more memory than that.
 */
#include "bench/large.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/when.h"

static size_t		 changes;
static unsigned long	 limit_kib;
static int		 status;

/* ---- what a step takes ------------------------------------------------- */

struct taken {
	int64_t		wall, cpu;	/* us */
};

static struct taken
taken(void)
{
	struct rusage	u;

	getrusage(RUSAGE_SELF, &u);
	return (struct taken){ when_monotonic(),
	    (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec };
}

static unsigned long
status_kib(const char *name)
{
	char		line[200];
	unsigned long	n = 0;
	FILE		*f = fopen("/proc/self/status", "r");

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtoul(line + strlen(name) + 1, NULL, 10);
	if (f != NULL)
		fclose(f);
	return n;
}

static struct arena_mark	step_back;
static struct taken		step_since;

static void
begin(void)
{
	int	fd = open("/proc/self/clear_refs", O_WRONLY);

	step_back = arena_mark(cx.mem);
	if (fd < 0 || write(fd, "5", 1) != 1)
		exit(1);
	close(fd);
	step_since = taken();
}

static void
end(const char *what)
{
	struct taken	now = taken();
	unsigned long	kib = status_kib("VmHWM");

	printf("%-40s %9.2f s %9.2f s CPU %8.1f MiB%s\n", what,
	    (double)(now.wall - step_since.wall) / 1e6,
	    (double)(now.cpu - step_since.cpu) / 1e6, (double)kib / 1024,
	    limit_kib > 0 && kib > limit_kib ? "  TOO MUCH" : "");
	fflush(stdout);
	if (limit_kib > 0 && kib > limit_kib)
		status = 1;
	arena_back(cx.mem, step_back);
}

static enum err
seal_fn(struct cx *to, struct kv_tx *tx, void *arg)
{
	struct staging	*s = arg;
	enum err	 e;
	bool		 there;

	if ((e = repo_find(to, tx, repo, &s->r)) != OK ||
	    (e = branch_find(to, tx, &s->r.ruid, s->branch, &s->br,
	    &there)) != OK)
		return e;
	s->br.open++;
	return branch_put(to, tx, &s->r.ruid, &s->br);
}

/* Slice by slice, as maintenance does. */
static void
folds(const char *name)
{
	struct staging		s = { .branch = str_of(name) };
	struct branch_id	id;
	char			what[80];
	unsigned		n = 0;
	bool			did = true;

	must(kv_write(&cx, eng->kv, seal_fn, &s));
	id = (struct branch_id){ s.r.ruid, s.br.uid, s.branch };
	while (did) {
		begin();
		must(fold_branch(&cx, eng, &id, &did));
		snprintf(what, sizeof what, "  slice %u of a fold", ++n);
		end(what);
	}
}

static void
steps(void)
{
	size_t	step = objects / changes;
	char	what[80];

	/* As writers do, who fold when much waits. */
	begin();
	stage("main", 0, 1, objects / 3, 9);
	end("staging of a third");
	begin();
	commit("main");
	end("the first commit");
	begin();
	make("main", 0);
	commit("main");
	end("a tree, and its commit");
	branch("dev");
	stage("dev", 7, step, changes, 1);
	begin();
	commit("dev");
	end("commit of scattered changes");
	stage("main", 3, step, changes, 2);
	folds("main");
	commit("main");
	begin();
	snprintf(what, sizeof what, "diff in pages: %zu", diff_pages(
	    (struct diff_sides){ STR("main"), STR("dev"), DIFF_THREE_DOT },
	    SIZE_MAX));
	end(what);
	begin();
	merge(STRATEGY_NONE, OK);
	end("merge");
	stage("dev", 7, step, changes, 3);
	commit("dev");
	stage("main", 7, step, changes, 4);
	commit("main");
	begin();
	merge(STRATEGY_NONE, E_CONFLICT);
	end("merge that conflicts in all");
	begin();
	snprintf(what, sizeof what, "diff of the conflicts: %zu", diff_pages(
	    (struct diff_sides){ STR("main"), STR("dev"), DIFF_THREE_DOT },
	    SIZE_MAX));
	end(what);
	begin();
	merge(STRATEGY_SOURCE, OK);
	end("merge that takes the source's");
	stage("main", 5, step, changes, 5);
	begin();
	reset();
	end("reset of a prefix");
	begin();
	delete_some();
	end("DeleteObjects");
	branch("other");
	make("other", 6);
	begin();
	commit("other");
	end("commit where all differs");
	begin();
	snprintf(what, sizeof what, "diff of two trees: %zu", diff_pages(
	    (struct diff_sides){ STR("main"), STR("other"), DIFF_TWO_DOT },
	    100));
	end(what);
}

int
main(int argc, char **argv)
{
	struct engine_opts	 o;
	struct block		*block;
	struct kv		*kv;

	objects = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	changes = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	limit_kib = argc > 4 ? 1024 * strtoul(argv[4], NULL, 10) : 0;
	if (objects < 1000 || changes < 1 || changes > objects / 8) {
		fprintf(stderr, "usage: bench_changes FOLDER OBJECTS CHANGES "
		    "[MIB]\n");
		return 2;
	}
	engine_defaults(&o);
	open_lake(argv[1], &o, getenv("RELAXED") != NULL, &kv, &block);
	steps();
	close_lake(kv, block);
	return status;
}
