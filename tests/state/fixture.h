/* tests/state/fixture.h - a state on a simulated disk, for the tests of this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STATE_FIXTURE_H
#define WEIR_STATE_FIXTURE_H

#include "agent/state/inside.h"
#include "agent/limits.h"
#include "tests/check.h"
#include "tests/sim/clock.h"
#include "tests/sim/files.h"

struct fixture {
    struct sim_files *sim;
    struct sim_clock clock;
    struct state *state;
    struct str inputs[2];
    struct state_output outputs[3];
    struct state_plan plan;
    struct byte_stream stream; /* of the first output; no path: none */
};

/* Two inputs "in" and "other", outputs "a" and "b", the state in "state". */
static inline void fixture_init(struct fixture *fixture, uint64_t seed)
{
    *fixture = (struct fixture){
        .sim = sim_files_make(seed),
        .inputs = {STR("in"), STR("other")},
        .outputs = {{.label = STR("a")}, {.label = STR("b")}},
    };
    sim_clock_init(&fixture->clock, seed);
    fixture->plan = (struct state_plan){
        .files = sim_files_port(fixture->sim),
        .clock = &fixture->clock.port,
        .directory = STR("state"),
        .inputs = fixture->inputs,
        .input_count = 2,
        .outputs = fixture->outputs,
        .output_count = 2,
        .writer_bytes = 1 << 20,
    };
}

static inline enum code fixture_try(struct fixture *fixture, struct why *why)
{
    enum code code = state_open(&fixture->plan, &fixture->state, why);
    if (code != OK)
        return code;
    if (fixture->stream.path.len)
        (void)state_stream(fixture->state, 0, &fixture->stream);
    code = state_start(fixture->state, why);
    if (code != OK) {
        state_close(fixture->state);
        fixture->state = NULL;
    }
    return code;
}

static inline struct state *fixture_start(struct fixture *fixture)
{
    struct why why;
    CHECK_OK(fixture_try(fixture, &why), why);
    return fixture->state;
}

/* Commits, lets the writer work and collects. Returns the ticket. */
static inline uint64_t fixture_commit(struct fixture *fixture)
{
    static const struct state_helpers helpers;
    struct writer *writer = state_writer(fixture->state);
    struct writer_news news;
    uint64_t ticket = state_commit(fixture->state, &helpers);
    for (int i = 0; i < 100 && !state_synced(fixture->state, ticket); i++) {
        sim_clock_pass(&fixture->clock, 10000LL * SIM_MS);
        (void)writer_step(writer, fixture->clock.mono_ns);
        while (writer_collect(writer, &news))
            continue;
    }
    return ticket;
}

static inline struct state *fixture_restart(struct fixture *fixture)
{
    state_close(fixture->state);
    sim_files_crash(fixture->sim);
    return fixture_start(fixture);
}

static inline void fixture_clear(struct fixture *fixture)
{
    state_close(fixture->state);
    sim_files_free(fixture->sim);
}

/* An event of ten bytes is read, taken and left open for what it is owed. */
static inline struct origin fixture_take(struct source *source, uint64_t offset)
{
    struct origin origin = {.source = source, .offset = offset, .length = 10};
    source_take(source, &origin);
    for (uint32_t i = 0; i < source->state->output_count; i++)
        source->state->ledger.outputs[i].in += origin.fresh >> i & 1;
    for (uint32_t i = 0; i < source->state->output_count; i++)
        source->state->ledger.outputs[i].in_flight += origin.owed >> i & 1;
    CHECK(source_hold_open(source, &origin));
    source_advance(source, offset + origin.length);
    return origin;
}

static inline void fixture_settle(const struct origin *origin, uint32_t output)
{
    struct output_totals *totals = &origin->source->state->ledger.outputs[output];
    CHECK(source_settle(origin->source, origin->seq, output));
    totals->in_flight--;
    totals->delivered++;
}

#endif
