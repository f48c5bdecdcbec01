/* agent/delivery/settle.c - turns an answer, or its absence, into outcomes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Whatever happens, each open record of the payload either gets an outcome here or stands in
 * exactly one waiting payload afterwards.
 */
#include <stdio.h>
#include <xxhash.h>

#include "agent/delivery/board.h"
#include "agent/delivery/courier.h"
#include "agent/delivery/flight.h"
#include "agent/delivery/rate_limit.h"
#include "agent/delivery/reach.h"
#include "agent/delivery/shipment.h"

enum { NO_ANSWERS_TO_BISECT = 3 };

static const struct backoff pauses = {.base_ns = SECOND_NS / 5, .cap_ns = 30 * SECOND_NS};

#define TARGET_ARG(target) ((target)->name_len < 60 ? (target)->name_len : 60), (target)->name

struct answer { /* what one flight came back with */
    struct courier *courier;
    struct flight *flight;
    struct payload *payload;
    struct judgement judgement;
    struct reply reply;
    int64_t now_ns;
    bool has_target_failed; /* a HOLD or a flood of refusals: what is refused stays */
    uint32_t delivered, busy, held, refused, suspects;
    uint8_t lone_item; /* when one verdict stands for the one record */
    struct str lone_words;
};

static void retries_count(const struct answer *answer, enum retry_reason reason, uint32_t count)
{
    board_add(answer->courier->board, (enum board_figure)(BOARD_RETRIES + reason), count);
}

/* --- putting back
 * ---------------------------------------------------------------------------------- */

/* From here on the destination may have these records, unless the request never left. */
static void put_back(const struct answer *answer, struct payload *payload)
{
    bool is_sent = answer->flight->exchange.fate != EXCHANGE_NOT_SENT;
    for (uint32_t i = 0; i < payload->count; i++)
        payload->parcels[i].maybe_sent |= is_sent;
    courier_requeue(answer->courier, payload);
}

static void payload_later(const struct answer *answer, int64_t at_least_ns)
{
    struct payload *payload = answer->payload;
    int64_t pause =
        backoff_pause(&pauses, payload->attempts++, at_least_ns, answer->courier->clock);
    payload->due_ns = answer->now_ns + pause;
    put_back(answer, payload);
}

/* Sends the halves of the open records one by one; without memory the whole goes again, later. */
static void payload_halve(const struct answer *answer)
{
    struct payload *payload = answer->payload;
    MUST(payload->open > 1);
    struct payload *half = payload_move(payload, payload->open / 2);
    if (!half) {
        payload_later(answer, 0);
        return;
    }
    half->bound->payloads++;
    payload->due_ns = half->due_ns = 0;
    payload->attempts = half->attempts = 0;
    put_back(answer, half);
    put_back(answer, payload);
}

/* --- holds
 * ----------------------------------------------------------------------------------------- */

static void output_hold(const struct answer *answer)
{
    struct courier *courier = answer->courier;
    if (courier->hold.is_on)
        return;
    hold_begin(&courier->hold, answer->now_ns, courier->clock);
    courier_tell(courier, true, "hold",
                 "answers %d: %.*s; holding everything until it lets us in, nothing is lost",
                 answer->reply.status, STR_ARG(str_slice(answer->judgement.whole_words, 0, 120)));
}

struct alarm_key {
    char text[16];
};

/* Each target has an alarm of its own: one that is well again says nothing of the others. */
static struct alarm_key alarm_of(const struct target *target)
{
    struct alarm_key key;
    uint64_t hash = XXH3_64bits(target->name, target->name_len);
    snprintf(key.text, sizeof key.text, "hold %08x", (unsigned)(hash & UINT32_MAX));
    return key;
}

static void target_hold(const struct answer *answer, struct str words)
{
    struct target *target = answer->payload->bound;
    if (target->hold.is_on)
        return;
    hold_begin(&target->hold, answer->now_ns, answer->courier->clock);
    courier_tell(answer->courier, true, alarm_of(target).text,
                 "\"%.*s\" needs an operator: %.*s; holding it, nothing is lost",
                 TARGET_ARG(target), STR_ARG(str_slice(words, 0, 120)));
}

