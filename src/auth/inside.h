/* What the files of auth share. */
#ifndef AUTH_INSIDE_H
#define AUTH_INSIDE_H

#include "auth/auth.h"

struct auth {
	struct kv	*kv;
	unsigned char	 master[32];
	unsigned char	 token[32];	/* signs session tokens */
};

/* The key pair is right: its user.  E_NO_AUTH. */
enum err	pair_check(struct cx *cx, struct auth *a, struct str id,
		    struct str secret, struct identity *who);
enum err	token_check(struct cx *cx, struct auth *a,
		    struct str token, struct identity *who);

#endif
