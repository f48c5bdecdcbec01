/* agent/sight/metrics.h - what /metrics says: the Prometheus text format, version 0.0.4.
 * SPDX-License-Identifier: Apache-2.0
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/ and its naming conventions: the prefix weir_, base
 * units, _total for counters. Functions go by OpenTelemetry's names (faas_...), counted before sampling.
 */
#ifndef WEIR_METRICS_H
#define WEIR_METRICS_H

#include "agent/data/buffer.h"

struct lane;

void metrics_write(const struct lane *lane, struct buffer *to);

#endif
