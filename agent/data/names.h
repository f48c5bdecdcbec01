/* agent/data/names.h - the spellings that somebody reads, and compiled field paths.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Filled while the pipeline is compiled (aliases of the slots first, then every path a setting or an
 * expression names), frozen before the first event. The scanner asks once per key, and mostly
 * not even that: it predicts that the next line has the keys of the line before.
 */
#ifndef WEIR_NAMES_H
#define WEIR_NAMES_H

#include "agent/data/event.h"
#include "agent/why.h"

struct names; /* lives in the arena it was made in */

/* With all aliases of fields.def and aliases.def; null when the arena is full. */
struct names *names_make(struct arena *arena);

/* Id of a top-level key (unescaped), 0 if nobody asked for it. Ids start at 1. */
uint16_t names_find(const struct names *names, struct str key);
/* The slot a top-level key is an alias of, and how good an alias (0 is best). SLOT_NONE if none. */
enum slot names_slot(const struct names *names, uint16_t name, uint8_t *ret_rank);

/* Compiles `http.response.status_code`, `."x-request-id"`, `items[0].id`. An OpenTelemetry slot first, else
 * its ECS or Honeycomb spelling, else a raw field; a leading dot asks for the raw field only. */
enum code path_compile(struct names *names, struct str text, struct path **ret, struct why *why) CHECK_RESULT;
enum slot path_slot(const struct path *path);   /* SLOT_NONE: a raw field */
struct str path_text(const struct path *path);  /* as it was written */
/* True for `duration`, which compares with durations; `duration_ms` is the same slot as a number of ms. */
bool path_is_duration(const struct path *path);

/* Closest known spelling for "did you mean", or an empty str. */
struct str names_nearest(const struct names *names, struct str text);

#endif
