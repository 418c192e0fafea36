/* What the files of auth share. */
#ifndef AUTH_AUTH_INSIDE_H
#define AUTH_AUTH_INSIDE_H

#include <pthread.h>

#include "auth/auth.h"

struct buf;
struct kv_tx;

enum { MASTER_BYTES = 32, PRINT_BYTES = 8 };

struct master {
	unsigned char	key[MASTER_BYTES];
	unsigned char	print[PRINT_BYTES];
};

struct auth {
	struct kv		*kv;
	int64_t			 session;
	char			*path;		/* of the master key */
	pthread_rwlock_t	 lock;		/* of the masters */
	struct master		 masters[2];	/* the file's; the new one */
	size_t			 n_masters;
	struct failures		*failures;	/* NULL: not counted */
	bool			 refuse; /* those of whom fails too often */
};

/* A key's record.  [DESIGN 1] */
struct key_record {
	int64_t		created;
	struct str	user, sealed;
	struct str	print;		/* "": form 1, which does not say */
};
bool		key_record_parse(struct str v, struct key_record *out);
void		key_record_format(const struct key_record *r, struct buf *b);
struct str	cred_key(struct cx *cx, char kind, struct str name);

/* One master key of a file; E_CONF. */
enum err	master_read(struct cx *cx, const char *path,
		    struct master *out);
/* The path of the one that is to follow. */
struct str	master_next(struct cx *cx, const char *path);
/* "/a/b" is the name b in the folder /a; a name alone is in ".". */
void		path_split(struct cx *cx, struct str path, struct str *dir,
		    struct str *name);
/* Read the files anew.  [DESIGN 6] */
enum err	masters_read(struct cx *cx, struct auth *a);
/* What A M says, in any transaction; "" when it is not there. */
enum err	sealer_find(struct cx *cx, struct kv_tx *tx,
		    struct str *print);
enum err	sealer_get(struct cx *cx, struct auth *a, struct str *print);
/*
 * Seal under the master key of this print ("": the file's), and say its print;
 * open what is sealed, into wiped memory.  false: no master key at hand fits,
 * read them anew.
 */
bool		master_seal(struct cx *cx, struct auth *a, struct str print,
		    struct str secret, struct key_record *out);
bool		master_open(struct cx *cx, struct auth *a,
		    const struct key_record *r, struct str *secret);
/*
 * In a lake that does not have A M yet the first key must open: else a wrong
 * master key would become the right one.  E_CONF.
 */
enum err	sealer_prove(struct cx *cx, struct auth *a);
enum err	master_wrong(struct cx *cx, const struct auth *a);

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
/*
 * What cx says came of a wrong secret, signature or token, or an unknown key:
 * count and log it.  The error that the client is to see: this one, or
 * E_TOO_MANY.  Neither what is malformed nor what came too early or too late
 * is such a failure.
 */
enum err	auth_failed(struct cx *cx, struct auth *a,
		    const struct request *req, struct str key_id,
		    const char *reason);
/* The key pair is right: the key, or its user.  E_NO_AUTH. */
enum err	pair_key(struct cx *cx, struct auth *a,
		    const struct request *req, struct str id,
		    struct str secret, struct key *out);
enum err	pair_check(struct cx *cx, struct auth *a,
		    const struct request *req, struct str id,
		    struct str secret, struct identity *who);
/* cookie: may a request go on the strength of one?  E_CORS. */
enum err	cookie_origin(struct cx *cx, const struct request *req);
enum err	token_check(struct cx *cx, struct auth *a,
		    const struct request *req, struct str token,
		    struct identity *who);

#endif
