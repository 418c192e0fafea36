/* What the parts of fsck share. */
#ifndef UPKEEP_FSCK_INSIDE_H
#define UPKEEP_FSCK_INSIDE_H

#include "upkeep/mark.h"

struct fsck_ahead;
struct fsck_blocks;
struct fsck_repair;

enum { FSCK_KINDS = 64 };

/* Problems of a kind: how many there are, and the first of them. */
struct fsck_kind {
	const char	*invariant;
	const char	*fmt;
	char		 begins[8];	/* where the words are another's */
	uint64_t	 n;
};

struct fsck {
	struct engine		*eng;
	const struct fsck_opts	*opt;
	struct fsck_report	*r;
	struct mark		 m;
	struct fsck_ahead	*ahead;
	struct fsck_blocks	*blocks;
	bool			 again;	/* the walk that looks at doubts */
	/* Of the record that the walk came to last. */
	bool			 stamped;	/* the node's stamp is good */
	bool			 doomed;
	struct oid		 commit;	/* the id it is named by */
	/* files that are named and missing; the newest entry that names one,
	 * and the newest that is whole */
	uint64_t		 lacking;
	int64_t			 newest_lacking, newest_whole;
	struct mark		 said;	/* problems, each told once */
	struct fsck_kind	 kinds[FSCK_KINDS];
	size_t			 n_kinds;
	uint64_t		 read;		/* objects, with --deep */
	uint64_t		*leaks;		/* large values without key */
	size_t			 n_leaks;
	struct fsck_repair	*repair;	/* or NULL */
	/* The root that is walked from, and the gc record of its snapshot. */
	struct gc_state		 gs;
	struct str		 root;
	bool			 overtaken;	/* look at this root again */
};

/* Say how far it is. */
static inline void
fsck_progress(const struct fsck *f, const char *what, uint64_t done)
{
	if (f->opt->progress != NULL)
		f->opt->progress(f->opt->arg, what, done, 0);
}

/* In words of a problem, before the root that led to it: the same is found
 * again from another, and told once. */
#define FSCK_ROOT	"\x1f"

/* ---- what is wrong ----------------------------------------------------- */

/* Count a violated invariant ("I8"), and tell whoever runs fsck. */
void		fsck_found(struct fsck *f, const char *invariant,
		    const char *fmt, ...)
		    __attribute__((format(printf, 3, 4)));
/*
 * The same of what gc may have removed while fsck came to it.  In one snapshot:
 * when no gc has condemned since the root at hand was read, and that is still
 * there, it is damage.  Otherwise nothing is said, and f->overtaken is set.
 */
enum err	fsck_found_gone(struct cx *cx, struct fsck *f,
		    const char *invariant, const char *fmt, ...)
		    __attribute__((format(printf, 4, 5)));
/* The gc record now, when an epoch is later than that of f->gs. */
enum err	fsck_found_later(struct cx *cx, struct fsck *f, uint64_t epoch,
		    bool *later);
/* After all: how many problems of each kind were counted and not told. */
void		fsck_found_rest(struct fsck *f);

/* ---- the walk ---------------------------------------------------------- */

/*
 * Follow every root, and check what is named: entries, manifests, nodes and
 * commits.  Fails only where the store itself does; what is wrong is reported.
 */
enum err	fsck_walk(struct cx *cx, struct fsck *f);
/*
 * Read an object, whose extents are there, and compare all that is recorded of
 * its bytes.  What is wrong is reported; fails where they cannot be read.
 */
enum err	fsck_bytes(struct cx *cx, struct fsck *f, struct str path,
		    const struct entry *en);
/* Check the records of branches and uploads, with the same errors. */
enum err	fsck_records(struct cx *cx, struct fsck *f);
/* Compare repositories with the records of their namespaces, both ways. */
enum err	fsck_namespaces(struct cx *cx, struct fsck *f);

/* Large values and keys, and with --deep the database itself.  [K7] */
enum err	fsck_store(struct cx *cx, struct fsck *f);

/* ---- repair ------------------------------------------------------------ */

/* Only one repairs at a time: E_BUSY.  Release it on every path. */
enum err	fsck_repair_begin(struct cx *cx, struct fsck *f);
void		fsck_repair_end(struct fsck *f);
/* A line for the report. */
void		fsck_repair_note(struct fsck *f, const char *invariant,
		    const char *what);
/* Moves the records that cannot be read into the report. */
enum err	fsck_repair(struct cx *cx, struct fsck *f);

/* A root, and the gc record of the snapshot that it was read in; value.p NULL:
 * only its key is known. */
typedef enum err fsck_row_fn(struct cx *cx, struct fsck *f, struct str key,
		    struct str value, const struct gc_state *gs);
/* All records of a letter, in pages, as rows_each.  Where a value cannot be
 * read the keys of that page come alone. */
enum err	fsck_rows(struct cx *cx, struct fsck *f, char letter,
		    fsck_row_fn *fn);

/* ---- what is read ahead of it ------------------------------------------ */

struct fsck_ahead *fsck_ahead_open(void);
void		fsck_ahead_close(struct fsck_ahead *a);
/* Nodes that the walk comes to next, in order: begin, want each, read. */
void		fsck_ahead_begin(struct fsck *f);
void		fsck_ahead_want(struct fsck *f, const struct oid *id);
enum err	fsck_ahead_read(struct cx *cx, struct fsck *f);
/* Generation and latest time of a commit that was read lately; false: it was
 * not. */
bool		fsck_ahead_generation(const struct fsck *f,
		    const struct oid *id, uint64_t *generation,
		    int64_t *latest);
/* The bytes of a manifest, valid until the next call; E_CORRUPT. */
enum err	fsck_ahead_get_manifest(struct cx *cx, struct fsck *f,
		    const struct uid *id, struct str *v, bool *there);
/* What the walk calls (mark.h): they set f->stamped, f->commit, f->doomed. */
enum err	fsck_ahead_get_node(struct cx *cx, struct mark *m,
		    const struct oid *id, struct node **out);
enum err	fsck_ahead_get_record(struct cx *cx, struct mark *m,
		    struct str key, struct str *v, bool *there);

/* ---- blocks, in batches ------------------------------------------------ */

struct fsck_blocks *fsck_blocks_open(void);
void		fsck_blocks_close(struct fsck_blocks *b);
/* A block that is named: is it there, and long enough?  Soon. */
enum err	fsck_blocks_add(struct cx *cx, struct fsck *f,
		    const struct entry_extent *x);
/* Look for all that were added and not yet looked for. */
enum err	fsck_blocks_settle(struct cx *cx, struct fsck *f);
/* After that: was any not found, and may this one be missing? */
bool		fsck_blocks_in_doubt(const struct fsck *f);
bool		fsck_blocks_doubted(const struct fsck *f,
		    const struct uid *id);

#endif
