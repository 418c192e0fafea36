/*
 * Who is asking.  Users and their access keys live in the lake's kv under the
 * letter A; secrets are sealed under the master key, a file of its own, so
 * that a copy of the database alone opens nothing.  See DESIGN.
 *
 * Until policies exist every key is an administrator.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct auth;
struct cx;
struct kv;
struct request;

struct auth_opts {
	const char	*master;	/* file of the master key */
	int64_t		 session;	/* seconds that a token is good */
};

/*
 * Open the users and keys of a lake.  E_CONF, with what to do: the master
 * key's file is missing, is none (64 hex digits), or is not this lake's.  The
 * lake's kv must outlive *out; auth_close frees it.
 */
enum err	auth_open(struct cx *cx, struct kv *kv,
		    const struct auth_opts *opt, struct auth **out);
/* Wipes the master keys and frees a; a may be NULL. */
void		auth_close(struct auth *a);
/*
 * From now on count what fails to authenticate in a file of this path (kept),
 * which all processes of the lake share, and log each; with refuse, what fails
 * when its address or key has failed too often is E_TOO_MANY instead of the
 * error below.  What is right is never refused.
 */
void		auth_count_failures(struct auth *a, const char *path,
		    bool refuse);
/* Make a master key's file, mode 0600; it must not exist (E_CONF), and nobody
 * else may be making it.  E_STORE. */
enum err	master_make(struct cx *cx, const char *path);

struct rekey_opts {
	const char	*master;	/* as in auth_opts */
	const char	*lock;		/* a lock file, made when absent */
	bool		 lost;		/* the master key is gone */
};
struct rekey_report {
	bool		resumed;	/* one had been begun */
	uint64_t	keys, revoked;	/* sealed anew; (lost) revoked */
};
/*
 * Another master key, while workers go on; whatever an interrupted one left is
 * brought to its end.  With lost every access key is revoked.  kv must be
 * durable.  E_BUSY: another one works; E_CONF: the master key is not the
 * lake's, or (lost) it is.
 */
enum err	auth_rekey(struct cx *cx, struct kv *kv,
		    const struct rekey_opts *opt, struct rekey_report *r);

/* Times are in ms since 1970; strings are in the context's memory. */
struct cred_user {
	struct str	name;
	int64_t		created;
};
struct cred_key {
	struct str	id, user, secret; /* secret: only when asked for */
	struct str	sealed;		/* the secret, as it is kept */
	bool		drawn;		/* the secret is a new one of ours */
	int64_t		created;
};

/* E_NAME_TAKEN; E_BAD_NAME for an empty or very long name. */
enum err	cred_user_create(struct cx *cx, struct auth *a,
		    struct str name);
/* The user's keys go too.  E_NO_SUCH_USER; E_LAST_KEY when no key would
 * remain. */
enum err	cred_user_delete(struct cx *cx, struct auth *a,
		    struct str name);
/* *there is false, and *out untouched, for a name that no user can have. */
enum err	cred_user_find(struct cx *cx, struct auth *a, struct str name,
		    struct cred_user *out, bool *there);
/* All users, by name. */
enum err	cred_user_list(struct cx *cx, struct auth *a,
		    struct cred_user **out, size_t *n);
/* Would cred_key_create take these?  E_BAD_NAME, E_BAD_ARGUMENT. */
enum err	cred_key_check(struct cx *cx, struct str user, struct str id,
		    struct str secret);
/*
 * Empty id or secret: drawn.  The user is made when it is not there.
 * E_BAD_NAME, E_BAD_ARGUMENT; E_NAME_TAKEN: a key has this id; E_CONF: no
 * master key at hand is the lake's.  The secret is in the context's memory and
 * wiped with it.
 */
enum err	cred_key_create(struct cx *cx, struct auth *a,
		    struct str user, struct str id, struct str secret,
		    struct cred_key *out);
/* The same for the first key of a lake; E_SET_UP when it is set up.  [A1] */
enum err	cred_key_create_first(struct cx *cx, struct auth *a,
		    struct str user, struct str id, struct str secret,
		    struct cred_key *out);
