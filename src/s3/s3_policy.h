/* Bucket policies, as they are asked. */
#ifndef S3_S3_POLICY_H
#define S3_S3_POLICY_H

#include "s3/s3_route.h"

/* Does the policy of c->bucket allow everyone this action on the bucket or, if
 * there is one, c->key?  Without a policy it does not.  E_NO_SUCH_REPO. */
enum err	s3_policy_allows(struct cx *cx, const struct s3_call *c,
		    enum s3_action action, bool *allowed);

/* May this request be served without a signature?  Needs c->row.  E_NO_AUTH;
 * E_BAD_REQUEST: it also asks for headers (response-*) of its own. */
enum err	s3_policy_check(struct cx *cx, const struct s3_call *c);

#endif
