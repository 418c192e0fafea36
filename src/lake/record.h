/*
 * The values that the engine keeps and the protocols show, and their byte
 * forms.  Formats begin with a version byte; fields follow in a fixed order
 * as varints and length-prefixed bytes.  Parsing gives slices into the bytes.
 */
#ifndef LAKE_RECORD_H
#define LAKE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct arena;
struct buf;
struct cx;

struct oid {				/* SHA-256: a node or a commit */
	unsigned char	b[32];
};

struct uid {				/* never reused */
	unsigned char	b[16];
};

struct oid_hex {
	char	z[65];
};

struct oid_hex	oid_hex(const struct oid *id);
bool		oid_parse(struct str hex, struct oid *out);
bool		oid_is(const struct oid *a, const struct oid *b);
/* the empty tree; no commit */
bool		oid_is_zero(const struct oid *a);
bool		uid_is(const struct uid *a, const struct uid *b);
struct str	oid_str(const struct oid *id);		/* slice of its bytes */
struct str	uid_str(const struct uid *id);

/* A piece of a block.  A block id is an epoch (8 bytes) and random. */
struct extent {
	struct uid	block;
	uint64_t	off, len;
};

enum { ENTRY_EXTENTS = 4 };		/* more go into a manifest */

/* What a path names.  Times are ms since 1970, sizes bytes. */
struct entry {
	uint64_t	 size;
	int64_t		 mtime;
	struct str	 etag;	/* without quotes, -N included */
	struct str	 content_type;
	struct pair	*meta;			/* user metadata, API names */
	size_t		 n_meta;
	struct pair	*headers;		/* Cache-Control and its kin */
	size_t		 n_headers;
	struct pair	*sums;			/* "crc32" -> base64 … */
	size_t		 n_sums;
	bool		 sums_composite;
	struct pair	*tags;
	size_t		 n_tags;
	struct extent	*extents;	/* in order; lengths sum to size */
	size_t		 n_extents;
	bool		 has_manifest;		/* then extents are there */
	struct uid	 manifest;
	uint64_t	*parts;	/* sizes, of a multipart object */
	size_t		 n_parts;
	struct str	 part_sum_kind;	/* "crc32" …, and the raw checksum of */
	struct str	 part_sums;	/* each part in turn; or both "" */
	struct str	 bytes;		/* of the one small extent, when read */
	struct str	 version;	/* where versions are shown, of what was
					 * read or put: a commit's id, or
					 * "null", staged */
};

void		entry_format(struct buf *b, const struct entry *en);
enum err	entry_parse(struct cx *cx, struct str bytes,
		    struct entry *out);
/* Same content: size, ETag, content type, headers, metadata and tags. */
bool		entry_same(const struct entry *a, const struct entry *b);
/* The same of two byte forms; p NULL is an absent entry. */
enum err	entry_bytes_same(struct cx *cx, struct str a, struct str b,
		    bool *same);

/* The extents of a manifest, and the part sizes of a multipart object. */
void		manifest_format(struct buf *b, const struct entry *en);
enum err	manifest_parse(struct cx *cx, struct str bytes,
		    struct entry *into);

struct repo {
	struct str	 name;			/* the key, not in the record */
	struct uid	 ruid;
	int64_t		 created;
	struct str	 default_branch, storage_namespace;
	bool		 read_only;
	struct pair	*meta;
	size_t		 n_meta;
	struct str	*protect;	/* patterns of protected branches */
	size_t		 n_protect;
	struct pair	*settings;	/* by the names below */
	size_t		 n_settings;
};

/* What a bucket can be given.  [S3] */
#define SETTING_VERSIONING	"versioning"	/* Enabled or Suspended */
#define SETTING_CORS		"cors"		/* CORSConfiguration, XML */
#define SETTING_POLICY		"policy"	/* as it was put, JSON */
#define SETTING_TAGGING		"tagging"	/* Tagging, XML */

void		repo_format(struct buf *b, const struct repo *r);
enum err	repo_parse(struct cx *cx, struct str bytes, struct repo *out);
/* "" where it is not set. */
struct str	repo_setting(const struct repo *r, const char *name);
/* Are commits shown as versions of objects? */
bool		repo_has_versions(const struct repo *r);

/* The commit under way on a branch: engine/DESIGN. */
struct cut {
	bool		 live, known;
	struct uid	 ticket;
	uint64_t	 upto;
	int64_t		 since;
	struct oid	 tree;			/* when known */
};

struct branch {
	struct str	 name;			/* the key, not in the record */
	struct uid	 uid;
	struct oid	 head, working;
	uint64_t	 low, open;
	struct cut	 cut;
	bool		 hidden;
};

void		branch_format(struct buf *b, const struct branch *br);
enum err	branch_parse(struct cx *cx, struct str bytes,
		    struct branch *out);

enum { COMMIT_PARENTS = 2 };

struct commit {
	struct oid	 id;			/* hash of the record */
	struct oid	 tree;
	struct oid	 parents[COMMIT_PARENTS];
	size_t		 n_parents;
	uint64_t	 generation;
	int64_t		 date;			/* seconds */
	struct str	 committer, message;
	struct pair	*meta;			/* sorted by name */
	size_t		 n_meta;
};

/* Sorts the metadata, formats, and sets the id. */
void		commit_format(struct buf *b, struct commit *c);
enum err	commit_parse(struct cx *cx, struct str bytes,
		    struct commit *out);

/* One move of a branch's head. */
struct headmove {
	int64_t		time;
	struct uid	uid;
	struct oid	old, new;	/* zero: branch created, deleted */
	struct str	who, what;
};

void		headmove_format(struct buf *b, const struct headmove *m);
enum err	headmove_parse(struct cx *cx, struct str bytes,
		    struct headmove *out);

struct upload {
	struct uid	 uid;			/* of the branch */
	struct uid	 id;
	struct str	 path;
	int64_t		 created;
	uint64_t	 turn;			/* grows with each part */
	struct entry	 meta;	/* type, metadata, headers, tags */
	struct str	 sum_kind;		/* "", "crc32", … */
	bool		 sum_composite;
	bool		 done;	/* completed: its answer follows */
	struct str	 done_list;	/* digest of the list it was given */
	struct str	 done_etag;
};

void		upload_format(struct buf *b, const struct upload *u);
enum err	upload_parse(struct cx *cx, struct str bytes,
		    struct upload *out);

struct part {
	uint32_t	number;
	struct entry	en;	/* size, time, ETag, sums, extents */
};

enum change { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED, CHANGE_CONFLICT,
	CHANGE_PREFIX };

struct diff_item {
	enum change	type;
	struct str	path;		/* with CHANGE_PREFIX: the group */
	struct entry	en;	/* right side; of removed: the old one */
};

struct list_item {
	bool		is_prefix;
	struct str	path;
	struct entry	en;
};

struct pair	*pairs_find(struct pair *at, size_t n, struct str name);

#endif
