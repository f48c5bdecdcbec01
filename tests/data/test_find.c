/* tests/data/test_find.c - mirrors agent/data/find.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/find.c"

#include "tests/data/fixture.h"

static struct value found(const struct event *event, const char *path)
{
    struct spot spot;
    struct value missing = {.kind = VALUE_MISSING};
    return find_path(event, fixture_path(path), &spot) ? spot_value(&spot) : missing;
}

static void the_literal_key_comes_before_every_split(void)
{
    struct event event =
        scanned("{\"a\":{\"b\":{\"c\":1},\"b.c\":2},\"a.b\":{\"c\":3},\"a.b.c\":4}");
    CHECK_TEXT(found(&event, ".a.b.c").text, "4");
    event = scanned("{\"a\":{\"b\":{\"c\":1},\"b.c\":2},\"a.b\":{\"c\":3}}");
    CHECK_TEXT(found(&event, ".a.b.c").text, "3");
    event = scanned("{\"a\":{\"b\":{\"c\":1},\"b.c\":2},\"a.b\":7}");
    CHECK_TEXT(found(&event, ".a.b.c").text, "2");
    event = scanned("{\"a\":{\"b\":{\"c\":1}}}");
    CHECK_TEXT(found(&event, ".a.b.c").text, "1");
    CHECK_EQ(found(&event, ".a.b.d").kind, VALUE_MISSING);
    CHECK_EQ(found(&event, ".a.b.c.d").kind, VALUE_MISSING);
}

static void an_index_leads_into_arrays_and_nowhere_else(void)
{
    struct event event = scanned("{\"items\":[{\"id\":\"x\"},[5,6]],\"obj\":{\"0\":1}}");
    CHECK_TEXT(found(&event, "items[0].id").text, "x");
    CHECK_TEXT(found(&event, "items[1][1]").text, "6");
    CHECK_EQ(found(&event, "items[2]").kind, VALUE_MISSING);
    CHECK_EQ(found(&event, "items[4294967295]").kind, VALUE_MISSING);
    CHECK_EQ(found(&event, "obj[0]").kind, VALUE_MISSING);
    CHECK_EQ(found(&event, "items[1].id").kind, VALUE_MISSING);
}

static void removed_fields_are_not_found_and_escaped_keys_are(void)
{
    struct event event = scanned("{\"k\":1,\"\\u006bey\":2,\"k\":3}");
    CHECK_TEXT(find_key(&event, STR("k"))->value.text, "3");
    CHECK_TEXT(find_key(&event, STR("key"))->value.text, "2");
    find_key(&event, STR("k"))->flags |= FIELD_REMOVED;
    CHECK(find_key(&event, STR("k")) == NULL);
    struct spot spot;
    CHECK(!find_dotted(&event, STR("k"), &spot));
    CHECK(!find_dotted(&event, STR(""), &spot));
    CHECK(!find_dotted(&event, STR("."), &spot));
}

static void a_slot_is_filled_by_its_field_before_a_nested_one(void)
{
    struct spot spot;
    struct event event = scanned("{\"log\":{\"level\":\"info\"},\"level\":\"warn\"}");
    CHECK(find_slot(&event, SLOT_SEVERITY_TEXT, &spot) && !spot.is_nested);
    CHECK_TEXT(spot_value(&spot).text, "warn");
    event = scanned("{\"log\":{\"level\":\"info\"}}");
    CHECK(find_slot(&event, SLOT_SEVERITY_TEXT, &spot) && spot.is_nested);
    CHECK_TEXT(spot_value(&spot).text, "info");
    event = scanned("{\"log\":{\"level\":null},\"logs\":{\"level\":\"info\"}}");
    CHECK(!find_slot(&event, SLOT_SEVERITY_TEXT, &spot));
    event = scanned("{\"trace\":{\"id\":null,\"trace_id\":\"t\"}}");
    CHECK(find_slot(&event, SLOT_TRACE_ID, &spot));
    CHECK_TEXT(spot_value(&spot).text, "t");
    event.fields[0].flags |= FIELD_REMOVED;
    CHECK(!find_slot(&event, SLOT_TRACE_ID, &spot));
}

CHECK_MAIN(TEST(the_literal_key_comes_before_every_split),
           TEST(an_index_leads_into_arrays_and_nowhere_else),
           TEST(removed_fields_are_not_found_and_escaped_keys_are),
           TEST(a_slot_is_filled_by_its_field_before_a_nested_one))
