/* agent/state/ledger.c - the counts of all outcomes, and how they are told.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/ledger.h"

#include "agent/data/encode.h"

struct count { /* one column: how JSON and people call it */
    const char *name, *words;
    size_t offset;
    bool always; /* told to people even when it is zero */
};

static const struct count input_counts[] = {
    {"bytes", NULL, offsetof(struct input_totals, bytes), true},
    {"lines", NULL, offsetof(struct input_totals, lines), true},
    {"events", NULL, offsetof(struct input_totals, events), true},
    {"joined", NULL, offsetof(struct input_totals, joined), true},
    {"blank", NULL, offsetof(struct input_totals, blank), true},
    {"cut_bytes", NULL, offsetof(struct input_totals, cut_bytes), true},
};

static const struct count output_counts[] = {
    {"in", "in", offsetof(struct output_totals, in), true},
    {"delivered", "delivered", offsetof(struct output_totals, delivered), true},
    {"sampled_out", "sampled out", offsetof(struct output_totals, sampled_out), true},
    {"dropped", "dropped", offsetof(struct output_totals, dropped), false},
    {"dead_lettered", "dead letters", offsetof(struct output_totals, dead_lettered), false},
    {"evicted", "evicted", offsetof(struct output_totals, evicted), false},
    {"abandoned", "abandoned", offsetof(struct output_totals, abandoned), false},
    {"held", "held", offsetof(struct output_totals, held), true},
    {"queued", "queued", offsetof(struct output_totals, queued), true},
    {"in_flight", "in flight", offsetof(struct output_totals, in_flight), true},
};

_Static_assert(sizeof(struct input_totals) == COUNT(input_counts) * sizeof(uint64_t),
               "every input total has a name");
_Static_assert(sizeof(struct output_totals) == COUNT(output_counts) * sizeof(uint64_t),
               "every output total has a name");

static uint64_t count_of(const void *totals, const struct count *count)
{
    uint64_t value;
    memcpy(&value, (const char *)totals + count->offset, sizeof value);
    return value;
}

bool output_is_balanced(const struct output_totals *output)
{
    uint64_t sum = 0;
    for (size_t i = 1; i < COUNT(output_counts); i++)
        sum += count_of(output, &output_counts[i]);
    return output->in == sum;
}

bool ledger_is_balanced(const struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger->output_count; i++)
        if (!output_is_balanced(&ledger->outputs[i]))
            return false;
    return true;
}

uint64_t ledger_open(const struct ledger *ledger)
{
    uint64_t open = 0;
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        const struct output_totals *output = &ledger->outputs[i];
        open += output->held + output->queued + output->in_flight;
    }
    return open;
}

uint64_t ledger_failed(const struct ledger *ledger)
{
    uint64_t failed = 0;
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        const struct output_totals *output = &ledger->outputs[i];
        failed += output->dead_lettered + output->evicted + output->abandoned;
    }
    return failed;
}

static void write_object(struct buffer *to, const void *totals, const struct count *counts,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buffer_format(to, "%s\"%s\":", i ? "," : "{", counts[i].name);
        buffer_uint(to, count_of(totals, &counts[i]));
    }
    buffer_byte(to, '}');
}

static void write_name(struct buffer *to, uint32_t index, struct str name)
{
    if (index)
        buffer_byte(to, ',');
    encode_text(to, name);
    buffer_byte(to, ':');
}

void ledger_write_json(const struct ledger *ledger, struct buffer *to)
{
    buffer_format(to, "{\"balanced\":%s,\"inputs\":{",
                  ledger_is_balanced(ledger) ? "true" : "false");
    for (uint32_t i = 0; i < ledger->input_count; i++) {
        write_name(to, i, ledger->input_names[i]);
        write_object(to, &ledger->inputs[i], input_counts, COUNT(input_counts));
    }
    buffer_add(to, STR("},\"outputs\":{"));
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        write_name(to, i, ledger->output_names[i]);
        write_object(to, &ledger->outputs[i], output_counts, COUNT(output_counts));
    }
    buffer_add(to, STR("}}\n"));
}

/* 15872 as "15 872": groups of three, as the screens write numbers. */
static void write_grouped(struct buffer *to, uint64_t number)
{
    char digits[32];
    size_t at = sizeof digits, written = 0;
    do {
        if (written && written % 3 == 0)
            digits[--at] = ' ';
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
        written++;
    } while (number);
    buffer_add(to, (struct str){digits + at, sizeof digits - at});
}

/* "delivered 10 + sampled out 5 + ...: balanced" */
static void write_sum(struct buffer *to, const struct output_totals *output)
{
    bool first = true;
    for (size_t i = 1; i < COUNT(output_counts); i++) {
        uint64_t value = count_of(output, &output_counts[i]);
        if (!value && !output_counts[i].always)
            continue;
        buffer_format(to, "%s%s ", first ? "" : " + ", output_counts[i].words);
        write_grouped(to, value);
        first = false;
    }
    buffer_add(to, output_is_balanced(output) ? STR(": balanced\n") : STR(": NOT BALANCED\n"));
}

static struct output_totals sum_of(const struct ledger *ledger)
{
    uint64_t sum[COUNT(output_counts)] = {0};
    for (uint32_t i = 0; i < ledger->output_count; i++)
        for (size_t j = 0; j < COUNT(output_counts); j++)
            sum[j] += count_of(&ledger->outputs[i], &output_counts[j]);
    struct output_totals all;
    memcpy(&all, sum, sizeof all);
    return all;
}

static bool same_in_everywhere(const struct ledger *ledger)
{
    for (uint32_t i = 1; i < ledger->output_count; i++)
        if (ledger->outputs[i].in != ledger->outputs[0].in)
            return false;
    return true;
}

void ledger_write_text(const struct ledger *ledger, struct buffer *to)
{
    struct output_totals all = sum_of(ledger);
    bool alike = same_in_everywhere(ledger);
    buffer_add(to, STR("ledger  in "));
    if (ledger->output_count > 1 && alike) {
        write_grouped(to, ledger->outputs[0].in);
        buffer_format(to, " x %u outputs = ", ledger->output_count);
    } else {
        write_grouped(to, all.in);
        buffer_add(to, STR(" = "));
    }
    write_sum(to, &all);
    if (ledger->output_count < 2 || (alike && ledger_is_balanced(ledger)))
        return;
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        buffer_add(to, STR("  "));
        buffer_add(to, ledger->output_names[i]);
        buffer_add(to, STR("  in "));
        write_grouped(to, ledger->outputs[i].in);
        buffer_add(to, STR(" = "));
        write_sum(to, &ledger->outputs[i]);
    }
}
