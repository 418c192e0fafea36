/* What keeps a lake whole and small: garbage collection, and checks. */
#ifndef UPKEEP_UPKEEP_H
#define UPKEEP_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct block;
struct cx;
struct engine;

/* How far a long run is; what names its phase. */
typedef void	progress_fn(void *arg, const char *what, uint64_t done,
		    uint64_t total);	/* total 0: not known */

struct gc_opts {
	int64_t		 grace;		/* ms a dead file is kept for readers */
	int64_t		 upload_age;	/* ms after which uploads are dropped */
	int64_t		 head_age; /* ms that moves of heads are remembered */
	progress_fn	*progress;	/* or NULL */
	void		*arg;		/* of progress */
	/* For tests; 0 is what is right.  slots: things in memory, a power of
	 * two; rounds: how often the end of the mark is tried. */
	size_t		 slots;
	unsigned	 rounds;
};

/*
 * What was removed.  files: temporary files that no writer had any more;
 * waiting: blocks that a backup under way keeps for now; unreadable: records
 * that could not be read, or are missing; overtaken: another gc began.
 */
struct gc_report {
	uint64_t	commits, nodes, blocks, bytes, files, rows, uploads;
	uint64_t	waiting, unreadable;
	bool		overtaken;
};

/*
 * One cycle of garbage collection (engine/DESIGN 6), beside readers and
 * writers.  Of two that mark at once the older ends early, with OK; what one
 * that was killed leaves, the next removes.  cx->now is the time that ages are
 * measured from.
 *
 * Records that cannot be read are passed over; what they might name is not
 * known, so nothing is condemned, and only what was removed before this, or
 * expires, goes.  E_BUSY when writers gave names faster than it could follow:
 * then nothing was condemned either, and writers leave no notes.
 */
enum err	gc_run(struct cx *cx, struct engine *eng,
		    const struct gc_opts *opt, struct gc_report *out);

struct fsck_opts {
	bool		 deep;		/* read every object's bytes */
	uint64_t	 most;		/* of a kind that are told; 0: all */
	/* A folder that does not exist: then records that cannot be read are
	 * moved there (DESIGN 6); and a lock file.  NULL: nothing is. */
	const char	*repair, *repair_lock;
	/* Each violated invariant ("I8"), and what violates it; after the most
	 * of a kind, how many more there are; or NULL. */
	void		(*found)(void *arg, const char *invariant,
			    const char *what);
	progress_fn	*progress;	/* or NULL */
	void		*arg;		/* of found and progress */
};

/* garbage: dead files that the next gc may remove. */
struct fsck_report {
	uint64_t	problems, commits, nodes, entries, blocks, garbage;
	uint64_t	repaired;	/* records that were moved away */
};

/*
 * Checks each invariant that data can show, and changes nothing but with
 * repair: then E_BUSY beside another that repairs.  OK when all
 * was checked, whatever was found: out->problems says how much is wrong.  Fails
 * where the kv or the disk does, and then has checked a part.
 */
enum err	fsck_run(struct cx *cx, struct engine *eng,
		    const struct fsck_opts *opt, struct fsck_report *out);

/* ---- backup and restore (DESIGN) --------------------------------------- */

struct backup_opts {
	const char	*lake;		/* its folder */
	const char	*to;		/* the backup's: absent, empty, or a
					 * backup of the same lake */
	const char	*master;	/* file of the master key */
	const char	*rekey;		/* lock that keeps a rekey out */
	bool		 with_key;	/* the master key comes along */
	uint64_t	 reserve;	/* bytes left free on the lake's disk */
	progress_fn	*progress;	/* or NULL */
	void		*arg;		/* of progress */
};

/* What is in it: bytes of the database, blocks, their bytes; and what was done:
 * fresh blocks came now, in three ways. */
struct backup_report {
	uint64_t	database, blocks, bytes;
	uint64_t	fresh, cloned, linked, copied, dropped;
	uint64_t	damaged;	/* things missing in the lake */
	bool		two_keys;	/* a rekey was not run to its end */
	bool		old_key;	/* its key is of another backup */
};

/*
 * Back the lake up, beside everything else.  What fails or is killed leaves the
 * backup that was there.  OK with damaged > 0 only where there was none: then
 * it is as damaged as the lake.  E_CONF when the folder cannot be a backup of
 * this lake, with what to do; E_BUSY beside another backup or a rekey;
 * E_DISK_FULL before anything is written when it would not fit; E_CORRUPT when
 * the lake is damaged.
 */
enum err	backup_run(struct cx *cx, struct engine *eng,
		    const struct backup_opts *opt, struct backup_report *out);

struct restore_opts {
	const char	*from;		/* a backup's folder */
	const char	*lake;		/* the folder that becomes a lake */
	const char	*draft;		/* a folder in it, for the database */
	const unsigned	*group;		/* that reads its blocks; or NULL */
	bool		 damaged;	/* is restored as well */
	struct fsck_opts fsck;
};

struct restore_report {
	uint64_t	database, blocks, bytes; /* as of a backup */
	bool		no_sum;		/* the backup has no checksum of it */
	bool		bad_sum;	/* it has another one */
	struct fsck_report fsck;
};

/* Is this a backup, and apart from the folder of the lake?  E_CONF. */
enum err	restore_check(struct cx *cx, const char *from,
		    const char *lake);
/*
 * The blocks of a backup into block, and its database, settled and closed, into
 * the draft folder: the caller gives it its name.  E_CONF as restore_check,
 * E_BUSY while a backup is written there, E_DISK_FULL, and E_CORRUPT when the
 * database has another checksum, or fsck finds damage, of which fsck.found is
 * told; unless it is to restore what is damaged.
 */
enum err	restore_run(struct cx *cx, struct block *block,
		    const struct restore_opts *opt,
		    struct restore_report *out);

#endif
