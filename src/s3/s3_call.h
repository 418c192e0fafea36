/* What the operations of the gateway share. */
#ifndef S3_S3_CALL_H
#define S3_S3_CALL_H

#include "auth/auth.h"
#include "base/cx.h"
#include "base/digest.h"
#include "base/limit.h"
#include "engine/engine.h"
#include "http/http.h"
#include "lake/lakepath.h"
#include "s3/s3.h"

#define S3_XML		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define S3_XMLNS	"http://s3.amazonaws.com/doc/2006-03-01/"

enum {
	S3_ANSWER_MAX = 16 << 20
};

struct s3_row;
struct xml;

struct s3_call {
	struct engine		*eng;
	struct auth		*auth;
	const struct s3_opts	*opt;
	struct request		*req;
	struct response		*res;
	struct auth_identity		 who;
	struct auth_signature	 sig;
	size_t			 n_by_query;	/* headers in its query */
	struct str		 bucket, key;
	struct str		 host_bucket;	/* bucket, named by the host */
	struct lakepath		 lp;
	struct target		 at;
	const struct s3_row	*row;
	struct str		*deleted;	/* keys, by DeleteObjects */
	size_t			 n_deleted;
};

typedef enum err s3_fn(struct cx *cx, struct s3_call *c);

enum s3_scope { AT_SERVICE, AT_BUCKET, AT_OBJECT };
/* What a bucket policy can allow; MAY_NOBODY: it cannot. */
enum s3_action { MAY_NOBODY, MAY_GET_OBJECT, MAY_GET_VERSION,
	MAY_GET_ATTRIBUTES, MAY_GET_TAGGING, MAY_GET_LOCATION, MAY_LIST,
	MAY_LIST_VERSIONS };
enum { F_WRITE = 1, F_FORM = 2 };	/* F_FORM: the body says who asks */

struct s3_row {
	enum method	 method;
	enum s3_scope	 scope;
	const char	*must;		/* query key, or NULL */
	const char	*header;	/* present, or NULL */
	const char	*allowed;	/* further query keys, by blanks */
	s3_fn		*run;
	const char	*called;
	unsigned	 needs;
	/* What a bucket policy must allow before anybody may do this without
	 * a key, and with a versionId where that is another. */
	enum s3_action	 action, versioned;
	/* Of a key that names a branch alone; NULL: s3_marker_refuse. */
	s3_fn		*marker;
	/* s3_fixed_document's, or the code of s3_fixed_missing. */
	const char	*answer;
};

/* s3_route: the row, or why there is none. */
enum err	s3_route(struct cx *cx, const struct request *req,
		    enum s3_scope scope, const struct s3_row **out);
const struct s3_row *s3_route_table(size_t *n);
/* Is this one of the words of a list with blanks between? */
bool		s3_listed(const char *words, struct str word);

/* s3_query: parameters x-amz-* of a presigned address mean the headers of
 * their names.  First they become headers, so that the route sees them; then,
 * its operation known, those that it does not take are refused.
 * E_BAD_ARGUMENT. */
enum err	s3_query_headers(struct cx *cx, struct s3_call *c);
enum err	s3_query_headers_check(struct cx *cx, struct s3_call *c);
struct s3_header {
	struct str	 name;		/* ends with "-": all that begin so */
	const char	*takers;	/* operations, by blanks; "*": all */
};
const struct s3_header *s3_header_table(size_t *n);

/* s3_error: the status and code of S3 that a kind has. */
struct s3_code {
	int		 status;
	const char	*name;
};
struct s3_code	s3_error_code(enum err e);

/*
 * As fail, where S3 has a code that one place alone gives: the literal name.
 * The kind gives the status, and is what the log and the caller see.
 */
#define s3_fail(cx, kind, name, ...) \
	(fail((cx), (kind), __VA_ARGS__), cx_as((cx), (name)))

/* The answer that says what failed, as cx has it, with further elements (those
 * that are not empty). */
