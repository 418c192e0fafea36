/* What several subcommands print. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/err.h"

struct cx;
struct cred_key;

/* The only time that a secret is shown, and only one that was drawn. */
enum err	print_key(struct cx *cx, const struct cred_key *key);

#endif
