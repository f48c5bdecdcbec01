/* tests/sampling/test_parking.c - mirrors agent/sampling/parking.c, and what arrives and departs
 * around it. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/parking.c"

#include "tests/sampling/world.h"

enum { PLACES_MAX = 4096 };

static struct { /* a disk */
    struct str at[PLACES_MAX];
    uint64_t count, forgotten;
    bool is_full, is_busy, is_slow, is_damaged;
} disk;

static enum parked put(void *context, struct str bytes, uint64_t *ret_place)
{
    CHECK(context == &disk && bytes.len > 0);
    if (disk.is_busy)
        return PARKED_LATER;
    if (disk.is_full || disk.count == PLACES_MAX)
        return PARKED_LOST;
    char *copy = malloc(bytes.len);
    memcpy(copy, bytes.at, bytes.len);
    *ret_place = disk.count;
    disk.at[disk.count++] = (struct str){copy, bytes.len};
    return PARKED_HERE;
}

static enum parked get(void *context, uint64_t place, struct arena *arena, struct str *ret)
{
    CHECK(context == &disk && disk.at[place].at);
    if (disk.is_slow)
        return PARKED_LATER;
    *ret = arena_copy(arena, disk.at[place]);
    CHECK(ret->at);
    return disk.is_damaged ? PARKED_LOST : PARKED_HERE;
}

static void forget(void *context, uint64_t place)
{
    CHECK(context == &disk);
    free((void *)(uintptr_t)disk.at[place].at);
    disk.at[place] = (struct str){NULL, 0};
    disk.forgotten++;
}

static const struct shelf shelf = {put, get, forget, &disk};

static void clear_disk(void)
{
    for (uint64_t i = 0; i < disk.count; i++)
        free((void *)(uintptr_t)disk.at[i].at);
    memset(&disk, 0, sizeof disk);
}

enum { TRACES = 60, LINES = 300, BUDGET = 4 << 20 };

static void open_world(uint64_t budget)
{
    static const struct expr always = {.constant = 1};
    clear_disk();
    world_init();
    world.sampler.limits.held_budget = budget;
    world.sampler.shelf = &shelf;
    world_open(&always);
}

/* More than fits: every trace is longer than its first block. */
static void fill(void)
{
    char text[96], trace[64];
    for (unsigned i = 0; i < LINES * TRACES; i++) {
        snprintf(text, sizeof text, "trace %u line %u and some more to have it longer", i % TRACES,
                 i / TRACES);
        snprintf(trace, sizeof trace, "%032x", i % TRACES + 1);
        world_take((struct line){text, .trace = trace, .offset = i});
    }
}

/* Each line came out once; those of a trace in their order. */
static void check_all_came_out(void)
{
    unsigned next[TRACES] = {0};
    CHECK_EQ(world.out_count, LINES * TRACES);
    for (size_t i = 0; i < world.out_count; i++) {
        unsigned trace, line;
        CHECK_EQ(sscanf(world.out[i].text, "trace %u line %u", &trace, &line), 2);
        CHECK_EQ(line, next[trace]++);
    }
}

static void traces_that_do_not_fit_are_parked_and_come_back_whole(void)
{
    open_world(BUDGET);
    fill();
    CHECK(disk.count > 0);
    CHECK_EQ(world.parked, disk.count);
    CHECK_EQ(world.early, 0);
    CHECK(sampler_bytes(&world.sampler) <= BUDGET);
    CHECK_EQ(world.out_count, 0);
    CHECK_EQ(world.sampler.groups.holdings.events, LINES * TRACES);
    CHECK_EQ(stakes_oldest(&world.sampler.groups.holdings.stakes, 0), 0); /* the rewind stays */
    world_at(1000);
    check_all_came_out();
    CHECK_EQ(disk.forgotten, disk.count);
    CHECK_EQ(world.sampler.groups.holdings.events, 0);
    world_clear();
    clear_disk();
}

