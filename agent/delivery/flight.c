/* agent/delivery/flight.c - one request, from records to bytes on their way.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/flight.h"

#include "agent/delivery/board.h"
#include "agent/delivery/compress.h"
#include "agent/delivery/courier.h"

enum {
    BODY_BYTES_MAX = 512 << 20, /* a single giant record, escaped */
    HEADERS_MAX = 64,
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
        if (!record_read(payload_record(payload, i), &event, &courier->scratch)) {
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

static struct str text_join(struct arena *arena, struct str a, struct str b)
{
    char *to = arena_take(arena, a.len + b.len + 1);
    if (!to)
        return (struct str){0};
    if (a.len)
        memcpy(to, a.at, a.len);
    if (b.len)
        memcpy(to + a.len, b.at, b.len);
    to[a.len + b.len] = 0;
    return (struct str){to, a.len + b.len};
}

static void header_add(struct flight *flight, struct str *headers, struct str name,
                       struct str value)
{
    struct exchange *exchange = &flight->exchange;
    if (value.len == 0 || exchange->header_count == HEADERS_MAX)
        return;
    struct str line = text_join(&flight->arena, name, value);
    if (line.at)
        headers[exchange->header_count++] = line;
}

static void headers_make(struct flight *flight, const struct request *request, bool is_packed)
{
    const struct endpoint *endpoint = flight->courier->endpoint;
    struct str *headers = arena_take(&flight->arena, HEADERS_MAX * sizeof *headers);
    if (!headers)
        return;
    flight->exchange.headers = headers;
    header_add(flight, headers, STR("Content-Type: "), request->content_type);
    header_add(flight, headers, STR("Accept: "), request->accept);
    if (is_packed)
        header_add(flight, headers, STR("Content-Encoding: "),
                   compressor_word(flight->courier->compressor));
    header_add(flight, headers, STR(""), endpoint->auth_header);
    for (size_t i = 0; i < endpoint->headers.count; i++) {
        struct str name = text_join(&flight->arena, endpoint->headers.keys[i], STR(": "));
        header_add(flight, headers, name, endpoint->headers.texts[i]);
    }
}

/* The next URL in turn that does not rest; when all rest, the one that has rested longest. */
static struct route *route_pick(struct courier *courier, int64_t now_ns)
{
    struct route *best = NULL;
    for (uint32_t i = 0; i < courier->route_count; i++) {
        struct route *at = &courier->routes[(courier->next_route + i) % courier->route_count];
        if (at->rests_until_ns <= now_ns) {
            best = at;
            break;
        }
        if (!best || at->rests_until_ns < best->rests_until_ns)
            best = at;
    }
    courier->next_route = (uint32_t)(best - courier->routes + 1) % courier->route_count;
    return best;
}

static bool exchange_make(struct flight *flight, struct payload *payload, bool is_packed)
{
    struct courier *courier = flight->courier;
    struct request request = {.method = "POST", .path = STR("/")};
    courier->output->request(courier->self, payload_target(payload), &request, &flight->arena);
    flight->exchange = (struct exchange){
        .method = request.method,
        .url = text_join(&flight->arena, str_from(flight->route->base), request.path).at,
        .body = buffer_str(is_packed ? &flight->packed : &flight->body),
        .ca_file = courier->ca_file,
        .cert_file = courier->cert_file,
        .key_file = courier->key_file,
        .unix_socket = flight->route->unix_socket,
        .proxy = courier->proxy,
        .verify = courier->endpoint->verify,
        .timeout_ns = courier->endpoint->timeout_ns,
        .reply_bytes_max = REPLY_BYTES_MAX,
        .mine = flight,
    };
    headers_make(flight, &request, is_packed);
    return flight->exchange.url && flight->exchange.headers;
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
    flight->route = route_pick(courier, now_ns);
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
