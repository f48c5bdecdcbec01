/* agent/sight/metrics.c - what /metrics says.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/metrics.h"

#include <stdio.h>

#include "agent/data/utf8.h"
#include "agent/memory.h"
#include "agent/pipeline/lane.h"
#include "agent/state/state.h"

static void family(struct buffer *to, const char *name, const char *type, const char *help)
{
    buffer_format(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void label_bytes(struct buffer *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        if (byte == '\n')
            buffer_add(to, STR("\\n"));
        else if (byte == '"' || byte == '\\')
            buffer_byte(to, '\\'), buffer_byte(to, byte);
        else
            buffer_byte(to, (unsigned char)byte < ' ' ? '?' : byte);
    }
}

/* Label values escape backslash, quote and newline; what strangers named is cut to a sane length.
 * One that is not UTF-8 would cost the whole scrape.
 */
static void label_value(struct buffer *to, struct str text)
{
    struct str rest = str_slice(text, 0, 200);
    while (rest.len) {
        size_t valid = utf8_valid(rest);
        label_bytes(to, str_slice(rest, 0, valid));
        rest = str_skip(rest, valid);
        if (rest.len)
            buffer_add(to, STR(UTF8_REPLACEMENT));
        rest = str_skip(rest, rest.len ? utf8_broken(rest) : 0);
    }
}

static void sample(struct buffer *to, const char *name, const char *label, struct str value)
{
    buffer_add(to, str_from(name));
    buffer_byte(to, '{');
    buffer_add(to, str_from(label));
    buffer_add(to, STR("=\""));
    label_value(to, value);
    buffer_byte(to, '"');
}

static void number(struct buffer *to, uint64_t value)
{
    buffer_add(to, STR("} "));
    buffer_uint(to, value);
    buffer_byte(to, '\n');
}

static void real(struct buffer *to, double value)
{
    buffer_format(to, "} %.9g\n", value);
}

/* --- inputs and outputs
 * ----------------------------------------------------------------------------------- */

static void write_inputs(const struct ledger *ledger, struct buffer *to)
{
    static const struct {
        const char *name, *help;
        size_t at;
    } rows[] = {
        {"weir_input_bytes_total", "Bytes read.", offsetof(struct input_totals, bytes)},
        {"weir_input_lines_total", "Lines read.", offsetof(struct input_totals, lines)},
        {"weir_input_events_total", "Events made of what was read.",
         offsetof(struct input_totals, events)},
        {"weir_input_blank_lines_total", "Lines with nothing on them.",
         offsetof(struct input_totals, blank)},
        {"weir_input_cut_bytes_total", "Bytes of lines above line_max that were not kept.",
         offsetof(struct input_totals, cut_bytes)},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        family(to, rows[row].name, "counter", rows[row].help);
        for (uint32_t i = 0; i < ledger->input_count; i++) {
            const char *totals = (const char *)&ledger->inputs[i];
            sample(to, rows[row].name, "input", ledger->input_names[i]);
            number(to, *(const uint64_t *)(const void *)(totals + rows[row].at));
        }
    }
}

static const struct {
    const char *outcome;
    size_t at;
} outcomes[] = {
    {"delivered", offsetof(struct output_totals, delivered)},
    {"sampled_out", offsetof(struct output_totals, sampled_out)},
    {"dropped", offsetof(struct output_totals, dropped)},
    {"dead_lettered", offsetof(struct output_totals, dead_lettered)},
    {"evicted", offsetof(struct output_totals, evicted)},
    {"abandoned", offsetof(struct output_totals, abandoned)},
};

static void write_outcomes(const struct ledger *ledger, struct buffer *to)
{
    family(to, "weir_output_events_total", "counter", "Events by what became of them.");
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        const char *totals = (const char *)&ledger->outputs[i];
        for (size_t row = 0; row < COUNT(outcomes); row++) {
            sample(to, "weir_output_events_total", "output", ledger->output_names[i]);
            buffer_format(to, ",outcome=\"%s\"", outcomes[row].outcome);
            number(to, *(const uint64_t *)(const void *)(totals + outcomes[row].at));
        }
    }
}

static void write_gauges(const struct ledger *ledger, struct buffer *to)
{
    family(to, "weir_output_held_events", "gauge",
           "Events that wait for the verdict on their trace.");
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        sample(to, "weir_output_held_events", "output", ledger->output_names[i]);
        number(to, ledger->outputs[i].held);
    }
    family(to, "weir_output_in_flight_events", "gauge",
           "Events on their way, without an answer yet.");
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        sample(to, "weir_output_in_flight_events", "output", ledger->output_names[i]);
        number(to, ledger->outputs[i].in_flight);
    }
    family(to, "weir_output_queued_events", "gauge", "Events that wait in the queue on disk.");
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        sample(to, "weir_output_queued_events", "output", ledger->output_names[i]);
        number(to, ledger->outputs[i].queued);
    }
    family(to, "weir_ledger_imbalance_events", "gauge",
           "Events that no column of the ledger holds; must be 0.");
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        const struct output_totals *t = &ledger->outputs[i];
        uint64_t out = t->delivered + t->sampled_out + t->dropped + t->dead_lettered + t->evicted +
                       t->abandoned + t->held + t->queued + t->in_flight;
        sample(to, "weir_ledger_imbalance_events", "output", ledger->output_names[i]);
        real(to, (double)(int64_t)(t->in - out));
    }
}

