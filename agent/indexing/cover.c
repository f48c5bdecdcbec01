/* agent/indexing/cover.c - does a template that is not ours look after these names already?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/talk.h"

enum { PATTERN_STEPS_MAX = 4096 };

/* May two patterns with "*" in them stand for one name? True where finding out takes too long. */
static bool patterns_meet(struct str a, struct str b, unsigned *steps)
{
    while (a.len && b.len && a.at[0] == b.at[0] && a.at[0] != '*') {
        a = str_skip(a, 1);
        b = str_skip(b, 1);
    }
    if (++*steps > PATTERN_STEPS_MAX || (!a.len && !b.len))
        return true;
    if (str_starts(a, STR("*")))
        return patterns_meet(str_skip(a, 1), b, steps) ||
               (b.len && patterns_meet(a, str_skip(b, 1), steps));
    return str_starts(b, STR("*")) && patterns_meet(b, a, steps);
}

static bool is_for_us(const struct turn *turn, struct value template)
{
    struct value patterns = answer_member(template, STR("index_patterns"));
    struct member member;
    for (size_t at = 0; patterns.kind == VALUE_ARRAY && scan_next(patterns.text, &at, &member);) {
        struct str pattern;
        unsigned steps = 0;
        if (value_text(member.value, turn->errand->arena, &pattern) &&
            patterns_meet(pattern, turn->indexing->pattern, &steps))
            return true;
    }
    return false;
}

/* Those that the server and its tools bring along are for everybody: ours stands above them. */
static bool is_brought_along(const struct turn *turn, struct value template)
{
    struct value meta = answer_member(template, STR("_meta"));
    struct str by = answer_text(meta, STR("managed_by"), turn->errand->arena);
    return answer_member(meta, STR("managed")).truth || str_equal(by, STR("weir"));
}

static bool cover_ask(const struct turn *turn, struct request *ret)
{
    if (!turn_bootstraps(turn))
        return false;
    turn_send(ret, "GET",
              STR("/_index_template?filter_path=index_templates.name,"
                  "index_templates.index_template.index_patterns,"
                  "index_templates.index_template._meta"),
              (struct str){0});
    return true;
}

static void look_through(const struct turn *turn, struct value templates)
{
    struct member member;
    for (size_t at = 0; templates.kind == VALUE_ARRAY && scan_next(templates.text, &at, &member);) {
        struct value template = answer_member(member.value, STR("index_template"));
        struct str name = answer_text(member.value, STR("name"), turn->errand->arena);
        if (str_equal(name, turn->indexing->name) || !is_for_us(turn, template) ||
            is_brought_along(turn, template))
            continue;
        turn->talk->is_covered = true;
        errand_tell(turn->errand, FINDING_GOOD,
                    "the index template \"%.*s\" looks after \"%.*s\": weir writes none",
                    STR_ARG(str_slice(name, 0, 80)), STR_ARG(turn->indexing->pattern));
        return;
    }
}

static void cover_hear(const struct turn *turn, const struct reply *reply)
{
    turn->talk->is_covered = reply->status != 200 && reply->status != 404;
    if (reply->status == 200)
        look_through(turn, answer_member(answer_read(reply->body), STR("index_templates")));
    else if (reply->status == 403)
        errand_tell(turn->errand, FINDING_DOUBT,
                    "no index template may be written: grant the cluster privilege \"%s\", or set "
                    "`bootstrap` = off",
                    turn->talk->is_opensearch ? "indices:admin/index_template/*"
                                              : "manage_index_templates");
    else if (reply->status != 404)
        errand_tell(turn->errand, FINDING_DOUBT,
                    "it has no index templates (%.*s): make the index yourself, and set "
                    "`bootstrap` = off",
                    STR_ARG(turn_words(turn, reply)));
}

const struct step step_cover = {cover_ask, cover_hear};