/* Has the lake had a first key?  [A1] */
enum err	cred_is_set_up(struct cx *cx, struct auth *a, bool *out);
/*
 * A key with its secret, which is wiped with the context's memory; *there is
 * false for an id that no key can have.  E_CORRUPT; E_CONF: no master key at
 * hand opens the secret.
 */
enum err	cred_key_find(struct cx *cx, struct auth *a, struct str id,
		    struct cred_key *out, bool *there);
/* E_NO_SUCH_KEY_ID; E_LAST_KEY. */
enum err	cred_key_delete(struct cx *cx, struct auth *a, struct str id);
/* The keys of a user ("": of all), by id, without their secrets. */
enum err	cred_key_list(struct cx *cx, struct auth *a, struct str user,
		    struct cred_key **out, size_t *n);

struct auth_identity {
	bool		anonymous;
	struct str	user, key_id;
};

/* How the body of a signed S3 request is covered. */
enum auth_payload { PAYLOAD_UNSIGNED, PAYLOAD_HASH, PAYLOAD_CHUNKS,
	PAYLOAD_CHUNKS_TRAILER, PAYLOAD_UNSIGNED_TRAILER };

struct auth_signature {
	int		by_query;	/* its version, if presigned */
	bool		is_v2;
	enum auth_payload payload;
	unsigned char	hash[32];	/* PAYLOAD_HASH */
	unsigned char	key[32];	/* for chunk signatures */
	struct str	seed, date, scope;
	/* what a wrong one is told: E_SIGNATURE */
	struct str	key_id, provided, string_to_sign, canonical;
	struct str	not_signed;	/* E_DENIED: names of headers */
	struct str	region;		/* E_AUTH_*: the one that is right */
};

/* Where a signed request came to. */
struct auth_place {
	struct str	bucket;		/* that the host names, or "" */
	struct str	region;		/* that a scope must name; "": any */
};

/* An AWS signature, right or wrong, in header or query? */
bool		auth_is_signed(const struct request *req);
/* A parameter of the signature itself in presigned URLs, in any case? */
bool		auth_owns(struct str parameter);
/*
 * Verify it: version 4 or 2, one of them, once (else E_BAD_ARGUMENT).  It
 * covers every x-amz-* header that came and the host, else E_DENIED; see
 * DESIGN.  Headers that it names get the names that were signed.  Without a
 * signature the identity is anonymous.  E_NO_SUCH_KEY_ID, E_SIGNATURE,
 * E_TIME_SKEW, E_EXPIRED, E_AUTH_HEADER, E_AUTH_QUERY.
 */
enum err	auth_verify_s3(struct cx *cx, struct auth *a,
		    struct request *req, const struct auth_place *at,
		    struct auth_identity *who, struct auth_signature *sig);
/*
 * A form that was posted: its fields, as the headers of who posted it, with a
 * policy that version 4 or 2 signs.  The policy's own conditions are the
 * caller's.  E_NO_AUTH without a policy, E_BAD_ARGUMENT without its signature;
 * else as above.
 */
enum err	auth_verify_form(struct cx *cx, struct auth *a,
		    const struct request *fields,
		    const struct auth_place *at, struct auth_identity *who,
		    struct auth_signature *sig);
/* Basic, bearer token or session cookie.  E_NO_AUTH; E_CORS for a change by
 * cookie that no page of this origin asked for. */
enum err	auth_verify_api(struct cx *cx, struct auth *a,
		    const struct request *req, struct auth_identity *who);
/*
 * A token for a key's owner, and when it ends (seconds since 1970); E_NO_AUTH
 * when the pair is wrong.
 */
enum err	auth_login(struct cx *cx, struct auth *a,
		    const struct request *req, struct str id, struct str secret,
		    struct str *token, int64_t *expires);
#define AUTH_COOKIE	"internal_auth_session"
/*
 * A Set-Cookie header's value, in the context's memory: the cookie that has a
 * token in a browser for so many seconds (0: it is deleted).  It is for the
 * API alone, not for scripts, and never sent along from other sites.
 */
struct str	auth_cookie(struct cx *cx, const struct request *req,
		    struct str token, int64_t seconds);

#endif
