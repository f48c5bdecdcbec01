/* agent/ports/exchange.h - the port to HTTP: request -> reply, not sent, or fate unknown.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Asynchronous: submit, then step until take_done gives it back. The production port is libcurl's multi interface
 * (port_exchange_curl.c, the only file that includes it); TLS 1.2 and up, no redirects.
 */
#ifndef WEIR_EXCHANGE_H
#define WEIR_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/data/str.h"

enum exchange_fate {
    EXCHANGE_REPLIED,  /* a whole answer came */
    EXCHANGE_NOT_SENT, /* nothing of it can have been acted on: no connection, TLS or name failure */
    EXCHANGE_UNKNOWN,  /* sent at least in part, and no whole answer */
};

struct exchange {
    /* in: borrowed until it is given back */
    const char *method, *url;
    const struct str *headers; /* whole "Name: value" lines */
    size_t header_count;
    struct str body;
    const char *ca_file, *cert_file, *key_file; /* null or a path */
    const char *unix_socket;                    /* null */
    const char *proxy;                          /* null: none, whatever the environment says */
    bool verify;
    int64_t timeout_ns;
    size_t reply_bytes_max; /* a longer answer counts as UNKNOWN */
    void *mine;
    /* out */
    enum exchange_fate fate;
    int status;
    struct str reply;        /* decompressed; lives until release() */
    int64_t retry_after_ns;  /* -1: not said */
    char content_type[96];
    char rate_limit[96];     /* the RateLimit header; empty: none */
    char error[160];         /* for NOT_SENT and UNKNOWN: one line, no secret */
    /* the port's own */
    void *port;
};

struct exchanges {
    void *self;
    bool (*submit)(void *self, struct exchange *exchange); /* false: no room, try again after a step */
    /* Moves everything on; waits at most wait_ns for something to happen (0: does not wait). */
    void (*step)(void *self, int64_t wait_ns);
    void (*wake)(void *self);                              /* ends a waiting step; any thread */
    struct exchange *(*take_done)(void *self);             /* null: none */
    void (*release)(void *self, struct exchange *exchange); /* frees what the port holds for it */
    void (*cancel)(void *self, struct exchange *exchange);
    void (*close)(void *self);
};

struct why;
const struct exchanges *exchanges_curl(struct why *why); /* null: why */

#endif
