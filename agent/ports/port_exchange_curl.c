/* agent/ports/port_exchange_curl.c - HTTP by libcurl's multi interface.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fate: a request whose connection never stood is NOT_SENT. From the moment curl hands the request
 * to a standing connection (CURLOPT_PREREQFUNCTION) whatever fails is UNKNOWN. curl silently sends
 * a request again when a kept-alive connection turns out to be dead; the first copy may have
 * arrived, so a second call of that hook ends the transfer instead.
 */
#include "agent/ports/exchange.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "agent/data/buffer.h"
#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/why.h"

enum {
    TRANSFERS_MAX = OUTPUTS_MAX * IN_FLIGHT_MAX,
    CONNECT_MS_MAX = 10000,
    KEEP_ALIVE_S = 50, /* below the 60 s after which many proxies close silently */
    KEPT_MAX = IN_FLIGHT_MAX,
    BLOCK_HEAD = 16, /* in front of curl's blocks: their size, and alignment */
};

struct transfer {
    struct transfer *next;
    struct exchange *exchange; /* null: free */
    CURL *easy;
    struct curl_slist *headers;
    struct buffer reply;
    unsigned begun; /* how often a connection took the request */
    char error[CURL_ERROR_SIZE];
};

struct port {
    CURLM *multi;
    struct transfer *idle, *done;
    unsigned running, idle_count;
};

/* --- memory
 * ---------------------------------------------------------------------------------------- */

static void *block_make(size_t size)
{
    char *block = size < SIZE_MAX - BLOCK_HEAD ? memory_make(size + BLOCK_HEAD) : NULL;
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    return block + BLOCK_HEAD;
}

static void block_free(void *block)
{
    if (block)
        memory_free((char *)block - BLOCK_HEAD);
}

static void *block_resize(void *block, size_t size)
{
    void *grown = block_make(size);
    if (grown && block) {
        size_t old;
        memcpy(&old, (char *)block - BLOCK_HEAD, sizeof old);
        memcpy(grown, block, old < size ? old : size);
        block_free(block);
    }
    return grown;
}

static void *block_zeroed(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    void *block = block_make(count * size);
    if (block)
        memset(block, 0, count * size);
    return block;
}

static char *block_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *block = block_make(size);
    if (block)
        memcpy(block, text, size);
    return block;
}

/* --- one transfer
 * ---------------------------------------------------------------------------------- */

static size_t reply_add(char *from, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    buffer_add(&transfer->reply, (struct str){from, size * count});
    return transfer->reply.full ? 0 : size * count;
}

static int request_begins(void *context, char *remote, char *local, int remote_port, int local_port)
{
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    struct transfer *transfer = context;
    return ++transfer->begun == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static void set_security(CURL *easy, const struct exchange *exchange)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, exchange->proxy ? exchange->proxy : "");
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, exchange->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, exchange->verify ? 2L : 0L);
    if (exchange->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, exchange->ca_file);
    if (exchange->cert_file)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, exchange->cert_file);
    if (exchange->key_file)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, exchange->key_file);
    if (exchange->unix_socket)
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, exchange->unix_socket);
}

static void set_method(CURL *easy, const struct exchange *exchange)
{
    if (strcmp(exchange->method, "GET") == 0) {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->body.at ? exchange->body.at : "");
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->body.len);
    if (strcmp(exchange->method, "POST") != 0)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
}

static bool set_headers(struct transfer *transfer, const struct exchange *exchange)
{
    /* "Expect: 100-continue" costs a round trip, or a second where nobody answers it. */
    transfer->headers = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; transfer->headers && i < exchange->header_count; i++) {
        char line[8192];
        if (exchange->headers[i].len >= sizeof line)
            return false;
        struct curl_slist *longer =
            curl_slist_append(transfer->headers, str_z(exchange->headers[i], line, sizeof line));
        if (!longer)
            return false;
        transfer->headers = longer;
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return transfer->headers != NULL;
}

static long milliseconds(int64_t ns)
{
    return (long)((ns + 999999) / 1000000);
}

static bool transfer_set(struct transfer *transfer, struct exchange *exchange)
{
    CURL *easy = transfer->easy;
    curl_easy_reset(easy);
    long timeout_ms = milliseconds(exchange->timeout_ns);
    curl_easy_setopt(easy, CURLOPT_URL, exchange->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout_ms < CONNECT_MS_MAX ? timeout_ms : (long)CONNECT_MS_MAX);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)KEEP_ALIVE_S);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, reply_add);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, request_begins);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    set_security(easy, exchange);
    set_method(easy, exchange);
    return set_headers(transfer, exchange);
}

/* --- the port
 * -------------------------------------------------------------------------------------- */

static void transfer_free(struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    if (transfer->easy)
        curl_easy_cleanup(transfer->easy);
    buffer_clear(&transfer->reply);
    memory_free(transfer);
}

static struct transfer *transfer_take(struct port *port)
{
    struct transfer *transfer = port->idle;
    if (transfer) {
        port->idle = transfer->next;
        port->idle_count--;
    } else {
        transfer = memory_make(sizeof *transfer);
        if (!transfer)
            return NULL;
        memset(transfer, 0, sizeof *transfer);
        buffer_init(&transfer->reply, 1);
        transfer->easy = curl_easy_init();
    }
    if (!transfer->easy) {
        transfer_free(transfer);
        return NULL;
    }
    transfer->next = NULL;
    transfer->begun = 0;
    transfer->error[0] = 0;
    return transfer;
}

