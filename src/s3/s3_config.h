/* The settings of a repository that S3 has as a bucket's configurations. */
#ifndef S3_S3_CONFIG_H
#define S3_S3_CONFIG_H

#include "s3/s3_call.h"

/* Is there what a request asks about: the object, or of a bucket the
 * repository?  As object_stat and repo_get. */
enum err	s3_config_exists(struct cx *cx, struct s3_call *c);

/* Fails with 404 and the code that S3 has for this configuration, a literal:
 * E_NO_SUCH_ROUTE. */
enum err	s3_config_missing(struct cx *cx, const char *code);

/* Answers with a setting (SETTING_…) as it was put, of this content type, or
 * s3_config_missing.  E_NO_SUCH_REPO. */
enum err	s3_config_get(struct cx *cx, struct s3_call *c,
		    const char *setting, const char *type,
		    const char *missing);

/* Give a setting its value.  E_NO_SUCH_REPO, E_READ_ONLY_REPO. */
enum err	s3_config_put(struct cx *cx, struct s3_call *c,
		    const char *setting, struct str value);

/* Take it away, whether it was there or not; 204.  Errors as above. */
enum err	s3_config_delete(struct cx *cx, struct s3_call *c,
		    const char *setting);

#endif
