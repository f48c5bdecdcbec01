/* agent/delivery/reach.c - an output's far end, made ready to be asked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/reach.h"

#include <string.h>

#include "agent/weir.h"

enum { HEADERS_MAX = 64 };

static const char *text_z(struct arena *arena, struct str text)
{
    char *kept = text.len ? arena_take(arena, text.len + 1) : NULL;
    return kept ? str_z(text, kept, text.len + 1) : NULL;
}

static bool route_make(struct route *route, struct str url, struct arena *arena)
{
    bool is_socket = str_starts(url, STR("unix:"));
    route->base = is_socket ? "http://localhost" : text_z(arena, url);
    route->unix_socket = is_socket ? text_z(arena, str_skip(url, 5)) : NULL;
    return route->base && (!is_socket || route->unix_socket);
}

bool reach_open(struct reach *reach, const struct endpoint *endpoint, struct arena *arena)
{
    const struct list *urls = &endpoint->urls;
    *reach = (struct reach){.endpoint = endpoint, .route_count = (uint32_t)urls->count};
    reach->ca_file = text_z(arena, endpoint->ca_file);
    reach->cert_file = text_z(arena, endpoint->cert_file);
    reach->key_file = text_z(arena, endpoint->key_file);
    reach->proxy = text_z(arena, endpoint->proxy);
    reach->routes = arena_zeroed(arena, urls->count * sizeof *reach->routes);
    bool is_made = reach->routes != NULL;
    for (size_t i = 0; i < urls->count && is_made; i++)
        is_made = route_make(&reach->routes[i], urls->texts[i], arena);
    return is_made;
}

struct route *reach_pick(struct reach *reach, int64_t now_ns)
{
    struct route *best = NULL;
    for (uint32_t i = 0; i < reach->route_count; i++) {
        struct route *at = &reach->routes[(reach->next_route + i) % reach->route_count];
        if (at->rests_until_ns <= now_ns) {
            best = at;
            break;
        }
        if (!best || at->rests_until_ns < best->rests_until_ns)
            best = at;
    }
    reach->next_route = (uint32_t)(best - reach->routes + 1) % reach->route_count;
    return best;
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

struct heads { /* header lines being gathered */
    struct arena *arena;
    struct str *at;
    size_t count;
};

static void head_add(struct heads *heads, struct str name, struct str value)
{
    if (value.len == 0 || heads->count == HEADERS_MAX)
        return;
    struct str line = text_join(heads->arena, name, value);
    if (line.at)
        heads->at[heads->count++] = line;
}

bool reach_request(const struct reach *reach, const struct route *route,
                   const struct request *request, struct str encoding, struct arena *arena,
                   struct exchange *ret)
{
    const struct endpoint *endpoint = reach->endpoint;
    struct heads heads = {.arena = arena, .at = arena_take(arena, HEADERS_MAX * sizeof *heads.at)};
    const char *url = text_join(arena, str_from(route->base), request->path).at;
    if (!heads.at || !url)
        return false;
    head_add(&heads, STR("Content-Type: "), request->content_type);
    head_add(&heads, STR("Accept: "), request->accept);
    head_add(&heads, STR("Content-Encoding: "), encoding);
    head_add(&heads, STR(""), endpoint->auth_header);
    for (size_t i = 0; i < endpoint->headers.count; i++)
        head_add(&heads, text_join(arena, endpoint->headers.keys[i], STR(": ")),
                 endpoint->headers.texts[i]);
    *ret = (struct exchange){
        .method = request->method,
        .url = url,
        .headers = heads.at,
        .header_count = heads.count,
        .body = request->body,
        .ca_file = reach->ca_file,
        .cert_file = reach->cert_file,
        .key_file = reach->key_file,
        .unix_socket = route->unix_socket,
        .proxy = reach->proxy,
        .verify = endpoint->verify,
        .timeout_ns = endpoint->timeout_ns,
        .reply_bytes_max = REPLY_BYTES_MAX,
    };
    return true;
}
