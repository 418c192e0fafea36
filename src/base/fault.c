/* Named points of failure for tests. */
#include "base/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char		point_name[64];
static atomic_int	left;
static bool		deadly, stops;

void
fault_init(void)
{
	const char	*z = getenv("LAKEGATE_FAULT"), *colon;

	if (z == NULL || (colon = strchr(z, ':')) == NULL ||
	    (size_t)(colon - z) >= sizeof point_name)
		return;
	memcpy(point_name, z, (size_t)(colon - z));
	point_name[colon - z] = '\0';
	atomic_store(&left, atoi(colon + 1));
	deadly = strstr(colon + 1, ":kill") != NULL;
	stops = strstr(colon + 1, ":stop") != NULL;
}

bool
fault(const char *point)
{
	if (point_name[0] == '\0' || strcmp(point, point_name) != 0 ||
	    atomic_fetch_sub(&left, 1) != 1)
		return false;
	if (deadly)
		kill(getpid(), SIGKILL);
	if (stops) {
		kill(getpid(), SIGSTOP);
		return false;
	}
	errno = ENOSPC;
	return true;
}

#ifdef LG_FAULTS
bool
fault_skip(const char *guard)
{
	const char	*z = getenv("LAKEGATE_SKIP");

	return z != NULL && strcmp(z, guard) == 0;
}
#endif
