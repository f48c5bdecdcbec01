/* agent/delivery/flight.h - one request, from its making to its answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_FLIGHT_H
#define WEIR_FLIGHT_H

#include "agent/delivery/payload.h"
#include "agent/ports/exchange.h"

struct courier;
struct route;
struct slip;

struct flight {
    struct exchange exchange;
    struct courier *courier;
    struct payload *payload; /* null: free */
    struct route *route;
    struct buffer body, packed;
    struct arena arena; /* URL and headers; later what judge() says */
    int64_t started_ns;
    /* of a broker output (shipment.h), all in the arena */
    struct slip *slips;
    char *topic;
    uint32_t slip_count, submitted, reported;
    bool is_alone;        /* nothing else is under way: what is refused is its own fault */
    bool is_maybe_stored; /* a record without an answer may be there all the same */
};

void flight_init(struct flight *flight, struct courier *courier);
void flight_clear(struct flight *flight); /* gives back its memory; must be free */

/* Encodes, compresses and submits; false: the port or memory had no room and the payload is still the
 * caller's. Records that cannot be read back are dead-lettered. */
bool flight_begin(struct flight *flight, struct payload *payload, int64_t now_ns);
/* Gives back what the port holds; the payload stays whose it is. */
void flight_end(struct flight *flight);

#endif
