/* tests/delivery/test_reach.c - mirrors agent/delivery/reach.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/reach.c"

#include "tests/check.h"

static struct arena arena;

static struct reach reach_of(struct endpoint *endpoint, size_t count, struct str *urls)
{
    struct reach reach;
    arena_init(&arena, 4096, 1 << 20);
    endpoint->urls = (struct list){.count = count, .texts = urls};
    CHECK(reach_open(&reach, endpoint, &arena));
    return reach;
}

static void addresses_take_turns_and_a_tired_one_rests(void)
{
    struct endpoint endpoint = {0};
    struct str urls[] = {STR("http://a:1"), STR("http://b:1"), STR("http://c:1")};
    struct reach reach = reach_of(&endpoint, COUNT(urls), urls);
    CHECK_TEXT(str_from(reach_pick(&reach, 5)->base), "http://a:1");
    CHECK_TEXT(str_from(reach_pick(&reach, 5)->base), "http://b:1");
    reach.routes[2].rests_until_ns = 10;
    CHECK_TEXT(str_from(reach_pick(&reach, 5)->base), "http://a:1");
    reach.routes[0].rests_until_ns = 9;
    reach.routes[1].rests_until_ns = 7;
    CHECK_TEXT(str_from(reach_pick(&reach, 5)->base), "http://b:1");
    arena_clear(&arena);
}

static void a_socket_is_asked_as_localhost(void)
{
    struct endpoint endpoint = {0};
    struct str urls[] = {STR("unix:/run/es.sock")};
    struct reach reach = reach_of(&endpoint, COUNT(urls), urls);
    CHECK_TEXT(str_from(reach.routes[0].base), "http://localhost");
    CHECK_TEXT(str_from(reach.routes[0].unix_socket), "/run/es.sock");
    arena_clear(&arena);
}

static bool has_head(const struct exchange *exchange, const char *line)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (str_equal(exchange->headers[i], str_from(line)))
            return true;
    return false;
}

static void a_request_carries_the_headers_of_its_endpoint(void)
{
    struct str keys[] = {STR("X-Team")}, texts[] = {STR("payments")};
    struct endpoint endpoint = {
        .auth_header = STR("Authorization: ApiKey abc"),
        .headers = {.count = 1, .keys = keys, .texts = texts},
        .ca_file = STR("/ca.pem"),
        .verify = true,
        .timeout_ns = 7,
    };
    struct str urls[] = {STR("https://es:9200/prefix")};
    struct reach reach = reach_of(&endpoint, 1, urls);
    const struct request request = {
        .method = "PUT", .path = STR("/x?y"), .content_type = STR("text/plain"), .body = STR("b")};
    struct exchange exchange;
    CHECK(reach_request(&reach, reach.routes, &request, STR("gzip"), &arena, &exchange));
    CHECK_TEXT(str_from(exchange.url), "https://es:9200/prefix/x?y");
    CHECK_TEXT(str_from(exchange.ca_file), "/ca.pem");
    CHECK_TEXT(exchange.body, "b");
    CHECK(exchange.verify && exchange.timeout_ns == 7 && !exchange.proxy);
    CHECK_EQ(exchange.header_count, 4); /* no Accept: none was asked for */
    CHECK(has_head(&exchange, "Content-Type: text/plain"));
    CHECK(has_head(&exchange, "Content-Encoding: gzip"));
    CHECK(has_head(&exchange, "Authorization: ApiKey abc"));
    CHECK(has_head(&exchange, "X-Team: payments"));
    arena_clear(&arena);
}

CHECK_MAIN(TEST(addresses_take_turns_and_a_tired_one_rests), TEST(a_socket_is_asked_as_localhost),
           TEST(a_request_carries_the_headers_of_its_endpoint))
