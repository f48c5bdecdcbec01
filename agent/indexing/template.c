/* agent/indexing/template.c - the index template: what kind each field is, in a data stream or in
 * plain indexes. SPDX-License-Identifier: Apache-2.0
 *
 * The kinds follow from the one table of fields (agent/data/fields.def). What a stranger's field
 * brings in must not refuse events: texts are keywords and never guessed to be dates, and a value
 * that does not fit its field is left out of the index, not the event.
 */
#include "agent/data/alias.h"
#include "agent/data/naming.h"
#include "agent/indexing/policy.h"
#include "agent/indexing/words.h"

enum { MAPPINGS_BYTES_MAX = 64 << 10 };

static const char *kind_of(const struct turn *turn, enum slot slot)
{
    bool is_ecs = turn->indexing->names == NAMES_ECS;
    if (slot == SLOT_BODY || slot == SLOT_EXCEPTION_MESSAGE || slot == SLOT_EXCEPTION_STACKTRACE ||
        slot == SLOT_HTTP_REQUEST_BODY)
        return turn->talk->lacks_match_only_text ? "\"text\"" : "\"match_only_text\"";
    if (slot == SLOT_LOG_ORIGINAL)
        return "\"keyword\",\"index\":false,\"doc_values\":false";
    if (slot == SLOT_ERROR)
        return "\"keyword\""; /* event.outcome */
    switch (slot_type(slot)) {
    case SLOT_INTEGER:
        return "\"long\"";
    case SLOT_FLOAT:
        return "\"double\"";
    case SLOT_BOOL:
        return "\"boolean\"";
    case SLOT_IS_TIME:
        return "\"date\"";
    case SLOT_IS_DURATION:
        return is_ecs ? "\"long\"" : "\"double\"";
    case SLOT_TEXT:
        break;
    }
    return "\"keyword\",\"ignore_above\":1024";
}

/* Under as_is fields keep their own spellings: what they are is not known but for those that weir
 * adds. */
static bool is_known(enum naming names, enum slot slot)
{
    return names != NAMES_AS_IS || slot == SLOT_SAMPLING_WEIGHT || slot == SLOT_SAMPLING_REASON ||
           slot == SLOT_SAMPLING_RULE;
}

/* As the output writes it: the judgement is no `error`, which is an object elsewhere. */
static struct str name_of(enum naming names, enum slot slot)
{
    return naming_target(slot == SLOT_ERROR ? NAMES_ECS : names, slot)->name;
}

static struct str fields_write(const struct turn *turn)
{
    enum naming names = turn->indexing->names;
    struct buffer to;
    buffer_init(&to, MAPPINGS_BYTES_MAX);
    buffer_add(&to, STR("\"@timestamp\":{\"type\":\"date\",\"ignore_malformed\":false}"));
    for (unsigned i = 1; i < SLOT_COUNT; i++) {
        enum slot slot = (enum slot)i;
        struct str name = name_of(names, slot);
        bool is_second = names != NAMES_AS_IS && naming_first(names, slot) != slot;
        if (name.len && !is_second && is_known(names, slot) && !str_equal(name, STR("@timestamp")))
            buffer_format(&to, ",\"%.*s\":{\"type\":%s}", STR_ARG(name), kind_of(turn, slot));
    }
    struct str fields =
        to.full ? (struct str){0} : arena_copy(turn->errand->arena, buffer_str(&to));
    buffer_clear(&to);
    return fields;
}

static struct str settings_write(const struct turn *turn)
{
    struct str settings = STR("\"index.mapping.ignore_malformed\":true");
    if (!turn->talk->is_opensearch &&
        turn->talk->version >= 8014) /* more fields than 1000: kept, not indexed */
        settings = turn_format(
            turn, "%.*s,\"index.mapping.total_fields.ignore_dynamic_beyond_limit\":true",
            STR_ARG(settings));
    if (policy_is_wanted(turn) && !turn->talk->is_opensearch)
        settings = turn_format(turn, "%.*s,\"index.lifecycle.name\":\"%.*s\"", STR_ARG(settings),
                               STR_ARG(turn->indexing->name));
    return settings;
}

static struct str lifecycle_write(const struct turn *turn)
{
    if (!policy_is_lifecycle(turn))
        return STR("");
    return turn_format(turn, ",\"lifecycle\":{\"data_retention\":\"%.*s\"}",
                       STR_ARG(policy_time(turn, turn->indexing->retention_ns)));
}

static struct str body(const struct turn *turn, const struct mark *mark)
{
    return turn_format(
        turn,
        "{\"index_patterns\":[\"%.*s\"],%s\"priority\":%zu,\"_meta\":%.*s,\"template\":{"
        "\"settings\":{%.*s},\"mappings\":{\"date_detection\":false,\"dynamic_templates\":["
        "{\"texts\":{\"match_mapping_type\":\"string\","
        "\"mapping\":{\"type\":\"keyword\",\"ignore_above\":1024}}}],\"properties\":{%.*s}}%.*s}}",
        STR_ARG(turn->indexing->pattern), turn->indexing->is_stream ? "\"data_stream\":{}," : "",
        policy_priority(turn), STR_ARG(mark_json(turn, mark)), STR_ARG(settings_write(turn)),
        STR_ARG(fields_write(turn)), STR_ARG(lifecycle_write(turn)));
}

static struct paper_note *note(const struct turn *turn)
{
    return &turn->talk->template;
}

static bool is_wanted(const struct turn *turn)
{
    return turn_bootstraps(turn);
}

static struct str path(const struct turn *turn)
{
    return turn_path(turn, "/_index_template/", turn->indexing->name);
}

static struct value document(const struct turn *turn, struct value answer)
{
    struct value list = answer_member(answer, STR("index_templates"));
    struct member member;
    size_t at = 0;
    (void)turn;
    if (list.kind != VALUE_ARRAY || !scan_next(list.text, &at, &member))
        return (struct value){.kind = VALUE_MISSING};
    return answer_member(member.value, STR("index_template"));
}

static struct value marked(const struct turn *turn, struct value document)
{
    (void)turn;
    return answer_member(document, STR("_meta"));
}

static const char *privilege(const struct turn *turn)
{
    return turn->talk->is_opensearch ? "indices:admin/index_template/*" : "manage_index_templates";
}

/* Sets a flag that is not set yet, when the words name what it stands for. */
static bool gives_up(bool *flag, struct str words, const char *what)
{
    bool is_named = !*flag && str_find_str(words, str_from(what)) != SIZE_MAX;
    *flag |= is_named;
    return is_named;
}

static bool is_unknown(const struct turn *turn, const struct reply *reply)
{
    struct indexing_errand *talk = turn->talk;
    struct str words = words_of_reply(reply, turn->errand->arena);
    return reply->status == 400 &&
           (gives_up(&talk->lacks_match_only_text, words, "match_only_text") ||
            gives_up(&talk->lacks_lifecycle, words, "[lifecycle]"));
}

const struct paper paper_template = {
    .what = "index template",
    .skip = " _meta created_date created_date_millis modified_date modified_date_millis ",
    .note = note,
    .is_wanted = is_wanted,
    .path = path,
    .body = body,
    .document = document,
    .marked = marked,
    .privilege = privilege,
    .is_unknown = is_unknown,
};
