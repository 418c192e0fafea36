/* The worker, as the command starts it. */
#include "cli/cli.h"

#include <ctype.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fileio.h"

#ifndef WORKER_PATH
#define WORKER_PATH	"/usr/local/libexec/lakegate/lakegate.fcgi"
#endif

enum { WORKER_SECONDS = 60 };

struct str
cli_worker_path(struct cx *cx)
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

struct pair *
cli_settings(struct cli *c, size_t *n)
{
	const struct conf_row	*rows = conf_rows(n);
	struct pair		*out = arena_get(c->cx->mem,
	    *n * sizeof *out);
	struct str		 value;
	size_t			 i;
	char			*z;

	for (i = 0; i < *n; i++) {
		value = conf_value(c->cx, &c->conf, &rows[i]);
		out[i].name = str_printf(c->cx->mem, "LAKEGATE_%s",
		    rows[i].name);
		for (z = str_z(c->cx->mem, out[i].name), out[i].name.p = z;
		    *z != '\0'; z++)
			*z = (char)toupper((unsigned char)*z);
		out[i].value = str_of(str_z(c->cx->mem, value));
	}
	return out;
}

bool
cli_worker_works(struct cli *c)
{
	static const struct pair	asked[] = {
		{ STR_INIT("GATEWAY_INTERFACE"), STR_INIT("CGI/1.1") },
		{ STR_INIT("REQUEST_METHOD"), STR_INIT("GET") },
		{ STR_INIT("REQUEST_URI"), STR_INIT("/_ready") },
		{ STR_INIT("REMOTE_ADDR"), STR_INIT("127.0.0.1") },
		{ STR_INIT("LAKEGATE_ACCESS_LOG"), STR_INIT("off") },
	};
	const char			*argv[] = { cli_worker_path(c->cx).p,
	    NULL };
	struct cli_task			 p = { .argv = argv,
	    .seconds = WORKER_SECONDS };
	struct pair			*env;
	struct str			 said;
	size_t				 i, n, more;
	int				 status;

	more = sizeof asked / sizeof asked[0];
	p.env = cli_settings(c, &n);
	env = arena_get(c->cx->mem, (n + more) * sizeof *env);
	for (i = 0; i < n + more; i++)
		env[i] = i < n ? p.env[i] : asked[i - n];
	p.env = env;
	p.n_env = n + more;
	status = cli_program(c->cx, &p, &said);
	if (status == 0 && str_starts(said, STR("Status: 200")))
		return true;
	if (status == 127)
		fprintf(stderr, "lakegate: %s cannot be started: is it "
		    "installed?\n", argv[0]);
	else
		fprintf(stderr, "lakegate: the worker does not work; it said "
		    "\"%.*s\", and what stands above\n",
		    STRF(str_to(said, str_find(said, '\r'))));
	return false;
}
