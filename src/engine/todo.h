/* Branches that requests leave to be looked after, each once. */
#ifndef ENGINE_TODO_H
#define ENGINE_TODO_H

#include <pthread.h>

#include "lake/record.h"

struct cx;

struct branch_id {
	struct uid	ruid, uid;
	struct str	name;
};

struct todo {				/* of a process, for all its threads */
	pthread_mutex_t		 lock;
	struct todo_item	*first;
};

/* Before any other thread sees it. */
void		todo_init(struct todo *t);
/* When none does any more: what is in it is forgotten. */
void		todo_release(struct todo *t);
/* Remember a branch for engine_maintain. */
void		todo_add(struct todo *t, const struct uid *ruid,
		    struct str name, const struct uid *uid);
/* Take one off; its name is copied to cx->mem.  False: there is none. */
bool		todo_take(struct cx *cx, struct todo *t, struct branch_id *out);
/* At the moment of the call. */
bool		todo_is_empty(struct todo *t);

#endif
