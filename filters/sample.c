/* filters/sample.c - keep every error and 1 in N of the rest, whole traces, with honest weights.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

#include "agent/sampling/sampler.h"

struct sample {
    struct expr *rate, *keep;
    struct blocks rule, copy;
    int64_t linger_ns, wait_ns, invocation_max_ns, remember_ns;
    struct str salt;
    int hash;
    int64_t trace_events_max, trace_bytes_max, traces_max, keys_max;
    struct host *host;
    int64_t stream_ns; /* as the engine told it last */
    struct shelf shelf;
    struct sampler sampler;
    uint64_t early_told;   /* traces cut short, as of the last look */
    int64_t early_told_ns; /* when the newest was seen; 0: that is over */
};

struct rule_block {
    struct expr *when, *rate;
};

struct copy_block {
    struct path *field;
    struct expr *when;
};

static const int64_t EARLY_OVER_NS = INT64_C(60) * 1000000000;

static const struct choice hashes[] = {
    {"xxh64", DICE_XXH64}, {"refinery", DICE_REFINERY}, {"otel", DICE_OTEL}, {0}};

static const struct setting rule_settings[] = {
    EXPR_SETTING(struct rule_block, when, .any_allowed = true,
                 .example = "error or http.response.status_code >= 400",
                 .help = "A trace matches when one of its events satisfies all of this; any(EXPR) "
                         "inside asks the other events. Without it every trace matches."),
    EXPR_SETTING(struct rule_block, rate, .def = "1", .min = "1", .example = "10",
                 .help = "Keep 1 in so many of the traces that match; an expression gives the "
                         "smallest over the trace's events. At rate 1 an event that itself "
                         "satisfies `when` is always kept, at weight 1, and its trace whole."),
    {0},
};

static const struct setting copy_settings[] = {
    FIELD_SETTING(struct copy_block, field, .required = true,
                  .example = "http.request.body.content",
                  .help = "Field whose value is taken from any event of the trace."),
    EXPR_SETTING(struct copy_block, when, .example = "http.response.status_code >= 400",
                 .help = "Events that get it if they lack it; without this, all of the trace's."),
    {0},
};

static const struct setting settings[] = {
    EXPR_SETTING(struct sample, rate, .def = "1", .min = "1", .example = "10",
                 .help = "Keep 1 in so many of the traces that no rule matches; an expression "
                         "gives the smallest over the trace's events. 1 alone drops nothing, but "
                         "makes traces whole and stamps their id."),
    EXPR_SETTING(struct sample, keep, .any_allowed = true, .example = "error",
                 .help = "Short form of a first rule with rate 1: traces with such an event are "
                         "kept."),
    BLOCKS_SETTING(struct sample, rule, rule_settings, struct rule_block, .label_required = true,
                   .help = "Rules are asked in order; the first that a trace matches gives its "
                           "rate."),
    BLOCKS_SETTING(struct sample, copy, copy_settings, struct copy_block,
                   .help = "Brings a field from one event of a trace to others of it."),
    DURATION_SETTING(struct sample, linger, .def = "5s", .min = "0s", .max = "1h",
                     .help = "A trace ends when no invocation in it is open and nothing came for "
                             "so long."),
    DURATION_SETTING(struct sample, wait, .def = "60s", .min = "0s", .max = "1h",
                     .help = "A trace in which no invocation was seen ends so long after its "
                             "first event."),
    DURATION_SETTING(struct sample, invocation_max, .def = "15m", .min = "1s", .max = "24h",
                     .help = "An invocation whose end was not seen counts as over after so long."),
    DURATION_SETTING(struct sample, remember, .def = "10m", .min = "0s", .max = "24h",
                     .help = "Verdicts are remembered for late events until so long after the "
                             "trace's last event."),
    TEXT_SETTING(struct sample, salt, .def = "",
                 .help = "Agents with the same salt keep the same traces. Only for hash = xxh64."),
    CHOICE_SETTING(struct sample, hash, hashes, .def = "xxh64",
                   .help = "How 1 in N is decided from the trace id: our own way, or as "
                           "Honeycomb's Refinery or OpenTelemetry's consistent sampling decide."),
    NUMBER_SETTING(struct sample, trace_events_max, .def = "10000", .min = "1", .max = "1000000",
                   .help = "A trace with so many events held is decided at once; the rest follows "
                           "the verdict."),
    {.name = "trace_bytes_max",
     .kind = SETTING_SIZE,
     .offset = SETTING_MEMBER(struct sample, trace_bytes_max, int64_t),
     .def = "8MiB",
     .min = "4KiB",
     .max = "1GiB",
     .help = "A trace with so many bytes held is decided at once; the rest follows the verdict."},
    NUMBER_SETTING(struct sample, traces_max, .def = "200000", .min = "1", .max = "10000000",
                   .help = "Above so many open traces the oldest is decided early."),
    NUMBER_SETTING(struct sample, keys_max, .def = "500000", .min = "2", .max = "20000000",
                   .help = "Above so many ids of open traces and invocations the oldest trace is "
                           "decided early."),
    {0},
};

