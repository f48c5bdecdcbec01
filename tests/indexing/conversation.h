/* tests/indexing/conversation.h - an errand, its answers and what it found, on one table.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CONVERSATION_H
#define WEIR_CONVERSATION_H

#include "agent/delivery/errand.h"
#include "agent/indexing/indexing.h"
#include "tests/check.h"

struct line { /* one request and its answer */
    const char *asks; /* "GET /path" */
    int status;
    const char *answer; /* "$" stands for the body of the newest PUT, also of an earlier errand */
};

struct conversation {
    struct errand_run run;
    char said[4096]; /* findings, a line each: "fault it wants credentials..." */
    char body[16384]; /* of the newest request that had one */
    char answer[20000];
};

static char conversation_kept[16384]; /* by the server: the body of the newest PUT */

static inline void conversation_note(void *context, enum finding finding, const char *text)
{
    static const char *const words[] = {"good", "doubt", "fault"};
    struct conversation *talk = context;
    size_t len = strlen(talk->said);
    snprintf(talk->said + len, sizeof talk->said - len, "%s %s\n", words[finding], text);
}

static inline bool conversation_ask(const void *self, struct errand *errand, struct request *ret)
{
    return indexing_ask(self, errand, ret);
}

static inline void conversation_hear(const void *self, struct errand *errand,
                                     const struct reply *reply)
{
    indexing_hear(self, errand, reply);
}

static const struct output conversation_output = {.ask = conversation_ask,
                                                  .hear = conversation_hear,
                                                  .errand_size = sizeof(struct indexing_errand)};

static inline bool is_asked(struct conversation *talk, const struct line *line)
{
    char asked[512];
    struct request request = {.method = "GET", .path = STR("/")};
    if (!indexing_ask(talk->run.self, &talk->run.errand, &request))
        return false;
    snprintf(asked, sizeof asked, "%s %.*s", request.method, STR_ARG(request.path));
    if (request.body.len)
        str_z(request.body, talk->body, sizeof talk->body);
    if (strcmp(request.method, "PUT") == 0)
        memcpy(conversation_kept, talk->body, sizeof talk->body);
    CHECK_TEXT(str_from(asked), line->asks);
    CHECK(request.body.len == 0 || answer_read(request.body).kind == VALUE_OBJECT);
    return true;
}

static inline struct str answer_of(struct conversation *talk, const char *answer)
{
    struct cut cut = str_cut(str_from(answer), '$');
    if (!cut.found)
        return cut.head;
    snprintf(talk->answer, sizeof talk->answer, "%.*s%s%.*s", STR_ARG(cut.head), conversation_kept,
             STR_ARG(cut.tail));
    return str_from(talk->answer);
}

/* Goes through all lines, which end with a zeroed one, and checks that nothing is asked after them. */
static inline struct conversation *converse(const struct indexing *indexing, enum errand_kind kind,
                                            const struct line *lines)
{
    static struct conversation talk;
    errand_end(&talk.run);
    talk = (struct conversation){0};
    CHECK(errand_begin(&talk.run, kind, &conversation_output, indexing));
    talk.run.context = &talk;
    talk.run.tell = conversation_note;
    for (; lines->asks; lines++) {
        CHECK(is_asked(&talk, lines));
        const struct reply reply = {.status = lines->status, .body = answer_of(&talk, lines->answer)};
        indexing_hear(indexing, &talk.run.errand, &reply);
    }
    struct request request = {.method = "GET", .path = STR("/")};
    if (indexing_ask(indexing, &talk.run.errand, &request)) {
        print_error("asks on: %s %.*s\n", request.method, STR_ARG(request.path));
        fail();
    }
    return &talk;
}

#endif
