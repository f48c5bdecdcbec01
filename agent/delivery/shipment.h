/* agent/delivery/shipment.h - one payload on its way to a broker: records out, reports in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The flight of a broker output. Its reports come one by one and make one judgement together: what the broker
 * stored is delivered, never what was merely handed over.
 */
#ifndef WEIR_SHIPMENT_H
#define WEIR_SHIPMENT_H

#include "agent/delivery/flight.h"
#include "agent/ports/broker.h"

struct producer;

struct slip { /* one record of a shipment, until its report */
    struct flight *flight;
    uint32_t item; /* among the flight's */
    struct broker_message message;
    uint8_t verdict; /* enum verdict, once it is reported */
    struct str words;
};

/* Encodes all open records and hands over as many as the producer has room for. False: no memory, or nothing was
 * left to send, and the payload is still the caller's. */
bool shipment_begin(struct flight *flight, struct payload *payload, int64_t now_ns);
/* Hands over more of what the producer had no room for. */
void shipments_go_on(struct courier *courier, int64_t now_ns);
/* Takes what the producer has to say; flights whose records are all reported are settled. */
void shipments_hear(struct courier *courier, int64_t now_ns);
/* The flight's payload is somebody else's again. Nothing of it may be under way. */
void shipment_end(struct flight *flight);
/* Closes the producer, so that nothing is under way; every flight's payload waits again. */
void shipments_drop(struct courier *courier);
/* Opens the producer; false: why. */
bool producer_open(struct courier *courier, struct why *why);
/* A producer that failed for good is closed once all is reported, and another is opened. Returns when it wants to be
 * called again (INT64_MAX: not). */
int64_t producer_mend(struct courier *courier, int64_t now_ns);

#endif