/* --- delivery
 * ------------------------------------------------------------------------------------------------
 */

static void write_latency(const struct drain *drain, const struct delivery_stats *stats,
                          struct buffer *to)
{
    uint64_t below = 0;
    for (int i = 0; i < LATENCY_BUCKETS; i++) {
        below += stats->latency[i];
        sample(to, "weir_output_send_duration_seconds_bucket", "output", drain->host.label);
        buffer_format(to, ",le=\"%g\"", delivery_latency_bounds_s[i]);
        number(to, below);
    }
    sample(to, "weir_output_send_duration_seconds_bucket", "output", drain->host.label);
    buffer_add(to, STR(",le=\"+Inf\""));
    number(to, stats->answers);
    sample(to, "weir_output_send_duration_seconds_sum", "output", drain->host.label);
    real(to, (double)stats->latency_ns_sum / 1e9);
    sample(to, "weir_output_send_duration_seconds_count", "output", drain->host.label);
    number(to, stats->answers);
}

static void write_retries(const struct drain *drain, const struct delivery_stats *stats,
                          struct buffer *to)
{
    for (int i = 0; i < RETRY_REASONS; i++) {
        sample(to, "weir_output_retries_total", "output", drain->host.label);
        buffer_format(to, ",reason=\"%s\"", delivery_retry_names[i]);
        number(to, stats->retries[i]);
    }
}

static void write_sent(const struct drain *drain, const struct delivery_stats *stats,
                       struct buffer *to)
{
    sample(to, "weir_output_sent_bytes_total", "output", drain->host.label);
    number(to, stats->sent_bytes);
}

static void write_twins(const struct drain *drain, const struct delivery_stats *stats,
                        struct buffer *to)
{
    sample(to, "weir_output_twins_total", "output", drain->host.label);
    buffer_add(to, STR(",kind=\"resent\""));
    number(to, stats->twins);
    sample(to, "weir_output_twins_total", "output", drain->host.label);
    buffer_add(to, STR(",kind=\"collision\""));
    number(to, stats->collisions);
}

static void write_breaker(const struct drain *drain, const struct delivery_stats *stats,
                          struct buffer *to)
{
    sample(to, "weir_output_breaker_state", "output", drain->host.label);
    number(to, stats->breaker);
}

static void write_queue(const struct drain *drain, const struct delivery_stats *stats,
                        struct buffer *to)
{
    (void)stats;
    sample(to, "weir_output_queue_bytes", "output", drain->host.label);
    number(to, queue_bytes(&drain->queue));
}

static void write_letters(const struct drain *drain, const struct delivery_stats *stats,
                          struct buffer *to)
{
    (void)stats;
    sample(to, "weir_output_dead_letter_bytes", "output", drain->host.label);
    number(to, letters_bytes(&drain->letters));
}

static void write_delivery(const struct lane *lane, struct buffer *to)
{
    static const struct {
        const char *name, *type, *help;
        void (*write)(const struct drain *, const struct delivery_stats *, struct buffer *);
    } rows[] = {
        {"weir_output_send_duration_seconds", "histogram",
         "From a request's first byte to its answer.", write_latency},
        {"weir_output_retries_total", "counter", "What was sent again, by reason.", write_retries},
        {"weir_output_sent_bytes_total", "counter",
         "Request bodies on the wire, after compression.", write_sent},
        {"weir_output_twins_total", "counter",
         "Events whose id was there already: sent before, or a stranger's (dead-lettered).",
         write_twins},
        {"weir_output_breaker_state", "gauge", "Circuit breaker: 0 closed, 1 open, 2 half-open.",
         write_breaker},
        {"weir_output_queue_bytes", "gauge", "Size of the queue on disk.", write_queue},
        {"weir_output_dead_letter_bytes", "gauge", "Size of the dead letters on disk.",
         write_letters},
    };
    for (size_t row = 0; lane->delivery && row < COUNT(rows); row++) {
        family(to, rows[row].name, rows[row].type, rows[row].help);
        for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
            const struct drain *drain = &lane->pipeline.drains[i];
            struct delivery_stats stats;
            if (!drain->outbox)
                continue;
            delivery_read_stats(lane->delivery, drain->index, &stats);
            rows[row].write(drain, &stats, to);
        }
    }
}

