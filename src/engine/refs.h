/* What a ref resolves to, inside a transaction. */
#ifndef ENGINE_REFS_H
#define ENGINE_REFS_H

#include "engine/engine_inside.h"
#include "engine/records.h"
#include "engine/view.h"

/* What a ref shows.  E_NO_SUCH_REF, E_BAD_REF. */
enum err	ref_view(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r, struct str ref, struct view *out);
/* The commit that a ref names.  The same errors. */
enum err	ref_find(struct cx *cx, struct kv_tx *tx,
		    const struct repo *r, struct str ref,
		    struct commit *out);
/* Branch, tag and full commit id are one name space: E_NAME_TAKEN.  [I14] */
enum err	ref_check_free(struct cx *cx, struct kv_tx *tx,
		    const struct uid *ruid, struct str name);

#endif