static void target_hold_refusals(const struct answer *answer, struct str words)
{
    struct target *target = answer->payload->bound;
    if (target->hold.is_on)
        return;
    hold_begin(&target->hold, answer->now_ns, answer->courier->clock);
    courier_tell(
        answer->courier, true, alarm_of(target).text,
        "\"%.*s\" refuses most events (%.*s): holding it and asking with the newest event; "
        "refused_hold = off dead-letters them",
        TARGET_ARG(target), STR_ARG(str_slice(words, 0, 80)));
}

/* A probe that got through ends its hold; one that did not, or says nothing about it, leaves it on.
 */
static void probe_judge(const struct answer *answer, bool is_let_in, bool has_delivered)
{
    struct courier *courier = answer->courier;
    struct target *target = answer->payload->bound;
    if (!answer->payload->is_probe)
        return;
    if (courier->hold.is_probing && is_let_in) {
        hold_end(&courier->hold);
        courier_tell(courier, false, "hold", "lets us in again");
    } else if (courier->hold.is_probing) {
        hold_probed(&courier->hold, answer->now_ns, courier->clock);
    }
    if (target->hold.is_on && has_delivered) {
        hold_end(&target->hold);
        target->refusals = (struct refusals){.slice_ns = answer->now_ns};
        courier_tell(courier, false, alarm_of(target).text, "\"%.*s\" takes events again",
                     TARGET_ARG(target));
    } else if (target->hold.is_probing) {
        hold_probed(&target->hold, answer->now_ns, courier->clock);
    }
}

/* --- item by item
 * ---------------------------------------------------------------------------------- */

/* Per event would be a flood; again after a while, for those who look late. */
static bool is_time_to_tell(int64_t *told_ns, int64_t now_ns)
{
    if (*told_ns && now_ns - *told_ns < 600 * SECOND_NS)
        return false;
    *told_ns = now_ns;
    return true;
}

static void item_refuse(struct answer *answer, uint32_t index, struct str words)
{
    struct courier *courier = answer->courier;
    board_refusal(courier->board, words);
    answer->refused++;
    if (answer->has_target_failed)
        return;
    payload_settle(answer->payload, index, OUTCOME_DEAD_LETTERED, words);
    board_add(courier->board, BOARD_DEAD_LETTERED, 1);
    if (is_time_to_tell(&courier->refusal_told_ns, answer->now_ns))
        courier_tell(courier, true, "refused",
                     "\"%.*s\" refused an event: %.*s; refused events become dead letters",
                     TARGET_ARG(answer->payload->bound), STR_ARG(str_slice(words, 0, 100)));
}

static void item_twin(struct answer *answer, uint32_t index)
{
    struct courier *courier = answer->courier;
    struct payload *payload = answer->payload;
    if (payload->parcels[index].maybe_sent) {
        payload_settle(payload, index, OUTCOME_DELIVERED, (struct str){0});
        board_add(courier->board, BOARD_TWINS, 1);
        answer->delivered++;
        return;
    }
    struct str words = STR("another document has this id already");
    board_refusal(courier->board, words);
    payload_settle(payload, index, OUTCOME_DEAD_LETTERED, words);
    board_add(courier->board, BOARD_DEAD_LETTERED, 1);
    board_add(courier->board, BOARD_COLLISIONS, 1);
    if (is_time_to_tell(&courier->twin_told_ns, answer->now_ns))
        courier_tell(
            courier, true, "twin",
            "\"%.*s\" has documents with the ids of events never sent before; these become "
            "dead letters: do two agents share an id?",
            TARGET_ARG(payload->bound));
}

static void item_settle(struct answer *answer, uint32_t index, enum verdict verdict,
                        struct str words)
{
    switch (verdict) {
    case DELIVERED:
        payload_settle(answer->payload, index, OUTCOME_DELIVERED, (struct str){0});
        answer->delivered++;
        break;
    case DELIVERED_TWIN:
        item_twin(answer, index);
        break;
    case REFUSED:
    case TOO_LARGE:
        item_refuse(answer, index, words);
        break;
    case HOLD:
        answer->held++;
        break;
    case SUSPECT:
        answer->suspects++;
        break;
    case RETRY:
    case NO_ANSWER:
        answer->busy++;
        break;
    }
}

/* Looks before anything is settled: a broken mapping must not drain the stream into dead letters.
 */