/* --- what plugins count
 * --------------------------------------------------------------------------------------- */

static bool told_before(const struct counter *first, const struct counter *counter)
{
    for (const struct counter *at = first; at != counter; at = at->next)
        if (str_equal(str_from(at->kind), str_from(counter->kind)) &&
            str_equal(str_from(at->name), str_from(counter->name)))
            return true;
    return false;
}

static void write_counters(const struct counter *first, struct buffer *to)
{
    char name[160];
    for (const struct counter *counter = first; counter; counter = counter->next) {
        if (told_before(first, counter))
            continue;
        snprintf(name, sizeof name, "weir_%s_%s_total", counter->kind, counter->name);
        family(to, name, "counter", counter->help);
        for (const struct counter *at = counter; at; at = at->next) {
            if (!str_equal(str_from(at->kind), str_from(counter->kind)) ||
                !str_equal(str_from(at->name), str_from(counter->name)))
                continue;
            sample(to, name, at->kind, at->label);
            number(to, __atomic_load_n(&at->value, __ATOMIC_RELAXED));
        }
    }
}

/* --- functions
 * ---------------------------------------------------------------------------------------------------
 */

static const double duration_bounds_s[] = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                           0.5,   0.75, 1,     2.5,  5,     7.5, 10};

static void write_durations(const struct function *function, const char *name,
                            const struct histogram *histogram, struct buffer *to)
{
    char text[96];
    snprintf(text, sizeof text, "%s_bucket", name);
    for (size_t i = 0; i < COUNT(duration_bounds_s); i++) {
        sample(to, text, "faas_name", function->name);
        buffer_format(to, ",le=\"%g\"", duration_bounds_s[i]);
        number(to, histogram_below(histogram, (int64_t)(duration_bounds_s[i] * 1e9)));
    }
    sample(to, text, "faas_name", function->name);
    buffer_add(to, STR(",le=\"+Inf\""));
    number(to, histogram->count);
    snprintf(text, sizeof text, "%s_sum", name);
    sample(to, text, "faas_name", function->name);
    real(to, histogram->sum_ns / 1e9);
    snprintf(text, sizeof text, "%s_count", name);
    sample(to, text, "faas_name", function->name);
    number(to, histogram->count);
}

static void write_functions(const struct functions *functions, struct buffer *to)
{
    static const struct {
        const char *name, *help;
        size_t at;
    } rows[] = {
        {"faas_invocations_total", "Invocations, failed ones included.",
         offsetof(struct function, invocations)},
        {"faas_errors_total", "Invocations with an error in any of their events.",
         offsetof(struct function, errors)},
        {"faas_coldstarts_total", "Invocations that began with an initialisation.",
         offsetof(struct function, cold_starts)},
        {"faas_timeouts_total", "Invocations that ran out of time.",
         offsetof(struct function, timeouts)},
    };
    const struct function *const *list;
    size_t count = functions_list(functions, &list);
    for (size_t row = 0; row < COUNT(rows); row++) {
        family(to, rows[row].name, "counter", rows[row].help);
        for (size_t i = 0; i < count; i++) {
            const char *figures = (const char *)list[i];
            sample(to, rows[row].name, "faas_name", list[i]->name);
            number(to, *(const uint64_t *)(const void *)(figures + rows[row].at));
        }
    }
    family(to, "faas_mem_usage_bytes", "gauge", "Largest memory use seen.");
    for (size_t i = 0; i < count; i++) {
        sample(to, "faas_mem_usage_bytes", "faas_name", list[i]->name);
        real(to, list[i]->memory_used_mb * 1048576.0);
    }
    family(to, "faas_invoke_duration_seconds", "histogram", "Duration of invocations.");
    for (size_t i = 0; i < count; i++)
        write_durations(list[i], "faas_invoke_duration_seconds", &list[i]->duration, to);
    family(to, "faas_init_duration_seconds", "histogram", "Duration of initialisations.");
    for (size_t i = 0; i < count; i++)
        write_durations(list[i], "faas_init_duration_seconds", &list[i]->init, to);
}

void metrics_write(const struct lane *lane, struct buffer *to)
{
    const struct ledger *ledger = state_ledger(lane->state);
    family(to, "weir_build_info", "gauge", "Always 1; the label says which version runs.");
    buffer_add(to, STR("weir_build_info{version=\"" WEIR_VERSION "\"} 1\n"));
    family(to, "weir_memory_bytes", "gauge", "Heap memory in use through the agent's own door.");
    buffer_format(to, "weir_memory_bytes %zu\n", memory_in_use());
    write_inputs(ledger, to);
    write_outcomes(ledger, to);
    write_gauges(ledger, to);
    write_delivery(lane, to);
    write_counters(lane->pipeline.engine.counters, to);
    write_functions(lane->pipeline.functions, to);
}
