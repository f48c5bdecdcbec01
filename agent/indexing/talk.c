/* agent/indexing/talk.c - one errand to a search server, step by step.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/talk.h"

#include <stdarg.h>
#include <stdio.h>

static const struct step *const steps[] = {&step_who, &step_privileges, &step_pipeline};

bool indexing_ask(const struct indexing *indexing, struct errand *errand, struct request *ret)
{
    const struct turn turn = {.indexing = indexing, .errand = errand, .talk = errand->mine};
    while (errand->step < COUNT(steps) && !steps[errand->step]->ask(&turn, ret))
        errand->step++;
    return errand->step < COUNT(steps);
}

void indexing_hear(const struct indexing *indexing, struct errand *errand,
                   const struct reply *reply)
{
    const struct turn turn = {.indexing = indexing, .errand = errand, .talk = errand->mine};
    const struct step *step = steps[errand->step++];
    step->hear(&turn, reply);
}

void turn_end(const struct turn *turn)
{
    turn->errand->step = COUNT(steps);
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

void turn_send(struct request *ret, const char *method, struct str path, struct str body)
{
    ret->method = method;
    ret->path = path;
    ret->body = body;
    if (body.len)
        ret->content_type = STR("application/json");
}
