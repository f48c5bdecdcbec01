/* tests/data/test_naming.c - mirrors agent/data/naming.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/naming.c"

#include "agent/data/alias.h"
#include "agent/data/twins.h"
#include "tests/data/fixture.h"

static struct value sample(enum slot slot)
{
    static const struct value samples[] = {
        [SLOT_TEXT] = {VALUE_TEXT, .text = {"a \"word\"\n", 9}},
        [SLOT_INTEGER] = {VALUE_INTEGER, .integer = 7},
        [SLOT_FLOAT] = {VALUE_FLOAT, .real = 1.5},
        [SLOT_BOOL] = {VALUE_BOOL, .truth = true},
        [SLOT_IS_TIME] = {VALUE_TIME, .integer = 1700000000000000000},
        [SLOT_IS_DURATION] = {VALUE_DURATION, .integer = 2500000},
    };
    return samples[slot_type(slot)];
}

static struct event empty_event(void)
{
    fixture_open();
    arena_reset(&fix.arena);
    return (struct event){.time_ns = 1700000000000000000, .severity = 9, .flags = EVENT_PARSED};
}

static void check_sound(struct str json)
{
    if (!scan_is_valid(json) || twins_exist(json, &fix.arena))
        print_error("%.*s\n", STR_ARG(json));
    CHECK(scan_is_valid(json));
    CHECK(!twins_exist(json, &fix.arena));
}

static void every_slot_encodes_to_valid_json_without_a_key_twice(void)
{
    struct event all = empty_event();
    for (unsigned slot = 1; slot < SLOT_COUNT; slot++)
        CHECK(event_set_slot(&all, (enum slot)slot, sample((enum slot)slot), &fix.arena));
    all.weight = 3;
    all.reason = STR("error");
    all.rule = STR("errors");
    all.id = STR("id-1");
    for (unsigned naming = NAMES_OTEL; naming < NAMINGS; naming++) {
        struct encoding encoding = {
            .names = (enum naming)naming, .event_id = true, .doc_count = true, .sampling = true};
        check_sound(encoded_with(&all, encoding));
        check_sound(encoded(&all, (enum naming)naming));
    }
}

static void a_slot_alone_is_written_under_its_name_or_not_sent(void)
{
    for (unsigned slot = 1; slot < SLOT_COUNT; slot++) {
        struct event event = empty_event();
        CHECK(event_set_slot(&event, (enum slot)slot, sample((enum slot)slot), &fix.arena));
        for (unsigned naming = NAMES_OTEL; naming < NAMINGS; naming++) {
            struct str json = encoded(&event, (enum naming)naming);
            struct str name = naming_target((enum naming)naming, (enum slot)slot)->member;
            name = str_skip(name, 1); /* the first member has no comma */
            check_sound(json);
            bool is_sent = naming_target((enum naming)naming, (enum slot)slot)->name.len > 0;
            if (is_sent != (is_sent && str_find_str(json, name) != SIZE_MAX))
                print_error("%u %s: %.*s\n", naming, slot_name((enum slot)slot), STR_ARG(json));
            CHECK(!is_sent || str_find_str(json, name) != SIZE_MAX);
        }
    }
}

static void two_slots_of_one_name_have_one_first(void)
{
    CHECK_EQ(naming_first(NAMES_HONEYCOMB, SLOT_PARENT_SPAN_ID), SLOT_SPAN_ID);
    CHECK_EQ(naming_first(NAMES_HONEYCOMB, SLOT_SPAN_ID), SLOT_SPAN_ID);
    CHECK_EQ(naming_first(NAMES_ECS, SLOT_ERROR_TYPE), SLOT_EXCEPTION_TYPE);
    CHECK_EQ(naming_first(NAMES_OTEL, SLOT_ERROR_TYPE), SLOT_ERROR_TYPE);
    CHECK_EQ(naming_first(NAMES_HONEYCOMB, SLOT_LOG_ORIGINAL), SLOT_NONE);
}

static void a_claim_knows_targets_and_parents_of_its_naming_alone(void)
{
    CHECK_EQ(naming_claim(NAMES_ECS, STR("message")).slot, SLOT_BODY);
    CHECK_EQ(naming_claim(NAMES_OTEL, STR("message")).slot, SLOT_NONE);
    CHECK(naming_claim(NAMES_ECS, STR("http.response")).is_parent);
    CHECK(naming_claim(NAMES_ECS, STR("geo")).is_parent);
    CHECK(!naming_claim(NAMES_HONEYCOMB, STR("geo")).is_parent);
    CHECK(naming_claim(NAMES_HONEYCOMB, STR("meta.weir")).is_parent);
    struct claim error = naming_claim(NAMES_OTEL, STR("error"));
    CHECK(error.slot == SLOT_ERROR && error.is_parent);
    struct claim none = naming_claim(NAMES_ECS, STR(""));
    CHECK(none.slot == SLOT_NONE && !none.is_parent);
    CHECK_EQ(naming_claim(NAMES_AS_IS, STR("body")).slot, SLOT_NONE);
}

CHECK_MAIN(TEST(every_slot_encodes_to_valid_json_without_a_key_twice),
           TEST(a_slot_alone_is_written_under_its_name_or_not_sent),
           TEST(two_slots_of_one_name_have_one_first),
           TEST(a_claim_knows_targets_and_parents_of_its_naming_alone))
