/*
 * Fuzz targets for everything that reads bytes from outside.
 *
 * With -DLIBFUZZER (and -fsanitize=fuzzer) a libFuzzer program of the target
 * that the variable FUZZ names; without, a program that replays
 * corpus/<target>/ and mutations of it, which `make check` runs:
 *
 *	fuzz_replay CORPUS [ROUNDS [TARGET]]
 */
#include "fuzz/fuzz.h"

#include <time.h>

#include "base/fileio.h"
#include "base/log.h"

struct cx	cx;

static const struct target {
	const char	*name;
	fuzz_fn		*run;
} targets[] = {
	{ "path", fuzz_path }, { "encodings", fuzz_encodings },
	{ "range", fuzz_range }, { "records", fuzz_records },
	{ "node", fuzz_node }, { "xml", fuzz_xml }, { "json", fuzz_json },
	{ "form", fuzz_form }, { "s3", fuzz_s3 }, { "api", fuzz_api },
	{ "rest", fuzz_rest }, { "query", fuzz_query },
	{ "credential", fuzz_credential }, { "meta", fuzz_meta },
	{ "headers", fuzz_headers }, { "tags", fuzz_tags },
	{ "cors", fuzz_cors }, { "policy", fuzz_policy },
	{ "settings", fuzz_settings }, { "chunked", fuzz_chunked },
	{ "post", fuzz_post }, { "address", fuzz_address },
};

enum { TARGETS = sizeof targets / sizeof targets[0] };

/* Every execution has the same time, so that a finding comes again. */
static void
run(const struct target *t, struct str in)
{
	cx_init(&cx, cx.mem != NULL ? cx.mem : arena_new());
	cx.now = 1800000000000;
	t->run(in);
	arena_empty(cx.mem);
}

#ifdef LIBFUZZER
static struct {
	const struct target	*t;
	unsigned long long	 n;
} done;

static void
say_cost(void)
{
	fprintf(stderr, "%s: %llu executions, %.3f ms CPU each\n",
	    done.t->name, done.n, 1e3 * (double)clock() / CLOCKS_PER_SEC /
	    (double)done.n);
}

static void
choose(void)
{
	const char	*name = getenv("FUZZ");

	log_set_level(STR("error"));
	for (done.t = targets; done.t < targets + TARGETS; done.t++)
		if (name != NULL && strcmp(done.t->name, name) == 0)
			break;
	if (done.t == targets + TARGETS) {
		fprintf(stderr, "FUZZ names no target\n");
		exit(2);
	}
	atexit(say_cost);
}

int	LLVMFuzzerTestOneInput(const unsigned char *p, size_t n);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	if (done.t == NULL)
		choose();
	done.n++;
	run(done.t, (struct str){ (const char *)p, n });
	return 0;
}
#else
struct replay {
	const struct target	*t;
	const char		*dir;
	unsigned		 rounds, done;
};

/* Some bytes change, go, come, or stand twice. */
static struct str
mutate(char *p, size_t n, size_t room)
{
	unsigned	k, times = 1 + (unsigned)rand() % 4;
	size_t		at, len;

	for (k = 0; k < times && n > 0; k++) {
		at = (size_t)rand() % n;
		switch (rand() % 4) {
		case 0:
			p[at] = (char)rand();
			break;
		case 1:
			n = at + 1;
			break;
		case 2:
			len = (size_t)rand() % (n - at) + 1;
			memmove(p + at, p + at + len, n - at - len);
			n -= len;
			break;
		default:
			len = (size_t)rand() % (n - at) + 1;
			if (n + len > room)
				break;
			memmove(p + at + len, p + at, n - at);
			n += len;
		}
	}
	return (struct str){ p, n };
}

static enum err
replay_one(struct cx *own, const char *name, void *arg)
{
	struct replay	*r = arg;
	struct str	 text, path = str_printf(own->mem, "%s/%s", r->dir,
	    name);
	unsigned	 i;
	char		*p;

	if (file_read_all(own, path.p, 1 << 20, &text) != OK)
		return own->code;
	run(r->t, text);
	for (i = 0; i < r->rounds; i++) {
		p = malloc(2 * text.n + 64);
		memcpy(p, text.p, text.n);
		run(r->t, mutate(p, text.n, 2 * text.n + 64));
		free(p);
	}
	r->done++;
	return OK;
}

int
main(int argc, char **argv)
{
	struct replay	r = { .rounds = argc > 2 ?
	    (unsigned)atoi(argv[2]) : 300 };
	struct cx	own;
	size_t		i;

	if (argc < 2)
		return 2;
	srand(1);
	setvbuf(stdout, NULL, _IOLBF, 0);
	cx_init(&own, arena_new());
	log_set_level(STR("error"));
	for (i = 0; i < TARGETS; i++) {
		if (argc > 3 && strcmp(argv[3], targets[i].name) != 0)
			continue;
		r.t = &targets[i];
		r.done = 0;
		r.dir = str_printf(own.mem, "%s/%s", argv[1],
		    targets[i].name).p;
		if (file_each(&own, r.dir, replay_one, &r) != OK ||
		    r.done == 0) {
			fprintf(stderr, "%s: %s\n", r.dir, own.words);
			return 1;
		}
		printf("%s: %u inputs, %u mutations each\n", targets[i].name,
		    r.done, r.rounds);
	}
	if (cx.mem != NULL)
		arena_free(cx.mem);
	lake_end();
	arena_free(own.mem);
	return 0;
}
#endif
