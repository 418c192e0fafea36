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

typedef enum err block_fn(struct cx *cx, const struct uid *id, uint64_t size,
    void *arg);

struct block_ops {
	enum err (*create)(struct cx *, struct block *, struct block_writer **);
	enum err (*write)(struct cx *, struct block_writer *, const void *p,
	    size_t n);
	/* Durable under id, or an error and no block; ends the writer. */
	enum err (*keep)(struct cx *, struct block_writer *,
	    const struct uid *id);
	void (*drop)(struct block_writer *);
	/* E_CORRUPT when there is no such block. */
	enum err (*open)(struct cx *, struct block *, const struct uid *id,
	    struct block_reader **);
	/* *got < n only at the block's end. */
	enum err (*read)(struct cx *, struct block_reader *, uint64_t off,
	    void *p, size_t n, size_t *got);
	void (*close_reader)(struct block_reader *);
	enum err (*size)(struct cx *, struct block *, const struct uid *id,
	    uint64_t *size, bool *there);
	/* Durably another id: the old name is gone. */
	enum err (*rename)(struct cx *, struct block *, const struct uid *from,
	    const struct uid *to);
	enum err (*del)(struct cx *, struct block *, const struct uid *id);
	/* Every block, in no order. */
	enum err (*each)(struct cx *, struct block *, block_fn *, void *arg);
	/* Remove what dead writers left; *n counts. */
	enum err (*sweep)(struct cx *, struct block *, size_t *n);
	/* The file that holds the block, or "" (for X-Sendfile). */
	struct str (*path)(struct cx *, struct block *, const struct uid *id);
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

enum err	block_create(struct cx *cx, struct block *b,
		    struct block_writer **w);
enum err	block_write(struct cx *cx, struct block_writer *w,
		    const void *p, size_t n);
enum err	block_keep(struct cx *cx, struct block_writer *w,
		    const struct uid *id);
void		block_drop(struct block_writer *w);
/* The reader is closed by the arena. */
enum err	block_open(struct cx *cx, struct block *b,
		    const struct uid *id, struct block_reader **r);
enum err	block_read(struct cx *cx, struct block_reader *r,
		    uint64_t off, void *p, size_t n, size_t *got);
enum err	block_size(struct cx *cx, struct block *b,
		    const struct uid *id, uint64_t *size, bool *there);
enum err	block_rename(struct cx *cx, struct block *b,
		    const struct uid *from, const struct uid *to);
enum err	block_delete(struct cx *cx, struct block *b,
		    const struct uid *id);
enum err	block_each(struct cx *cx, struct block *b, block_fn *fn,
		    void *arg);
enum err	block_sweep(struct cx *cx, struct block *b, size_t *n);
struct str	block_path(struct cx *cx, struct block *b,
		    const struct uid *id);
void		block_close(struct block *b);

/* Drivers.  block_file.c says who may read the files. */
struct block	*block_mem_open(void);
/* Folders for files are made, durably, with create. */
enum err	 block_file_open(struct cx *cx, const char *dir, bool create,
		    struct block **out);
/* A lake that has just been made: from now on the group reads its blocks. */
enum err	 block_file_share(struct cx *cx, const char *dir,
		    unsigned group);

#endif
