/* Wiping what was secret, and forbidding core dumps. */
#include "base/secret.h"

#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/fault.h"

static void
wipe(void *thing)
{
	struct str	*s = thing;

	digest_wipe((void *)(uintptr_t)s->p, s->n);
}

void
secret_wipe_later(struct arena *mem, struct str s)
{
	arena_defer(mem, wipe, arena_dup(mem, &s, sizeof s));
}

void
secret_no_dumps(void)
{
	const struct rlimit	none = { 0, 0 };

	if (fault_skip("NO_DUMPS"))
		return;
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
