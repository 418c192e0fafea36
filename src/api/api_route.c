/*
 * The operation table: every operation of lakeFS's REST contract, with what it
 * runs, or NULL where it answers 501 on purpose.  A fixed segment wins over a
 * captured one by coming first.
 */
#include "api/api_call.h"

#include <string.h>

#include "base/enc.h"

static const struct api_row rows[] = {

	/* config, identity */
	{ M_GET, "/config",
	    api_get_config, "getConfig", 0 },
	{ M_GET, "/config/version",
	    api_get_lakefs_version, "getLakeFSVersion", 0 },
	{ M_GET, "/config/storage",
	    api_get_storage_config, "getStorageConfig", 0 },
	{ M_GET, "/config/garbage-collection",
	    NULL, "getGarbageCollectionConfig", 0 },
	{ M_GET, "/healthcheck",
	    api_healthcheck, "healthCheck", F_OPEN },
	{ M_GET, "/user",
	    api_get_current_user, "getCurrentUser", 0 },
	{ M_POST, "/auth/login",
	    api_login, "login", F_OPEN },
	{ M_GET, "/auth/capabilities",
	    api_auth_capabilities, "getAuthCapabilities", F_OPEN },
	{ M_GET, "/setup_lakefs",
	    api_get_setup_state, "getSetupState", F_OPEN },
	{ M_POST, "/setup_lakefs",
	    api_setup, "setup", F_OPEN },
	{ M_POST, "/setup_comm_prefs",
	    NULL, "setupCommPrefs", F_OPEN },

	/* repositories */
	{ M_GET, "/repositories",
	    api_list_repositories, "listRepositories", 0 },
	{ M_POST, "/repositories",
	    api_create_repository, "createRepository", 0 },
	{ M_GET, "/repositories/{}",
	    api_get_repository, "getRepository", 0 },
	{ M_DELETE, "/repositories/{}",
	    api_delete_repository, "deleteRepository", 0 },
	{ M_GET, "/repositories/{}/metadata",
	    api_get_repository_metadata, "getRepositoryMetadata", 0 },
	{ M_POST, "/repositories/{}/metadata",
	    NULL, "setRepositoryMetadata", 0 },
	{ M_DELETE, "/repositories/{}/metadata",
	    NULL, "deleteRepositoryMetadata", 0 },

	/* branches */
	{ M_GET, "/repositories/{}/branches",
	    api_list_branches, "listBranches", 0 },
	{ M_POST, "/repositories/{}/branches",
	    api_create_branch, "createBranch", 0 },
	{ M_GET, "/repositories/{}/branches/{}",
	    api_get_branch, "getBranch", 0 },
	{ M_DELETE, "/repositories/{}/branches/{}",
	    api_delete_branch, "deleteBranch", 0 },
	{ M_PUT, "/repositories/{}/branches/{}",
	    api_reset_branch, "resetBranch", 0 },
	{ M_GET, "/repositories/{}/branches/{}/diff",
	    api_diff_branch, "diffBranch", 0 },
	{ M_POST, "/repositories/{}/branches/{}/commits",
	    api_commit, "commit", 0 },
	{ M_POST, "/repositories/{}/branches/{}/revert",
	    NULL, "revertBranch", 0 },
	{ M_POST, "/repositories/{}/branches/{}/cherry-pick",
	    NULL, "cherryPick", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/hard_reset",
	    NULL, "hardResetBranch", 0 },

	/* tags and commits */
	{ M_GET, "/repositories/{}/tags",
	    api_list_tags, "listTags", 0 },
	{ M_POST, "/repositories/{}/tags",
	    api_create_tag, "createTag", 0 },
	{ M_GET, "/repositories/{}/tags/{}",
	    api_get_tag, "getTag", 0 },
	{ M_DELETE, "/repositories/{}/tags/{}",
	    api_delete_tag, "deleteTag", 0 },
	{ M_GET, "/repositories/{}/commits/{}",
	    api_get_commit, "getCommit", 0 },
	{ M_POST, "/repositories/{}/commits",
	    NULL, "CreateCommitRecord", 0 },
	{ M_GET, "/repositories/{}/refs/{}/commits",
	    api_log_commits, "logCommits", 0 },

	/* objects */
	{ M_POST, "/repositories/{}/branches/{}/objects",
	    api_upload_object, "uploadObject", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/objects",
	    NULL, "stageObject", 0 },
	{ M_DELETE, "/repositories/{}/branches/{}/objects",
	    api_delete_object, "deleteObject", 0 },
	{ M_POST, "/repositories/{}/branches/{}/objects/delete",
	    api_delete_objects, "deleteObjects", 0 },
	{ M_POST, "/repositories/{}/branches/{}/objects/copy",
	    api_copy_object, "copyObject", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/objects/stat/user_metadata",
	    api_update_object_user_metadata, "updateObjectUserMetadata", 0 },
	{ M_GET, "/repositories/{}/branches/{}/objects/stage_allowed",
	    NULL, "uploadObjectPreflight", 0 },
	{ M_GET, "/repositories/{}/refs/{}/objects",
	    api_get_object, "getObject", 0 },
	{ M_HEAD, "/repositories/{}/refs/{}/objects",
	    api_get_object, "headObject", 0 },
	{ M_GET, "/repositories/{}/refs/{}/objects/stat",
	    api_stat_object, "statObject", 0 },
	{ M_GET, "/repositories/{}/refs/{}/objects/ls",
	    api_list_objects, "listObjects", 0 },
	{ M_GET, "/repositories/{}/refs/{}/objects/underlyingProperties",
	    api_get_underlying_properties, "getUnderlyingProperties", 0 },

	/* refs */
	{ M_GET, "/repositories/{}/refs/{}/diff/{}",
	    api_diff_refs, "diffRefs", 0 },
	{ M_POST, "/repositories/{}/refs/{}/merge/{}",
	    api_merge_into_branch, "mergeIntoBranch", 0 },
	{ M_GET, "/repositories/{}/refs/{}/merge/{}",
	    api_find_merge_base, "findMergeBase", 0 },
	{ M_POST, "/repositories/{}/refs/{}/symlink",
	    NULL, "createSymlinkFile", 0 },
	{ M_PUT, "/repositories/{}/refs/dump",
	    NULL, "dumpRefs", 0 },
	{ M_PUT, "/repositories/{}/refs/restore",
	    NULL, "restoreRefs", 0 },
	{ M_POST, "/repositories/{}/dump",
	    NULL, "dumpSubmit", 0 },
	{ M_GET, "/repositories/{}/dump",
	    NULL, "dumpStatus", 0 },
	{ M_POST, "/repositories/{}/restore",
	    NULL, "restoreSubmit", 0 },
	{ M_GET, "/repositories/{}/restore",
	    NULL, "restoreStatus", 0 },

	/* import and staging */
	{ M_POST, "/repositories/{}/branches/{}/import",
	    NULL, "importStart", 0 },
	{ M_GET, "/repositories/{}/branches/{}/import",
	    NULL, "importStatus", 0 },
	{ M_DELETE, "/repositories/{}/branches/{}/import",
	    NULL, "importCancel", 0 },
	{ M_GET, "/repositories/{}/branches/{}/staging/backing",
	    NULL, "getPhysicalAddress", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/staging/backing",
	    NULL, "linkPhysicalAddress", 0 },
	{ M_POST, "/repositories/{}/branches/{}/staging/pmpu",
	    NULL, "createPresignMultipartUpload", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/staging/pmpu/{}",
	    NULL, "completePresignMultipartUpload", 0 },
	{ M_DELETE, "/repositories/{}/branches/{}/staging/pmpu/{}",
	    NULL, "abortPresignMultipartUpload", 0 },

	/* settings */
	{ M_GET, "/repositories/{}/settings/branch_protection",
	    NULL, "getBranchProtectionRules", 0 },
	{ M_PUT, "/repositories/{}/settings/branch_protection",
	    NULL, "setBranchProtectionRules", 0 },
	{ M_GET, "/repositories/{}/settings/gc_rules",
	    NULL, "getGCRules", 0 },
	{ M_PUT, "/repositories/{}/settings/gc_rules",
	    NULL, "setGCRules", 0 },
	{ M_DELETE, "/repositories/{}/settings/gc_rules",
	    NULL, "deleteGCRules", 0 },
	{ M_POST, "/repositories/{}/gc/prepare_commits",
	    NULL, "prepareGarbageCollectionCommits", 0 },
	{ M_POST, "/repositories/{}/gc/prepare_uncommited",
	    NULL, "prepareGarbageCollectionUncommitted", 0 },

	/* pull requests, actions, metadata */
	{ M_GET, "/repositories/{}/pulls",
	    NULL, "listPullRequests", 0 },
	{ M_POST, "/repositories/{}/pulls",
	    NULL, "createPullRequest", 0 },
	{ M_GET, "/repositories/{}/pulls/{}",
	    NULL, "getPullRequest", 0 },
	{ M_PATCH, "/repositories/{}/pulls/{}",
	    NULL, "updatePullRequest", 0 },
	{ M_PUT, "/repositories/{}/pulls/{}/merge",
	    NULL, "mergePullRequest", 0 },
	{ M_GET, "/repositories/{}/actions/runs",
	    NULL, "listRepositoryRuns", 0 },
	{ M_GET, "/repositories/{}/actions/runs/{}",
	    NULL, "getRun", 0 },
	{ M_GET, "/repositories/{}/actions/runs/{}/hooks",
	    NULL, "listRunHooks", 0 },
	{ M_GET, "/repositories/{}/metadata/meta_range/{}",
	    NULL, "getMetaRange", 0 },
	{ M_GET, "/repositories/{}/metadata/range/{}",
	    NULL, "getRange", 0 },

	/* users, groups, policies */
	{ M_GET, "/auth/users",
	    NULL, "listUsers", 0 },
	{ M_POST, "/auth/users",
	    NULL, "createUser", 0 },
	{ M_GET, "/auth/users/{}",
	    NULL, "getUser", 0 },
	{ M_DELETE, "/auth/users/{}",
	    NULL, "deleteUser", 0 },
	{ M_GET, "/auth/users/{}/credentials",
	    NULL, "listUserCredentials", 0 },
	{ M_POST, "/auth/users/{}/credentials",
	    NULL, "createCredentials", 0 },
	{ M_GET, "/auth/groups",
	    NULL, "listGroups", 0 },
	{ M_POST, "/auth/groups",
	    NULL, "createGroup", 0 },
	{ M_GET, "/auth/policies",
	    NULL, "listPolicies", 0 },
	{ M_POST, "/auth/policies",
	    NULL, "createPolicy", 0 },
	{ M_POST, "/statistics",
	    api_post_stats_events, "postStatsEvents", 0 },
	{ M_GET, "/usage-report/summary",
	    NULL, "getUsageReportSummary", 0 },
	{ M_POST, "/sts/login",
	    NULL, "stsLogin", F_OPEN },

	/* the rest of the contract */
	{ M_GET, "/repositories/{}/branch_protection",
	    NULL, "internalGetBranchProtectionRules", 0 },
	{ M_POST, "/repositories/{}/branch_protection",
	    NULL, "internalCreateBranchProtectionRule", 0 },
	{ M_DELETE, "/repositories/{}/branch_protection",
	    NULL, "internalDeleteBranchProtectionRule", 0 },
	{ M_GET, "/repositories/{}/gc/rules",
	    NULL, "internalGetGarbageCollectionRules", 0 },
	{ M_POST, "/repositories/{}/gc/rules",
	    NULL, "internalSetGarbageCollectionRules", 0 },
	{ M_DELETE, "/repositories/{}/gc/rules",
	    NULL, "internalDeleteGarbageCollectionRules", 0 },
	{ M_GET, "/repositories/{}/branch_protection/set_allowed",
	    NULL, "createBranchProtectionRulePreflight", 0 },
	{ M_GET, "/repositories/{}/gc/rules/set_allowed",
	    NULL, "setGarbageCollectionRulesPreflight", 0 },
	{ M_POST, "/repositories/{}/gc/prepare_commits/async",
	    NULL, "prepareGarbageCollectionCommitsAsync", 0 },
	{ M_GET, "/repositories/{}/gc/prepare_commits/status",
	    NULL, "prepareGarbageCollectionCommitsStatus", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/staging/pmpu/{}/parts/{}",
	    NULL, "uploadPart", 0 },
	{ M_PUT, "/repositories/{}/branches/{}/staging/pmpu/{}/parts/{}/copy",
	    NULL, "uploadPartCopy", 0 },
	{ M_GET, "/repositories/{}/actions/runs/{}/hooks/{}/output",
	    NULL, "getRunHookOutput", 0 },
	{ M_GET, "/repositories/{}/metadata/object/{}/{}",
	    NULL, "getMetadataObject", 0 },
	{ M_DELETE, "/auth/users/{}/credentials/{}",
	    NULL, "deleteCredentials", 0 },
	{ M_GET, "/auth/users/{}/credentials/{}",
	    NULL, "getCredentials", 0 },
	{ M_GET, "/auth/users/{}/groups",
	    NULL, "listUserGroups", 0 },
	{ M_GET, "/auth/users/{}/policies",
	    NULL, "listUserPolicies", 0 },
	{ M_PUT, "/auth/users/{}/policies/{}",
	    NULL, "attachPolicyToUser", 0 },
	{ M_DELETE, "/auth/users/{}/policies/{}",
	    NULL, "detachPolicyFromUser", 0 },
	{ M_GET, "/auth/groups/{}",
	    NULL, "getGroup", 0 },
	{ M_DELETE, "/auth/groups/{}",
	    NULL, "deleteGroup", 0 },
	{ M_GET, "/auth/groups/{}/members",
	    NULL, "listGroupMembers", 0 },
	{ M_PUT, "/auth/groups/{}/members/{}",
	    NULL, "addGroupMembership", 0 },
	{ M_DELETE, "/auth/groups/{}/members/{}",
	    NULL, "deleteGroupMembership", 0 },
	{ M_GET, "/auth/groups/{}/policies",
	    NULL, "listGroupPolicies", 0 },
	{ M_PUT, "/auth/groups/{}/policies/{}",
	    NULL, "attachPolicyToGroup", 0 },
	{ M_DELETE, "/auth/groups/{}/policies/{}",
	    NULL, "detachPolicyFromGroup", 0 },
	{ M_GET, "/auth/groups/{}/acl",
	    NULL, "getGroupACL", 0 },
	{ M_POST, "/auth/groups/{}/acl",
	    NULL, "setGroupACL", 0 },
	{ M_GET, "/auth/policies/{}",
	    NULL, "getPolicy", 0 },
	{ M_PUT, "/auth/policies/{}",
	    NULL, "updatePolicy", 0 },
	{ M_DELETE, "/auth/policies/{}",
	    NULL, "deletePolicy", 0 },
	{ M_POST, "/auth/external/principal/login",
	    NULL, "externalPrincipalLogin", F_OPEN },
	{ M_GET, "/auth/external/principals",
	    NULL, "getExternalPrincipal", 0 },
	{ M_GET, "/auth/users/{}/external/principals/ls",
	    NULL, "listUserExternalPrincipals", 0 },
	{ M_POST, "/auth/users/{}/external/principals",
	    NULL, "createUserExternalPrincipal", 0 },
	{ M_DELETE, "/auth/users/{}/external/principals",
	    NULL, "deleteUserExternalPrincipal", 0 },
	{ M_GET, "/oidc/callback",
	    NULL, "oauthCallback", F_OPEN },
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const char *
api_operation(size_t i)
{
	return i < sizeof rows / sizeof rows[0] ? rows[i].called : NULL;
}

const struct api_row *
api_route_table(size_t *n)
{
	*n = ROWS;
	return rows;
}

/* Match a template against the raw segments; {} captures, decoded later. */
static bool
match(const char *path, struct str target, struct str arg[API_ARGS])
{
	struct str	want = str_of(path + 1), a, b;
	size_t		n = 0;
	bool		more_a, more_b;

	target = str_from(target, 1);
	for (;;) {
		more_a = str_split(&want, '/', &a);
		more_b = str_split(&target, '/', &b);
		if (!more_a || !more_b)
			return more_a == more_b;
		if (str_is(a, STR("{}"))) {
			if (b.n == 0)
				return false;
			arg[n++] = b;
		} else if (!str_is(a, b))
			return false;
	}
}

static enum err
args_decode(struct cx *cx, struct api_call *c)
{
	size_t	i;

	for (i = 0; i < API_ARGS; i++)
		if (!enc_unpercent(cx->mem, c->arg[i], false, &c->arg[i]))
			return fail(cx, E_BAD_REQUEST, "the path has a bad "
			    "percent escape");
	return OK;
}

static enum err
wrong_method(struct cx *cx, struct api_call *c)
{
	struct str	target, arg[API_ARGS];
	struct buf	allow;
	size_t		i;

	target = str_from(c->req->raw_path, strlen("/api/v1"));
	buf_init(&allow, cx->mem, 256);
	for (i = 0; i < ROWS; i++)
		if (match(rows[i].path, target, arg)) {
			buf_z(&allow, allow.n > 0 ? ", " : "");
			buf_str(&allow, request_method_name(rows[i].method));
		}
	if (allow.n == 0)
		return fail(cx, E_NO_SUCH_ROUTE, "invalid API endpoint");
	response_header(c->res, "Allow", buf_as_str(&allow));
	return fail(cx, E_METHOD, "method not allowed: %.*s",
	    STRF(buf_as_str(&allow)));
}

enum err
api_route(struct cx *cx, struct api_call *c)
{
	struct str	target = str_from(c->req->raw_path,
	    strlen("/api/v1"));
	size_t		i;

	for (i = 0; i < ROWS; i++) {
		memset(c->arg, 0, sizeof c->arg);
		if (rows[i].method == c->req->method &&
		    match(rows[i].path, target, c->arg)) {
			c->row = &rows[i];
			return args_decode(cx, c);
		}
	}
	return wrong_method(cx, c);
}
