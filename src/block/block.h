/*
 * block: immutable bytes under ids that are never reused.
 *
 * A block is written without a name, then kept under an id in one durable
 * step: after block_keep the bytes and their name survive a power cut.  A
 * writer that is dropped, or whose process dies, leaves nothing that counts.
 * Ids are 16 bytes, an epoch and random (engine/DESIGN).
 */
#ifndef BLOCK_BLOCK_H
#define BLOCK_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct block;
struct block_reader;
struct block_writer;
struct cx;
struct uid;

/* What block_each calls for a block of size bytes; not OK ends the walk. */
typedef enum err block_fn(struct cx *cx, const struct uid *id, uint64_t size,
    void *arg);

/* What every driver promises (tests/contract/block_contract.c proves it). */
struct block_ops {
	/* A writer without a name; it ends with keep or drop. */
	enum err (*create)(struct cx *, struct block *, struct block_writer **);
	/* Append n bytes.  After an error the writer can only be dropped. */
	enum err (*write)(struct cx *, struct block_writer *, const void *p,
	    size_t n);
	/* Durable under id, or an error and no block; ends the writer. */
	enum err (*keep)(struct cx *, struct block_writer *,
	    const struct uid *id);
	/* Nothing stays; ends the writer. */
	void (*drop)(struct block_writer *);
	/* E_CORRUPT when there is no such block. */
	enum err (*open)(struct cx *, struct block *, const struct uid *id,
	    struct block_reader **);
	/* *got < n only at the block's end. */
	enum err (*read)(struct cx *, struct block_reader *, uint64_t off,
	    void *p, size_t n, size_t *got);
	/* Readers go on when their block is deleted; this ends one. */
	void (*close_reader)(struct block_reader *);
	/* Bytes of the block. */
	enum err (*size)(struct cx *, struct block *, const struct uid *id,
	    uint64_t *size, bool *there);
	/* Durably another id: the old name is gone. */
	enum err (*rename)(struct cx *, struct block *, const struct uid *from,
	    const struct uid *to);
	/* OK also when there is no such block. */
	enum err (*del)(struct cx *, struct block *, const struct uid *id);
	/* Every block, in no order. */
	enum err (*each)(struct cx *, struct block *, block_fn *, void *arg);
	/* Remove what dead writers left; *n counts. */
	enum err (*sweep)(struct cx *, struct block *, size_t *n);
	/* The file that holds the block, or "" (for X-Sendfile). */
	struct str (*path)(struct cx *, struct block *, const struct uid *id);
	/* When no reader or writer is left. */
	void (*close)(struct block *);
};

struct block {
	const struct block_ops *ops;
};

struct block_writer {
	struct block	*block;
};

struct block_reader {
	struct block	*block;
};

/*
 * The caller's side.  Each does what the member of block_ops with its name
 * says.  E_STORE when the files cannot be used, E_DISK_FULL; sizes and offsets
 * are bytes.
 */

/* A new writer, the caller's until block_keep or block_drop. */
enum err	block_create(struct cx *cx, struct block *b,
		    struct block_writer **w);
/* See block_ops.write. */
enum err	block_write(struct cx *cx, struct block_writer *w,
		    const void *p, size_t n);
/* See block_ops.keep: w is gone, whatever comes back. */
enum err	block_keep(struct cx *cx, struct block_writer *w,
		    const struct uid *id);
/* See block_ops.drop; w may be NULL. */
void		block_drop(struct block_writer *w);
/* The reader is closed by the arena.  E_CORRUPT: there is no such block. */
enum err	block_open(struct cx *cx, struct block *b,
		    const struct uid *id, struct block_reader **r);
/* See block_ops.read: n bytes from off, or as many as there are. */
enum err	block_read(struct cx *cx, struct block_reader *r,
		    uint64_t off, void *p, size_t n, size_t *got);
/* See block_ops.size; 0 when it is not there. */
enum err	block_size(struct cx *cx, struct block *b,
		    const struct uid *id, uint64_t *size, bool *there);
/* See block_ops.rename; E_STORE when there is no block from. */
enum err	block_rename(struct cx *cx, struct block *b,
		    const struct uid *from, const struct uid *to);
/* See block_ops.del. */
enum err	block_delete(struct cx *cx, struct block *b,
		    const struct uid *id);
/* See block_ops.each; gives what fn gave last. */
enum err	block_each(struct cx *cx, struct block *b, block_fn *fn,
		    void *arg);
/* See block_ops.sweep. */
enum err	block_sweep(struct cx *cx, struct block *b, size_t *n);
/* See block_ops.path; in the memory of cx. */
struct str	block_path(struct cx *cx, struct block *b,
		    const struct uid *id);
/* See block_ops.close; b may be NULL. */
void		block_close(struct block *b);

/* ---- drivers ----------------------------------------------------------- */

/* In memory, for tests: gone with block_close. */
struct block	*block_mem_open(void);
/* Files in the folders blocks/ and tmp/ of dir, made, durably, with create.
 * block_file.c says who may read them. */
enum err	 block_file_open(struct cx *cx, const char *dir, bool create,
		    struct block **out);
/* A lake that has just been made: from now on the group reads its blocks. */
enum err	 block_file_share(struct cx *cx, const char *dir,
		    unsigned group);

#endif
