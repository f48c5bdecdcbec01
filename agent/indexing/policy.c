/* agent/indexing/policy.c - retention: Elasticsearch's lifecycle policies (ILM) and OpenSearch's
 * (ISM). SPDX-License-Identifier: Apache-2.0
 *
 * Elasticsearch's data streams have a lifecycle of their own, which stands in the template; a
 * policy is for plain indexes, and for servers that do not know that lifecycle.
 */
#include "agent/indexing/policy.h"

#include <inttypes.h>

static const int64_t HOUR_NS = INT64_C(3600) * 1000000000;

bool policy_is_wanted(const struct turn *turn)
{
    const struct indexing_errand *talk = turn->talk;
    if (!turn_bootstraps(turn) || !turn->indexing->retention_ns || talk->lacks_policies)
        return false;
    return talk->is_opensearch || !policy_is_lifecycle(turn);
}

/* Since 8.14; where no version is told, it is tried. */
bool policy_is_lifecycle(const struct turn *turn)
{
    const struct indexing_errand *talk = turn->talk;
    return turn->indexing->is_stream && turn->indexing->retention_ns > 0 && !talk->is_opensearch &&
           !talk->lacks_lifecycle && (talk->version == 0 || talk->version >= 8014);
}

/* "30d" or "36h", rounded up: nothing goes before its time. */
struct str policy_time(const struct turn *turn, int64_t ns)
{
    int64_t hours = (ns + HOUR_NS - 1) / HOUR_NS;
    bool are_days = hours % 24 == 0;
    return turn_format(turn, "%" PRId64 "%c", are_days ? hours / 24 : hours, are_days ? 'd' : 'h');
}

static struct paper_note *note(const struct turn *turn)
{
    return &turn->talk->policy;
}

static struct str path(const struct turn *turn)
{
    return turn_path(turn, turn->talk->is_opensearch ? "/_plugins/_ism/policies/" : "/_ilm/policy/",
                     turn->indexing->name);
}

/* A new backing index each day, or each hour where they are not kept for two days. */
static const char *rollover_age(const struct turn *turn)
{
    return turn->indexing->retention_ns >= 48 * HOUR_NS ? "1d" : "1h";
}

static struct str ilm_body(const struct turn *turn, const struct mark *mark)
{
    struct str age = policy_time(turn, turn->indexing->retention_ns), rollover = STR("");
    if (turn->indexing->is_stream)
        rollover = turn_format(turn,
                               "\"rollover\":{\"max_age\":\"%s\","
                               "\"max_primary_shard_size\":\"50gb\"}",
                               rollover_age(turn));
    return turn_format(turn,
                       "{\"policy\":{\"_meta\":%.*s,\"phases\":{\"hot\":{\"min_age\":\"0ms\","
                       "\"actions\":{%.*s}},\"delete\":{\"min_age\":\"%.*s\","
                       "\"actions\":{\"delete\":{}}}}}}",
                       STR_ARG(mark_json(turn, mark)), STR_ARG(rollover), STR_ARG(age));
}

static struct str ism_body(const struct turn *turn, const struct mark *mark)
{
    struct str age = policy_time(turn, turn->indexing->retention_ns), rollover = STR("");
    if (turn->indexing->is_stream)
        rollover = turn_format(turn,
                               "{\"rollover\":{\"min_index_age\":\"%s\","
                               "\"min_primary_shard_size\":\"50gb\"}}",
                               rollover_age(turn));
    return turn_format(
        turn,
        "{\"policy\":{\"description\":%.*s,\"default_state\":\"hot\",\"states\":["
        "{\"name\":\"hot\",\"actions\":[%.*s],\"transitions\":[{\"state_name\":\"delete\","
        "\"conditions\":{\"min_index_age\":\"%.*s\"}}]},"
        "{\"name\":\"delete\",\"actions\":[{\"delete\":{}}],\"transitions\":[]}],"
        "\"ism_template\":[{\"index_patterns\":[\"%.*s\"],\"priority\":%zu}]}}",
        STR_ARG(mark_text(turn, mark)), STR_ARG(rollover), STR_ARG(age),
        STR_ARG(turn->indexing->pattern), policy_priority(turn));
}

/* Above what servers bring along (100), and the more, the more precisely it says for which names it
 * is. */
size_t policy_priority(const struct turn *turn)
{
    size_t fixed = 0;
    for (size_t i = 0; i < turn->indexing->pattern.len; i++)
        fixed += turn->indexing->pattern.at[i] != '*';
    return 200 + fixed;
}

static struct str body(const struct turn *turn, const struct mark *mark)
{
    return turn->talk->is_opensearch ? ism_body(turn, mark) : ilm_body(turn, mark);
}

static struct value document(const struct turn *turn, struct value answer)
{
    if (!turn->talk->is_opensearch)
        answer = answer_member(answer, turn->indexing->name);
    return answer_member(answer, STR("policy"));
}

static struct value marked(const struct turn *turn, struct value document)
{
    return answer_member(document, turn->talk->is_opensearch ? STR("description") : STR("_meta"));
}

static const char *privilege(const struct turn *turn)
{
    return turn->talk->is_opensearch ? "cluster:admin/opendistro/ism/policy/*" : "manage_ilm";
}

static bool is_unknown(const struct turn *turn, const struct reply *reply)
{
    turn->talk->lacks_policies = true;
    errand_tell(turn->errand, FINDING_DOUBT,
                "it has no lifecycle policies (%.*s), so `retention` is not kept: delete old "
                "indexes yourself, or leave out `retention`",
                STR_ARG(turn_words(turn, reply)));
    return false;
}

const struct paper paper_policy = {
    .what = "lifecycle policy",
    .skip = " _meta description last_updated_time policy_id schema_version ",
    .note = note,
    .is_wanted = policy_is_wanted,
    .path = path,
    .body = body,
    .document = document,
    .marked = marked,
    .privilege = privilege,
    .is_unknown = is_unknown,
};
