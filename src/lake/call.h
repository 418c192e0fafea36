/*
 * What operations ask of a store and get from it: plain values, the same for
 * every store.  Strings belong to the caller, or live in cx->mem.
 */
#ifndef LAKE_CALL_H
#define LAKE_CALL_H

#include "lake/cond.h"
#include "lake/record.h"

struct body;			/* bytes that are stored but have no name yet */

struct repo_page {
	struct repo	*at;
	size_t		 n;
	bool		 more;
};

struct ref {
	struct str	name;
	struct oid	commit;
};

struct ref_page {
	struct ref	*at;
	size_t		 n;
	bool		 more;
};

struct at {			/* repository/ref/path */
	struct str	repo, ref, path;
	struct str	version;	/* [S3] versionId: "" none, "null" what
					 * is staged, or a commit's full id */
};

struct delete_item {
	struct str	path;
	struct cond	cond;
	enum err	result;
	struct str	words;
	bool		marker;	/* where versions are shown: the deletion is
				 * one, staged */
};

struct copy_opts {
	struct cond		 src_cond, dst_cond;
	const struct entry	*replace; /* type, metadata, headers; or NULL */
	bool			 replace_tags;	/* tags of replace, too */
	struct pair		 sum;	/* for those of the source; or "" */
	bool			 force;
	bool			 move;	/* the source, of the same branch, goes;
					 * its time is kept */
};

struct list_page {
	struct list_item	*at;
	size_t			 n;
	bool			 more;
};

struct version {		/* one state of an object in history */
	bool		is_prefix, is_latest, is_deleted;
	struct str	path;		/* or the group, with is_prefix */
	struct oid	commit;		/* that brought it; zero: staged */
	int64_t		time;		/* ms; of a deletion, the commit's */
	struct entry	en;		/* not of a deletion */
};

struct version_page {
	struct version	*at;
	size_t		 n;
	bool		 more;
};

struct commit_opts {
	struct str	 message, committer;
	struct pair	*meta;
	size_t		 n_meta;
	int64_t		 date;		/* seconds; 0: now */
	bool		 allow_empty, force;
};

struct log_query {
	struct str	 ref, after, stop_at;
	int64_t		 since;			/* seconds, 0: none */
	struct str	*paths;			/* exact */
	size_t		 n_paths;
	struct str	*prefixes;
	size_t		 n_prefixes;
	bool		 first_parent, limit;
	size_t		 amount;
};

struct commit_page {
	struct commit	*at;
	size_t		 n;
	bool		 more;
};

enum diff_kind { DIFF_TWO_DOT, DIFF_THREE_DOT };

struct diff_page {
	struct diff_item	*at;
	size_t			 n;
	bool			 more;
};

enum strategy { STRATEGY_NONE, STRATEGY_SOURCE, STRATEGY_DEST };

struct merge_opts {
	struct commit_opts	commit;		/* message may be empty */
	enum strategy		strategy;
	bool			squash;
};

struct complete_item {
	uint32_t	number;
	struct str	etag;		/* without quotes */
	struct pair	sum;		/* as sent, or empty */
};

struct complete_opts {
	struct cond		 cond;
	struct complete_item	*items;
	size_t			 n;
	struct pair		 sum;	/* of the whole object, or empty */
	bool			 has_size;
	uint64_t		 size;
};

struct part_page {
	struct part	*at;
	size_t		 n;
	bool		 more;
};

struct upload_page {
	struct upload	*at;
	size_t		 n;
	bool		 more;
};

#endif
