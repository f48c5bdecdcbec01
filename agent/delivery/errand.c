/* agent/delivery/errand.c - the engine's side of an output's errand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/errand.h"

#include <stdarg.h>
#include <stdio.h>

enum {
    ARENA_CHUNK = 16 << 10,
    ARENA_MAX = 8 << 20, /* documents, headers, and what is read out of answers */
    ASKED_MAX = 64,      /* requests of one errand */
};

bool errand_begin(struct errand_run *run, enum errand_kind kind, const struct output *output,
                  const void *self)
{
    MUST(output->ask && output->hear);
    *run = (struct errand_run){.output = output, .self = self};
    arena_init(&run->arena, ARENA_CHUNK, ARENA_MAX);
    run->errand = (struct errand){.kind = kind, .arena = &run->arena};
    run->errand.mine = arena_zeroed(&run->arena, output->errand_size + 1);
    return run->errand.mine != NULL;
}

void errand_end(struct errand_run *run)
{
    if (run->output)
        arena_clear(&run->arena);
    *run = (struct errand_run){0};
}

void errand_tell(struct errand *errand, enum finding finding, const char *format, ...)
{
    struct errand_run *run = (struct errand_run *)errand;
    char text[ERRAND_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ') /* a far end's words stay on their line */
            *at = ' ';
    run->tell(run->context, finding, text);
}

enum errand_state errand_ask(struct errand_run *run, const struct reach *reach,
                             const struct route *route)
{
    struct request request = {.method = "GET", .path = STR("/"), .accept = STR("application/json")};
    if (!run->output->ask(run->self, &run->errand, &request))
        return ERRAND_DONE;
    if (run->asked == ASKED_MAX || !request.path.at ||
        !reach_request(reach, route, &request, STR(""), &run->arena, &run->exchange))
        return ERRAND_NO_ROOM;
    run->asked++;
    return ERRAND_ASKING;
}

static bool heals_with_time(int status)
{
    return status == 408 || status == 429 || (status >= 500 && status != 501);
}

enum errand_answer errand_hear(struct errand_run *run)
{
    const struct exchange *exchange = &run->exchange;
    if (exchange->fate != EXCHANGE_REPLIED)
        return ERRAND_NOT_THERE;
    if (exchange->status >= 300 && exchange->status < 400)
        return ERRAND_ELSEWHERE;
    if (heals_with_time(exchange->status))
        return ERRAND_AGAIN;
    const struct reply reply = {
        .status = exchange->status,
        .body = exchange->reply,
        .retry_after_ns = exchange->retry_after_ns,
        .content_type = str_from(exchange->content_type),
    };
    run->output->hear(run->self, &run->errand, &reply);
    return ERRAND_HEARD;
}
