/* Branches that requests leave to be looked after. */
#include "engine/todo.h"

#include <stdlib.h>
#include <string.h>

#include "base/cx.h"
#include "base/limit.h"

struct todo_item {
	struct todo_item	*next;
	struct uid		 ruid, uid;
	char			 name[LIMIT_NAME];
	size_t			 n_name;
};

void
todo_init(struct todo *t)
{
	pthread_mutex_init(&t->lock, NULL);
	t->first = NULL;
}

void
todo_release(struct todo *t)
{
	struct todo_item	*item;

	while ((item = t->first) != NULL) {
		t->first = item->next;
		free(item);
	}
	pthread_mutex_destroy(&t->lock);
}

static bool
is_listed(const struct todo *t, const struct uid *uid)
{
	const struct todo_item	*item;

	for (item = t->first; item != NULL; item = item->next)
		if (uid_is(&item->uid, uid))
			return true;
	return false;
}

void
todo_add(struct todo *t, const struct uid *ruid, struct str name,
    const struct uid *uid)
{
	struct todo_item	*item;

	pthread_mutex_lock(&t->lock);
	if (!is_listed(t, uid) && name.n <= sizeof item->name) {
		if ((item = calloc(1, sizeof *item)) == NULL)
			abort();
		item->ruid = *ruid;
		item->uid = *uid;
		memcpy(item->name, name.p, name.n);
		item->n_name = name.n;
		item->next = t->first;
		t->first = item;
	}
	pthread_mutex_unlock(&t->lock);
}

bool
todo_take(struct cx *cx, struct todo *t, struct branch_id *out)
{
	struct todo_item	*item;

	pthread_mutex_lock(&t->lock);
	if ((item = t->first) != NULL)
		t->first = item->next;
	pthread_mutex_unlock(&t->lock);
	if (item == NULL)
		return false;
	*out = (struct branch_id){ item->ruid, item->uid,
	    str_dup(cx->mem, (struct str){ item->name, item->n_name }) };
	free(item);
	return true;
}

bool
todo_is_empty(struct todo *t)
{
	bool	empty;

	pthread_mutex_lock(&t->lock);
	empty = t->first == NULL;
	pthread_mutex_unlock(&t->lock);
	return empty;
}