void		s3_error_render(struct cx *cx, const struct request *req,
		    struct response *res, const struct pair *more, size_t n);

/* s3_shape: headers and XML that operations share. */
void		s3_xml_begin(struct cx *cx, struct buf *b, const char *root);
void		s3_xml_end(struct s3_call *c, struct buf *b,
		    const char *root);
/* The key, and what it and the bucket name; at is target_make's to fill. */
void		s3_set_key(struct s3_call *c, struct str key);
/* <Owner>, or under another name: the user who asks. */
void		s3_put_owner(struct buf *b, const struct s3_call *c,
		    const char *element);
struct str	s3_quoted(struct cx *cx, struct str etag);
struct str	s3_unquoted(struct str etag);
void		s3_entry_headers(struct cx *cx, struct s3_call *c,
		    const struct entry *en);
struct str	s3_sum_type(bool composite);
/* x-amz-version-id, where versions are shown. */
void		s3_version_header(struct s3_call *c, const struct entry *en);
void		s3_sum_headers(struct s3_call *c, const struct entry *en);
/* <ChecksumCRC32>…: one, all of an entry, and <ChecksumType> if it has any. */
void		s3_put_sum(struct buf *b, struct str name, struct str value);
void		s3_put_sums(struct buf *b, const struct entry *en);
void		s3_put_sum_type(struct buf *b, const struct entry *en);
/* Content-Type, Cache-Control …, x-amz-meta-*, x-amz-tagging. */
enum err	s3_take_meta(struct cx *cx, const struct s3_call *c,
		    struct entry *en);
/* [S3] so many tags at most, each key once.  E_BAD_TAG. */
enum err	s3_tags_check(struct cx *cx, struct pair *tags, size_t n,
		    size_t most);
/* [S3 Tagging] a document that stands on its root, read to its end. */
enum err	s3_tags_read(struct cx *cx, struct xml *x, size_t most,
		    struct pair **tags, size_t *n);
/* x-amz-checksum-algorithm; NULL: none is asked for. */
enum err	s3_take_algorithm(struct cx *cx, const struct s3_call *c,
		    const struct digest_sum **out);
/* If-Match and kin, under a prefix: "" or "x-amz-copy-source-". */
enum err	s3_take_cond(struct cx *cx, const struct s3_call *c,
		    const char *prefix, struct cond *out);
/* Refuses headers whose meaning would otherwise be dropped silently. */
enum err	s3_refuse_unknown(struct cx *cx, const struct s3_call *c);
/* [S3] versionId: "null" or a commit's full id; only "null" to write to. */
enum err	s3_check_version(struct cx *cx, struct str version,
		    bool writes);
enum err	s3_copy_source(struct cx *cx, const struct s3_call *c,
		    struct target *src);
/* A query parameter, or the header of that name: usual when it is not there,
 * max when it is more. */
enum err	s3_number(struct cx *cx, const struct s3_call *c,
		    const char *name, uint64_t usual, uint64_t max,
		    uint64_t *out);

/* encoding-type=url, and a key as it then appears in the answer. */
enum err	s3_take_encoding(struct cx *cx, const struct s3_call *c,
		    bool *url);
struct str	s3_shown(struct cx *cx, bool url, struct str key);

/* 404 with the code that S3 has for this configuration. */
enum err	s3_config_missing(struct cx *cx, const char *code);
/* s3_config: a setting as it was put, or s3_config_missing. */
enum err	s3_setting_get(struct cx *cx, struct s3_call *c,
		    const char *setting, const char *type,
		    const char *missing);
enum err	s3_setting_put(struct cx *cx, struct s3_call *c,
		    const char *setting, struct str value);
enum err	s3_setting_delete(struct cx *cx, struct s3_call *c,
		    const char *setting);

/* s3_cors: what a browser is told, on any answer to a request with Origin,
 * and in answer to its OPTIONS.  E_CORS. */
void		s3_cors_headers(struct cx *cx, struct s3_call *c);
enum err	s3_cors_preflight(struct cx *cx, struct s3_call *c);

