/* agent/delivery/delivery.c - wires outboxes and couriers together: mailboxes, stepping, the end.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/delivery.h"

#include "agent/delivery/board.h"
#include "agent/delivery/courier.h"
#include "agent/delivery/flight.h"
#include "agent/delivery/outbox.h"
#include "agent/delivery/shipment.h"
#include "agent/memory.h"
#include "agent/pipeline/mailbox.h"
#include "agent/ports/exchange.h"

enum {
    PAYLOADS_ROOM = 1024, /* on their way in either direction; more wait where they are */
    NOTICES_ROOM = 64,
};

struct bound { /* both ends of one output */
    struct outbox outbox;
    struct courier courier;
};

struct delivery {
    const struct exchanges *exchanges;
    const struct clock *clock;
    struct bound *outputs[OUTPUTS_MAX]; /* by index; null where it is no HTTP output */
    struct mailbox to_far, to_lane, notices;
    struct payloads done; /* settled, while to_lane has no room */
    _Atomic uint64_t synced;
    _Atomic int64_t deadline_ns;
    atomic_bool is_stopping;
    _Atomic uint64_t recalled; /* a bit per output */
};

/* --- start and end
 * --------------------------------------------------------------------------------- */

static void far_wake(void *context)
{
    struct delivery *delivery = context;
    delivery->exchanges->wake(delivery->exchanges->self);
}

struct delivery *delivery_make(const struct exchanges *exchanges, const struct clock *clock)
{
    struct delivery *delivery = memory_make(sizeof *delivery);
    if (!delivery)
        return NULL;
    memset(delivery, 0, sizeof *delivery);
    delivery->exchanges = exchanges;
    delivery->clock = clock;
    if (mailbox_init(&delivery->to_far, PAYLOADS_ROOM, NULL) != OK ||
        mailbox_init(&delivery->to_lane, PAYLOADS_ROOM, NULL) != OK ||
        mailbox_init(&delivery->notices, NOTICES_ROOM, NULL) != OK) {
        delivery_free(delivery);
        return NULL;
    }
    mailbox_on_put(&delivery->to_far, far_wake, delivery);
    return delivery;
}

static bool payload_send(void *context, struct payload *payload)
{
    struct delivery *delivery = context;
    return mailbox_put(&delivery->to_far, payload);
}

static void done_send(struct delivery *delivery)
{
    while (delivery->done.first && mailbox_has_room(&delivery->to_lane)) {
        bool is_put = mailbox_put(&delivery->to_lane, payloads_take_first(&delivery->done));
        MUST(is_put);
    }
}

static void payload_done(void *context, struct payload *payload)
{
    struct delivery *delivery = context;
    payloads_append(&delivery->done, payload);
}

static void notice_send(void *context, const struct notice *notice)
{
    struct delivery *delivery = context;
    struct notice *copy = memory_make(sizeof *copy);
    if (!copy)
        return;
    *copy = *notice;
    if (!mailbox_put(&delivery->notices, copy))
        memory_free(copy); /* nobody reads them: the state itself stands on the board */
}

enum code delivery_add(struct delivery *delivery, const struct delivery_output *output,
                       struct outbox **ret, struct why *why)
{
    MUST(output->index < OUTPUTS_MAX && !delivery->outputs[output->index]);
    struct bound *bound = memory_make(sizeof *bound);
    if (!bound)
        return fail(why, OVER_LIMIT, "no memory to deliver to %.*s", STR_ARG(output->label));
    memset(bound, 0, sizeof *bound);
    delivery->outputs[output->index] = bound;
    const struct courier_wiring wiring = {
        .exchanges = delivery->exchanges,
        .clock = delivery->clock,
        .context = delivery,
        .give = payload_done,
        .notify = notice_send,
    };
    enum code code = courier_open(&bound->courier, output, &wiring, why);
    if (code != OK)
        return code;
    if (!outbox_init(&bound->outbox, output))
        return fail(why, OVER_LIMIT, "no memory to deliver to %.*s", STR_ARG(output->label));
    bound->outbox.body_limit = &bound->courier.board->body_limit;
    bound->outbox.send = payload_send;
    bound->outbox.context = delivery;
    *ret = &bound->outbox;
    return OK;
}

static void mailbox_empty(struct mailbox *mailbox, void (*discard)(void *message))
{
    for (void *at = mailbox->slots ? mailbox_take(mailbox) : NULL; at; at = mailbox_take(mailbox))
        discard(at);
    mailbox_clear(mailbox);
}

static void payload_discard(void *message)
{
    payload_free(message);
}

void delivery_free(struct delivery *delivery)
{
    if (!delivery)
        return;
    mailbox_empty(&delivery->to_far, payload_discard);
    mailbox_empty(&delivery->to_lane, payload_discard);
    mailbox_empty(&delivery->notices, memory_free);
    while (delivery->done.first)
        payload_free(payloads_take_first(&delivery->done));
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++) {
        if (!delivery->outputs[i])
            continue;
        courier_close(&delivery->outputs[i]->courier);
        outbox_clear(&delivery->outputs[i]->outbox);
        memory_free(delivery->outputs[i]);
    }
    memory_free(delivery);
}

/* --- lane
 * ------------------------------------------------------------------------------------------ */

struct payload *delivery_take_settled(struct delivery *delivery)
{
    return mailbox_take(&delivery->to_lane);
}

void delivery_give_back(struct delivery *delivery, struct payload *payload)
{
    MUST(delivery->outputs[payload->output]);
    outbox_returned(&delivery->outputs[payload->output]->outbox, payload);
    payload_free(payload);
}

