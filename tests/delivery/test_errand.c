/* tests/delivery/test_errand.c - mirrors agent/delivery/errand.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/errand.c"

#include "tests/check.h"

struct notes { /* what the output said */
    unsigned count;
    enum finding finding;
    char text[ERRAND_TEXT_BYTES];
};

static void note(void *context, enum finding finding, const char *text)
{
    struct notes *notes = context;
    notes->count++;
    notes->finding = finding;
    snprintf(notes->text, sizeof notes->text, "%s", text);
}

static bool two_questions(const void *self, struct errand *errand, struct request *ret)
{
    (void)self;
    ret->path = errand->step ? STR("/second") : STR("/first");
    return errand->step < 2;
}

static void hear_one(const void *self, struct errand *errand, const struct reply *reply)
{
    (void)self;
    unsigned *heard = errand->mine;
    errand->step++;
    errand_tell(errand, reply->status == 200 ? FINDING_GOOD : FINDING_FAULT, "%u: %.*s", ++*heard,
                STR_ARG(reply->body));
}

static bool no_end(const void *self, struct errand *errand, struct request *ret)
{
    (void)self, (void)errand, (void)ret;
    return true;
}

static const struct output talker = {
    .ask = two_questions, .hear = hear_one, .errand_size = sizeof(unsigned)};

struct talk {
    struct endpoint endpoint;
    struct str url;
    struct reach reach;
    struct arena arena;
    struct notes notes;
    struct errand_run run;
};

static struct talk *talk_begin(const struct output *output)
{
    static struct talk talk;
    talk = (struct talk){.url = STR("http://far:1")};
    talk.endpoint.urls = (struct list){.count = 1, .texts = &talk.url};
    arena_init(&talk.arena, 4096, 1 << 20);
    CHECK(reach_open(&talk.reach, &talk.endpoint, &talk.arena));
    CHECK(errand_begin(&talk.run, ERRAND_LOOK, output, NULL));
    talk.run.context = &talk.notes;
    talk.run.tell = note;
    return &talk;
}

static void talk_end(struct talk *talk)
{
    errand_end(&talk->run);
    arena_clear(&talk->arena);
}

static enum errand_answer answered(struct talk *talk, int status, const char *body)
{
    CHECK_EQ(errand_ask(&talk->run, &talk->reach, talk->reach.routes), ERRAND_ASKING);
    talk->run.exchange.fate = EXCHANGE_REPLIED;
    talk->run.exchange.status = status;
    talk->run.exchange.reply = str_from(body);
    return errand_hear(&talk->run);
}

static void it_asks_until_nothing_is_left_to_ask(void)
{
    struct talk *talk = talk_begin(&talker);
    CHECK_EQ(answered(talk, 200, "yes"), ERRAND_HEARD);
    CHECK_TEXT(str_from(talk->run.exchange.url), "http://far:1/first");
    CHECK_TEXT(str_from(talk->notes.text), "1: yes");
    CHECK_EQ(answered(talk, 403, "no\nway"), ERRAND_HEARD);
    CHECK_TEXT(str_from(talk->run.exchange.url), "http://far:1/second");
    CHECK_TEXT(str_from(talk->notes.text), "2: no way");
    CHECK_EQ(talk->notes.finding, FINDING_FAULT);
    CHECK_EQ(errand_ask(&talk->run, &talk->reach, talk->reach.routes), ERRAND_DONE);
    talk_end(talk);
}

static void what_heals_with_time_is_asked_again(void)
{
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    struct talk *talk = talk_begin(&talker);
    for (size_t i = 0; i < COUNT(statuses); i++)
        CHECK_EQ(answered(talk, statuses[i], "later"), ERRAND_AGAIN);
    CHECK_EQ(answered(talk, 307, ""), ERRAND_ELSEWHERE);
    CHECK_EQ(talk->notes.count, 0);
    CHECK_EQ(answered(talk, 501, "never"), ERRAND_HEARD);
    CHECK_TEXT(str_from(talk->run.exchange.url), "http://far:1/first");
    talk_end(talk);
}

static void a_missing_answer_is_not_heard(void)
{
    struct talk *talk = talk_begin(&talker);
    CHECK_EQ(errand_ask(&talk->run, &talk->reach, talk->reach.routes), ERRAND_ASKING);
    talk->run.exchange.fate = EXCHANGE_NOT_SENT;
    CHECK_EQ(errand_hear(&talk->run), ERRAND_NOT_THERE);
    CHECK_EQ(talk->notes.count, 0);
    talk_end(talk);
}

static void an_errand_without_end_ends(void)
{
    static const struct output endless = {.ask = no_end, .hear = hear_one};
    struct talk *talk = talk_begin(&endless);
    unsigned asked = 0;
    while (errand_ask(&talk->run, &talk->reach, talk->reach.routes) == ERRAND_ASKING)
        asked++;
    CHECK_EQ(asked, ASKED_MAX);
    talk_end(talk);
}

CHECK_MAIN(TEST(it_asks_until_nothing_is_left_to_ask), TEST(what_heals_with_time_is_asked_again),
           TEST(a_missing_answer_is_not_heard), TEST(an_errand_without_end_ends))