/* s3_policy: may anybody do this?  Without a policy nobody may. */
enum err	s3_policy_allows(struct cx *cx, const struct s3_call *c,
		    enum s3_action action, bool *allowed);
/* E_NO_AUTH */
enum err	s3_policy_check(struct cx *cx, const struct s3_call *c);

/* s3_body: a request body with everything that vouches for it. */
struct s3_sum {
	const char		*name;		/* "crc32" */
	enum digest_kind	 kind;
	struct digest		 digest;
	struct str		 want;	/* as sent; p NULL: only computed */
	bool			 in_trailer;
	struct str		 got;		/* base64 */
};
struct s3_body {
	struct s3_call	*call;
	struct source	 source;		/* the payload, unframed */
	uint64_t	 length;		/* of the payload */
	bool		 any_length;	/* it is not said */
	bool		 has_md5;
	unsigned char	 md5[16];
	bool		 has_hash;
	struct digest	 hash;			/* x-amz-content-sha256 */
	struct s3_sum	 sums[DIGEST_SUMS];
	size_t		 n_sums;
	struct pair	 trailer;		/* filled at the end */
	/* a body that is no object's */
	uint64_t	 seen;
	size_t		 most;
	enum err	 too_large;	/* how more than that is refused */
	struct digest	 md5_digest;
};

/* sum: compute this one too ("" none), as an upload asks for. */
enum err	s3_body_open(struct cx *cx, struct s3_call *c, struct str sum,
		    struct s3_body **out);
/* Store the payload, then check all digests and lengths. */
enum err	s3_body_take(struct cx *cx, struct s3_body *b, uint64_t max,
		    struct body **out);
/*
 * A document in XML, of max bytes, read as it comes; xml_close fails unless
 * all vouches for the body, so nothing is done with it before.  E_BAD_XML.
 */
enum err	s3_body_xml(struct cx *cx, struct s3_body *b, size_t max,
		    const char *root, struct xml **out);
/* The same of a request's body, opened. */
enum err	s3_take_xml(struct cx *cx, struct s3_call *c, size_t max,
		    const char *root, struct xml **out);
/* The whole body of a request as text, checked; E_TOO_LARGE over max. */
enum err	s3_take_text(struct cx *cx, struct s3_call *c,
		    size_t max, struct str *out);
void		s3_body_sums(struct cx *cx, const struct s3_body *b,
		    struct entry *en);
/* The MD5 of what was stored, in hex. */
struct str	s3_body_etag(struct cx *cx, const struct body *b);

/* s3_chunked: a source that takes aws-chunked framing off. */
enum err	s3_chunked_open(struct cx *cx, struct s3_body *b,
		    struct source *out);

/* The operations, each in the file of its group. */
s3_fn	s3_list_buckets, s3_head_bucket, s3_get_bucket_location,
	s3_create_bucket, s3_delete_bucket, s3_get_bucket_versioning,
	s3_put_bucket_versioning,
	s3_get_bucket_cors, s3_put_bucket_cors, s3_delete_bucket_cors,
	s3_get_bucket_policy, s3_put_bucket_policy, s3_delete_bucket_policy,
	s3_get_bucket_policy_status,
	s3_get_acl, s3_fixed_document, s3_fixed_missing,
	s3_list_objects, s3_list_objects_v2, s3_list_object_versions,
	s3_get_object, s3_get_object_attributes, s3_put_object, s3_post_object,
	s3_copy_object, s3_rename_object, s3_delete_object, s3_delete_objects,
	s3_marker_put, s3_marker_delete, s3_marker_refuse,
	s3_get_object_tagging, s3_put_object_tagging,
	s3_delete_object_tagging,
	s3_get_bucket_tagging, s3_put_bucket_tagging,
	s3_delete_bucket_tagging,
	s3_create_multipart_upload, s3_upload_part, s3_upload_part_copy,
	s3_complete_multipart_upload, s3_abort_multipart_upload,
	s3_list_parts, s3_list_multipart_uploads;

#endif