static void refusals_look(struct answer *answer)
{
    const struct judgement *judgement = &answer->judgement;
    uint32_t refused = 0, held = 0;
    struct str words = {0}, held_words = {0};
    for (size_t i = 0; i < judgement->count; i++) {
        bool is_refused = judgement->items[i] == REFUSED || judgement->items[i] == TOO_LARGE;
        refused += is_refused;
        held += judgement->items[i] == HOLD;
        if (is_refused)
            words = judgement->words[i];
        else if (judgement->items[i] == HOLD)
            held_words = judgement->words[i];
    }
    struct target *target = answer->payload->bound;
    if (held)
        target_hold(answer, held_words);
    bool is_flood =
        refusals_add(&target->refusals, refused, (uint32_t)judgement->count, answer->now_ns);
    if (is_flood && refused && answer->courier->endpoint->refused_hold)
        target_hold_refusals(answer, words);
    answer->has_target_failed = target->hold.is_on;
}

/* What an answer left open goes again alone, so that the settled part can go back to the lane. */
static void remainder_requeue(struct answer *answer)
{
    struct payload *whole = answer->payload;
    if (whole->open < whole->count) {
        struct payload *rest = payload_move(whole, 0);
        if (rest) {
            rest->bound->payloads++;
            courier_give(answer->courier, whole);
            answer->payload = rest;
        }
    }
    if (answer->delivered)
        answer->payload->attempts = 0;
    if (answer->suspects) {
        answer->payload->alone_max = answer->payload->open > 1 ? answer->payload->open / 2 : 1;
        answer->payload->due_ns = 0;
        put_back(answer, answer->payload);
    } else if (answer->busy) {
        payload_later(answer, answer->reply.retry_after_ns);
    } else {
        put_back(answer, answer->payload);
    }
}

static void items_settle(struct answer *answer)
{
    struct payload *payload = answer->payload;
    struct courier *courier = answer->courier;
    refusals_look(answer);
    size_t item = 0;
    for (uint32_t i = 0; i < payload->count; i++) {
        if (payload->parcels[i].outcome != OUTCOME_OPEN)
            continue;
        item_settle(answer, i, (enum verdict)answer->judgement.items[item],
                    answer->judgement.words[item]);
        item++;
    }
    MUST(item == answer->judgement.count);
    board_add(courier->board, BOARD_DELIVERED, answer->delivered);
    retries_count(answer, RETRY_BUSY, answer->busy);
    retries_count(answer, RETRY_HELD, answer->held);
    retries_count(answer, RETRY_REFUSED, answer->suspects);
    if (answer->busy)
        concurrency_lower(&courier->concurrency, answer->flight->started_ns, answer->now_ns);
    else
        concurrency_raise(&courier->concurrency);
    probe_judge(answer, true, answer->delivered > 0);
    if (payload->open)
        remainder_requeue(answer);
    else
        courier_give(courier, payload);
}

/* --- the whole request
 * ----------------------------------------------------------------------------- */

/* One verdict for the one record that is left. */
static void lone_settle(struct answer *answer, enum verdict verdict)
{
    answer->lone_item = (uint8_t)verdict;
    answer->lone_words = answer->judgement.whole_words;
    answer->judgement.items = &answer->lone_item;
    answer->judgement.words = &answer->lone_words;
    items_settle(answer);
}

static void whole_refused(struct answer *answer)
{
    if (answer->payload->open == 1) {
        lone_settle(answer, answer->judgement.whole);
        return;
    }
    bool is_large = answer->judgement.whole == TOO_LARGE;
    retries_count(answer, is_large ? RETRY_TOO_LARGE : RETRY_REFUSED, 1);
    if (is_large)
        atomic_store_explicit(&answer->courier->board->body_limit, answer->flight->body.len / 2,
                              memory_order_relaxed);
    probe_judge(answer, true, false);
    payload_halve(answer);
}

static void whole_retry(struct answer *answer)
{
    struct courier *courier = answer->courier;
    bool is_busy = answer->reply.status == 429;
    retries_count(answer, is_busy ? RETRY_BUSY : RETRY_ERROR, 1);
    if (is_busy)
        concurrency_lower(&courier->concurrency, answer->flight->started_ns, answer->now_ns);
    if (answer->reply.retry_after_ns > 0)
        courier->not_before_ns =
            answer->now_ns +
            backoff_pause(&pauses, 0, answer->reply.retry_after_ns, courier->clock);
    probe_judge(answer, false, false);
    payload_later(answer, answer->reply.retry_after_ns);
}

