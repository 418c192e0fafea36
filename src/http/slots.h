/*
 * Who is served at the moment, a slot for each, and the rule for slow ones:
 * when they hold more than three quarters of the slots, the slowest ends.
 *
 * The table is shared by the threads of a process, or, mapped from a file, by
 * processes of one request each.  Calls may come from anywhere at once; what a
 * process that died held is taken back.
 */
#ifndef HTTP_SLOTS_H
#define HTTP_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cx;
struct slots;

/* n slots for this process alone. */
struct slots	*slots_new(unsigned n);
/* n slots, or as many as were made before, in the file at path for all
 * processes.  E_STORE, E_DISK_FULL. */
enum err	 slots_open(struct cx *cx, const char *path, unsigned n,
		    struct slots **out);
/* Free the table; a mapped file stays mapped to the end of the process. */
void		 slots_free(struct slots *s);

/* A slot, or -1 when all are taken: its holder is then not counted. */
int		 slots_take(struct slots *s);
/* The slot is free again; -1 is harmless. */
void		 slots_leave(struct slots *s, int slot);

/* Say how the holder's client does; true: the holder is told to end. */
bool		 slots_say(struct slots *s, int slot, bool slow,
		    uint64_t rate);
/* Tell the slowest to end if slow ones hold too many; true: one was told. */
bool		 slots_judge(struct slots *s);

#endif
