/* Objects through history. */
#ifndef ENGINE_VERSIONS_H
#define ENGINE_VERSIONS_H

#include "engine/refs.h"

/* The version that a write makes: "null", where versions are shown. */
struct str	version_staged(const struct repo *r);
/*
 * What `at` names: the entry that its ref shows, or that of the version it
 * names, with en->version filled.  E_NO_SUCH_VERSION; E_DELETE_MARKER when the
 * version took the object away.
 */
enum err	version_get(struct cx *cx, struct engine *eng,
		    struct kv_tx *tx, const struct target *at,
		    struct entry *out);

#endif