static void whole_held(struct answer *answer)
{
    retries_count(answer, RETRY_HELD, 1);
    if (answer->judgement.hold_output)
        output_hold(answer);
    else
        target_hold(answer, answer->judgement.whole_words);
    probe_judge(answer, !answer->judgement.hold_output, false);
    answer->payload->due_ns = 0;
    put_back(answer, answer->payload);
}

/* A request that kills its connection each time while others get answers holds a poison: halve it.
 * Alone, a record is never given up: a missing answer may mean that it was taken. */
static void whole_unanswered(struct answer *answer)
{
    struct payload *payload = answer->payload;
    uint64_t answered = payload->bound->answered;
    if (payload->no_answers++ == 0)
        payload->answered_then = answered;
    retries_count(answer, RETRY_NO_ANSWER, 1);
    concurrency_lower(&answer->courier->concurrency, answer->flight->started_ns, answer->now_ns);
    probe_judge(answer, false, false);
    bool are_others_answered = answered > payload->answered_then;
    if (payload->no_answers < NO_ANSWERS_TO_BISECT || !are_others_answered || payload->open == 1) {
        payload_later(answer, 0);
        return;
    }
    payload->no_answers = NO_ANSWERS_TO_BISECT - 1; /* the halves prove themselves at once */
    payload->answered_then = answered;
    payload_halve(answer);
}

static void whole_not_sent(struct answer *answer)
{
    struct courier *courier = answer->courier;
    retries_count(answer, RETRY_NOT_SENT, 1);
    probe_judge(answer, false, false);
    bool is_another_awake = false;
    for (uint32_t i = 0; i < courier->reach->route_count; i++)
        is_another_awake |= courier->reach->routes[i].rests_until_ns <= answer->now_ns;
    if (is_another_awake) { /* the next URL gets it at once */
        answer->payload->due_ns = 0;
        put_back(answer, answer->payload);
        return;
    }
    payload_later(answer, 0);
}

/* --- the far end's health
 * --------------------------------------------------------------------------- */

static void health_failed(const struct answer *answer)
{
    const struct exchange *exchange = &answer->flight->exchange;
    char what[160];
    if (exchange->fate == EXCHANGE_REPLIED)
        snprintf(what, sizeof what, "answers %d (%.*s)", exchange->status,
                 STR_ARG(str_slice(answer->judgement.whole_words, 0, 100)));
    else
        snprintf(what, sizeof what, "%s", exchange->error);
    courier_unwell(answer->courier, answer->flight->route, what, answer->now_ns);
}

static void health_judge(const struct answer *answer)
{
    if (answer->judgement.whole == RETRY && answer->reply.status != 429)
        health_failed(answer);
    else
        courier_well(answer->courier, answer->flight->route);
}

static void answer_judge(struct answer *answer)
{
    struct exchange *exchange = &answer->flight->exchange;
    struct judgement *judgement = &answer->judgement;
    struct arena *arena = &answer->flight->arena;
    uint32_t count = answer->payload->open;
    *judgement = (struct judgement){.whole = RETRY, .count = count, .arena = arena};
    judgement->items = arena_take(arena, count);
    judgement->words = arena_zeroed(arena, count * sizeof *judgement->words);
    if (!judgement->items || !judgement->words)
        return; /* no memory to read it: as if it had said "later"; what it took will be a twin */
    memset(judgement->items, RETRY, count);
    answer->reply = (struct reply){
        .status = exchange->status,
        .body = exchange->reply,
        .retry_after_ns = exchange->retry_after_ns,
        .content_type = str_from(exchange->content_type),
    };
    answer->courier->output->judge(answer->courier->self, &answer->reply, judgement);
    MUST(judgement->count == count);
}

/* A far end that has nothing left to give says so before it refuses. */
static void limit_heed(struct answer *answer)
{
    int64_t wait_ns = rate_limit_wait(str_from(answer->flight->exchange.rate_limit));
    if (wait_ns < 0)
        return;
    if (answer->reply.retry_after_ns < 0)
        answer->reply.retry_after_ns = wait_ns;
    if (answer->judgement.whole == DELIVERED)
        answer->courier->not_before_ns = answer->now_ns + wait_ns;
}

