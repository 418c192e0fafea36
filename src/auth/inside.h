/* What the files of auth share. */
#ifndef AUTH_INSIDE_H
#define AUTH_INSIDE_H

#include "auth/auth.h"

struct auth {
	struct kv	*kv;
	unsigned char	 master[32];
	unsigned char	 token[32];	/* signs session tokens */
};

/* The forms of a signature; see auth_verify_s3. */
enum err	verify_v4(struct cx *cx, struct auth *a, struct request *req,
		    const struct auth_place *at, struct identity *who,
		    struct signature *sig);
enum err	verify_v2(struct cx *cx, struct auth *a,
		    const struct request *req, const struct auth_place *at,
		    struct identity *who, struct signature *sig);
/* The same over a form's policy. */
enum err	verify_v4_form(struct cx *cx, struct auth *a,
		    const struct request *fields, const struct auth_place *at,
		    struct identity *who, struct signature *sig);
enum err	verify_v2_form(struct cx *cx, struct auth *a,
		    const struct request *fields, struct identity *who,
		    struct signature *sig);
/* What they share.  E_NO_SUCH_KEY_ID; E_TIME_SKEW; E_SIGNATURE. */
enum err	signer_key(struct cx *cx, struct auth *a, struct str id,
		    struct key *key);
enum err	clock_check(struct cx *cx, int64_t at, bool old_too);
enum err	signature_wrong(struct cx *cx, const char *hint);
/* An x-amz-* header that a signature must cover? */
bool		must_be_signed(struct str name);
/* E_DENIED, with the names in sig. */
enum err	headers_not_signed(struct cx *cx, struct str names,
		    struct signature *sig);
/* The key pair is right: its user.  E_NO_AUTH. */
enum err	pair_check(struct cx *cx, struct auth *a, struct str id,
		    struct str secret, struct identity *who);
/* cookie: may a request go on the strength of one?  E_CORS. */
enum err	cookie_origin(struct cx *cx, const struct request *req);
enum err	token_check(struct cx *cx, struct auth *a,
		    struct str token, struct identity *who);

#endif
