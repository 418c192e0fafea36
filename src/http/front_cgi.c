/* Plain CGI: standard input and output, one request. */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/cx.h"
#include "http/http.h"

static enum err
cgi_read(struct cx *cx, void *self, void *p, size_t n, size_t *got)
{
	ssize_t	r;

	(void)self;
	do
		r = read(STDIN_FILENO, p, n);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail(cx, E_INCOMPLETE_BODY, "the client went away");
	*got = (size_t)r;
	return OK;
}

static enum err
cgi_write(struct cx *cx, void *self, const void *p, size_t n)
{
	const char	*at = p;
	ssize_t		 done;

	(void)self;
	while (n > 0) {
		done = write(STDOUT_FILENO, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return fail(cx, E_STORE, "the client went away");
		at += done;
		n -= (size_t)done;
	}
	return OK;
}

void
front_cgi_run(char **env, serve_fn *serve, void *arg)
{
	struct front_body	body = { { cgi_read, NULL }, false };
	struct sink		out = { cgi_write, NULL };

	serve(arg, env, &body, &out);
}
