/* tests/sampling/world.h - a sampler with everything around it: made-up lines, expressions, a journal.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Expressions are made up too: this file defines the functions of expr.h, so tests say what a rule asks without the
 * configuration language. A line is what world_line() makes of a struct line.
 */
#ifndef WEIR_WORLD_H
#define WEIR_WORLD_H

#include <stdlib.h>
#include <string.h>

#include "agent/data/batch.h"
#include "agent/data/names.h"
#include "agent/memory.h"
#include "agent/must.h"
#include "agent/sampling/sampler.h"
#include "tests/check.h"

#define SECONDS INT64_C(1000000000)

/* --- made-up expressions ----------------------------------------------------------------- */

struct expr {
    const char *contains;      /* true for events whose bytes contain it */
    const char *number_behind; /* its value: the number behind this text */
    double constant;           /* its value, when not 0 */
    const struct expr *any;    /* one any() term; it must be as any_is says */
    bool any_is;
};

static inline bool says(const struct event *event, const char *text)
{
    return str_find_str(event->bytes, str_from(text)) != SIZE_MAX;
}

bool expr_true_given(const struct expr *expr, const struct event *event, uint32_t any,
                     struct arena *scratch)
{
    (void)scratch;
    return (!expr->contains || says(event, expr->contains)) &&
           (!expr->any || ((any & 1) != 0) == expr->any_is);
}

bool expr_true(const struct expr *expr, const struct event *event, struct arena *scratch)
{
    CHECK(!expr->any);
    return expr_true_given(expr, event, 0, scratch);
}

struct value expr_value(const struct expr *expr, const struct event *event, struct arena *scratch)
{
    (void)scratch;
    struct cut cut = str_cut_str(event->bytes, str_from(expr->number_behind));
    struct value value = {.kind = VALUE_MISSING};
    if (cut.found)
        value = (struct value){.kind = VALUE_NUMBER, .text = str_cut(cut.tail, ' ').head};
    return value;
}

unsigned expr_any_count(const struct expr *expr)
{
    return expr->any ? 1 : 0;
}

const struct expr *expr_any(const struct expr *expr, unsigned index)
{
    CHECK_EQ(index, 0);
    return expr->any;
}

bool expr_constant(const struct expr *expr, struct value *ret)
{
    if (expr->constant == 0 && expr->number_behind)
        return false;
    *ret = (struct value){.kind = VALUE_FLOAT, .real = expr->constant};
    return true;
}

/* --- the world --------------------------------------------------------------------------- */

enum { WORLD_OUT_MAX = 20000, WORLD_BLOBS_MAX = 4096 };

struct came_out { /* one event that left, in the order they did */
    char text[96], trace[64], reason[32], rule[32], payload[32];
    uint32_t weight, hops;
    bool is_out; /* sampled out */
};

struct world {
    struct sampler sampler;
    struct arena arena;
    struct came_out *out;
    size_t out_count;
    int64_t now_ns;
    bool holds_back; /* the journal does not sync */
    uint64_t synced;
    struct {
        char *at;
        size_t len;
    } blobs[WORLD_BLOBS_MAX]; /* the journal */
    uint64_t blob_count;
    uint64_t kept, dropped, early, capped, late, forgotten, bad_rates, parked;
};

static struct world world;

static inline uint64_t world_remember(void *context, struct str blob)
{
    CHECK(context == &world);
    CHECK(world.blob_count < WORLD_BLOBS_MAX);
    char *copy = malloc(blob.len);
    memcpy(copy, blob.at, blob.len);
    world.blobs[world.blob_count].at = copy;
    world.blobs[world.blob_count].len = blob.len;
    world.blob_count++;
    if (!world.holds_back)
        world.synced = world.blob_count;
    return world.blob_count;
}

static inline bool world_is_synced(void *context, uint64_t ticket)
{
    CHECK(context == &world);
    return ticket <= world.synced;
}

static inline struct sampler_counts world_counts(void)
{
    return (struct sampler_counts){&world.kept,   &world.dropped, &world.early,
                                   &world.capped, &world.late,    &world.forgotten,
                                   &world.bad_rates, &world.parked};
}

