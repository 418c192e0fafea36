/* What the operations of the REST API share. */
#ifndef API_API_CALL_H
#define API_API_CALL_H

#include "api/api.h"
#include "auth/auth.h"
#include "base/cx.h"
#include "base/json.h"
#include "base/limit.h"
#include "engine/engine.h"
#include "http/http.h"

enum {
	API_ARGS = 4,
	API_ANSWER_MAX = 64 << 20
};

struct api_row;

struct api_call {
	struct engine		*eng;
	struct auth		*auth;
	const struct api_opts	*opt;
	struct request		*req;
	struct response		*res;
	struct auth_identity	 who;
	const struct api_row	*row;
	struct str		 arg[API_ARGS];	/* what the template captured */
	/* Below /repositories/, from arg: checked by lake/target. */
	struct str		 repo;
	struct str		 ref;	/* branch, tag, commit or expression */
	struct str		 to;	/* second ref: a diff's right side, the
					 * branch that is merged into */
	struct str		*deleted;	/* paths, by deleteObjects */
	size_t			 n_deleted;
};

/* An operation: it answers in c->res, or fails and api_handle answers. */
typedef enum err api_fn(struct cx *cx, struct api_call *c);

enum { F_OPEN = 1 };		/* needs no authentication */

struct api_row {
	enum method	 method;
	const char	*path;		/* {} captures a segment */
	api_fn		*run;		/* NULL: answers 501 on purpose */
	const char	*called;	/* lakeFS's operationId */
	unsigned	 needs;
};

/* Find the row and fill arg.  E_NO_SUCH_ROUTE, or E_METHOD with Allow;
 * E_BAD_REQUEST for a bad percent escape. */
enum err	api_route(struct cx *cx, struct api_call *c);
/* All rows, for tests. */
const struct api_row *api_route_table(size_t *n);

/* The status of an error kind. */
int		api_error_status(enum err e);

/*
 * api_take: what a request says.  Parameters that are absent or empty leave
 * *out alone; wrong ones are E_BAD_REQUEST.
 */
/* The body, of max bytes, as an object: E_TOO_LARGE, E_BAD_JSON,
 * E_INCOMPLETE_BODY.  An empty one where it is optional has no members. */
enum err	api_take_json(struct cx *cx, struct api_call *c,
		    size_t max, bool optional, struct json *out);
/* The same with a member that is a long list, which json_next_str gives. */
enum err	api_take_list(struct cx *cx, struct api_call *c, size_t max,
		    const char *name, struct json *out,
		    struct json_list *list);
/* prefix, after, amount, delimiter, checked by lake/target. */
enum err	api_take_page(struct cx *cx, const struct api_call *c,
		    struct list_query *q);
/* amount: 100 where there is none, at most LIMIT_PAGE. */
enum err	api_take_amount(struct cx *cx, const struct api_call *c,
		    size_t *out);
/* "true" or "false", and their other forms in Go, which SDKs send. */
enum err	api_take_bool(struct cx *cx, const struct api_call *c,
		    const char *name, bool *out);
/* A parameter that must be there and not empty. */
enum err	api_need_param(struct cx *cx, const struct api_call *c,
		    const char *name, struct str *out);
/* The object that the parameter "path" names at the ref; E_BAD_PATH too. */
enum err	api_take_object(struct cx *cx, const struct api_call *c,
		    struct target *out);
/* E_NOT_IMPLEMENTED where a client asks for a presigned URL. */
enum err	api_take_no_presign(struct cx *cx, const struct api_call *c);

/*
 * api_answer: lakeFS's values in JSON, and the answers that they make.  name is
 * NULL for an item of a list and for a whole answer.
 */
/* A body in the context's memory, of API_ANSWER_MAX bytes at most. */
struct json_out	api_begin(struct cx *cx);
/* Send it. */
void		api_answer(struct api_call *c, int status,
		    struct json_out *j);
/* The same for a page: what is put next are its results. */
struct json_out	api_begin_list(struct cx *cx);
/* Send it, 200: there were n results, the last one of this name ("" without
 * any), and more follow or not. */
void		api_answer_list(struct api_call *c, struct json_out *j,
		    struct str last, bool more, size_t n);
/* Repository */
void		api_put_repo(struct json_out *j, const char *name,
		    const struct repo *r);
/* Ref: a branch or tag, and its commit */
void		api_put_ref(struct json_out *j, const char *name,
		    struct str id, const struct oid *commit);
/* Commit */
void		api_put_commit(struct json_out *j, const char *name,
		    const struct commit *c);
/* ObjectStats; its metadata is {} without with_meta. */
void		api_put_stats(struct cx *cx, struct json_out *j,
		    const struct repo *r, struct str path,
		    const struct entry *en, bool with_meta);
/* ObjectStats as the whole answer.  E_NO_SUCH_REPO. */
enum err	api_answer_stats(struct cx *cx, struct api_call *c,
		    int status, struct str path, const struct entry *en,
		    bool with_meta);

/* The sample data for a repository that is to be made, read and stored, without
 * names yet.  E_NOT_IMPLEMENTED: this server has none. */
struct samples;
enum err	api_samples_take(struct cx *cx, struct api_call *c,
		    const struct repo *r, struct samples **out);
/* Commit them on its default branch, once it is there. */
enum err	api_samples_put(struct cx *cx, struct api_call *c,
		    const struct repo *r, const struct samples *all);

/* The operations, each in the file of its resource. */
api_fn	api_get_config, api_get_storage_config, api_get_lakefs_version,
	api_healthcheck, api_post_stats_events, api_get_current_user,
	api_login, api_get_setup_state, api_setup, api_auth_capabilities,
	api_list_repositories, api_create_repository, api_get_repository,
	api_delete_repository, api_get_repository_metadata,
	api_list_branches, api_create_branch, api_get_branch,
	api_delete_branch, api_reset_branch, api_diff_branch,
	api_list_tags, api_create_tag, api_get_tag, api_delete_tag,
	api_commit, api_get_commit, api_log_commits,
	api_diff_refs, api_merge_into_branch, api_find_merge_base,
	api_upload_object, api_get_object, api_stat_object, api_list_objects,
	api_delete_object, api_delete_objects, api_copy_object,
	api_update_object_user_metadata, api_get_underlying_properties;

#endif
