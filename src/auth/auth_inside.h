/* What the files of auth share. */
#ifndef AUTH_AUTH_INSIDE_H
#define AUTH_AUTH_INSIDE_H

#include <pthread.h>

#include "auth/auth.h"

struct buf;
struct kv_tx;

enum { MASTER_BYTES = 32, PRINT_BYTES = 8, SECRET_BYTES = 40 };

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

/* cred: a key's record.  [DESIGN 1] */
struct cred_record {
	int64_t		created;	/* ms since 1970 */
	struct str	user, sealed;
	struct str	print;		/* "": form 1, which does not say */
};
/* *out points into v; false: this is no record of either form. */
bool		cred_record_parse(struct str v, struct cred_record *out);
/* In form 2, or 1 when print is "". */
void		cred_record_format(const struct cred_record *r,
		    struct buf *b);
/*
 * In a lake that does not have A M yet the first key must open: else a wrong
 * master key would become the right one.  E_CONF.
 */
enum err	cred_prove_master(struct cx *cx, struct auth *a);

/* master: one master key of a file; E_CONF, E_STORE.  Wipe it after use. */
enum err	master_read(struct cx *cx, const char *path,
		    struct master *out);
/* The path of the one that is to follow. */
struct str	master_next(struct cx *cx, const char *path);
/* "/a/b" is the name b in the folder /a; a name alone is in ".". */
void		master_path_split(struct cx *cx, struct str path,
		    struct str *dir, struct str *name);
/* Read the files anew.  E_CONF.  [DESIGN 6] */
enum err	masters_read(struct cx *cx, struct auth *a);
/* Read them until the one that A M names is at hand.  E_CONF. */
enum err	masters_check(struct cx *cx, struct auth *a);
/* What A M says, "" when it is not there, in any transaction. */
enum err	master_print_find(struct cx *cx, struct kv_tx *tx,
		    struct str *print);
/* The same in a transaction of its own. */
enum err	master_print_get(struct cx *cx, struct auth *a,
		    struct str *print);
/* Seal under the master key of this print ("": the file's): sets out's sealed
 * and print.  false: it is not at hand, read them anew. */
bool		master_seal(struct cx *cx, struct auth *a, struct str print,
		    struct str secret, struct cred_record *out);
/* Open what is sealed, into memory that is wiped with the context's.  false: no
 * master key at hand opens it, read them anew. */
bool		master_open(struct cx *cx, struct auth *a,
		    const struct cred_record *r, struct str *secret);
/* E_CONF: none of the master keys is the lake's, and what to do. */
enum err	master_wrong(struct cx *cx, const struct auth *a);

/* Signature version 4 in header or query; see auth_verify_s3 for the errors. */
enum err	verify_v4(struct cx *cx, struct auth *a, struct request *req,
		    const struct auth_place *at, struct auth_identity *who,
		    struct auth_signature *sig);
/* The same for version 2. */
enum err	verify_v2(struct cx *cx, struct auth *a,
		    const struct request *req, const struct auth_place *at,
		    struct auth_identity *who, struct auth_signature *sig);
/* Version 4 over a form's policy; see auth_verify_form. */
enum err	verify_v4_form(struct cx *cx, struct auth *a,
		    const struct request *fields, const struct auth_place *at,
		    struct auth_identity *who, struct auth_signature *sig);
/* The same for version 2, which does not say where the form goes. */
enum err	verify_v2_form(struct cx *cx, struct auth *a,
		    const struct request *fields, struct auth_identity *who,
		    struct auth_signature *sig);

/* signer: the key that a signature names.  E_NO_SUCH_KEY_ID. */
enum err	signer_key(struct cx *cx, struct auth *a, struct str id,
		    struct cred_key *key);
/* The header Date, in UTC by any of its names: GMT, +0000, and -0000, which
 * Python writes.  [RFC 5322 3.3] */
bool		signer_date(struct cx *cx, struct str date, int64_t *at);
/* Was it signed at a time (ms since 1970) that our clock agrees with?  A
 * presigned address may be old.  E_TIME_SKEW, of such an address E_EXPIRED. */
enum err	signer_check_clock(struct cx *cx, int64_t at, bool presigned);
/* E_SIGNATURE: it is not the one that was calculated; a hint, or "". */
enum err	signer_mismatch(struct cx *cx, const char *hint);
/* An x-amz-* header that a signature must cover? */
bool		signer_must_sign(struct str name);
/* E_DENIED, with the names of the headers that it does not cover in sig. */
enum err	signer_refuse_unsigned(struct cx *cx, struct str names,
		    struct auth_signature *sig);

/* E_NO_AUTH in words that do not tell what was wrong. */
enum err	auth_refuse(struct cx *cx);
/*
 * What cx says came of a wrong secret, signature or token, or an unknown key:
 * count and log it.  The error that the client is to see: this one, or
 * E_TOO_MANY.  Neither what is malformed nor what came too early or too late
 * is such a failure.
 */
enum err	auth_failed(struct cx *cx, struct auth *a,
		    const struct request *req, struct str key_id,
		    const char *reason);

/* A token of this key, good until then (seconds since 1970). */
struct str	token_make(struct cx *cx, const struct cred_key *key,
		    int64_t expires);
/* Whose token it is.  E_NO_AUTH, E_TOO_MANY. */
enum err	token_check(struct cx *cx, struct auth *a,
		    const struct request *req, struct str token,
		    struct auth_identity *who);
/* The request's cookie of this name; "": it has none. */
struct str	cookie_find(const struct request *req, struct str name);
/* May a request go on the strength of a cookie?  E_CORS. */
enum err	cookie_origin(struct cx *cx, const struct request *req);

#endif
