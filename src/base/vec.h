/*
 * A typed growing array in an arena: declare { T *at; size_t n, room; } and
 * VEC_PUSH(mem, &v) gives the address of a new, zeroed last item.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>

struct arena;

#define VEC(T)		struct { T *at; size_t n, room; }
#define VEC_PUSH(mem, v)						\
	((v)->at = vec_room((mem), (v)->at, (v)->n, &(v)->room,		\
	    sizeof *(v)->at), &(v)->at[(v)->n++])

/* What VEC_PUSH calls: room for one item more than n, of size bytes each; the
 * items are at the address that comes back. */
void	*vec_room(struct arena *mem, void *at, size_t n, size_t *room,
	    size_t size);

#endif
