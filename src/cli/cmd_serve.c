/*
 * lakegate serve: lighttpd in the foreground, with a configuration of ours;
 * or the worker alone on a socket, for a web server that starts no programs.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fileio.h"
#include "cli/cli.h"
#include "http/http.h"

#ifndef WORKER_PATH
#define WORKER_PATH	"/usr/local/libexec/lakegate/lakegate.fcgi"
#endif

/* The worker beside this program (a build tree), else where it is installed. */
static struct str
worker_path(struct cx *cx)
{
	char		exe[4096];
	struct str	own;
	ssize_t		n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	while (n > 0 && exe[n - 1] != '/')
		n--;
	own = str_printf(cx->mem, "%.*slakegate.fcgi", n > 0 ? (int)n : 0,
	    exe);
	return file_exists(own.p) ? own : str_of(WORKER_PATH);
}

/* The worker takes the socket as its standard input. */
static int
serve_socket(struct cli *c, const char *path, unsigned mode)
{
	struct str	worker = worker_path(c->cx);
	sigset_t	ending;
	int		fd;

	if (front_fcgi_listen(c->cx, path, mode, &fd) != OK)
		return cli_fail(c);
	/* A signal that comes before the worker waits for it is kept. */
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	fprintf(stderr, "lakegate: serving %.*s at %s\n", STRF(c->conf.lake),
	    path);
	setenv("LAKEGATE_LAKE", c->conf.lake.p, 1);
	dup2(fd, STDIN_FILENO);
	close(fd);
	execl(worker.p, worker.p, (char *)NULL);
	fprintf(stderr, "lakegate: %s cannot be started: %s\n", worker.p,
	    strerror(errno));
	return CLI_FAILED;
}

static int
serve_lighttpd(struct cli *c, const char *bind, long port)
{
	const char	*real = c->conf.lake.p;
	struct str	 run, conf;

	if (str_is(c->conf.sendfile, STR("none")))
		c->conf.sendfile = STR("lighttpd");
	run = str_printf(c->cx->mem, "%s/run", real);
	if (c->conf.spool.n == 0)
		c->conf.spool = str_printf(c->cx->mem, "%s.spool", real);
	if (cli_lighttpd_conf(c, bind, port, worker_path(c->cx),
	    &conf) != OK ||
	    file_make_dir(c->cx, str_z(c->cx->mem, c->conf.spool)) != OK ||
	    file_make_dir(c->cx, run.p) != OK ||
	    file_make_dir(c->cx, str_printf(c->cx->mem, "%s/empty",
	    run.p).p) != OK ||
	    file_replace(c->cx, run.p, "lighttpd.conf", conf) != OK)
		return cli_fail(c);
	fprintf(stderr, "lakegate: serving %s at http://%s:%ld\n", real,
	    bind, port);
	setenv("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:"
	    "/usr/bin:/bin", 1);
	execlp("lighttpd", "lighttpd", "-D", "-f", str_printf(c->cx->mem,
	    "%s/lighttpd.conf", run.p).p, (char *)NULL);
	fprintf(stderr, "lakegate: lighttpd cannot be started: %s\n",
	    strerror(errno));
	return CLI_FAILED;
}

/* Say now what would otherwise be said in a worker's log.  false: said. */
static bool
serve_check(struct cli *c)
{
	struct app	*app;

	if (!cli_become_owner(c))
		return false;
	if (app_open_upgraded(c->cx, &c->conf, &app) != OK) {
		cli_fail(c);
		return false;
	}
	if (app_open_auth(c->cx, app) != OK) {
		cli_fail(c);
		app_close(app);
		return false;
	}
	app_close(app);
	return true;
}

int
cmd_serve(struct cli *c)
{
	const char	*port = cli_option(c, "--port");
	const char	*bind = cli_option(c, "--bind");
	const char	*path = cli_option(c, "--socket");
	const char	*mode = cli_option(c, "--mode");
	long		 n = port != NULL ? strtol(port, NULL, 10) : 8000;
	long		 m = mode != NULL ? strtol(mode, NULL, 8) : 0660;
	char		*real;

	if (!cli_words(c, 0, 0))
		return CLI_USAGE;
	if (n < 1 || n > 65535 || m < 1 || m > 0777 ||
	    (path != NULL && (port != NULL || bind != NULL)) ||
	    (path == NULL && mode != NULL)) {
		fprintf(stderr, "lakegate: serve takes --port (1 to 65535) "
		    "and --bind, or --socket and --mode (octal)\n");
		return CLI_USAGE;
	}
	if (!serve_check(c))
		return CLI_FAILED;
	if ((real = realpath(str_z(c->cx->mem, c->conf.lake), NULL)) == NULL) {
		fprintf(stderr, "lakegate: %s\n", strerror(errno));
		return CLI_FAILED;
	}
	c->conf.lake = str_of(real);
	return path != NULL ? serve_socket(c, path, (unsigned)m) :
	    serve_lighttpd(c, bind != NULL ? bind : "127.0.0.1", n);
}
