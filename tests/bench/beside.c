/*
 * What writers get beside long readers and beside a backup, and how long the
 * log of the database becomes: `bench_beside LAKE LAKEGATE SECONDS`, the engine
 * alone on SQLite, durable; the lake is one that `LAKEGATE init` has made.
 * Eight threads put objects of 8 KB.  Beside them, in another process, sixteen
 * threads have snapshots that overlap, so that there is always one; open
 * objects as fast as they can; or only compute, which shows what the processors
 * alone cost.  Then `LAKEGATE backup` runs.  The rate alone is taken before and
 * after each.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cx.h"
#include "base/ident.h"
#include "base/when.h"
#include "block/block.h"
#include "engine/engine.h"
#include "kv/kv.h"

enum { WRITERS = 8, READERS = 16, KEYS = 20000, SIZE = 8000, GROWN = 60000,
	TENDED = 50, BOUND = 32 << 20 };

static const char	*folder;
static struct kv	*kv;
static struct engine	*eng;
static atomic_bool	 ended;
static atomic_ulong	 done;
static unsigned long	 asked;

static void
must(struct cx *cx, enum err e)
{
	if (e == OK)
		return;
	fprintf(stderr, "%s: %s\n", err_name(e), cx->words);
	exit(1);
}

static void
open_lake(struct cx *cx)
{
	const struct kv_sqlite_opts	o = { .create = false };
	struct engine_opts		eo;
	struct block			*block;

	must(cx, kv_sqlite_open(cx, folder, &o, &kv));
	must(cx, block_file_open(cx, folder, false, &block));
	engine_defaults(&eo);
	eng = engine_open(kv, block, &eo);
}

static struct target
at(struct cx *cx, unsigned long i)
{
	return (struct target){ .repo = STR("repo"), .ref = STR("main"),
	    .path = str_printf(cx->mem, "data/%05lu", i * 7919 % KEYS) };
}

static void
put(struct cx *cx, unsigned long i)
{
	static const struct cond	none;
	struct target			where = at(cx, i);
	struct entry			en = { .content_type = STR("t") };
	char				*p = arena_get(cx->mem, SIZE);
	struct source			src;
	struct body			*body;

	ident_random((unsigned char *)p, SIZE);
	src = source_of_str(cx, (struct str){ p, SIZE });
	en.etag = str_printf(cx->mem, "%032lx", i);
	must(cx, body_take(cx, eng, &src, SIZE, NULL, NULL, &body));
	must(cx, object_put(cx, eng, &where, body, &en, &none, false));
}

static void *
write_on(void *arg)
{
	struct cx	cx;
	unsigned long	n;
	bool		more;

	(void)arg;
	cx_init(&cx, arena_new());
	while (!ended) {
		n = done++;
		put(&cx, n);
		if (n % TENDED == 0)
			must(&cx, engine_maintain(&cx, eng, &more));
		arena_empty(cx.mem);
	}
	arena_free(cx.mem);
	return NULL;
}

/* A snapshot that is open for 4 ms. */
static enum err
hold_fn(struct cx *cx, struct kv_tx *tx, void *arg)
{
	const struct timespec	t = { 0, 4 * 1000 * 1000 };
	struct str		v;
	enum err		e;
	bool			there;

	(void)arg;
	if ((e = kv_find(cx, tx, STR("G"), &v, &there)) != OK)
		return e;
	nanosleep(&t, NULL);
	return kv_find(cx, tx, STR("H"), &v, &there);
}

static void *
hold_on(void *arg)
{
	struct cx	cx;

	(void)arg;
	cx_init(&cx, arena_new());
	for (;;) {
		must(&cx, kv_read(&cx, kv, hold_fn, NULL));
		arena_empty(cx.mem);
	}
	return NULL;
}

static void *
compute_on(void *arg)
{
	volatile unsigned	n = 0;

	(void)arg;
	for (;;)
		n++;
	return NULL;
}

static void *
read_on(void *arg)
{
	unsigned long	n = (unsigned long)(uintptr_t)arg;
	struct target	where;
	struct entry	en;
	struct cx	cx;

	cx_init(&cx, arena_new());
	for (;; n += READERS) {
		where = at(&cx, n);
		if (object_open(&cx, eng, &where, &en) != OK)
			cx_forget(&cx);
		arena_empty(cx.mem);
	}
	return NULL;
}

static off_t
log_size(void)
{
	char		path[600];
	struct stat	st;

	snprintf(path, sizeof path, "%s/meta.db-wal", folder);
	return stat(path, &st) == 0 ? st.st_size : 0;
}

static void
nap(void)
{
	const struct timespec	t = { 0, 20 * 1000 * 1000 };

	nanosleep(&t, NULL);
}

