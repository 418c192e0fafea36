/* Another program, run to its end. */
#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/when.h"

enum { ANSWER_MAX = 64 * 1024 };

/* In the child. */
static void
become_program(const struct cli_task *p, const int in[2], const int out[2])
{
	size_t	i;

	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	if (p->quiet)
		dup2(out[1], STDERR_FILENO);
	close(in[0]);
	close(in[1]);
	close(out[0]);
	close(out[1]);
	for (i = 0; i < p->n_env; i++)
		setenv(p->env[i].name.p, p->env[i].value.p, 1);
	execvp(p->argv[0], (char *const *)(uintptr_t)p->argv);
	_exit(127);
}

/* What fd says, until it ends or time is up; false: it was. */
static bool
program_listen(int fd, int64_t until, struct buf *said)
{
	struct pollfd	 p = { .fd = fd, .events = POLLIN };
	char		 window[4096];
	int64_t		 left;
	ssize_t		 n;

	while ((left = until - when_monotonic()) > 0) {
		if (poll(&p, 1, (int)(left / 1000) + 1) <= 0)
			continue;
		n = read(fd, window, sizeof window);
		if (n <= 0)
			return true;
		buf_add(said, window, said->n + (size_t)n < ANSWER_MAX ?
		    (size_t)n : 0);
	}
	return false;
}

static int
program_end(pid_t child, bool ended)
{
	int	status;

	if (!ended)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
cli_program(struct cx *cx, const struct cli_task *p, struct str *said)
{
	int		 in[2], out[2];
	struct buf	 b;
	pid_t		 child;
	bool		 ended;

	*said = STR("");
	if (pipe(in) != 0)
		return -1;
	if (pipe(out) != 0 || (child = fork()) < 0) {
		close(in[0]);
		close(in[1]);
		return -1;
	}
	if (child == 0)
		become_program(p, in, out);
	close(in[0]);
	close(out[1]);
	signal(SIGPIPE, SIG_IGN);
	if (write(in[1], p->input.p, p->input.n) < 0)
		/* It did not want it: what it says tells why. */
		errno = 0;
	close(in[1]);
	buf_init(&b, cx->mem, ANSWER_MAX);
	ended = program_listen(out[0], when_monotonic() +
	    p->seconds * INT64_C(1000000), &b);
	close(out[0]);
	*said = buf_as_str(&b);
	return program_end(child, ended);
}
