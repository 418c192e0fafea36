/* Headers that ask for what is not here. */
#ifndef S3_S3_REFUSE_H
#define S3_S3_REFUSE_H

#include "s3/s3_call.h"

/*
 * Refuses headers whose meaning would otherwise be dropped silently:
 * encryption, object lock, redirection (E_NOT_IMPLEMENTED), and ACLs that grant
 * something (E_BAD_REQUEST, as AccessControlListNotSupported).
 */
enum err	s3_refuse_unknown(struct cx *cx, const struct s3_call *c);

#endif
