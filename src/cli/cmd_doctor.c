/* lakegate doctor: what could be wrong, each with what to do. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fileio.h"
#include "base/when.h"
#include "base/xml.h"
#include "cli/cli.h"
#include "engine/engine.h"

enum { PROGRAM_SECONDS = 30, CLOCK_MOST = 300 /* seconds; S3 allows 900 */ };

struct doctor {
	struct cli	*c;
	const char	*url;
	struct str	 id, secret;
	bool		 bad;
};

static void
found_well(const char *what, struct str words)
{
	printf("ok    %s: %.*s\n", what, STRF(words));
}

static void
found_bad(struct doctor *d, const char *what, struct str words)
{
	d->bad = true;
	printf("FAIL  %s: %.*s\n", what, STRF(words));
}

/* From the context, which forgets it. */
static void
found_failed(struct doctor *d, const char *what)
{
	found_bad(d, what, str_of(d->c->cx->words));
	cx_forget(d->c->cx);
}

static void
untried(const char *what, const char *why)
{
	printf("      %s: not tried, %s\n", what, why);
}

/* ---- the lake ---------------------------------------------------------- */

static void
look_at_disk(struct doctor *d)
{
	struct conf	*conf = &d->c->conf;
	uint64_t	 bytes;

	if (file_free_space(d->c->cx, str_z(d->c->cx->mem, conf->lake),
	    &bytes) != OK)
		found_failed(d, "disk");
	else if (bytes < (uint64_t)conf->reserve)
		found_bad(d, "disk", str_printf(d->c->cx->mem, "%llu MB are "
		    "free, fewer than the reserve of %lld MB: writes are "
		    "refused; delete, then run `lakegate gc --grace 0`",
		    (unsigned long long)(bytes >> 20),
		    (long long)(conf->reserve >> 20)));
	else
		found_well("disk", str_printf(d->c->cx->mem, "%llu MB are "
		    "free", (unsigned long long)(bytes >> 20)));
}

static void
look_at_lake(struct doctor *d)
{
	struct cx	*cx = d->c->cx;
	struct app	*app;

	if (app_open(cx, &d->c->conf, &app) != OK) {
		found_failed(d, "lake");
		return;
	}
	if (engine_ready(cx, app_engine(app)) == OK)
		found_well("lake", d->c->conf.lake);
	else
		found_failed(d, "lake");
	if (app_open_auth(cx, app) == OK)
		found_well("master key", STR("it opens the access keys"));
	else
		found_failed(d, "master key");
	app_close(app);
	look_at_disk(d);
	if (cli_worker_works(d->c))
		found_well("worker", cli_worker_path(cx));
	else
		found_bad(d, "worker", STR("it does not answer; why stands "
		    "above"));
}

/* ---- web servers ------------------------------------------------------- */

static void
look_at_server(struct doctor *d, const char *const argv[])
{
	struct cli_task	p = { .argv = argv, .seconds = PROGRAM_SECONDS,
	    .quiet = true };
	struct str	said;
	int		status = cli_program(d->c->cx, &p, &said);

	if (status == 127)
		return;
	if (status == 0)
		found_well(argv[0], STR("its configuration is valid"));
	else if (geteuid() != 0)
		untried(argv[0], "only root can");
	else
		found_bad(d, argv[0], str_printf(d->c->cx->mem, "it refuses "
		    "its configuration: %.*s", STRF(said)));
}

static void
look_at_servers(struct doctor *d)
{
	static const char *const	lighttpd[] = { "lighttpd", "-tt", "-f",
	    "/etc/lighttpd/lighttpd.conf", NULL };
	static const char *const	apache[] = { "apache2ctl",
	    "configtest", NULL };
	static const char *const	nginx[] = { "nginx", "-t", "-q", NULL };

	if (file_exists(lighttpd[3]))
		look_at_server(d, lighttpd);
	look_at_server(d, apache);
	look_at_server(d, nginx);
}

/* ---- the address ------------------------------------------------------- */

static int
ask(struct doctor *d, const char *const argv[], struct str input,
    struct str *said)
{
	const struct cli_task	p = { .argv = argv, .input = input,
	    .seconds = PROGRAM_SECONDS, .quiet = true };

	return cli_program(d->c->cx, &p, said);
}

