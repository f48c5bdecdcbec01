/* agent/indexing/words.c - what Elasticsearch and OpenSearch say when they refuse, in one line.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/words.h"

#include <stdio.h>

/* What it all came from, below any number of "could not, because". Missing: it says no cause. */
static struct value deepest(struct value error)
{
    struct value cause = answer_member(error, STR("caused_by")), found = {.kind = VALUE_MISSING};
    for (; cause.kind == VALUE_OBJECT; cause = answer_member(cause, STR("caused_by")))
        found = cause;
    return found;
}

struct str words_of_error(struct value error, struct arena *arena)
{
    char words[WORDS_BYTES_MAX];
    struct str text;
    if (error.kind != VALUE_OBJECT) /* "Incorrect HTTP method" */
        return value_text(error, arena, &text) ? arena_copy(arena, text) : (struct str){0};
    struct str type = answer_text(error, STR("type"), arena),
               reason = answer_text(error, STR("reason"), arena),
               deeper = answer_text(deepest(error), STR("reason"), arena);
    size_t len =
        (size_t)snprintf(words, sizeof words, "%.*s: %.*s%s%.*s", STR_ARG(type), STR_ARG(reason),
                         deeper.len ? "; caused by: " : "", STR_ARG(deeper));
    return arena_copy(arena, (struct str){words, len < sizeof words ? len : sizeof words - 1});
}

struct str words_of_reply(const struct reply *reply, struct arena *arena)
{
    struct str words = words_of_error(answer_at(answer_read(reply->body), "error"), arena);
    return words.len ? words : answer_status(reply->status, arena);
}