static void while_the_disk_is_busy_nothing_is_decided_early(void)
{
    open_world(BUDGET);
    disk.is_busy = true;
    fill();
    CHECK_EQ(disk.count, 0);
    CHECK_EQ(world.early, 0);
    CHECK(sampler_bytes(&world.sampler) > BUDGET); /* whoever reads sees it, and stops */
    disk.is_busy = false;
    world_release(world.now_ns);
    CHECK(disk.count > 0);
    CHECK_EQ(world.early, 0);
    CHECK(sampler_bytes(&world.sampler) <= BUDGET);
    CHECK_EQ(world.out_count, 0);
    world_at(1000);
    check_all_came_out();
    world_clear();
    clear_disk();
}

/* In each trace the 100th line has what all others of it want. */
static void a_parked_event_is_still_copied_from(void)
{
    static const struct expr always = {.constant = 1};
    char text[96], trace[64], payload[32];
    clear_disk();
    world_init();
    world_copies(NULL);
    world.sampler.limits.held_budget = BUDGET;
    world.sampler.shelf = &shelf;
    world_open(&always);
    for (unsigned i = 0; i < LINES * TRACES; i++) {
        snprintf(text, sizeof text, "trace %u line %u and some more to have it longer", i % TRACES,
                 i / TRACES);
        snprintf(trace, sizeof trace, "%032x", i % TRACES + 1);
        snprintf(payload, sizeof payload, "of trace %u", i % TRACES);
        world_take((struct line){text, .trace = trace,
                                 .payload = i / TRACES == 100 ? payload : NULL, .offset = i});
    }
    CHECK(disk.count > 0);
    CHECK_EQ(world.early, 0);
    world_at(1000);
    check_all_came_out();
    for (size_t i = 0; i < world.out_count; i++) {
        unsigned number;
        CHECK_EQ(sscanf(world.out[i].text, "trace %u", &number), 1);
        snprintf(payload, sizeof payload, "of trace %u", number);
        assert_string_equal(world.out[i].payload, payload);
    }
    world_clear();
    clear_disk();
}

static void a_disk_that_is_slow_is_waited_for(void)
{
    open_world(BUDGET);
    fill();
    disk.is_slow = true;
    world_release(INT64_MAX);
    CHECK(world.out_count < LINES * TRACES);
    disk.is_slow = false;
    world_release(INT64_MAX);
    check_all_came_out();
    world_clear();
    clear_disk();
}

/* Line 100 of each trace is parked when the last line of every other one says what it asks for. */
static void any_asks_what_is_parked(void)
{
    static const struct expr retry = {.contains = "retry"}, one = {.constant = 1};
    static const struct expr timeout = {.contains = "timeout", .any = &retry, .any_is = true};
    static const struct expr rarely = {.constant = 1000000000};
    char text[96], trace[64];
    clear_disk();
    world_init();
    world.sampler.limits.held_budget = BUDGET;
    world.sampler.shelf = &shelf;
    world_rule("timeouts", &timeout, &one);
    world_open(&rarely);
    for (unsigned i = 0; i < LINES * TRACES; i++) {
        unsigned number = i % TRACES, line = i / TRACES;
        bool is_last = line == LINES - 1;
        snprintf(text, sizeof text, "trace %u line %u %s and some more to have it longer", number,
                 line,
                 line == 100             ? "timeout"
                 : is_last && number % 2 ? "retry"
                                         : "");
        snprintf(trace, sizeof trace, "%032x", number + 1);
        world_take((struct line){text, .trace = trace, .offset = i});
    }
    CHECK(disk.count > 0);
    CHECK_EQ(world.early, 0);
    disk.is_slow = true;
    world_release(1000 * SECONDS);
    CHECK_EQ(world.out_count, 0);
    disk.is_slow = false;
    world_release(1000 * SECONDS);
    check_all_came_out();
    for (size_t i = 0; i < world.out_count; i++) {
        unsigned number;
        CHECK_EQ(sscanf(world.out[i].text, "trace %u", &number), 1);
        CHECK_EQ(world.out[i].is_out, number % 2 == 0);
        CHECK(world.out[i].is_out || world.out[i].weight == 1);
    }
    CHECK_EQ(disk.forgotten, disk.count);
    world_clear();
    clear_disk();
}