static void transfer_give(struct port *port, struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    buffer_clear(&transfer->reply);
    transfer->exchange = NULL;
    if (port->idle_count >= KEPT_MAX) {
        transfer_free(transfer);
        return;
    }
    transfer->next = port->idle;
    port->idle = transfer;
    port->idle_count++;
}

static bool port_submit(void *self, struct exchange *exchange)
{
    struct port *port = self;
    struct transfer *transfer = port->running < TRANSFERS_MAX ? transfer_take(port) : NULL;
    if (!transfer)
        return false;
    buffer_init(&transfer->reply, exchange->reply_bytes_max ? exchange->reply_bytes_max : 1);
    if (!transfer_set(transfer, exchange) ||
        curl_multi_add_handle(port->multi, transfer->easy) != CURLM_OK) {
        transfer_give(port, transfer);
        return false;
    }
    transfer->exchange = exchange;
    exchange->port = transfer;
    port->running++;
    return true;
}

static void exchange_fail(struct exchange *exchange, const struct transfer *transfer, CURLcode code)
{
    exchange->fate = transfer->begun ? EXCHANGE_UNKNOWN : EXCHANGE_NOT_SENT;
    const char *text = transfer->error[0] ? transfer->error : curl_easy_strerror(code);
    if (transfer->begun > 1)
        text = "the connection was closed before an answer came";
    else if (transfer->reply.full)
        text = "the answer is longer than any honest one";
    str_z(str_from(text), exchange->error, sizeof exchange->error);
}

static void rate_limit_read(struct transfer *transfer)
{
    struct curl_header *header;
    char *to = transfer->exchange->rate_limit;
    to[0] = 0;
    if (curl_easy_header(transfer->easy, "RateLimit", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
        str_z(str_from(header->value), to, sizeof transfer->exchange->rate_limit);
}

static void exchange_finish(struct transfer *transfer, CURLcode code)
{
    struct exchange *exchange = transfer->exchange;
    long status = 0;
    curl_off_t retry_after_s = 0;
    char *content_type = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &content_type);
    exchange->status = (int)status;
    exchange->reply = buffer_str(&transfer->reply);
    exchange->retry_after_ns = -1;
    if (retry_after_s > 0 && retry_after_s < INT64_MAX / 1000000000)
        exchange->retry_after_ns = (int64_t)retry_after_s * 1000000000;
    snprintf(exchange->content_type, sizeof exchange->content_type, "%s",
             content_type ? content_type : "");
    rate_limit_read(transfer);
    exchange->error[0] = 0;
    /* A 413 often comes while the body is still on its way, and the connection is gone with it. */
    if (code == CURLE_OK || status == 413)
        exchange->fate = EXCHANGE_REPLIED;
    else
        exchange_fail(exchange, transfer, code);
}

static void messages_read(struct port *port)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(port->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
        curl_multi_remove_handle(port->multi, easy);
        port->running--;
        exchange_finish(transfer, code);
        transfer->next = port->done;
        port->done = transfer;
    }
}

static void port_step(void *self, int64_t wait_ns)
{
    struct port *port = self;
    int running;
    curl_multi_perform(port->multi, &running);
    messages_read(port);
    if (wait_ns <= 0 || port->done)
        return;
    int64_t wait_ms = wait_ns < INT64_C(3600000000000) ? milliseconds(wait_ns) : 3600000;
    curl_multi_poll(port->multi, NULL, 0, (int)wait_ms, NULL);
    curl_multi_perform(port->multi, &running);
    messages_read(port);
}

static void port_wake(void *self)
{
    struct port *port = self;
    curl_multi_wakeup(port->multi);
}

static struct exchange *port_take_done(void *self)
{
    struct port *port = self;
    struct transfer *transfer = port->done;
    if (!transfer)
        return NULL;
    port->done = transfer->next;
    return transfer->exchange;
}

static void port_cancel(void *self, struct exchange *exchange)
{
    struct port *port = self;
    struct transfer *transfer = exchange->port;
    for (struct transfer **at = &port->done; *at; at = &(*at)->next) {
        if (*at == transfer) {
            *at = transfer->next;
            return;
        }
    }
    curl_multi_remove_handle(port->multi, transfer->easy);
    port->running--;
}

static void port_release(void *self, struct exchange *exchange)
{
    transfer_give(self, exchange->port);
    exchange->port = NULL;
    exchange->reply = (struct str){0};
}

static void port_close(void *self)
{
    struct port *port = self;
    while (port->idle) {
        struct transfer *next = port->idle->next;
        transfer_free(port->idle);
        port->idle = next;
    }
    if (port->multi)
        curl_multi_cleanup(port->multi);
    port->multi = NULL;
}

static enum code port_once(struct why *why)
{
    static bool is_begun;
    if (is_begun)
        return OK;
    CURLcode code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, block_make, block_free, block_resize,
                                         block_text, block_zeroed);
    if (code != CURLE_OK)
        return fail(why, SYSTEM_FAILED, "libcurl could not start: %s", curl_easy_strerror(code));
    is_begun = true;
    return OK;
}

const struct exchanges *exchanges_curl(struct why *why)
{
    static struct port port;
    static const struct exchanges exchanges = {
        .self = &port,
        .submit = port_submit,
        .step = port_step,
        .wake = port_wake,
        .take_done = port_take_done,
        .release = port_release,
        .cancel = port_cancel,
        .close = port_close,
    };
    if (port_once(why) != OK)
        return NULL;
    port = (struct port){.multi = curl_multi_init()};
    if (!port.multi) {
        fail(why, OVER_LIMIT, "libcurl could not make its multi handle");
        return NULL;
    }
    curl_multi_setopt(port.multi, CURLMOPT_MAXCONNECTS, (long)KEPT_MAX);
    return &exchanges;
}
