/* Secret access keys: how they come in, and how one is told. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "base/limit.h"
#include "base/secret.h"

/* One line, without its end. */
static bool
secret_read(FILE *in, struct str *out, char *line, size_t n)
{
	/* stdio keeps no copy */
	if (in == NULL || setvbuf(in, NULL, _IONBF, 0) != 0)
		return false;
	*out = (struct str){ line, fread(line, 1, n, in) };
	if (ferror(in) || out->n == n)
		return false;
	if (out->n > 0 && line[out->n - 1] == '\n')
		out->n--;
	if (out->n > 0 && line[out->n - 1] == '\r')
		out->n--;
	return out->n > 0 && str_find(*out, '\n') == out->n &&
	    str_find(*out, '\0') == out->n;
}

bool
cli_secret(struct cli *c, struct str *out)
{
	const char	*path = cli_option(c, "--secret-file");
	enum { LINE = LIMIT_SECRET + 3 };
	char		*line = arena_get(c->cx->mem, LINE);
	FILE		*in;
	bool		 ok;

	*out = STR("");
	if (path == NULL)
		return true;
	secret_wipe_later(c->cx->mem, (struct str){ line, LINE });
	in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	ok = secret_read(in, out, line, LINE);
	if (in != NULL && in != stdin)
		fclose(in);
	if (!ok)
		fprintf(stderr, "lakegate: %s must hold a secret access key: "
		    "one line of at most %d bytes\n", in == stdin ?
		    "standard input" : path, LIMIT_SECRET);
	return ok;
}

enum err
cli_print_key(struct cx *cx, const struct cred_key *key)
{
	printf("user               %.*s\n"
	    "access key id      %.*s\n", STRF(key->user), STRF(key->id));
	if (key->drawn)
		printf("secret access key  %.*s\n", STRF(key->secret));
	return fflush(stdout) == 0 ? OK : fail(cx, E_STORE, "the secret of "
	    "the access key \"%.*s\" cannot be printed, so nobody knows it",
	    STRF(key->id));
}
