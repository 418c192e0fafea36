/* What the store itself keeps wrong: large values and keys apart. [K7] */
#include "upkeep/fsck_inside.h"

#include "base/enc.h"
#include "base/fault.h"
#include "base/vec.h"
#include "kv/kv.h"

enum { LEAKS = 10000 };		/* that one repair takes */

static enum err
fsck_store_wrong(struct cx *cx, void *arg, enum kv_wrong kind, struct str s,
    uint64_t id)
{
	struct fsck		*f = arg;
	struct arena_mark	 back = arena_mark(cx->mem);

	if (kind == KV_LEAKED && f->n_leaks < LEAKS)
		f->leaks[f->n_leaks++] = id;
	if (fault_skip("FSCK_STORE"))
		return OK;
	if (kind == KV_LEAKED)
		fsck_found(f, "K7", "the large value %llu belongs to no "
		    "record: it only takes space", (unsigned long long)id);
	else if (kind == KV_LOST)
		fsck_found(f, "K7", "a record of kind %c has lost its large "
		    "value: key %.*s", s.n > 0 ? s.p[0] : '?',
		    STRF(enc_hex_str(cx->mem, s.p, s.n)));
	else
		fsck_found(f, "K7", "the database is damaged: %.*s", STRF(s));
	arena_back(cx->mem, back);
	return OK;
}

enum err
fsck_store(struct cx *cx, struct fsck *f)
{
	f->leaks = arena_raw(cx->mem, LEAKS * sizeof *f->leaks);
	fsck_progress(f, "checking the store", 0);
	return kv_check(cx, f->eng->kv, f->opt->deep, fsck_store_wrong, f);
}
