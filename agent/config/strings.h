/* agent/config/strings.h - what is written in a configuration, as values: texts, numbers with units, near misses.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STRINGS_H
#define WEIR_STRINGS_H

#include "agent/config/context.h"

/* The body of a "..." text: JSON escapes. Diagnoses what is wrong in it, at span. */
struct str string_decode(struct context *context, struct str body, struct span span);

enum literal_result {
    LITERAL_OK = 0,
    LITERAL_NO_UNIT,      /* a number without a unit where one is needed */
    LITERAL_UNKNOWN_UNIT, /* ret_unit is the unit that was probably meant, or "" */
    LITERAL_NO_NUMBER,
    LITERAL_TOO_LARGE,
};

/* "5s", "1h30m", "1.5h" to ns; "64KiB", "5MB" to bytes. A zero needs no unit. */
enum literal_result literal_duration(struct str text, int64_t *ret, const char **ret_unit);
enum literal_result literal_size(struct str text, int64_t *ret, const char **ret_unit);
/* The unit of time or size that a word was probably meant to be ("mb": "MB"), or "". */
const char *unit_guess(struct str word);

/* "5s", "64KiB": the largest unit that fits. */
struct str duration_text(struct context *context, int64_t ns);

/* Keeps the nearest of the words it is shown. */
struct nearest {
    struct str wanted, best;
    unsigned distance;
};
struct nearest nearest_to(struct str wanted);
void nearest_try(struct nearest *nearest, struct str word);
/* The best, if it is near enough to be what was meant; else an empty text. */
struct str nearest_found(const struct nearest *nearest);

#endif