static uint64_t remember(void *host, struct str blob)
{
    return host_remember(host, blob);
}

static bool is_synced(void *host, uint64_t ticket)
{
    return host_is_synced(host, ticket);
}

static enum code add_rules(struct sample *sample, struct why *why)
{
    struct rules *rules = &sample->sampler.rules;
    enum code code = OK;
    if (sample->keep)
        code = rules_add(rules, STR("keep"), sample->keep, NULL, why);
    for (size_t i = 0; i < sample->rule.count && code == OK; i++) {
        const struct rule_block *block = sample->rule.at[i].object;
        code = rules_add(rules, sample->rule.at[i].label, block->when, block->rate, why);
    }
    return code == OK ? rules_add(rules, STR("rate"), NULL, sample->rate, why) : code;
}

static enum code add_copies(struct sample *sample, struct why *why)
{
    if (sample->copy.count > COPIES_MAX)
        return fail(why, BAD_CONFIG, "more than %d copy blocks in one sampler", COPIES_MAX);
    for (size_t i = 0; i < sample->copy.count; i++) {
        const struct copy_block *block = sample->copy.at[i].object;
        sample->sampler.copies[i] = (struct copy){block->field, block->when};
    }
    sample->sampler.copy_count = (uint8_t)sample->copy.count;
    return OK;
}

static enum parked park(void *context, struct str bytes, uint64_t *ret_place)
{
    return host_park(context, bytes, ret_place);
}

static enum parked unpark(void *context, uint64_t place, struct arena *arena, struct str *ret)
{
    return host_unpark(context, place, arena, ret);
}

static void forget_parked(void *context, uint64_t place)
{
    host_forget_parked(context, place);
}

static void add_counters(struct sampler_counts *counts, struct host *host)
{
    counts->kept = host_counter(host, "sample_traces_kept", "Traces that a sampler kept.");
    counts->dropped = host_counter(host, "sample_traces_dropped", "Traces that a sampler dropped.");
    counts->early = host_counter(host, "sample_traces_early",
                                 "Traces decided before their end for want of memory or ids.");
    counts->capped =
        host_counter(host, "sample_traces_capped",
                     "Traces decided before their end for having too many events or bytes.");
    counts->parked = host_counter(host, "sample_parked",
                                  "Pieces of held traces parked on disk while memory was short.");
    counts->late = host_counter(host, "sample_late_events",
                                "Events that came after the verdict on their trace.");
    counts->forgotten = host_counter(host, "sample_verdicts_forgotten",
                                     "Verdicts forgotten before their time for want of room.");
    counts->bad_rates = host_counter(host, "sample_bad_rates",
                                     "Rate expressions that gave no number of at least 1.");
}

static enum code sample_open(void *self, struct host *host, struct why *why)
{
    struct sample *sample = self;
    struct sampler *sampler = &sample->sampler;
    sample->host = host;
    if (sample->salt.len && sample->hash != DICE_XXH64)
        return fail(why, BAD_CONFIG,
                    "salt and hash = %s do not go together: its decisions have a salt of their own",
                    hashes[sample->hash].word);
    enum code code = add_rules(sample, why);
    if (code == OK)
        code = add_copies(sample, why);
    if (code != OK)
        return code;
    sampler->dice = (struct dice){.kind = (enum dice_kind)sample->hash, .salt = sample->salt};
    sampler->patience =
        (struct patience){sample->linger_ns, sample->wait_ns, sample->invocation_max_ns};
    sampler->remember_ns = sample->remember_ns;
    sampler->limits =
        (struct sampler_limits){sample->trace_events_max, sample->trace_bytes_max,
                                sample->traces_max, sample->keys_max, host_held_budget(host)};
    sampler->door = (struct door){remember, is_synced, host};
    sample->shelf = (struct shelf){park, unpark, forget_parked, host};
    sampler->shelf = &sample->shelf;
    add_counters(&sampler->counts, host);
    return sampler_open(sampler, why);
}

