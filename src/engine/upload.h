/* What the files of multipart uploads share. */
#ifndef ENGINE_UPLOAD_H
#define ENGINE_UPLOAD_H

#include "engine/write.h"

enum { UPLOAD_RECORD_MAX = 1 << 20 };	/* bytes, of an upload and of a part */

/*
 * What a transaction on an upload works with.  Each operation has a struct of
 * its own with this one in it.
 */
struct upload_tx {
	struct write	 w;		/* of the branch: repo, branch, eng */
	struct str	 path;
	const struct uid *id;
	bool		 any_branch;	/* protected and read-only ones too */
	/* set anew by each run of the transaction */
	struct upload	*u;
	bool		 parts_left;
};

/* One for the upload `id` of a path.  *u is the caller's, to be filled. */
struct upload_tx upload_tx(struct engine *eng, const struct target *at,
		    const struct uid *id, struct upload *u);
/*
 * First in the transaction: branch and upload.  E_NO_SUCH_UPLOAD, also for one
 * that is completed, unless `completed` asks for those too.
 */
enum err	upload_find(struct cx *cx, struct kv_tx *tx,
		    struct upload_tx *t, bool completed);
/* E_NO_SUCH_UPLOAD, in S3's words. */
enum err	upload_missing(struct cx *cx);
/* Writes its record.  E_METADATA_TOO_LARGE. */
enum err	upload_put(struct cx *cx, struct kv_tx *tx,
		    const struct upload *u);
/*
 * In the transaction that ends an upload: deletes the records of its parts, as
 * far as one transaction goes.  *more: others are left to upload_clear_rest,
 * and a note leaves them to gc if that does not come to its end.
 */
enum err	upload_clear_parts(struct cx *cx, struct kv_tx *tx,
		    const struct uid *id, bool *more);
/* After it.  The upload has ended, so nothing here can make the call fail. */
void		upload_clear_rest(struct cx *cx, struct engine *eng,
		    const struct uid *id);

#endif
