/* agent/indexing/talk.c - one errand to a search server, step by step.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/talk.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/indexing/paper.h"
#include "agent/indexing/words.h"

enum { WORDS_SHOWN = 160 };

#define PAPER(paper)                                                                               \
    {&paper_look, &paper}, {&paper_write, &paper}, {&paper_read, &paper},                          \
    {                                                                                              \
        &paper_seal, &paper                                                                        \
    }

static const struct planned {
    const struct step *step;
    const struct paper *paper;
} steps[] = {
    {&step_who, NULL},   {&step_privileges, NULL}, {&step_pipeline, NULL},
    {&step_cover, NULL}, PAPER(paper_policy),      PAPER(paper_template),
};
enum { FIRST_PAPER = 4 };

static struct turn turn_of(const struct indexing *indexing, struct errand *errand)
{
    return (struct turn){.indexing = indexing,
                         .errand = errand,
                         .talk = errand->mine,
                         .paper = errand->step < COUNT(steps) ? steps[errand->step].paper : NULL};
}

bool indexing_ask(const struct indexing *indexing, struct errand *errand, struct request *ret)
{
    for (; errand->step < COUNT(steps); errand->step++) {
        const struct turn turn = turn_of(indexing, errand);
        if (steps[errand->step].step->ask(&turn, ret))
            return true;
    }
    return false;
}

void indexing_hear(const struct indexing *indexing, struct errand *errand,
                   const struct reply *reply)
{
    const struct turn turn = turn_of(indexing, errand);
    const struct step *step = steps[errand->step++].step;
    if (reply->status == 401)
        turn_unauthorized(&turn, reply);
    else
        step->hear(&turn, reply);
}

void turn_end(const struct turn *turn)
{
    turn->errand->step = COUNT(steps);
}

void turn_again(const struct turn *turn)
{
    turn->errand->step = FIRST_PAPER;
}

bool turn_bootstraps(const struct turn *turn)
{
    return turn->indexing->name.len > 0 && !turn->talk->is_covered;
}

struct str turn_format(const struct turn *turn, const char *format, ...)
{
    struct str text = {0};
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *to = len < 0 ? NULL : arena_take(turn->errand->arena, (size_t)len + 1);
    if (!to)
        return text;
    va_start(args, format);
    vsnprintf(to, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){to, (size_t)len};
}

struct str turn_path(const struct turn *turn, const char *prefix, struct str name)
{
    struct buffer path;
    buffer_init(&path, 4096);
    buffer_add(&path, str_from(prefix));
    endpoint_write_url_part(&path, name);
    struct str kept = arena_copy(turn->errand->arena, buffer_str(&path));
    buffer_clear(&path);
    return kept;
}

struct str turn_words(const struct turn *turn, const struct reply *reply)
{
    return str_slice(words_of_reply(reply, turn->errand->arena), 0, WORDS_SHOWN);
}

void turn_send(struct request *ret, const char *method, struct str path, struct str body)
{
    ret->method = method;
    ret->path = path;
    ret->body = body;
    if (body.len)
        ret->content_type = STR("application/json");
}

void turn_unauthorized(const struct turn *turn, const struct reply *reply)
{
    if (turn->indexing->has_credentials)
        errand_tell(turn->errand, FINDING_FAULT,
                    "it refuses our credentials (%.*s): look at `api_key`, `user` and `password`, "
                    "or `bearer`",
                    STR_ARG(turn_words(turn, reply)));
    else
        errand_tell(turn->errand, FINDING_FAULT,
                    "it wants credentials: set `api_key`, `user` and `password`, or `bearer`");
    turn_end(turn);
}
