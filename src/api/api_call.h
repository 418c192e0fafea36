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
	struct auth_identity		 who;
	const struct api_row	*row;
	struct str		 arg[API_ARGS];	/* what the template captured */
	struct str		*deleted;	/* paths, by deleteObjects */
	size_t			 n_deleted;
};

typedef enum err api_fn(struct cx *cx, struct api_call *c);

enum { F_OPEN = 1 };		/* needs no authentication */

struct api_row {
	enum method	 method;
	const char	*path;		/* {} captures a segment */
	api_fn		*run;		/* NULL: answers 501 on purpose */
	const char	*called;	/* operationId */
	unsigned	 needs;
};

/* E_NO_SUCH_ROUTE, or E_METHOD with Allow. */
enum err	api_route(struct cx *cx, struct api_call *c);
const struct api_row *api_route_table(size_t *n);

int		api_error_status(enum err e);

/* api_shape: queries, bodies and values in JSON. */
/* The body, of max bytes: E_TOO_LARGE; "" is *out NULL where optional. */
enum err	api_take_json(struct cx *cx, struct api_call *c,
		    size_t max, bool optional, struct json *out);
/* The same with a list, which json_next_str gives. */
enum err	api_take_list(struct cx *cx, struct api_call *c, size_t max,
		    const char *name, struct json *out,
		    struct json_list *list);
/* prefix, after, amount, delimiter. */
enum err	api_take_page(struct cx *cx, const struct api_call *c,
		    struct list_query *q);
enum err	api_take_bool(struct cx *cx, const struct api_call *c,
		    const char *name, bool *out);
/* A query parameter that must be there and not empty. */
enum err	api_need_param(struct cx *cx, const struct api_call *c,
		    const char *name, struct str *out);
struct json_out	api_begin(struct cx *cx, struct buf *b);
void		api_answer(struct api_call *c, int status, struct buf *b);
void		api_put_page(struct json_out *j, struct str last, bool more,
		    size_t n);
void		api_put_repo(struct json_out *j, const char *name,
		    const struct repo *r);
void		api_put_ref(struct json_out *j, const char *name,
		    struct str id, const struct oid *commit);
void		api_put_commit(struct json_out *j, const char *name,
		    const struct commit *c);
void		api_put_stats(struct cx *cx, struct json_out *j,
		    const struct repo *r, struct str path,
		    const struct entry *en, bool with_meta);

/* The sample data of a new repository, committed on its default branch. */
enum err	api_put_samples(struct cx *cx, struct api_call *c,
		    const struct repo *r);

/* The operations, each in the file of its resource. */
api_fn	api_get_config, api_get_storage_config, api_get_lakefs_version,
	api_healthcheck, api_get_current_user, api_login, api_get_setup_state,
	api_setup, api_auth_capabilities,
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
