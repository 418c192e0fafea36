/* Opening the users and keys of a lake. */
#include "auth/auth_inside.h"

#include <stdlib.h>
#include <string.h>

#include "auth/failure.h"
#include "base/digest.h"

enum err
auth_open(struct cx *cx, struct kv *kv, const struct auth_opts *opt,
    struct auth **out)
{
	struct auth	*a;
	enum err	 e;

	if ((a = calloc(1, sizeof *a)) == NULL ||
	    (a->path = strdup(opt->master)) == NULL)
		abort();
	a->kv = kv;
	a->session = opt->session;
	pthread_rwlock_init(&a->lock, NULL);
	if ((e = masters_check(cx, a)) != OK) {
		auth_close(a);
		return e;
	}
	*out = a;
	return OK;
}

void
auth_close(struct auth *a)
{
	if (a == NULL)
		return;
	failures_free(a->failures);
	digest_wipe(a->masters, sizeof a->masters);
	pthread_rwlock_destroy(&a->lock);
	free(a->path);
	free(a);
}