static struct str
line_of(struct str text, const char *name)
{
	struct str	line;

	while (str_split(&text, '\n', &line))
		if (str_starts(line, str_of(name))) {
			line = str_from(line, strlen(name));
			return str_to(line, str_find(line, '\r'));
		}
	return STR("");
}

static void
look_at_clock(struct doctor *d, struct str answer)
{
	struct str	date = line_of(answer, "Date: ");
	long long	off;
	int64_t		ms;

	if (date.n == 0)		/* HTTP/2 */
		date = line_of(answer, "date: ");
	if (!when_http_parse(date, &ms))
		return;
	off = (long long)(ms - when_now()) / 1000;
	if (off < -CLOCK_MOST || off > CLOCK_MOST)
		found_bad(d, "clock", str_printf(d->c->cx->mem, "the server's "
		    "and this one differ by %lld s; signatures fail from "
		    "900 s on: set both by NTP", off));
	else
		found_well("clock", STR("the server's is this one's"));
}

/* The key is passed through a pipe: everybody can read a command line. */
static void
look_at_signed(struct doctor *d)
{
	struct str		 region = d->c->conf.region, in, said;
	struct arena		*mem = d->c->cx->mem;
	const char *const	 argv[] = { "curl", "-sS", "-o", "-", "-w",
	    "\nstatus %{http_code}\n", "-H",
	    "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--aws-sigv4",
	    str_printf(mem, "aws:amz:%.*s:s3", STRF(region)).p, "-K", "-",
	    str_printf(mem, "%s/", d->url).p, NULL };

	if (d->id.n == 0 || d->secret.n == 0) {
		untried("a signed request", "it needs --access-key-id and "
		    "--secret-file");
		return;
	}
	in = str_printf(mem, "user = \"%.*s:%.*s\"\n", STRF(d->id),
	    STRF(d->secret));
	if (ask(d, argv, in, &said) != 0)
		found_bad(d, "a signed request", said);
	else if (str_is(line_of(said, "status "), STR("200")))
		found_well("a signed request", STR("ListBuckets was "
		    "answered"));
	else
		found_bad(d, "a signed request", str_printf(mem, "it was "
		    "answered: %.*s", STRF(said)));
}

static void
look_at_address(struct doctor *d)
{
	struct arena		*mem = d->c->cx->mem;
	const char *const	 argv[] = { "curl", "-sS", "-i", "-w",
	    "\nstatus %{http_code}\n", str_printf(mem, "%s/_ready",
	    d->url).p, NULL };
	struct str		 said, status;
	int			 rc = ask(d, argv, STR(""), &said);

	if (rc == 127) {
		untried(d->url, "curl is not installed");
		return;
	}
	status = line_of(said, "status ");
	if (rc != 0)
		found_bad(d, d->url, str_printf(mem, "nobody answers: %.*s; is "
		    "the web server running, and is this its port?",
		    STRF(said)));
	else if (!str_is(status, STR("200")))
		found_bad(d, d->url, str_printf(mem, "/_ready is answered "
		    "%.*s: 404 and 403 are another program's, 500 to 503 say "
		    "that the worker cannot be started or reached (the web "
		    "server's error log says why)", STRF(status)));
	else {
		found_well(d->url, STR("a worker answers, and is ready"));
		look_at_clock(d, said);
		look_at_signed(d);
	}
}

int
cmd_doctor(struct cli *c)
{
	const char	*id = cli_option(c, "--access-key-id");
	struct doctor	 d = { .c = c, .id = str_of(id != NULL ? id : "") };

	if (!cli_secret(c, &d.secret) || !cli_words(c, 0, 1))
		return CLI_USAGE;
	d.url = c->argc > 0 ? c->argv[0] : NULL;
	if (xml_ready(c->cx) == OK)
		found_well("libxml2", STR("it can be loaded"));
	else
		found_failed(&d, "libxml2");
	/* While root may still ask them. */
	look_at_servers(&d);
	if (d.url != NULL)
		look_at_address(&d);
	else
		untried("the address", "give it: lakegate doctor "
		    "http://HOST:PORT");
	if (c->conf.lake.n > 0 && !cli_become_owner(c))
		return CLI_FAILED;
	look_at_lake(&d);
	return d.bad ? CLI_FAILED : CLI_OK;
}
