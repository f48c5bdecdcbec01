/* agent/sampling/dropped.h - ids of traces that were sampled out, as 64-bit fingerprints.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Most traces are dropped, so an entry is 12 bytes: a fingerprint and the second of stream time of
 * the trace's last event. Grows up to a maximum; there the oldest are forgotten.
 */
#ifndef WEIR_DROPPED_H
#define WEIR_DROPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dropped {
    uint64_t *prints; /* open addressing; 0: empty */
    uint32_t *last_s;
    uint32_t count, room, max;
    uint64_t forgotten; /* before their time, for want of room */
};

/* The trace's last second, to be read or moved on; null if it is not known. */
uint32_t *dropped_find(const struct dropped *dropped, uint64_t print);
/* Entries whose last second lies before since_s are as good as gone. */
void dropped_add(struct dropped *dropped, uint64_t print, uint32_t last_s, uint32_t since_s);
size_t dropped_bytes(const struct dropped *dropped);
void dropped_clear(struct dropped *dropped);

#endif
