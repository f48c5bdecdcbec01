/* agent/delivery/reach.h - an output's far end, made ready to be asked: its addresses, and what goes with every request.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_REACH_H
#define WEIR_REACH_H

#include "agent/delivery/endpoint.h"
#include "agent/ports/exchange.h"

struct arena;
struct request;

struct route { /* one of the output's URLs */
    const char *base;        /* "https://es-1:9200/prefix", no slash at its end */
    const char *unix_socket; /* null */
    uint32_t failures;       /* in a row */
    int64_t rests_until_ns;
};

struct reach {
    const struct endpoint *endpoint;
    const char *ca_file, *cert_file, *key_file, *proxy; /* null where not set */
    struct route *routes;
    uint32_t route_count, next_route;
};

/* False: no memory. Borrows the endpoint, which must be open; the rest is the arena's. */
bool reach_open(struct reach *reach, const struct endpoint *endpoint, struct arena *arena);
/* The next URL in turn that does not rest; when all rest, the one that has rested longest. */
struct route *reach_pick(struct reach *reach, int64_t now_ns);
/* Everything of the exchange but `mine`. encoding: what the body is packed with, empty: nothing. Its URL and
 * headers are the arena's. False: no memory. */
bool reach_request(const struct reach *reach, const struct route *route, const struct request *request,
                   struct str encoding, struct arena *arena, struct exchange *ret);

#endif
