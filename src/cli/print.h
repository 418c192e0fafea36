/* What several subcommands print. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

struct key;

/* The only time that a secret is shown. */
void	print_key(const struct key *key);

#endif