/* It took the request and has something to say all the same. */
static void warning_tell(const struct answer *answer)
{
    struct courier *courier = answer->courier;
    struct str words = answer->judgement.whole_words;
    if (words.len && is_time_to_tell(&courier->warning_told_ns, answer->now_ns))
        courier_tell(courier, true, "warning", "took events and says: %.*s",
                     STR_ARG(str_slice(words, 0, 180)));
}

static void answer_apply(struct answer *answer)
{
    answer->payload->bound->answered++;
    answer->payload->no_answers = 0;
    switch (answer->judgement.whole) {
    case DELIVERED:
        warning_tell(answer);
        items_settle(answer);
        break;
    case REFUSED:
    case TOO_LARGE:
        whole_refused(answer);
        break;
    case HOLD:
        whole_held(answer);
        break;
    case DELIVERED_TWIN:
    case NO_ANSWER:
    case SUSPECT:
    case RETRY:
        whole_retry(answer);
        break;
    }
}

void courier_settle(struct courier *courier, struct flight *flight, int64_t now_ns)
{
    struct answer answer = {.courier = courier,
                            .flight = flight,
                            .payload = flight->payload,
                            .reply = {.retry_after_ns = -1},
                            .now_ns = now_ns};
    switch (flight->exchange.fate) {
    case EXCHANGE_REPLIED:
        board_add(courier->board, BOARD_ANSWERS, 1);
        answer_judge(&answer);
        limit_heed(&answer);
        health_judge(&answer);
        answer_apply(&answer);
        break;
    case EXCHANGE_NOT_SENT:
        health_failed(&answer);
        whole_not_sent(&answer);
        break;
    case EXCHANGE_UNKNOWN:
        health_failed(&answer);
        whole_unanswered(&answer);
        break;
    }
    flight_end(flight); /* last: the destination's words live in the reply */
}

/* --- a broker's reports
 * ----------------------------------------------------------------------------- */

static bool is_answered(const struct judgement *judgement)
{
    for (size_t i = 0; judgement->whole == DELIVERED && i < judgement->count; i++)
        if (judgement->items[i] != RETRY)
            return true;
    return false;
}

/* Nobody took any of it: that says something about the far end, and nothing about the records. */
static void reports_say_nothing(struct answer *answer)
{
    struct courier *courier = answer->courier;
    const struct judgement *judgement = &answer->judgement;
    struct str words =
        judgement->whole == DELIVERED && judgement->count ? judgement->words[0] : (struct str){0};
    retries_count(answer, RETRY_NO_ANSWER, 1);
    if (breaker_failed(&courier->breaker, answer->now_ns, courier->clock))
        courier_tell(courier, true, "breaker", "%.*s: pausing, nothing is lost",
                     STR_ARG(str_slice(words, 0, 120)));
    probe_judge(answer, false, false);
    payload_later(answer, 0);
}

void courier_settle_reports(struct courier *courier, struct flight *flight,
                            const struct judgement *judgement, int64_t now_ns)
{
    struct answer answer = {.courier = courier,
                            .flight = flight,
                            .payload = flight->payload,
                            .judgement = *judgement,
                            .reply = {.retry_after_ns = -1},
                            .now_ns = now_ns};
    bool is_said = is_answered(judgement);
    flight->exchange.fate =
        is_said || flight->is_maybe_stored ? EXCHANGE_REPLIED : EXCHANGE_NOT_SENT;
    board_add(courier->board, BOARD_ANSWERS, is_said);
    shipment_end(flight); /* its arena, with the words, stays until it flies again */
    if (!is_said) {
        reports_say_nothing(&answer);
        return;
    }
    answer.payload->bound->answered++;
    if (courier->is_unproven)
        courier_tell(courier, false, "producer", "a new producer is at work");
    courier->is_unproven = false;
    courier->reopenings = 0;
    if (breaker_succeeded(&courier->breaker))
        courier_tell(courier, false, "breaker", "answers again");
    if (courier->hold.is_on && !answer.payload->is_probe) {
        hold_end(&courier->hold);
        courier_tell(courier, false, "hold", "lets us in again");
    }
    items_settle(&answer);
}

void courier_lock_out(struct courier *courier, struct str words, int64_t now_ns)
{
    if (courier->hold.is_on)
        return;
    hold_begin(&courier->hold, now_ns, courier->clock);
    courier_tell(courier, true, "hold",
                 "%.*s; holding everything until it lets us in, nothing is lost", STR_ARG(words));
}