void delivery_on_settled(struct delivery *delivery, void (*wake)(void *context), void *context)
{
    mailbox_on_put(&delivery->to_lane, wake, context);
}

bool delivery_lane_may_sleep(struct delivery *delivery)
{
    return mailbox_may_sleep(&delivery->to_lane);
}

void delivery_allow(struct delivery *delivery, uint64_t ticket)
{
    if (atomic_exchange(&delivery->synced, ticket) != ticket)
        far_wake(delivery);
}

void delivery_stop(struct delivery *delivery, int64_t deadline_mono_ns)
{
    atomic_store(&delivery->deadline_ns, deadline_mono_ns);
    atomic_store(&delivery->is_stopping, true);
    far_wake(delivery);
}

void delivery_recall(struct delivery *delivery, uint32_t output)
{
    atomic_fetch_or(&delivery->recalled, UINT64_C(1) << output);
    far_wake(delivery);
}

bool delivery_take_notice(struct delivery *delivery, struct notice *ret)
{
    struct notice *notice = mailbox_take(&delivery->notices);
    if (!notice)
        return false;
    *ret = *notice;
    memory_free(notice);
    return true;
}

/* --- delivery thread
 * ------------------------------------------------------------------------------- */

static void payloads_accept(struct delivery *delivery)
{
    for (struct payload *at = mailbox_take(&delivery->to_far); at;
         at = mailbox_take(&delivery->to_far))
        courier_accept(&delivery->outputs[at->output]->courier, at);
}

static int64_t couriers_step(struct delivery *delivery, int64_t now_ns)
{
    int64_t wake = INT64_MAX;
    uint64_t synced = atomic_load(&delivery->synced);
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++) {
        if (!delivery->outputs[i])
            continue;
        struct courier *courier = &delivery->outputs[i]->courier;
        courier->synced = synced;
        int64_t asked = courier_step(courier, now_ns);
        wake = asked < wake ? asked : wake;
    }
    return wake;
}

static bool couriers_are_idle(const struct delivery *delivery)
{
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++)
        if (delivery->outputs[i] && !courier_is_idle(&delivery->outputs[i]->courier))
            return false;
    return true;
}

static void couriers_abandon(struct delivery *delivery)
{
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++)
        if (delivery->outputs[i])
            courier_abandon(&delivery->outputs[i]->courier);
}

/* A flight knows its courier; an errand's exchange is asked for, which is rare. */
static struct courier *courier_of(const struct delivery *delivery, const struct exchange *exchange)
{
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++)
        if (delivery->outputs[i] && courier_owns(&delivery->outputs[i]->courier, exchange))
            return &delivery->outputs[i]->courier;
    return ((const struct flight *)exchange->mine)->courier;
}

static void answers_take(struct delivery *delivery)
{
    const struct exchanges *exchanges = delivery->exchanges;
    struct exchange *exchange;
    while ((exchange = exchanges->take_done(exchanges->self)) != NULL)
        courier_done(courier_of(delivery, exchange), exchange,
                     delivery->clock->mono_ns(delivery->clock->self));
}

static void reports_take(struct delivery *delivery)
{
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++)
        if (delivery->outputs[i])
            shipments_hear(&delivery->outputs[i]->courier,
                           delivery->clock->mono_ns(delivery->clock->self));
}

static void couriers_recall(struct delivery *delivery)
{
    uint64_t recalled = atomic_exchange(&delivery->recalled, 0);
    for (uint32_t i = 0; i < OUTPUTS_MAX; i++)
        if (recalled >> i & 1 && delivery->outputs[i])
            courier_recall(&delivery->outputs[i]->courier);
}

/* When stopping: everything unfinished goes back at the deadline. True: nothing is left to do. */
static bool is_ended(struct delivery *delivery, int64_t now_ns)
{
    if (!atomic_load(&delivery->is_stopping))
        return false;
    payloads_accept(delivery); /* what the lane handed over before it said stop */
    if (now_ns >= atomic_load(&delivery->deadline_ns))
        couriers_abandon(delivery);
    done_send(delivery);
    return couriers_are_idle(delivery) && !delivery->done.first;
}

static int64_t wait_for(struct delivery *delivery, int64_t wait_ns, int64_t now_ns, int64_t wake_ns)
{
    if (wake_ns - now_ns < wait_ns)
        wait_ns = wake_ns - now_ns;
    if (atomic_load(&delivery->is_stopping) &&
        atomic_load(&delivery->deadline_ns) - now_ns < wait_ns)
        wait_ns = atomic_load(&delivery->deadline_ns) - now_ns;
    if (wait_ns <= 0 || delivery->done.first || !mailbox_may_sleep(&delivery->to_far))
        return 0;
    return wait_ns;
}

bool delivery_step(struct delivery *delivery, int64_t wait_ns)
{
    int64_t now_ns = delivery->clock->mono_ns(delivery->clock->self);
    payloads_accept(delivery);
    couriers_recall(delivery);
    int64_t wake_ns = couriers_step(delivery, now_ns);
    delivery->exchanges->step(delivery->exchanges->self,
                              wait_for(delivery, wait_ns, now_ns, wake_ns));
    answers_take(delivery);
    reports_take(delivery);
    done_send(delivery);
    return !is_ended(delivery, delivery->clock->mono_ns(delivery->clock->self));
}

void delivery_read_stats(const struct delivery *delivery, uint32_t output,
                         struct delivery_stats *ret)
{
    MUST(output < OUTPUTS_MAX && delivery->outputs[output]);
    board_read(delivery->outputs[output]->courier.board, ret);
}
