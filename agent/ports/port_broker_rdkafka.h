/* agent/ports/port_broker_rdkafka.h - what the two files of librdkafka's port share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PORT_BROKER_RDKAFKA_H
#define WEIR_PORT_BROKER_RDKAFKA_H

#include <librdkafka/rdkafka.h>

#include "agent/ports/broker.h"

/* All settings of the plan and those that promises hang on. Null: why. */
rd_kafka_conf_t *rdkafka_conf(const struct broker_plan *plan, bool is_consumer, struct why *why);
/* Takes conf. Null: why. */
rd_kafka_t *rdkafka_client(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct why *why);

/* Each partition that is read keeps its records in a queue of its own: who does not read one stops its
 * fetching, while the group's events are polled all the same. */
const struct consumer *rdkafka_consume(void *self, const struct broker_plan *plan, struct why *why);

#endif
