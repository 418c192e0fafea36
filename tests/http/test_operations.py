"""Every operation of either API is in the table of its page, src/s3/README.md or
src/api/README.md, and the tables are true."""
import inspect
import re

import botocore.session
import lakefs_sdk.api

from routes import api_rows
from servers import TOP
from sign import Signed
from test_api import call

ELSEWHERE = {"ListDirectoryBuckets", "WriteGetObjectResponse"}
MODEL = botocore.session.get_session().get_service_model("s3")


def table():
    """{operation: "yes", "501" or "elsewhere"}."""
    with open(f"{TOP}/src/s3/README.md") as f:
        lines = f.read().split("<!-- operations -->")[1].strip().split("\n")[2:]
    out = {}
    for line in lines:
        answer, names = (c.strip() for c in line.strip("|").split("|")[:2])
        for name in re.findall(r"[A-Z]\w+(?=[,.( ]|$)", re.sub(r"\([^)]*\)", "", names)):
            assert name not in out, name
            out[name] = {"501": "501", "of another endpoint": "elsewhere"}.get(answer, "yes")
    return out


def probe(lake, name):
    """The operation with what it requires, and nothing that it would like."""
    op = MODEL.operation_model(name)
    path, _, query = op.http["requestUri"].partition("?")
    headers = {}
    for member in op.input_shape.required_members if op.input_shape else ():
        shape = op.input_shape.members[member]
        where, key = shape.serialization.get("location"), shape.serialization.get("name")
        value = f"/{lake.repo}/main/o" if "source" in (key or "").lower() else "1"
        if where == "querystring":
            query += f"&{key}={value}"
        elif where == "header":
            headers[key.lower()] = value
    path = path.replace("{Bucket}", lake.repo).replace("{Key+}", "main/o")
    path = path if path.startswith(f"/{lake.repo}") or path == "/" else f"/{lake.repo}{path}"
    # HEAD has no body to tell 501 from; nothing that is asked by HEAD is missing.
    return Signed(lake.url, op.http["method"], path, query=query.strip("&"), headers=headers).send()[0]


def test_every_operation_answers_as_the_table_says(lake):
    lake.put("main/o", b"x")
    want = table()
    assert {n for n, answer in want.items() if answer == "elsewhere"} == ELSEWHERE
    got = {name: "elsewhere" if name in ELSEWHERE else "501" if probe(lake, name) == 501 else "yes"
           for name in MODEL.operation_names}
    assert got == want


# ---- REST ----------------------------------------------------------------------

# The operationIds of lakeFS's contract.
REST = """
    abortPresignMultipartUpload addGroupMembership attachPolicyToGroup attachPolicyToUser cherryPick
    commit completePresignMultipartUpload copyObject createBranch createBranchProtectionRulePreflight
    CreateCommitRecord createCredentials createGroup createPolicy createPresignMultipartUpload
    createPullRequest createRepository createSymlinkFile createTag createUser createUserExternalPrincipal
    deleteBranch deleteCredentials deleteGCRules deleteGroup deleteGroupMembership deleteObject
    deleteObjects deletePolicy deleteRepository deleteRepositoryMetadata deleteTag deleteUser
    deleteUserExternalPrincipal detachPolicyFromGroup detachPolicyFromUser diffBranch diffRefs dumpRefs
    dumpStatus dumpSubmit externalPrincipalLogin findMergeBase getAuthCapabilities getBranch
    getBranchProtectionRules getCommit getConfig getCredentials getCurrentUser getExternalPrincipal
    getGarbageCollectionConfig getGCRules getGroup getGroupACL getLakeFSVersion getMetadataObject
    getMetaRange getObject getPhysicalAddress getPolicy getPullRequest getRange getRepository
    getRepositoryMetadata getRun getRunHookOutput getSetupState getStorageConfig getTag
    getUnderlyingProperties getUsageReportSummary getUser hardResetBranch headObject healthCheck
    importCancel importStart importStatus internalCreateBranchProtectionRule
    internalDeleteBranchProtectionRule internalDeleteGarbageCollectionRules
    internalGetBranchProtectionRules internalGetGarbageCollectionRules internalSetGarbageCollectionRules
    linkPhysicalAddress listBranches listGroupMembers listGroupPolicies listGroups listObjects
    listPolicies listPullRequests listRepositories listRepositoryRuns listRunHooks listTags
    listUserCredentials listUserExternalPrincipals listUserGroups listUserPolicies listUsers logCommits
    login mergeIntoBranch mergePullRequest oauthCallback postStatsEvents prepareGarbageCollectionCommits
    prepareGarbageCollectionCommitsAsync prepareGarbageCollectionCommitsStatus
    prepareGarbageCollectionUncommitted resetBranch restoreRefs restoreStatus restoreSubmit revertBranch
    setBranchProtectionRules setGarbageCollectionRulesPreflight setGCRules setGroupACL
    setRepositoryMetadata setup setupCommPrefs stageObject statObject stsLogin updateObjectUserMetadata
    updatePolicy updatePullRequest uploadObject uploadObjectPreflight uploadPart uploadPartCopy
""".split()


PAGE = f"{TOP}/src/api/README.md"


def rest_table():
    """What stands in the page between two marks, made of the rows of src/api/api_route.c."""
    row = lambda answer, there: f"| {answer} | " + ", ".join(
        sorted((r.name for r in api_rows() if r.runs == there), key=str.lower)) + " |\n"
    return ("\n| answer | operations of lakeFS's API |\n|---|---|\n"
            + row("as lakeFS, but for what is said below", True) + row("501", False))


def test_the_rest_api_has_every_operation_of_the_contract():
    assert sorted(r.name for r in api_rows()) == sorted(REST) and len(set(REST)) == 134
    with open(PAGE) as f:
        assert f.read().split("<!-- operations -->")[1] == rest_table()


def test_the_sdk_asks_at_the_paths_of_the_table():
    ours = {(r.method, r.path): r.name.lower() for r in api_rows()}
    asked = 0
    for module in vars(lakefs_sdk.api).values():
        for name, method in inspect.getmembers(module, inspect.isfunction):
            at = re.search(r"call_api\(\s*'([^']+)', '(\w+)'", inspect.getsource(method))
            if at and name.endswith("_with_http_info"):
                called = ours[at[2], re.sub(r"{\w+}", "{}", at[1])]
                assert called == name[:-len("_with_http_info")].replace("_", "")
                asked += 1
    assert asked >= 130


def test_every_operation_of_rest_answers_as_the_table_says(lake):
    for row in api_rows():
        path = row.path.replace("{}", "not-here", 1).replace("{}", "main")
        status, answer = call(lake, row.method, path, {} if row.method not in ("GET", "HEAD") else None)
        assert (status == 501) == (not row.runs), (row, status)
        assert row.runs or answer["message"].startswith(row.name + " "), answer


if __name__ == "__main__":
    with open(PAGE) as page:
        parts = page.read().split("<!-- operations -->")
    parts[1] = rest_table()
    with open(PAGE, "w") as page:
        page.write("<!-- operations -->".join(parts))
