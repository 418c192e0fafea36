/*
 * Copies of files that never change, as cheap as the file systems allow.
 */
#ifndef BASE_FILECOPY_H
#define BASE_FILECOPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct cx;

/* Copies into one folder: what its file system cannot do is tried once. */
struct filecopy {
	const char	*draft;		/* a name there for what is not whole */
	bool		 may_link;	/* another name of the same file is a
					 * copy; false after the first that
					 * the file systems refused */
	bool		 no_clone;	/* the same of clones */
	uint64_t	 cloned, linked, copied, bytes;	/* so far */
};

/*
 * The file from, which is no link, under the name to, in the place of what has
 * it: a clone that shares its blocks, a hard link, or a copy of mode 0600.  Its
 * bytes are durable before it has the name; file_sync_dir makes the name so.
 * E_STORE, E_DISK_FULL; then `to` is what it was.
 */
enum err	filecopy_make(struct cx *cx, struct filecopy *fc,
		    const char *from, const char *to);

#endif