/* The verdict stands from before a restart; what is parked learns what any() found when it leaves.
 */
static void what_is_parked_is_asked_again_when_it_leaves(void)
{
    static const struct expr retry = {.contains = "retry"}, one = {.constant = 1};
    static const struct expr timeout = {.contains = "timeout", .any = &retry, .any_is = true};
    static const struct expr two = {.constant = 2};
    char text[96];
    clear_disk();
    world_init();
    world_open(&two);
    const char *kept = world_id(true, 2, 1);
    say("first", kept, NULL);
    world_at(100);
    world_restart();
    world.sampler.shelf = &shelf;
    world_rule("timeouts", &timeout, &one);
    world_open(&two);
    world_load();
    for (unsigned i = 0; i < LINES; i++) {
        snprintf(text, sizeof text, "line %u%s", i, i == 100 ? " timeout" : "");
        say(text, kept, NULL);
    }
    struct groups *groups = &world.sampler.groups;
    CHECK_EQ(holding_park(&groups->holdings, &groups->oldest->holding, &shelf), PARKED_HERE);
    say("retry", kept, NULL);
    world_at(200);
    CHECK_FATE("line 99", "2 rate");
    CHECK_FATE("line 100 timeout", "1 timeouts");
    CHECK_FATE("retry", "2 rate");
    world_clear();
    clear_disk();
}

static void when_the_disk_is_full_too_the_oldest_is_decided_early(void)
{
    open_world(BUDGET);
    disk.is_full = true;
    fill();
    CHECK_EQ(disk.count, 0);
    CHECK(world.early > 0);
    world_release(INT64_MAX);
    CHECK_EQ(world.out_count, LINES * TRACES);
    world_clear();
    clear_disk();
}

static void what_the_disk_lost_holds_nothing_else_back(void)
{
    open_world(BUDGET);
    fill();
    disk.is_damaged = true;
    world_release(INT64_MAX);
    CHECK(world.out_count > 0 && world.out_count < LINES * TRACES);
    CHECK_EQ(world.sampler.groups.holdings.events, 0);
    CHECK_EQ(disk.forgotten, disk.count);
    world_clear();
    clear_disk();
}

static void traces_that_turn_out_to_be_one_keep_what_each_has_parked(void)
{
    char text[96];
    open_world(BUDGET);
    for (unsigned i = 0; i < 2 * LINES; i++) {
        snprintf(text, sizeof text, "trace %u line %u and some more", i % 2, i / 2);
        world_take((struct line){text, .trace = i % 2 ? "abc1" : NULL,
                                 .invocation = i % 2 ? NULL : "def2"});
    }
    struct groups *groups = &world.sampler.groups;
    CHECK_EQ(holding_park(&groups->holdings, &groups->oldest->holding, &shelf), PARKED_HERE);
    CHECK_EQ(holding_park(&groups->holdings, &groups->youngest->holding, &shelf), PARKED_HERE);
    CHECK_EQ(groups->count, 2);
    say("both", "abc1", "def2");
    CHECK_EQ(groups->count, 1);
    world_release(INT64_MAX);
    CHECK_EQ(world.out_count, 2 * LINES + 1);
    CHECK_EQ(disk.forgotten, 2);
    world_clear();
    clear_disk();
}

CHECK_MAIN(TEST(traces_that_do_not_fit_are_parked_and_come_back_whole),
           TEST(while_the_disk_is_busy_nothing_is_decided_early),
           TEST(a_parked_event_is_still_copied_from), TEST(any_asks_what_is_parked),
           TEST(what_is_parked_is_asked_again_when_it_leaves),
           TEST(a_disk_that_is_slow_is_waited_for),
           TEST(when_the_disk_is_full_too_the_oldest_is_decided_early),
           TEST(what_the_disk_lost_holds_nothing_else_back),
           TEST(traces_that_turn_out_to_be_one_keep_what_each_has_parked))