static bool
has_ended(pid_t pid)
{
	int	status;

	if (waitpid(pid, &status, WNOHANG) == 0)
		return false;
	if (status == 0)
		return true;
	fprintf(stderr, "the backup failed\n");
	exit(1);
}

/* So many seconds, or until the process ends; puts a second, the longest log. */
static double
rate(unsigned seconds, pid_t until, off_t *most)
{
	pthread_t	thread[WRITERS];
	unsigned long	before = done;
	int64_t		begin = when_monotonic();
	size_t		i;
	double		took;

	*most = 0;
	ended = false;
	for (i = 0; i < WRITERS; i++)
		if (pthread_create(&thread[i], NULL, write_on, NULL) != 0)
			abort();
	while (until != 0 ? !has_ended(until) :
	    when_monotonic() - begin < (int64_t)seconds * 1000000) {
		nap();
		if (log_size() > *most)
			*most = log_size();
	}
	took = (double)(when_monotonic() - begin) / 1e6;
	before = done - before;
	ended = true;
	for (i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	asked += before;
	return (double)before / took;
}

static void
say(const char *what, double alone, double with, double after, off_t most)
{
	printf("%-28s alone %6.0f/s, beside %6.0f/s, after %6.0f/s: ratio "
	    "%.2f; log at most %.1f MiB\n", what, alone, with, after,
	    2 * with / (alone + after), (double)most / (1 << 20));
	fflush(stdout);
}

/* This program again, as another process that reads. */
static pid_t
start(const char *const argv[])
{
	pid_t	pid = fork();

	if (pid == 0) {
		execv(argv[0], (char **)(uintptr_t)argv);
		_exit(127);
	}
	return pid;
}

static const struct {
	const char	*name, *words;
	void		*(*run)(void *arg);
} others[] = {
	{ "hold", "16 snapshots that overlap", hold_on },
	{ "read", "16 readers at full speed", read_on },
	{ "compute", "16 that compute", compute_on },
};

enum { OTHERS = sizeof others / sizeof others[0] };

static void
beside(const char *self, size_t i, unsigned seconds)
{
	const char	*argv[] = { self, folder, others[i].name, NULL };
	double		 alone, with;
	off_t		 most, other;
	pid_t		 pid;

	alone = rate(seconds / 4, 0, &other);
	pid = start(argv);
	with = rate(seconds, 0, &most);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	say(others[i].words, alone, with, rate(seconds / 4, 0, &other), most);
}

static void
beside_backup(const char *lakegate, unsigned seconds)
{
	char		to[600];
	const char	*argv[] = { lakegate, "--lake", folder, "backup", to,
	    NULL };
	double		alone, with;
	int64_t		since;
	off_t		most, other;

	snprintf(to, sizeof to, "%s/../backup", folder);
	alone = rate(seconds / 4, 0, &other);
	with = rate(0, start(argv), &most);
	since = when_monotonic();
	while (log_size() > BOUND && when_monotonic() - since < 60000000)
		nap();
	since = when_monotonic() - since;
	say("a backup", alone, with, rate(seconds / 4, 0, &other), most);
	printf("%-28s %.1f s after it; %lu objects were put\n",
	    "log under 32 MiB", (double)since / 1e6, asked);
}

static void
fill(struct cx *cx)
{
	struct repo	r = { .name = STR("repo"), .default_branch =
	    STR("main"), .storage_namespace = STR("x") };
	pthread_t	thread[WRITERS];
	size_t		i;

	must(cx, repo_create(cx, eng, &r, STR("me")));
	for (i = 0; i < WRITERS; i++)
		if (pthread_create(&thread[i], NULL, write_on, NULL) != 0)
			abort();
	while (done < GROWN)
		nap();
	ended = true;
	for (i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
}

static int
go_on_for_ever(void *(*run)(void *arg))
{
	pthread_t	thread;
	size_t		i;

	for (i = 0; i < READERS; i++)
		if (pthread_create(&thread, NULL, run,
		    (void *)(uintptr_t)i) != 0)
			abort();
	pause();
	return 0;
}

int
main(int argc, char **argv)
{
	struct cx	cx;
	size_t		i;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "bench_beside LAKE LAKEGATE SECONDS\n");
		return 2;
	}
	folder = argv[1];
	cx_init(&cx, arena_new());
	open_lake(&cx);
	for (i = 0; argc == 3 && i < OTHERS; i++)
		if (strcmp(argv[2], others[i].name) == 0)
			return go_on_for_ever(others[i].run);
	fill(&cx);
	for (i = 0; i < OTHERS; i++)
		beside(argv[0], i, (unsigned)atoi(argv[3]));
	beside_backup(argv[2], (unsigned)atoi(argv[3]));
	engine_close(eng);
	kv_close(kv);
	return 0;
}
