/* agent/sight/admin.h - the admin server: metrics, health, readiness, the ledger. No event text.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     GET /metrics         Prometheus text
 *     GET /health          200 while the lane moves; destinations' state in the body. A dead destination must
 *                          not make an orchestrator kill the agent
 *     GET /ready           200 once the inputs are open
 *     GET /api/v1/ledger   the ledger as JSON
 *
 * Requests are answered on the lane, between two batches. The Host header must be an IP literal, localhost or one
 * of admin_hosts, against DNS rebinding.
 */
#ifndef WEIR_ADMIN_H
#define WEIR_ADMIN_H

#include "agent/config/setting.h"
#include "agent/data/buffer.h"
#include "agent/ports/listener.h"

struct lane;

struct admin {
    struct listener *listener; /* null: off */
    struct list hosts;
    struct buffer text;
};

/* Answers what was asked since the last call. */
void admin_step(struct admin *admin, struct lane *lane);
bool admin_host_is_allowed(struct str host, const struct list *hosts);
void admin_close(struct admin *admin);

#endif
