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

/* What `flat` rules out must not be there: with it and without it the same is found. */
static void slots_are_found_alike(struct event event)
{
    struct event unknown = event;
    unknown.flat = 0;
    for (unsigned slot = 1; slot < SLOT_COUNT; slot++) {
        struct spot one = {.field = NULL}, other = {.field = NULL};
        bool is_found = find_slot(&event, (enum slot)slot, &one);
        CHECK_EQ(is_found, find_slot(&unknown, (enum slot)slot, &other));
        if (is_found)
            CHECK(one.field == other.field && one.is_nested == other.is_nested &&
                  spot_value(&one).text.at == spot_value(&other).text.at);
    }
}

static void every_nested_name_is_found_with_what_the_scanner_noted(void)
{
    char line[256];
    for (size_t i = 0; i < nested_alias_count; i++) {
        const struct nested_alias *alias = &nested_aliases[i];
        for (size_t j = 0; j < nested_alias_count; j++) {
            const struct nested_alias *second = &nested_aliases[j];
            snprintf(line, sizeof line,
                     "{\"a\":{},\"%.*s\":{\"%.*s\":\"v\"},\"%.*s\":{\"%.*s\":1}}",
                     STR_ARG(alias->root), STR_ARG(alias->rest), STR_ARG(second->root),
                     STR_ARG(second->rest));
            slots_are_found_alike(scanned(line));
        }
        struct spot spot;
        snprintf(line, sizeof line, "{\"%.*s\":{\"%.*s\":\"v\"}}", STR_ARG(alias->root),
                 STR_ARG(alias->rest));
        struct event event = scanned(line);
        CHECK(find_slot(&event, alias->slot, &spot) && spot.is_nested);
    }
}

/* Objects that come in by edits are looked into as well. */
static void an_object_that_an_edit_brings_is_looked_into(void)
{
    struct value object = {.kind = VALUE_OBJECT, .text = STR("{\"level\":\"warn\"}")};
    struct spot spot;
    struct event event = scanned("{\"a\":1,\"b\":{\"level\":\"info\"},\"log\":2}");
    CHECK(!find_slot(&event, SLOT_SEVERITY_TEXT, &spot));
    CHECK(event_set(&event, fixture_path(".log"), object, &fix.arena));
    CHECK(find_slot(&event, SLOT_SEVERITY_TEXT, &spot) && spot.is_nested);
    event = scanned("{\"a\":1,\"b\":{\"level\":\"info\"}}");
    CHECK(event_rename(&event, fixture_path(".b"), fixture_path(".log"), &fix.arena));
    CHECK(find_slot(&event, SLOT_SEVERITY_TEXT, &spot) && spot.is_nested);
    event = scanned("{\"a\":1}");
    CHECK(event_add(&event, (struct field){.key = STR("log"), .value = object}, &fix.arena));
    CHECK(find_slot(&event, SLOT_SEVERITY_TEXT, &spot) && spot.is_nested);
    slots_are_found_alike(event);
}

CHECK_MAIN(TEST(every_nested_name_is_found_with_what_the_scanner_noted),
           TEST(an_object_that_an_edit_brings_is_looked_into),
           TEST(the_literal_key_comes_before_every_split),
           TEST(an_index_leads_into_arrays_and_nowhere_else),
           TEST(removed_fields_are_not_found_and_escaped_keys_are),
           TEST(a_slot_is_filled_by_its_field_before_a_nested_one))