/* The defaults of filter sample; rules are the test's. */
static inline void world_init(void)
{
    world = (struct world){.out = calloc(WORLD_OUT_MAX, sizeof *world.out)};
    arena_init(&world.arena, 1 << 20, 1 << 30);
    struct sampler *sampler = &world.sampler;
    sampler->patience = (struct patience){5 * SECONDS, 60 * SECONDS, 900 * SECONDS};
    sampler->remember_ns = 600 * SECONDS;
    sampler->limits = (struct sampler_limits){10000, 8 << 20, 200000, 500000, 0};
    sampler->door = (struct door){world_remember, world_is_synced, &world};
    sampler->counts = world_counts();
}

static inline void world_rule(const char *label, const struct expr *when,
                       const struct expr *rate)
{
    struct why why;
    CHECK_OK(rules_add(&world.sampler.rules, str_from(label), when, rate, &why), why);
}

/* `copy { field = payload  when = ... }` */
static inline void world_copies(const struct expr *when)
{
    struct why why;
    struct path *path = NULL;
    CHECK_OK(path_compile(names_make(&world.arena), STR(".payload"), &path, &why), why);
    world.sampler.copies[0] = (struct copy){path, when};
    world.sampler.copy_count = 1;
}

/* Ends the rules with the default one, and opens. */
static inline void world_open(const struct expr *rate)
{
    struct why why;
    world_rule("rate", NULL, rate);
    CHECK_OK(sampler_open(&world.sampler, &why), why);
}

static inline void world_clear(void)
{
    sampler_close(&world.sampler);
    arena_clear(&world.arena);
    for (uint64_t i = 0; i < world.blob_count; i++)
        free(world.blobs[i].at);
    free(world.out);
    CHECK_EQ(memory_in_use(), 0);
}

/* --- lines ------------------------------------------------------------------------------- */

struct line {
    const char *text;
    const char *trace, *invocation; /* null: none */
    const char *payload;            /* a field of that name */
    uint16_t flags;
    uint32_t weight, hops;
    uint32_t source;
    uint64_t offset;
};

static inline struct field text_field(struct arena *arena, const char *key, const char *text, enum slot slot)
{
    return (struct field){.key = str_from(key),
                          .value = {.kind = VALUE_TEXT, .text = arena_copy(arena, str_from(text))},
                          .slot = (uint8_t)slot,
                          .flags = FIELD_KEY_TEXT};
}

static inline struct event *world_line(struct line line)
{
    struct arena *arena = &world.arena;
    struct event *event = arena_zeroed(arena, sizeof *event);
    event->origin = arena_zeroed(arena, sizeof *event->origin);
    event->origin->source_id = line.source;
    event->origin->offset = line.offset;
    event->bytes = arena_copy(arena, str_from(line.text));
    event->flags = line.flags;
    event->weight = line.weight;
    event->hops = line.hops;
    if (line.trace)
        CHECK(event_add(event, text_field(arena, "trace_id", line.trace, SLOT_TRACE_ID), arena));
    if (line.invocation)
        CHECK(event_add(
            event, text_field(arena, "faas.invocation_id", line.invocation, SLOT_FAAS_INVOCATION_ID),
            arena));
    if (line.payload)
        CHECK(event_add(event, text_field(arena, "payload", line.payload, SLOT_NONE), arena));
    return event;
}

static inline void put_text(char *to, size_t room, struct str text)
{
    CHECK(text.len < room);
    str_z(text, to, room);
}

static inline void note_out(const struct event *event)
{
    CHECK(world.out_count < WORLD_OUT_MAX);
    struct came_out *out = &world.out[world.out_count++];
    *out = (struct came_out){.weight = event->weight ? event->weight : 1,
                             .hops = event->hops,
                             .is_out = event->fate == FATE_SAMPLED_OUT};
    struct str trace = {0};
    (void)value_text(event_get_slot(event, SLOT_TRACE_ID, &world.arena), &world.arena, &trace);
    for (uint16_t i = 0; i < event->count; i++)
        if (str_equal(event->fields[i].key, STR("payload")))
            put_text(out->payload, sizeof out->payload, event->fields[i].value.text);
    put_text(out->text, sizeof out->text, event->bytes);
    put_text(out->trace, sizeof out->trace, trace);
    put_text(out->reason, sizeof out->reason, event->reason);
    put_text(out->rule, sizeof out->rule, event->rule);
}

