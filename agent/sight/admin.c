/* agent/sight/admin.c - the admin server.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/admin.h"

#include <arpa/inet.h>

#include "agent/data/encode.h"
#include "agent/pipeline/lane.h"
#include "agent/sight/metrics.h"
#include "agent/state/state.h"

static const char JSON_TYPE[] = "application/json";
static const char TEXT_TYPE[] = "text/plain; charset=utf-8";

/* "[::1]:4319" or "127.0.0.1:4319" or "name:4319" without its port and brackets. */
static struct str host_name_of(struct str host)
{
    if (str_starts(host, STR("[")))
        return str_cut(str_skip(host, 1), ']').head;
    return str_cut_last(host, ':').head;
}

bool admin_host_is_allowed(struct str host, const struct list *hosts)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    struct str name = host_name_of(host);
    if (name.len && name.len < sizeof text) {
        str_z(name, text, sizeof text);
        if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
            return true;
    }
    if (str_equal_case(name, STR("localhost")))
        return true;
    for (size_t i = 0; i < hosts->count; i++)
        if (str_equal_case(name, hosts->texts[i]))
            return true;
    return false;
}

static void health_of_output(const struct lane *lane, const struct drain *drain, struct buffer *to)
{
    static const char *const states[] = {"closed", "open", "half-open"};
    struct delivery_stats stats = {0};
    encode_text(to, drain->host.label);
    buffer_format(to, ":{\"in_flight\":%llu", (unsigned long long)drain->totals->in_flight);
    if (drain->outbox) {
        delivery_read_stats(lane->delivery, drain->index, &stats);
        buffer_format(to, ",\"breaker\":\"%s\",\"held\":%s,\"held_targets\":%u,\"last_refusal\":",
                      states[stats.breaker], stats.is_held ? "true" : "false", stats.held_targets);
        encode_text(to, str_from(stats.last_refusal));
        buffer_format(to, ",\"queued\":%llu,\"queue_bytes\":%llu,\"queue_bytes_max\":%llu",
                      (unsigned long long)drain->totals->queued,
                      (unsigned long long)queue_bytes(&drain->queue),
                      (unsigned long long)drain->queue.size_max);
        buffer_format(to, ",\"evicted\":%llu,\"dead_letter_bytes\":%llu",
                      (unsigned long long)drain->totals->evicted,
                      (unsigned long long)letters_bytes(&drain->letters));
    }
    buffer_byte(to, '}');
}

static void write_health(const struct lane *lane, struct buffer *to)
{
    buffer_add(to, STR("{\"status\":\"ok\",\"outputs\":{"));
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        if (i)
            buffer_byte(to, ',');
        health_of_output(lane, &lane->pipeline.drains[i], to);
    }
    buffer_add(to, STR("}}\n"));
}

static void write_ledger(struct lane *lane, struct buffer *to)
{
    lane_reveal(lane, true);
    ledger_write_json(state_ledger(lane->state), to);
    lane_reveal(lane, false);
}

static void answer(struct admin *admin, struct lane *lane, struct listener_request *request)
{
    struct buffer *text = &admin->text;
    int status = 200;
    const char *type = JSON_TYPE;
    buffer_reset(text);
    if (!admin_host_is_allowed(request->host, &admin->hosts)) {
        status = 403;
        type = TEXT_TYPE;
        buffer_add(text, STR("this Host is not allowed: see admin_hosts\n"));
    } else if (!str_equal(request->method, STR("GET"))) {
        status = 405;
        type = TEXT_TYPE;
        buffer_add(text, STR("only GET is answered here\n"));
    } else if (str_equal(request->path, STR("/metrics"))) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        metrics_write(lane, text);
    } else if (str_equal(request->path, STR("/health"))) {
        write_health(lane, text);
    } else if (str_equal(request->path, STR("/ready"))) {
        buffer_add(text, STR("{\"status\":\"ready\"}\n"));
    } else if (str_equal(request->path, STR("/api/v1/ledger"))) {
        write_ledger(lane, text);
    } else {
        status = 404;
        type = TEXT_TYPE;
        buffer_add(text, STR("there is /metrics, /health, /ready and /api/v1/ledger\n"));
    }
    if (text->full)
        status = 500;
    listener_answer(admin->listener, request, status, type, buffer_str(text));
}

void admin_step(struct admin *admin, struct lane *lane)
{
    struct listener_request *request;
    while (admin->listener && (request = listener_take(admin->listener)) != NULL)
        answer(admin, lane, request);
}

void admin_close(struct admin *admin)
{
    listener_close(admin->listener);
    admin->listener = NULL;
    buffer_clear(&admin->text);
}
