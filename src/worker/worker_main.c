/*
 * lakegate.fcgi: FastCGI application (threads) or CGI program (one request),
 * by how the web server starts it.  Arguments are not looked at: under CGI
 * they are the client's (a query without "=").
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/app.h"
#include "base/fault.h"
#include "base/fileio.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/http.h"

static _Noreturn void
complain(struct cx *cx, bool cgi)
{
	log_failure(LOG_ERROR, "start", cx);
	if (cgi)
		printf("Status: 503 Service Unavailable\r\n"
		    "X-Content-Type-Options: nosniff\r\n"
		    "Content-Type: text/plain\r\n\r\n"
		    "lakegate cannot start%s%s\n", cx->code == E_FORMAT ?
		    ": " : "; its log says why.", cx->code == E_FORMAT ?
		    cx->words : "");
	fflush(stdout);
	_exit(1);
}

/* Say now what would otherwise be said at the first upload. */
static enum err
spool_check(struct cx *cx, const struct conf *c)
{
	uint64_t	bytes;

	return c->spool.n == 0 ? OK : file_free_space(cx, str_z(cx->mem,
	    c->spool), &bytes);
}

/* What must be so before the first request's memory or file is there. */
static void
prepare(void)
{
	/* Giving each request's memory back to the kernel would cost a sixth
	 * of a small GET. */
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	/* What one thread has freed, another one shall use. */
	mallopt(M_ARENA_MAX, 2);
	fault_init();
	/* What the web server was started with does not count. */
	if (!fault_skip("UMASK"))
		umask(077);
	secret_no_dumps();
}

/* Settings, log, lake, users and keys.  CGI programs start with each request,
 * and a request upgrades nothing. */
static enum err
open_all(struct cx *cx, bool cgi, struct conf *conf, struct app **app)
{
	enum err	e;

	if ((e = conf_read(cx, conf)) != OK || (conf->log_file.n > 0 &&
	    (e = log_open(cx, str_z(cx->mem, conf->log_file))) != OK) ||
	    (e = spool_check(cx, conf)) != OK ||
	    (e = cgi ? app_open(cx, conf, app) :
	    app_open_upgraded(cx, conf, app)) != OK)
		return e;
	return app_open_auth(cx, *app);
}

int
main(void)
{
	struct conf	 conf;
	struct app	*app = NULL;
	struct front_opts opt;
	struct cx	 cx;
	bool		 cgi = getenv("GATEWAY_INTERFACE") != NULL;

	if (!cgi && front_is_cgi()) {
		fprintf(stderr, "lakegate.fcgi is started by a web server: "
		    "see lakegate.fcgi(8), or try `lakegate serve`\n");
		return 2;
	}
	prepare();
	cx_init(&cx, arena_new());
	if (open_all(&cx, cgi, &conf, &app) != OK)
		complain(&cx, cgi);
	opt = (struct front_opts){ .threads = (unsigned)conf.threads,
	    .processes = (unsigned)conf.processes,
	    .slots = str_printf(cx.mem, "%.*s/slots", STRF(conf.lake)).p,
	    .serve = app_serve, .idle = app_idle, .arg = app };
	if ((cgi ? front_cgi_run(&cx, environ, &opt) :
	    front_fcgi_run(&cx, STDIN_FILENO, &opt)) != OK)
		complain(&cx, cgi);
	if (cgi)
		app_close(app);
	_exit(0);
}
