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
		    "lakegate cannot start; its log says why.\n");
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

int
main(void)
{
	struct conf	 conf;
	struct app	*app = NULL;
	struct front_opts opt;
	struct cx	 cx;
	bool		 cgi = getenv("GATEWAY_INTERFACE") != NULL;
	enum err	 e;

	if (!cgi && front_is_cgi()) {
		fprintf(stderr, "lakegate.fcgi is started by a web server: "
		    "see lakegate.fcgi(8), or try `lakegate serve`\n");
		return 2;
	}
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
	cx_init(&cx, arena_new());
	if (conf_read(&cx, &conf) != OK || (conf.log_file.n > 0 &&
	    log_open(&cx, str_z(cx.mem, conf.log_file)) != OK) ||
	    spool_check(&cx, &conf) != OK ||
	    app_open(&cx, &conf, &app) != OK ||
	    app_open_auth(&cx, app) != OK)
		complain(&cx, cgi);
	opt = (struct front_opts){ (unsigned)conf.threads,
	    (unsigned)conf.processes, str_printf(cx.mem, "%.*s/slots",
	    STRF(conf.lake)).p, app_serve, app_idle, app };
	if ((e = cgi ? front_cgi_run(&cx, environ, &opt) :
	    front_fcgi_run(&cx, STDIN_FILENO, &opt)) != OK)
		complain(&cx, cgi);
	if (cgi)
		app_close(app);
	_exit(0);
}
