/* agent/config/expr.h - typed expressions, compiled once, evaluated without allocating from the heap.
 * SPDX-License-Identifier: Apache-2.0
 *
 * language.md gives the grammar and the rules of types and missing fields.
 */
#ifndef WEIR_EXPR_H
#define WEIR_EXPR_H

#include "agent/data/event.h"

struct expr;

/* scratch: for unescaping and text functions; the caller resets it once a batch. */
bool expr_true(const struct expr *expr, const struct event *event, struct arena *scratch);
struct value expr_value(const struct expr *expr, const struct event *event, struct arena *scratch);

/* The parts of a rule's `when`: what one event must satisfy, and the any(EXPR) terms that the other events
 * of the trace are asked. A rule matches when some event makes expr_true() with `any` bits that
 * were collected over the trace: bit i stands for expr_any(expr, i). */
unsigned expr_any_count(const struct expr *expr); /* at most 32 */
const struct expr *expr_any(const struct expr *expr, unsigned index);
bool expr_true_given(const struct expr *expr, const struct event *event, uint32_t any, struct arena *scratch);

/* A constant, such as `rate = 10`; false if it depends on the event. */
bool expr_constant(const struct expr *expr, struct value *ret);
struct str expr_text(const struct expr *expr); /* as it was written */

#endif
