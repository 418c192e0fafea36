/*
 * lakegate serve: lighttpd in the foreground, with a configuration of ours;
 * or the worker alone on a socket, for a web server that starts no programs.
 */
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fileio.h"
#include "cli/cli.h"
#include "http/http.h"

enum { SOCKET_MOST = 100 };

/* The worker takes the socket as its standard input. */
static int
serve_socket(struct cli *c, const char *path, unsigned mode)
{
	struct str	worker = cli_worker_path(c->cx);
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

/* Its settings may be the machine's, whose log is another user's. */
static void
use_own_log(struct cli *c)
{
	const char	*path = str_z(c->cx->mem, c->conf.log_file), *end;
	struct str	 dir;

	end = strrchr(path, '/');
	dir = str_printf(c->cx->mem, "%.*s", end != NULL ?
	    (int)(end - path) + 1 : 2, end != NULL ? path : "./");
	if (c->conf.log_file.n == 0 || access(path, W_OK) == 0 ||
	    (!file_exists(path) && access(dir.p, W_OK | X_OK) == 0))
		return;
	fprintf(stderr, "lakegate: log_file = %s cannot be written by you: "
	    "this log is standard error\n", path);
	c->conf.log_file = STR("");
}

/* The name of a socket has room for 107 bytes. */
static bool
worker_socket(struct cli *c, const char *run, struct str *out)
{
	const char	*base = getenv("XDG_RUNTIME_DIR");
	char		*dir;

	*out = str_printf(c->cx->mem, "%s/worker.sock", run);
	if (out->n <= SOCKET_MOST)
		return true;
	if (base == NULL || strlen(base) > SOCKET_MOST / 2)
		base = "/tmp";
	dir = str_z(c->cx->mem, str_printf(c->cx->mem,
	    "%s/lakegate-XXXXXX", base));
	if (mkdtemp(dir) == NULL) {
		fprintf(stderr, "lakegate: %s: %s\n", dir, strerror(errno));
		return false;
	}
	*out = str_printf(c->cx->mem, "%s/worker.sock", dir);
	return true;
}

static bool
port_find(const struct cli_serving *s, struct addrinfo **out)
{
	const struct addrinfo	hint = { .ai_flags = AI_PASSIVE |
	    AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	char			port[8], bare[64];
	size_t			n = strlen(s->bind);
	bool			brackets;

	/* lighttpd wants IPv6 in brackets. */
	brackets = n > 2 && n < sizeof bare && s->bind[0] == '[';
	snprintf(bare, sizeof bare, "%.*s", (int)(brackets ? n - 2 : n),
	    brackets ? s->bind + 1 : s->bind);
	snprintf(port, sizeof port, "%ld", s->port);
	return getaddrinfo(bare, port, &hint, out) == 0;
}

/* Can somebody listen there, or, with connects, does somebody? */
static bool
port_try(const struct cli_serving *s, bool connects)
{
	struct addrinfo	*at;
	int		 fd, on = 1, bad = 1;

	if (!port_find(s, &at))
		return !connects;	/* lighttpd will say */
	fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connects) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		bad = bind(fd, at->ai_addr, at->ai_addrlen);
	} else if (fd >= 0)
		bad = connect(fd, at->ai_addr, at->ai_addrlen);
	file_close(fd);
	freeaddrinfo(at);
	return bad == 0;
}

/* A child that nobody waits for: it says so when lighttpd listens, and ends. */
static void
say_when_it_serves(const struct cli_serving *s, const char *lake)
{
	const struct timespec	nap = { .tv_nsec = 50000000 };
	pid_t			server = getpid(), child = fork();
	int			i;

	if (child > 0)
		waitpid(child, NULL, 0);
	if (child != 0)
		return;
	if (fork() != 0)
		_exit(0);
	for (i = 0; i < 600 && kill(server, 0) == 0; i++) {
		if (port_try(s, true)) {
			fprintf(stderr, "lakegate: serving %s at "
			    "http://%s:%ld\n", lake, s->bind, s->port);
			break;
		}
		nanosleep(&nap, NULL);
	}
	_exit(0);
}

static enum err
serve_prepare(struct cli *c, const struct cli_serving *s, const char *run)
{
	struct str	conf;
	enum err	e;

	if ((e = cli_lighttpd_conf(c, s, &conf)) != OK ||
	    (e = file_make_dir(c->cx, str_z(c->cx->mem,
	    c->conf.spool))) != OK || (e = file_make_dir(c->cx,
	    str_printf(c->cx->mem, "%s/empty", run).p)) != OK)
		return e;
	return file_replace(c->cx, run, "lighttpd.conf", conf);
}

static int
serve_lighttpd(struct cli *c, const char *bind, long port)
{
	struct cli_serving	 s = { .bind = bind, .port = port };
	const char	*real = c->conf.lake.p, *run;

	run = str_printf(c->cx->mem, "%s/run", real).p;
	if (str_is(c->conf.sendfile, STR("none")))
		c->conf.sendfile = STR("lighttpd");
	if (c->conf.spool.n == 0)
		c->conf.spool = str_printf(c->cx->mem, "%s.spool", real);
	use_own_log(c);
	if (!port_try(&s, false)) {
		fprintf(stderr, "lakegate: nobody can listen at %s, port %ld: "
		    "%s; give another with --port\n", bind, port,
		    strerror(errno));
		return CLI_FAILED;
	}
	if (file_make_dir(c->cx, run) != OK)
		return cli_fail(c);
	if (!worker_socket(c, run, &s.socket))
		return CLI_FAILED;
	if (serve_prepare(c, &s, run) != OK)
		return cli_fail(c);
	if (!cli_worker_works(c))
		return CLI_FAILED;
	say_when_it_serves(&s, real);
	setenv("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:"
	    "/usr/bin:/bin", 1);
	execlp("lighttpd", "lighttpd", "-D", "-f", str_printf(c->cx->mem,
	    "%s/lighttpd.conf", run).p, (char *)NULL);
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