static inline void world_release(int64_t stream_ns)
{
    struct event *at[64];
    bool more = true;
    sampler_advance(&world.sampler, stream_ns);
    sampler_settle(&world.sampler);
    while (more) {
        struct view view = {.at = at, .arena = &world.arena, .asks_ghosts = true};
        more = sampler_depart(&world.sampler, &view, COUNT(at));
        for (uint32_t i = 0; i < view.count; i++)
            note_out(view.at[i]);
    }
}

/* Time goes on to a second of stream time, in the steps that the sampler asks for. */
static inline void world_at(double second)
{
    int64_t until_ns = (int64_t)(second * (double)SECONDS);
    for (;;) {
        int64_t due_ns = sampler_due(&world.sampler);
        int64_t next_ns = due_ns < until_ns ? due_ns + 1 : until_ns;
        if (next_ns < world.now_ns)
            next_ns = world.now_ns;
        world.now_ns = next_ns;
        world_release(next_ns);
        if (next_ns >= until_ns)
            return;
    }
}

/* An event enters; what does not stay comes out at once. */
static inline enum fate world_take(struct line line)
{
    struct event *event = world_line(line);
    sampler_take(&world.sampler, event, &world.arena);
    sampler_settle(&world.sampler);
    if (event->fate != FATE_HELD)
        note_out(event);
    return event->fate;
}

static inline void start(const char *text, const char *invocation)
{
    world_take((struct line){text, .invocation = invocation, .flags = EVENT_STARTS_INVOCATION});
}

static inline void say(const char *text, const char *trace, const char *invocation)
{
    world_take((struct line){text, .trace = trace, .invocation = invocation});
}

/* A REPORT; it names the trace where there is one. */
static inline void end(const char *text, const char *trace, const char *invocation)
{
    world_take((struct line){
        text, .trace = trace, .invocation = invocation, .flags = EVENT_ENDS_INVOCATION});
}

/* The journal reached the disk. */
static inline void world_sync(void)
{
    world.synced = world.blob_count;
    world_release(world.now_ns);
}

/* What came of a line; null: nothing yet. */
static inline const struct came_out *world_found(const char *text)
{
    for (size_t i = 0; i < world.out_count; i++)
        if (strcmp(world.out[i].text, text) == 0)
            return &world.out[i];
    return NULL;
}

static inline struct came_out world_got(const char *text)
{
    const struct came_out *out = world_found(text);
    CHECK(out != NULL);
    return out ? *out : (struct came_out){0};
}

/* "out", "held", or what it was kept with: "10 rate". */
static inline const char *world_fate(const char *text)
{
    static char said[64];
    const struct came_out *out = world_found(text);
    if (!out)
        return "held";
    if (out->is_out)
        return "out";
    (void)snprintf(said, sizeof said, "%u %s", out->weight, out->reason);
    return said;
}
#define CHECK_FATE(text, want) assert_string_equal(world_fate(text), want)

/* The sampler is killed and starts again with what the journal had synced, with new rules to come. */
static inline void world_restart(void)
{
    struct sampler old = world.sampler;
    sampler_close(&world.sampler);
    world.sampler = (struct sampler){.patience = old.patience,
                                      .remember_ns = old.remember_ns,
                                      .limits = old.limits,
                                      .door = old.door,
                                      .counts = old.counts,
                                      .dice = old.dice,
                                      .copy_count = old.copy_count};
    memcpy(world.sampler.copies, old.copies, sizeof old.copies);
    world.out_count = 0;
}

static inline void world_load(void)
{
    for (uint64_t i = 0; i < world.synced; i++)
        verdicts_load(&world.sampler.verdicts,
                      (struct str){world.blobs[i].at, world.blobs[i].len});
}

/* An id whose trace the dice keep (or drop) at this rate; n tells such ids apart. */
static inline const char *world_id(bool is_kept, uint32_t rate, unsigned n)
{
    static char ids[16][33];
    static unsigned turn;
    const struct dice dice = {.kind = DICE_XXH64};
    char *id = ids[turn++ % COUNT(ids)];
    for (uint64_t try = 1;; try++) {
        struct key key = {key_hash((struct key){n, try}), try};
        if (dice_keep(&dice, key_text(key, id), 0, rate) == is_kept)
            return id;
    }
}

#endif
