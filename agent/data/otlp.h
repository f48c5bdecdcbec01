/* agent/data/otlp.h - an event to a log record of OTLP, JSON encoding.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Protocol Buffers' JSON as the OpenTelemetry protocol has it: member names in lowerCamelCase, 64-bit integers as
 * text, enumerations as numbers, trace and span ids in hexadecimal. What a log record has no member for
 * becomes an attribute, typed as it came.
 */
#ifndef WEIR_OTLP_H
#define WEIR_OTLP_H

#include "agent/data/encode.h"

/* service: what the resource around the record says; another service.name becomes an attribute. */
void otlp_write_record(struct buffer *to, const struct event *event, struct str service,
                       struct arena *scratch);

/* What stands in front of the records of one service, and behind them. */
void otlp_open(struct buffer *to, struct str service);
void otlp_close(struct buffer *to);

#endif
