/* agent/ports/port_listener_microhttpd.c - the port to those who ask, over libmicrohttpd.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libmicrohttpd runs one thread of its own. A request is suspended there and put into a mailbox;
 * the answer resumes it, which libmicrohttpd allows from any thread.
 */
#include "agent/ports/listener.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "agent/memory.h"
#include "agent/pipeline/mailbox.h"

enum { CONNECTIONS_MAX = 64, CONNECTION_BYTES = 16 * 1024, IDLE_S = 30 };

struct listener {
    struct MHD_Daemon *daemon;
    struct mailbox asked;
    struct exchange_of *taken; /* and not answered yet; the caller's thread */
    atomic_uint under_way;     /* suspended, or about to be */
    atomic_bool closes;        /* nobody is suspended any more: libmicrohttpd cannot stop then */
};

struct exchange_of { /* one request, from its first line to the end of its answer */
    struct listener_request request;
    struct MHD_Connection *connection;
    struct MHD_Response *response; /* set before it is resumed */
    struct exchange_of *next;      /* taken before this one */
    int status;
};

static struct str header(struct MHD_Connection *connection, const char *name)
{
    return str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status)
{
    static char nothing[] = "";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result hand_over(struct listener *listener, struct exchange_of *exchange)
{
    atomic_fetch_add(&listener->under_way, 1);
    if (!atomic_load(&listener->closes)) {
        MHD_suspend_connection(exchange->connection);
        if (mailbox_put(&listener->asked, exchange))
            return MHD_YES;
        MHD_resume_connection(exchange->connection);
    }
    atomic_fetch_sub(&listener->under_way, 1);
    return refuse(exchange->connection, MHD_HTTP_SERVICE_UNAVAILABLE);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **mine)
{
    struct listener *listener = context;
    struct exchange_of *exchange = *mine;
    (void)version;
    (void)upload;
    if (*upload_size) { /* bodies are read and forgotten */
        *upload_size = 0;
        return MHD_YES;
    }
    if (exchange && exchange->response)
        return MHD_queue_response(connection, (unsigned)exchange->status, exchange->response);
    if (exchange)
        return hand_over(listener, exchange);
    exchange = memory_make(sizeof *exchange);
    if (!exchange)
        return MHD_NO;
    *exchange =
        (struct exchange_of){.connection = connection,
                             .request = {.method = str_from(method),
                                         .path = str_from(url),
                                         .host = header(connection, "Host"),
                                         .authorization = header(connection, "Authorization")}};
    *mine = exchange;
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **mine,
                         enum MHD_RequestTerminationCode how)
{
    struct exchange_of *exchange = *mine;
    (void)context;
    (void)connection;
    (void)how;
    if (exchange && exchange->response)
        MHD_destroy_response(exchange->response);
    memory_free(exchange);
    *mine = NULL;
}

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static bool read_address(struct str text, union socket_address *ret)
{
    char host[64];
    uint64_t port;
    struct cut parts = str_cut_last(text, ':');
    if (!parts.found || !str_to_uint(parts.tail, &port) || port > UINT16_MAX)
        return false;
    memset(ret, 0, sizeof *ret);
    if (str_starts(parts.head, STR("[")) && str_ends(parts.head, STR("]"))) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons((uint16_t)port);
        str_z(str_slice(parts.head, 1, parts.head.len - 2), host, sizeof host);
        return inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1;
    }
    ret->v4.sin_family = AF_INET;
    ret->v4.sin_port = htons((uint16_t)port);
    str_z(str_equal(parts.head, STR("localhost")) ? STR("127.0.0.1") : parts.head, host,
          sizeof host);
    return inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1;
}

static struct MHD_Daemon *start(struct listener *listener, const union socket_address *address)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     (address->any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, listener, MHD_OPTION_SOCK_ADDR,
                            &address->any, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_END);
}

enum code listener_open(const struct listener_plan *plan, struct listener **ret, struct why *why)
{
    union socket_address address;
    if (!read_address(plan->address, &address))
        return fail(why, BAD_CONFIG,
                    "admin \"%.*s\" is no address: write host:port, such as 127.0.0.1:4319",
                    STR_ARG(plan->address));
    struct listener *listener = memory_make(sizeof *listener);
    if (!listener)
        return fail(why, OVER_LIMIT, "no memory for the admin server");
    memset(listener, 0, sizeof *listener);
    enum code code = mailbox_init(&listener->asked, plan->waiting_max, why);
    if (code == OK) {
        mailbox_on_put(&listener->asked, plan->wake, plan->context);
        listener->daemon = start(listener, &address);
        if (!listener->daemon)
            code = fail(why, SYSTEM_FAILED, "cannot listen on %.*s: is another agent running?",
                        STR_ARG(plan->address));
    }
    if (code != OK) {
        listener_close(listener);
        return code;
    }
    *ret = listener;
    return OK;
}

uint16_t listener_port(const struct listener *listener)
{
    return MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

struct listener_request *listener_take(struct listener *listener)
{
    struct exchange_of *exchange = mailbox_take(&listener->asked);
    if (!exchange && !mailbox_may_sleep(&listener->asked)) /* else who asks next wakes the lane */
        exchange = mailbox_take(&listener->asked);
    if (!exchange)
        return NULL;
    exchange->next = listener->taken;
    listener->taken = exchange;
    return &exchange->request;
}

void listener_answer(struct listener *listener, struct listener_request *request, int status,
                     const char *content_type, struct str body)
{
    struct exchange_of *exchange = (struct exchange_of *)request;
    struct exchange_of **at = &listener->taken;
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    char *copy = memory_make(body.len);
    if (copy && body.len)
        memcpy(copy, body.at, body.len);
    exchange->status = copy ? status : MHD_HTTP_SERVICE_UNAVAILABLE;
    exchange->response =
        MHD_create_response_from_buffer_with_free_callback(copy ? body.len : 0, copy, memory_free);
    MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(exchange->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(exchange->response, "X-Content-Type-Options", "nosniff");
    MHD_resume_connection(exchange->connection);
    atomic_fetch_sub(&listener->under_way, 1);
}

void listener_close(struct listener *listener)
{
    if (!listener)
        return;
    atomic_store(&listener->closes, true);
    while (atomic_load(&listener->under_way)) /* one that is about to be suspended comes at once */
        if (listener->taken || listener_take(listener))
            listener_answer(listener, &listener->taken->request, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "text/plain", STR("stopping\n"));
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    mailbox_clear(&listener->asked);
    memory_free(listener);
}
