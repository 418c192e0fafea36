/* How long uploads are kept, where a repository's lifecycle rules say so. */
#ifndef UPKEEP_UPLOAD_AGE_H
#define UPKEEP_UPLOAD_AGE_H

#include <stdint.h>

#include "base/err.h"

struct arena;
struct cx;
struct engine;
struct upload;
struct upload_ages;

/* The rules of all repositories as they are now, in mem. */
enum err	upload_ages_load(struct cx *cx, struct engine *eng,
		    struct arena *mem, struct upload_ages **out);
/* In ms: by the rule that fits and is the first to drop it, else otherwise. */
int64_t		upload_age(const struct upload_ages *a, const struct upload *u,
		    int64_t otherwise);

#endif
