/* tests/state/spool.h - a spool on a simulated disk, with events that say their number.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STATE_SPOOL_FIXTURE_H
#define WEIR_STATE_SPOOL_FIXTURE_H

#include "agent/data/record.h"
#include "agent/state/spool.h"
#include "tests/state/fixture.h"

struct spool_fixture {
    struct fixture base;
    struct spool spool;
    struct arena arena;
    uint64_t segment_bytes;
};

static inline void spools_start(struct spool_fixture *fixture)
{
    struct why why;
    struct state *state;
    CHECK_OK(state_open(&fixture->base.plan, &state, &why), why);
    fixture->base.state = state;
    spool_init(&fixture->spool, fixture->base.plan.files, state_writer(state), SEGMENT_QUEUE,
               STR("elk/1"));
    fixture->spool.segment_bytes = fixture->segment_bytes;
    CHECK_OK(spool_name(&fixture->spool, STR("state"), &why), why);
    spool_add(&fixture->spool);
    CHECK_OK(state_start(state, &why), why);
    CHECK_OK(spool_open(&fixture->spool, 0, &why), why);
}

static inline void spools_begin(struct spool_fixture *fixture, uint64_t seed)
{
    *fixture = (struct spool_fixture){.segment_bytes = 8192};
    fixture_init(&fixture->base, seed);
    arena_init(&fixture->arena, 1 << 16, 64 << 20);
    spools_start(fixture);
}

static inline void spools_stop(struct spool_fixture *fixture)
{
    spool_close(&fixture->spool);
    state_close(fixture->base.state);
    fixture->base.state = NULL;
}

static inline void spools_end(struct spool_fixture *fixture)
{
    spools_stop(fixture);
    arena_clear(&fixture->arena);
    sim_files_free(fixture->base.sim);
}

static inline void spools_append(struct spool_fixture *fixture, unsigned from, unsigned count)
{
    char text[300];
    for (unsigned i = from; i < from + count; i++) {
        memset(text, '.', sizeof text);
        int len = snprintf(text, sizeof text, "event %u", i);
        text[len] = ' ';
        const struct event event = {.bytes = {text, sizeof text}, .id = STR("an-id"), .weight = i};
        CHECK(spool_has_room(&fixture->spool));
        struct buffer *to = spool_begin(&fixture->spool, STR("words"), fixture->base.clock.wall_ns);
        CHECK(to != NULL);
        CHECK(record_write(to, &event));
        CHECK(spool_end(&fixture->spool));
    }
}

static inline void spools_sync(struct spool_fixture *fixture)
{
    spool_flush(&fixture->spool);
    (void)fixture_commit(&fixture->base);
}

struct spool_sum {
    unsigned count, first, last;
    uint64_t missing; /* by their ordinals */
    uint64_t damaged_bytes, damaged_places;
};

/* Reads all there is from a position on. */
static inline struct spool_sum spools_read(struct spool_fixture *fixture, uint64_t position)
{
    struct spool_sum sum = {0};
    struct segment_walk walk;
    uint64_t ordinal = UINT64_MAX;
    while (spool_read(&fixture->spool, position, fixture->spool.tail, &fixture->arena, &walk) ==
           0) {
        struct segment_entry entry;
        struct event event;
        while (segment_walk_next(&walk, &entry)) {
            CHECK(segment_event(&fixture->spool.head, entry.record, &event, &fixture->arena));
            CHECK_TEXT(entry.about, "words");
            CHECK_TEXT(event.id, "an-id");
            if (sum.count++ == 0)
                sum.first = event.weight;
            sum.last = event.weight;
            sum.missing += ordinal == UINT64_MAX ? 0 : entry.ordinal - ordinal - 1;
            ordinal = entry.ordinal;
        }
        sum.damaged_bytes += walk.damaged_bytes;
        sum.damaged_places += walk.damaged_places;
        if (walk.damaged_places)
            spool_damaged(&fixture->spool, walk.position);
        CHECK(walk.position + walk.at > position);
        position = walk.position + walk.at;
        arena_reset(&fixture->arena);
    }
    return sum;
}

#endif
