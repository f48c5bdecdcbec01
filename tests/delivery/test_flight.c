/* tests/delivery/test_flight.c - mirrors agent/delivery/flight.c: the request as the port gets it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/flight.c"

#include "tests/delivery/world.h"

static struct exchange *caught;

static bool catch_submit(void *self, struct exchange *exchange)
{
    (void)self;
    caught = exchange;
    return true;
}

static struct exchange *catch_done(void *self)
{
    (void)self;
    return NULL;
}

/* The first request that a world with this endpoint makes. */
static struct world *world_caught(struct endpoint *change)
{
    struct world *world = world_make(1);
    struct list urls = world->endpoint.urls;
    if (change) {
        urls = change->urls.count ? change->urls : urls;
        world->endpoint.auth_header = change->auth_header;
        world->endpoint.headers = change->headers;
        world->endpoint.compress = change->compress;
        world->endpoint.urls = urls;
    }
    world->far.port.submit = catch_submit;
    world->far.port.take_done = catch_done;
    world_open(world);
    world_put(world, "logs-a:one", 0, false);
    world_put(world, "logs-a:two", 0, false);
    outbox_flush(world->outbox);
    caught = NULL;
    world_step(world);
    CHECK(caught != NULL);
    return world;
}

static void nothing_released(void *self, struct exchange *exchange)
{
    (void)self, (void)exchange;
}

static void world_end(struct world *world)
{
    world->far.port.release = world->far.port.cancel = nothing_released;
    world_free(world);
}

static void a_request_is_what_the_output_said(void)
{
    struct world *world = world_caught(NULL);
    CHECK_TEXT(str_from(caught->method), "POST");
    CHECK_TEXT(str_from(caught->url), "http://127.0.0.1:9200/logs-a/_bulk");
    CHECK_EQ(caught->header_count, 2);
    CHECK_TEXT(caught->headers[0], "Content-Type: application/x-ndjson");
    CHECK_TEXT(caught->headers[1], "Accept: application/json");
    CHECK_TEXT(caught->body,
               "{\"create\":{\"_id\":\"e0\"}}\n"
               "{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"logs-a:one\"}\n"
               "{\"create\":{\"_id\":\"e1\"}}\n"
               "{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"logs-a:two\"}\n");
    CHECK(caught->verify && !caught->proxy && !caught->unix_socket);
    CHECK_EQ(caught->reply_bytes_max, REPLY_BYTES_MAX);
    world_end(world);
}

static void credentials_headers_and_encoding_go_along(void)
{
    static struct str keys[] = {{"X-Tenant", 8}}, texts[] = {{"blue", 4}},
                      urls[] = {{"https://es.example/prefix", 25}};
    struct endpoint change = {.urls = {.count = 1, .texts = urls},
                              .auth_header = STR("Authorization: Bearer t"),
                              .headers = {.count = 1, .keys = keys, .texts = texts},
                              .compress = COMPRESS_GZIP};
    struct world *world = world_caught(&change);
    CHECK_TEXT(str_from(caught->url), "https://es.example/prefix/logs-a/_bulk");
    CHECK_EQ(caught->header_count, 5);
    CHECK_TEXT(caught->headers[2], "Content-Encoding: gzip");
    CHECK_TEXT(caught->headers[3], "Authorization: Bearer t");
    CHECK_TEXT(caught->headers[4], "X-Tenant: blue");
    CHECK(str_starts(caught->body, STR("\x1f\x8b")));
    world_end(world);
}

static void a_socket_stands_in_for_the_address(void)
{
    static struct str urls[] = {{"unix:/run/es.sock", 17}};
    struct endpoint change = {.urls = {.count = 1, .texts = urls}};
    struct world *world = world_caught(&change);
    CHECK_TEXT(str_from(caught->url), "http://localhost/logs-a/_bulk");
    CHECK_TEXT(str_from(caught->unix_socket), "/run/es.sock");
    world_end(world);
}

static void array_frame(const void *self, struct str target, struct frame *ret, struct arena *arena)
{
    (void)self, (void)arena;
    *ret = (struct frame){.open = target, .between = STR(","), .close = STR("]")};
}

static void a_frame_stands_around_the_events_and_between_them(void)
{
    struct output framed = world_output;
    framed.frame = array_frame;
    struct world *world = world_make(1);
    world->output = &framed;
    world->far.port.submit = catch_submit;
    world->far.port.take_done = catch_done;
    world_open(world);
    world_put(world, "logs-a:one", 0, false);
    world_put(world, "logs-a:two", 0, false);
    outbox_flush(world->outbox);
    world_step(world);
    CHECK_TEXT(caught->body,
               "logs-a{\"create\":{\"_id\":\"e0\"}}\n"
               "{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"logs-a:one\"}\n"
               ",{\"create\":{\"_id\":\"e1\"}}\n"
               "{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":\"logs-a:two\"}\n]");
    world_end(world);
}

CHECK_MAIN(TEST(a_frame_stands_around_the_events_and_between_them),
           TEST(a_request_is_what_the_output_said), TEST(credentials_headers_and_encoding_go_along),
           TEST(a_socket_stands_in_for_the_address))
