/* tests/delivery/test_target.c - mirrors agent/delivery/target.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/target.c"

#include "tests/check.h"
#include "tests/delivery/clock.h"

static void a_hundred_and_more_than_half_within_a_minute_is_a_flood(void)
{
    struct refusals refusals = {.slice_ns = 5};
    CHECK(!refusals_add(&refusals, 99, 99, 10));
    CHECK(refusals_add(&refusals, 1, 1, 10));
    CHECK(!refusals_add(&refusals, 0, 100, 11)); /* half is not more than half */
    CHECK(refusals_add(&refusals, 1, 1, 11));
    CHECK(!refusals_add(&refusals, 99, 99, 11 + 61 * SECOND_NS));
}

static void refusals_older_than_a_minute_do_not_count(void)
{
    struct refusals refusals = {0};
    bool is_flood = false;
    for (int64_t s = 0; s < 600; s++) /* 60 a minute, all refused */
        is_flood |= refusals_add(&refusals, 1, 1, s * SECOND_NS);
    CHECK(!is_flood);
}

static void probes_grow_rare_but_never_stop(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 1);
    struct hold hold = {0};
    CHECK(!hold_may_probe(&hold, INT64_MAX));
    hold_begin(&hold, clock.now_ns, &clock.clock);
    CHECK(!hold_may_probe(&hold, clock.now_ns));
    for (int i = 0; i < 20; i++) {
        CHECK(hold.probe_ns - clock.now_ns <= 60 * SECOND_NS);
        CHECK(hold.probe_ns - clock.now_ns >= 2 * SECOND_NS);
        clock.now_ns = hold.probe_ns;
        CHECK(hold_may_probe(&hold, clock.now_ns));
        hold.is_probing = true;
        CHECK(!hold_may_probe(&hold, clock.now_ns));
        hold_probed(&hold, clock.now_ns, &clock.clock);
    }
    hold_end(&hold);
    CHECK(!hold.is_on);
}

static void idle_targets_are_forgotten_and_busy_ones_kept(void)
{
    struct targets targets = {0};
    char name[16];
    for (int i = 0; i < TARGETS_MAX * 3; i++) {
        int len = snprintf(name, sizeof name, "t%d", i);
        struct target *target = targets_find(&targets, (struct str){name, (size_t)len});
        target->payloads = i < 3;
        target->hold.is_on = i == 5;
        CHECK(targets_find(&targets, (struct str){name, (size_t)len}) == target);
    }
    CHECK(targets.count <= TARGETS_MAX);
    CHECK_EQ(targets_find(&targets, STR("t0"))->payloads, 1);
    CHECK_EQ(targets_held(&targets), 1);
    targets_clear(&targets);
}

CHECK_MAIN(TEST(a_hundred_and_more_than_half_within_a_minute_is_a_flood),
           TEST(refusals_older_than_a_minute_do_not_count), TEST(probes_grow_rare_but_never_stop),
           TEST(idle_targets_are_forgotten_and_busy_ones_kept))
