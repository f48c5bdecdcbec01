/* agent/indexing/look.c - who is there, what may we do there, and is what `index` needs there?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/talk.h"

/* --- who is there -------------------------------------------------------------------------- */

static bool who_ask(const struct turn *turn, struct request *ret)
{
    (void)turn, (void)ret; /* GET / is what an errand begins with */
    return true;
}

/* "8.19.21" to 8019; 0: no version. */
static unsigned version_read(struct str number)
{
    uint64_t major, minor;
    struct cut first = str_cut(number, '.'), second = str_cut(first.tail, '.');
    if (!str_to_uint(first.head, &major) || !str_to_uint(second.head, &minor) || major > 1000 ||
        minor > 999)
        return 0;
    return (unsigned)(major * 1000 + minor);
}

static void who_is_known(const struct turn *turn, struct value banner)
{
    struct arena *arena = turn->errand->arena;
    struct value version = answer_member(banner, STR("version"));
    struct str number = answer_text(version, STR("number"), arena);
    struct str kind = answer_text(version, STR("distribution"), arena);
    turn->talk->is_opensearch = str_equal(kind, STR("opensearch"));
    turn->talk->version = version_read(number);
    if (!turn->talk->version) {
        errand_tell(turn->errand, FINDING_FAULT,
                    "what answers there is not Elasticsearch: is `url` right?");
        turn_end(turn);
    } else if (turn->errand->kind == ERRAND_LOOK) {
        errand_tell(turn->errand, FINDING_GOOD, "%s %.*s",
                    turn->talk->is_opensearch ? "OpenSearch" : "Elasticsearch",
                    STR_ARG(str_slice(number, 0, 40)));
    }
}

static void who_hear(const struct turn *turn, const struct reply *reply)
{
    struct value answer = answer_read(reply->body);
    if (reply->status == 403) {
        errand_tell(turn->errand, FINDING_DOUBT,
                    "it does not tell us its version: grant the cluster privilege \"monitor\"");
    } else if (reply->status == 200) {
        who_is_known(turn, answer);
    } else if (answer.kind == VALUE_MISSING) {
        errand_tell(turn->errand, FINDING_FAULT,
                    "answers %d, and not as Elasticsearch does: is `url` right?", reply->status);
        turn_end(turn);
    } else if (turn->errand->kind == ERRAND_LOOK) {
        errand_tell(turn->errand, FINDING_GOOD, "answers, and does not tell its version");
    }
}

const struct step step_who = {who_ask, who_hear};

/* --- what may we do there ------------------------------------------------------------------ */

static bool privileges_ask(const struct turn *turn, struct request *ret)
{
    const struct indexing *indexing = turn->indexing;
    if (turn->errand->kind != ERRAND_LOOK || turn->talk->is_opensearch)
        return false;
    turn_send(ret, "POST", STR("/_security/user/_has_privileges"),
              turn_format(turn,
                          "{\"index\":[{\"names\":[\"%.*s\"],"
                          "\"privileges\":[\"create_doc\",\"auto_configure\"]}]}",
                          STR_ARG(indexing->pattern)));
    return true;
}

/* Names of the members that are false, such as "create_doc, auto_configure". */
static struct str missing_in(const struct turn *turn, struct value privileges)
{
    struct str names = STR("");
    struct member member;
    for (size_t at = 0;
         privileges.kind == VALUE_OBJECT && scan_next(privileges.text, &at, &member);)
        if (member.value.kind == VALUE_BOOL && !member.value.truth)
            names = turn_format(turn, "%.*s%s\"%.*s\"", STR_ARG(names), names.len ? ", " : "",
                                STR_ARG(member.key));
    return names;
}

/* Where security is off, or the server has another kind, there is nothing to be learned this way.
 */
static void privileges_hear(const struct turn *turn, const struct reply *reply)
{
    if (reply->status != 200)
        return;
    const struct indexing *indexing = turn->indexing;
    struct value answer = answer_read(reply->body);
    struct str missing =
        missing_in(turn, answer_member(answer_member(answer, STR("index")), indexing->pattern));
    if (missing.len)
        errand_tell(turn->errand, FINDING_FAULT,
                    "no event may be stored: grant the index privilege%s %.*s on \"%.*s\"",
                    str_find(missing, ',') == SIZE_MAX ? "" : "s", STR_ARG(missing),
                    STR_ARG(indexing->pattern));
    else
        errand_tell(turn->errand, FINDING_GOOD, "events may be stored in \"%.*s\"",
                    STR_ARG(indexing->pattern));
}

const struct step step_privileges = {privileges_ask, privileges_hear};

/* --- the ingest pipeline ------------------------------------------------------------------- */

static bool pipeline_ask(const struct turn *turn, struct request *ret)
{
    struct str pipeline = turn->indexing->pipeline;
    if (turn->errand->kind != ERRAND_LOOK || !pipeline.len || str_equal(pipeline, STR("_none")))
        return false;
    turn_send(ret, "GET", turn_path(turn, "/_ingest/pipeline/", pipeline), (struct str){0});
    return true;
}

static void pipeline_hear(const struct turn *turn, const struct reply *reply)
{
    struct str name = str_slice(turn->indexing->pipeline, 0, 80);
    if (reply->status == 200)
        errand_tell(turn->errand, FINDING_GOOD, "the ingest pipeline \"%.*s\" is there",
                    STR_ARG(name));
    else if (reply->status == 404)
        errand_tell(
            turn->errand, FINDING_FAULT,
            "there is no ingest pipeline \"%.*s\": make it with PUT /_ingest/pipeline/%.*s, "
            "or leave out `pipeline`",
            STR_ARG(name), STR_ARG(name));
    else
        errand_tell(turn->errand, FINDING_DOUBT,
                    "whether there is an ingest pipeline \"%.*s\" cannot be told (%.*s)",
                    STR_ARG(name), STR_ARG(turn_words(turn, reply)));
}

const struct step step_pipeline = {pipeline_ask, pipeline_hear};
