/* tests/data/test_alias.c - mirrors agent/data/alias.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/alias.c"

#include "tests/check.h"

static enum slot first_claim(struct str key)
{
    for (size_t i = 0; i < alias_count; i++)
        if (str_equal(aliases[i].key, key))
            return aliases[i].slot;
    return SLOT_NONE;
}

static void every_slot_answers_to_its_own_name(void)
{
    for (unsigned i = 1; i < SLOT_COUNT; i++)
        CHECK_EQ(slot_of_name(str_from(slot_name((enum slot)i))), i);
    CHECK_EQ(slot_of_name(STR("")), SLOT_NONE);
    CHECK_EQ(slot_of_name(STR("duration")), SLOT_DURATION);
    CHECK_EQ(slot_of_name(STR("msg")), SLOT_NONE);
}

/* trace.parent_id is SPAN_ID's and PARENT_SPAN_ID's, error.type OpenTelemetry's before it is ECS's.
 */
static void opentelemetry_wins_over_ecs_and_ecs_over_honeycomb(void)
{
    CHECK_EQ(slot_of_name(STR("error.type")), SLOT_ERROR_TYPE);
    CHECK_EQ(slot_of_name(STR("error.message")), SLOT_EXCEPTION_MESSAGE);
    CHECK_EQ(slot_of_name(STR("trace.parent_id")), SLOT_SPAN_ID);
    CHECK_EQ(slot_of_name(STR("faas.id")), SLOT_CLOUD_RESOURCE_ID);
    CHECK_EQ(slot_of_name(STR("library.name")), SLOT_LOGGER);
}

static void a_spelling_that_says_too_little_claims_no_field(void)
{
    CHECK_EQ(slot_of_name(STR("name")), SLOT_NAME);
    CHECK_EQ(first_claim(STR("name")), SLOT_NONE);
    CHECK_EQ(slot_of_name(STR("flags")), SLOT_TRACE_FLAGS);
    CHECK_EQ(first_claim(STR("flags")), SLOT_NONE);
    CHECK_EQ(first_claim(STR("transaction.name")), SLOT_NAME);
}

static void a_unit_belongs_to_a_key_of_one_slot(void)
{
    CHECK_EQ(alias_unit(SLOT_DURATION, STR("duration_seconds")), 1000000000);
    CHECK_EQ(alias_unit(SLOT_DURATION, STR("event.duration")), 1);
    CHECK_EQ(alias_unit(SLOT_DURATION, STR("how_long")), 1000000);
    CHECK_EQ(alias_unit(SLOT_FAAS_MAX_MEMORY, STR("function_memory_size")), 1 << 20);
    CHECK_EQ(alias_unit(SLOT_FAAS_MAX_MEMORY, STR("faas.max_memory")), 1);
    CHECK_EQ(alias_unit(SLOT_HTTP_STATUS, STR("duration_seconds")), 1);
}

static void nested_aliases_have_a_slot_a_root_and_a_rest(void)
{
    CHECK(nested_alias_count > 0);
    for (size_t i = 0; i < nested_alias_count; i++) {
        CHECK(nested_aliases[i].slot > SLOT_NONE && nested_aliases[i].slot < SLOT_COUNT);
        CHECK(nested_aliases[i].root.len > 0 && nested_aliases[i].rest.len > 0);
        CHECK_EQ(str_find(nested_aliases[i].root, '.'), SIZE_MAX);
    }
    CHECK_EQ(slot_type(SLOT_TIME), SLOT_IS_TIME);
    CHECK_EQ(slot_type(SLOT_DURATION), SLOT_IS_DURATION);
    CHECK_EQ(slot_type(SLOT_FAAS_COLDSTART), SLOT_BOOL);
}

CHECK_MAIN(TEST(every_slot_answers_to_its_own_name),
           TEST(opentelemetry_wins_over_ecs_and_ecs_over_honeycomb),
           TEST(a_spelling_that_says_too_little_claims_no_field),
           TEST(a_unit_belongs_to_a_key_of_one_slot),
           TEST(nested_aliases_have_a_slot_a_root_and_a_rest))
