/* agent/delivery/flight.c - one request, from records to bytes on their way.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/flight.h"

#include "agent/delivery/board.h"
#include "agent/delivery/compress.h"
#include "agent/delivery/courier.h"
#include "agent/delivery/reach.h"

enum {
    BODY_BYTES_MAX = 512 << 20, /* a single giant record, escaped */
    ARENA_CHUNK = 64 << 10,
    ARENA_MAX = 64 << 20, /* headers; later words for every item */
};

void flight_init(struct flight *flight, struct courier *courier)
{
    *flight = (struct flight){.courier = courier};
    buffer_init(&flight->body, BODY_BYTES_MAX);
    buffer_init(&flight->packed, BODY_BYTES_MAX);
    arena_init(&flight->arena, ARENA_CHUNK, ARENA_MAX);
}

void flight_clear(struct flight *flight)
{
    MUST(!flight->payload);
    buffer_clear(&flight->body);
    buffer_clear(&flight->packed);
    arena_clear(&flight->arena);
}

/* It is whole and of a size that fits: the heap has no memory now, the record is not to blame. */
static bool is_memory_short(const struct arena *scratch, struct str bytes)
{
    struct record record;
    return record_peek(bytes, &record) && record.size < scratch->max / 4;
}

static void body_encode(struct flight *flight, struct payload *payload)
{
    struct courier *courier = flight->courier;
    struct str target = payload_target(payload);
    struct frame frame = {0};
    if (courier->output->frame)
        courier->output->frame(courier->self, target, &frame, &flight->arena);
    buffer_add(&flight->body, frame.open);
    struct str between = {0};
    for (uint32_t i = 0; i < payload->count; i++) {
        if (payload->parcels[i].outcome != OUTCOME_OPEN)
            continue;
        struct event event;
        arena_reset(&courier->scratch);
        struct str record = payload_record(payload, i);
        if (!record_read(record, &event, &courier->scratch)) {
            if (is_memory_short(&courier->scratch, record)) {
                flight->body.full = true;
                return;
            }
            payload_settle(payload, i, OUTCOME_DEAD_LETTERED,
                           STR("the event is too complex to encode"));
            continue;
        }
        buffer_add(&flight->body, between);
        courier->output->encode(courier->self, &event, target, &flight->body, &courier->scratch);
        between = frame.between;
    }
    buffer_add(&flight->body, frame.close);
}

static bool exchange_make(struct flight *flight, struct payload *payload, bool is_packed)
{
    struct courier *courier = flight->courier;
    struct request request = {.method = "POST", .path = STR("/")};
    courier->output->request(courier->self, payload_target(payload), &request, &flight->arena);
    request.body = buffer_str(is_packed ? &flight->packed : &flight->body);
    bool is_made = reach_request(courier->reach, flight->route, &request,
                                 is_packed ? compressor_word(courier->compressor) : STR(""),
                                 &flight->arena, &flight->exchange);
    flight->exchange.mine = flight;
    return is_made;
}

bool flight_begin(struct flight *flight, struct payload *payload, int64_t now_ns)
{
    struct courier *courier = flight->courier;
    MUST(!flight->payload && payload->open > 0);
    buffer_reset(&flight->body);
    arena_reset(&flight->arena);
    buffer_reserve(&flight->body, payload->body_bytes);
    body_encode(flight, payload);
    if (flight->body.full || payload->open == 0)
        return false;
    bool is_packed =
        courier->compressor &&
        compressor_pack(courier->compressor, buffer_str(&flight->body), &flight->packed);
    flight->route = reach_pick(courier->reach, now_ns);
    if (!exchange_make(flight, payload, is_packed) ||
        !courier->exchanges->submit(courier->exchanges->self, &flight->exchange))
        return false;
    flight->payload = payload;
    flight->started_ns = now_ns;
    courier->in_flight++;
    board_add(courier->board, BOARD_REQUESTS, 1);
    board_add(courier->board, BOARD_BODY_BYTES, flight->body.len);
    board_add(courier->board, BOARD_SENT_BYTES, flight->exchange.body.len);
    return true;
}

void flight_end(struct flight *flight)
{
    struct courier *courier = flight->courier;
    MUST(flight->payload && courier->in_flight > 0);
    courier->exchanges->release(courier->exchanges->self, &flight->exchange);
    flight->payload = NULL;
    courier->in_flight--;
}
