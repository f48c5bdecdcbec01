/* agent/ports/port_broker_none.c - no broker port: librdkafka was not there when the agent was
 * built. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/broker.h"

const struct brokers *brokers_real(void)
{
    return NULL;
}
