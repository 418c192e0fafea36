/* Growth of typed arrays. */
#include "base/vec.h"

#include <string.h>

#include "base/arena.h"

void *
vec_room(struct arena *mem, void *at, size_t n, size_t *room, size_t size)
{
	void	*p;

	if (n < *room)
		return at;
	*room = *room == 0 ? 8 : *room * 2;
	p = arena_get(mem, *room * size);
	if (n > 0)
		memcpy(p, at, n * size);
	return p;
}
