/* agent/ports/listener.h - the port to those who ask: request -> reply later.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Requests come out of a mailbox on the caller's thread and are answered when it likes. The production port is
 * libmicrohttpd (port_listener_microhttpd.c, the only file that includes it).
 */
#ifndef WEIR_LISTENER_H
#define WEIR_LISTENER_H

#include <stdint.h>

#include "agent/data/str.h"
#include "agent/why.h"

struct listener;

struct listener_request { /* lives until it is answered */
    struct str method, path, host, authorization;
};

struct listener_plan {
    struct str address; /* "127.0.0.1:4319", "[::1]:0" */
    uint32_t waiting_max; /* requests under way; one more is answered 503 */
    void (*wake)(void *context); /* a request has come; any thread */
    void *context;
};

enum code listener_open(const struct listener_plan *plan, struct listener **ret, struct why *why) CHECK_RESULT;
uint16_t listener_port(const struct listener *listener); /* the one that was bound */
struct listener_request *listener_take(struct listener *listener); /* null: none */
/* Copies the body; the request is gone afterwards. */
void listener_answer(struct listener *listener, struct listener_request *request, int status,
                     const char *content_type, struct str body);
void listener_close(struct listener *listener); /* null is allowed; unanswered requests are dropped */

#endif
