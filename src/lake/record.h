/*
 * The records of the engine but entries: what they hold, and their byte forms.
 *
 * Forms begin with a version byte; fields follow in a fixed order as varints
 * and length-prefixed bytes.  x_format appends a form to b; whoever stores b
 * asks whether all of it fitted (kv_put does).  x_parse gives slices into the
 * bytes, which must live as long as *out, and arrays in the memory of cx;
 * E_CORRUPT when bytes are no such record.
 */
#ifndef LAKE_RECORD_H
#define LAKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "lake/entry.h"
#include "lake/ids.h"

struct buf;
struct cx;

struct repo {
	struct str	 name;			/* the key, not in the record */
	struct uid	 ruid;
	int64_t		 created;		/* ms since 1970 */
	struct str	 default_branch, storage_namespace;
	bool		 read_only;
	struct pair	*meta;
	size_t		 n_meta;
	struct str	*protect;	/* patterns of protected branches */
	size_t		 n_protect;
	struct pair	*settings;	/* by the names below */
	size_t		 n_settings;
};

/* Settings: what a bucket can be given.  [S3] */
#define SETTING_VERSIONING	"versioning"	/* Enabled or Suspended */
#define SETTING_CORS		"cors"		/* CORSConfiguration, XML */
#define SETTING_POLICY		"policy"	/* as it was put, JSON */
#define SETTING_TAGGING		"tagging"	/* Tagging, XML */
#define SETTING_LIFECYCLE	"lifecycle"	/* its configuration, XML */
#define SETTING_PUBLIC_BLOCK	"publicAccessBlock"	/* likewise */

/* The byte form of all but the name. */
void		repo_format(struct buf *b, const struct repo *r);
/* From its bytes; the name is the caller's to set. */
enum err	repo_parse(struct cx *cx, struct str bytes, struct repo *out);
/* A setting by its name, "" where it is not set. */
struct str	repo_setting(const struct repo *r, const char *name);
/* Are commits shown as versions of objects? */
bool		repo_has_versions(const struct repo *r);

/* The commit under way on a branch (engine/DESIGN). */
struct branch_cut {
	bool		live, known;
	struct uid	ticket;			/* whose it is */
	uint64_t	upto;			/* the last area in it */
	int64_t		since;			/* ms since 1970 */
	struct oid	tree;			/* when known */
};

struct branch {
	struct str		name;		/* the key, not in the record */
	struct uid		uid;
	struct oid		head;		/* a commit */
	struct oid		working;	/* tree with all folded areas */
	uint64_t		low;		/* areas from low on count */
	uint64_t		open;		/* the one that is written */
	struct branch_cut	cut;
	bool			hidden;
};

/* The byte form of all but the name. */
void		branch_format(struct buf *b, const struct branch *br);
/* From its bytes; the name is the caller's to set. */
enum err	branch_parse(struct cx *cx, struct str bytes,
		    struct branch *out);

enum { COMMIT_PARENTS = 2 };

struct commit {
	struct oid	 id;			/* hash of the record */
	struct oid	 tree;
	struct oid	 parents[COMMIT_PARENTS];
	size_t		 n_parents;
	uint64_t	 generation;
	int64_t		 date;			/* ms since 1970 */
	/*
	 * What logs are sorted by, ms: the date, or its parents' order when
	 * that is later, as when a clock went back.  0: a record of form 1,
	 * which has none.
	 */
	int64_t		 order;
	struct str	 committer, message;
	struct pair	*meta;			/* sorted by name */
	size_t		 n_meta;
};

/* No commit before this one is later than that, as far as its record knows. */
int64_t		commit_latest(const struct commit *c);
/*
 * Sorts the metadata, lets the order be the date at least, formats into the
 * empty b, and sets c->id from it.
 */
void		commit_format(struct buf *b, struct commit *c);
/* A commit from its bytes, of any form, whose hash is its id. */
enum err	commit_parse(struct cx *cx, struct str bytes,
		    struct commit *out);

/* One move of a branch's head: a row of its head log. */
struct headmove {
	int64_t		time;		/* ms since 1970 */
	struct uid	uid;
	struct oid	old, new;	/* zero: branch created, deleted */
	struct str	who, what;
};

/* The byte form of a head move. */
void		headmove_format(struct buf *b, const struct headmove *m);
/* A head move from its bytes. */
enum err	headmove_parse(struct cx *cx, struct str bytes,
		    struct headmove *out);

/* A multipart upload; its parts are records of their own. */
struct upload {
	struct uid	uid;			/* of the branch */
	struct uid	id;
	struct str	path;
	int64_t		created;		/* ms since 1970 */
	uint64_t	revision;		/* grows with each part */
	struct entry	meta;	/* type, metadata, headers, tags */
	struct str	sum_kind;		/* "", "crc32", … */
	bool		sum_composite;
	bool		done;	/* completed: its answer follows */
	struct str	done_list;	/* digest of the list it was given */
	struct str	done_etag;
};

/* The byte form of an upload. */
void		upload_format(struct buf *b, const struct upload *u);
/* An upload from its bytes. */
enum err	upload_parse(struct cx *cx, struct str bytes,
		    struct upload *out);

#endif