static void sample_close(void *self)
{
    struct sample *sample = self;
    sampler_close(&sample->sampler);
}

/* A batch may reach far ahead of the source that is furthest behind, and that one may hold events
 * of the same trace: an event enters when the stream gets to its own time, not before. */
static int64_t entry_ns(const struct sample *sample, const struct event *event)
{
    int64_t wall_ns = host_now(sample->host);
    int64_t own_ns = event->time_ns < wall_ns ? event->time_ns : wall_ns;
    return own_ns > sample->stream_ns ? own_ns : sample->stream_ns;
}

static void sample_apply(void *self, struct view *view)
{
    struct sample *sample = self;
    for (uint32_t i = 0; i < view->count; i++) {
        sample->sampler.now_ns = entry_ns(sample, view->at[i]);
        sampler_take(&sample->sampler, view->at[i], view->arena);
    }
    sampler_settle(&sample->sampler);
}

static void sample_keep_time(void *self, int64_t stream_ns)
{
    struct sample *sample = self;
    sample->stream_ns = stream_ns;
}

static int64_t sample_due(void *self)
{
    struct sample *sample = self;
    return sampler_due(&sample->sampler);
}

/* Told when the first trace is cut short, and when none was for a while. */
static void tell_early(struct sample *sample)
{
    uint64_t early = *sample->sampler.counts.early;
    int64_t now_ns = host_now(sample->host);
    if (early != sample->early_told) {
        host_alarm(sample->host, "early",
                   "more traces are open than fit: the oldest are decided before their end; raise "
                   "agent.memory, traces_max or keys_max");
        sample->early_told_ns = now_ns;
    } else if (sample->early_told_ns && now_ns - sample->early_told_ns > EARLY_OVER_NS) {
        host_recovered(sample->host, "early", "every trace is held to its end again");
        sample->early_told_ns = 0;
    }
    sample->early_told = early;
}

static bool sample_release(void *self, int64_t stream_ns, struct view *out, uint32_t room)
{
    struct sample *sample = self;
    sampler_advance(&sample->sampler, stream_ns);
    sampler_settle(&sample->sampler);
    tell_early(sample);
    return sampler_depart(&sample->sampler, out, room);
}

static uint64_t sample_oldest(void *self, const struct source *source)
{
    const struct sample *sample = self;
    return stakes_oldest(&sample->sampler.groups.holdings.stakes, source_id(source));
}

static void sample_load(void *self, struct str blob)
{
    struct sample *sample = self;
    verdicts_load(&sample->sampler.verdicts, blob);
}

static void sample_save(void *self, struct host *host)
{
    struct sample *sample = self;
    (void)host; /* the journal is behind the sampler's own door */
    verdicts_save(&sample->sampler.verdicts, sample->sampler.now_ns);
}

static uint64_t sample_held(void *self)
{
    const struct sample *sample = self;
    return sample->sampler.groups.holdings.events;
}

static uint64_t sample_held_bytes(void *self)
{
    const struct sample *sample = self;
    return sampler_used(&sample->sampler);
}

const struct filter filter_sample = {
    .name = "sample",
    .summary = "Keep every error and 1 in N of the rest, whole traces, with honest weights.",
    .settings = settings,
    .size = sizeof(struct sample),
    .label_wanted = true,
    .open = sample_open,
    .apply = sample_apply,
    .close = sample_close,
    .keep_time = sample_keep_time,
    .due = sample_due,
    .release = sample_release,
    .oldest = sample_oldest,
    .load = sample_load,
    .save = sample_save,
    .held = sample_held,
    .held_bytes = sample_held_bytes,
};
