/* tests/data/test_flatten.c - mirrors agent/data/flatten.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/flatten.c"

#include <jansson.h>

#include "tests/check.h"
#include "tests/data/fixture.h"
#include "tests/data/generated.h"

static struct arena scratch;
static struct buffer to;
static const struct flat_bounds honeycomb = {
    .names = NAMES_HONEYCOMB, .fields_max = 2000, .text_max = 65535, .object_max = 1000000};

static struct flat_cut flattened(const struct flat_bounds *bounds)
{
    arena_reset(&scratch);
    return flatten_object(&to, 0, bounds, &scratch);
}

static struct flat_cut flattened_text(const struct flat_bounds *bounds, const char *text)
{
    buffer_reset(&to);
    buffer_add(&to, str_from(text));
    return flattened(bounds);
}

static void objects_come_up_and_the_rest_stays_as_it_was_spelled(void)
{
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {"{\"a\":1.50,\"b\":\"x\",\"c\":null}", "{\"a\":1.50,\"b\":\"x\",\"c\":null}"},
        {"{\"a\":{\"b\":{\"c\":1.50e3}}}", "{\"a.b.c\":1.50e3}"},
        {"{\"a\":{\"b\":true,\"c\":null,\"d\":\"x\\n\"},\"e\":\"{\"}",
         "{\"a.b\":true,\"a.d\":\"x\\n\",\"e\":\"{\"}"},
        {"{\"a\":[1,{\"b\":\"\\\"\"}]}", "{\"a\":\"[1,{\\\"b\\\":\\\"\\\\\\\"\\\"}]\"}"},
        {"{\"a\":{},\"b\":[]}", "{\"a\":\"{}\",\"b\":\"[]\"}"},
        {"{\"a\":{\"\\u0041\\\"\":1}}", "{\"a.A\\\"\":1}"},
        {"{\"a.b\":1,\"a\":{\"b\":2},\"a.b_2\":3}", "{\"a.b\":1,\"a.b_2\":2,\"a.b_2_2\":3}"},
        {"{\"a\":1,\"b\":[1,2],\"c\":null,\"d\":\"x\\n\",\"e\":2.50,\"f\":[[\"[\"]]}",
         "{\"a\":1,\"b\":\"[1,2]\",\"d\":\"x\\n\",\"e\":2.50,\"f\":\"[[\\\"[\\\"]]\"}"},
        {"{\"n\":null,\"a\":[],\"b\":true,\"m\":null}", "{\"a\":\"[]\",\"b\":true}"},
        {"{\"a\":[],\"b\":null}", "{\"a\":\"[]\"}"},
        {"{\"n\":null,\"a\":[null]}", "{\"a\":\"[null]\"}"},
        {"{\"a\":[1],\"b\":{\"c\":2}}", "{\"a\":\"[1]\",\"b.c\":2}"},
        {"{\"\":{\"a\":1}}", "{\"a\":1}"},
        {"{\"\":[],\"a\":1}", "{\"\":\"[]\",\"a\":1}"},
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}"
         "}",
         "{\"a.a.a.a.a.a.a.a.a.a\":\"{\\\"a\\\":1}\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct flat_cut cut = flattened_text(&honeycomb, cases[i][0]);
        CHECK_TEXT(buffer_str(&to), cases[i][1]);
        CHECK_EQ(cut.fields + cut.texts, 0);
    }
}

static void only_what_stands_from_the_start_on_is_changed(void)
{
    buffer_reset(&to);
    buffer_add(&to, STR("{\"x\":{\"y\":1}},{\"a\":{\"b\":1}}"));
    flatten_object(&to, 14, &honeycomb, &scratch);
    CHECK_TEXT(buffer_str(&to), "{\"x\":{\"y\":1}},{\"a.b\":1}");
}

static void a_long_text_is_cut_between_characters(void)
{
    static const struct flat_bounds bounds = {
        .names = NAMES_HONEYCOMB, .fields_max = 2000, .text_max = 8, .object_max = 1000000};
    static const char *const cases[][2] = {
        {"{\"a\":\"12345678\"}", "{\"a\":\"12345678\"}"},
        {"{\"a\":\"123456789\"}", "{\"a\":\"12345678\"}"},
        {"{\"a\":\"1234567\xC3\xA4\"}", "{\"a\":\"1234567\"}"},
        {"{\"a\":\"123456\xC3\xA4\"}", "{\"a\":\"123456\xC3\xA4\"}"},
        {"{\"a\":\"\\n\\n\\n\\n\\n\\n\\n\\n\"}", "{\"a\":\"\\n\\n\\n\\n\\n\\n\\n\\n\"}"},
        {"{\"a\":\"\\u0041\\u0041\\u0041\"}", "{\"a\":\"AAA\"}"},
        {"{\"a\":\"12345\xF0\x9F\x98\x80\"}", "{\"a\":\"12345\"}"},
        {"{\"a\":[1,2,3,4,5]}", "{\"a\":\"[1,2,3,4\"}"},
    };
    static const uint32_t cuts[] = {0, 1, 1, 0, 0, 0, 1, 1};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(flattened_text(&bounds, cases[i][0]).texts, cuts[i]);
        CHECK_TEXT(buffer_str(&to), cases[i][1]);
    }
}

/* Parsed by the oracle, which refuses a key that stands twice. */
static json_t *parsed(void)
{
    json_error_t error;
    CHECK(!to.full);
    json_t *object =
        json_loadb(to.at, to.len, JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
    if (!object)
        print_error("%s\n", error.text);
    CHECK(json_is_object(object));
    return object;
}

static void fields_above_the_bound_go_and_the_table_s_stay(void)
{
    buffer_reset(&to);
    buffer_byte(&to, '{');
    for (int i = 0; i < 3000; i++)
        buffer_format(&to, "\"user.%d\":%d,", i, i);
    buffer_add(&to, STR("\"service.name\":\"shop\",\"trace.trace_id\":\"t\"}"));
    struct flat_cut cut = flattened(&honeycomb);
    json_t *object = parsed();
    CHECK(json_object_size(object) <= 2000);
    CHECK_EQ(json_object_size(object) + cut.fields, 3002);
    CHECK(json_object_get(object, "service.name") && json_object_get(object, "trace.trace_id"));
    json_decref(object);
}

static void the_longest_texts_of_a_giant_are_shortened_first(void)
{
    buffer_reset(&to);
    buffer_byte(&to, '{');
    for (int i = 0; i < 40; i++) {
        buffer_format(&to, "\"long.%d\":\"", i);
        for (int j = 0; j < 60000; j++)
            buffer_byte(&to, (char)('a' + j % 26));
        buffer_add(&to, STR("\","));
    }
    buffer_add(&to, STR("\"short\":\"as it was\"}"));
    struct flat_cut cut = flattened(&honeycomb);
    CHECK(to.len <= honeycomb.object_max);
    CHECK_EQ(cut.texts, 40);
    CHECK_EQ(cut.fields, 0);
    json_t *object = parsed();
    CHECK_EQ(json_object_size(object), 41);
    CHECK_TEXT(str_from(json_string_value(json_object_get(object, "short"))), "as it was");
    CHECK_EQ(json_string_length(json_object_get(object, "long.7")), 16383);
    json_decref(object);
}

static void a_giant_of_long_keys_and_numbers_fits_in_the_end(void)
{
    buffer_reset(&to);
    buffer_byte(&to, '{');
    for (int i = 0; i < 1500; i++) {
        buffer_format(&to, "\"%d", i);
        for (int j = 0; j < 1000; j++)
            buffer_byte(&to, (char)('a' + j % 26));
        buffer_add(&to, STR("\":0."));
        for (int j = 0; j < 900; j++)
            buffer_byte(&to, (char)('1' + j % 9));
        buffer_byte(&to, ',');
    }
    buffer_add(&to, STR("\"duration_ms\":5}"));
    struct flat_cut cut = flattened(&honeycomb);
    CHECK(to.len <= honeycomb.object_max && cut.fields > 0);
    json_t *object = parsed();
    CHECK(json_object_get(object, "duration_ms") != NULL);
    CHECK_EQ(json_object_size(object) + cut.fields, 1501);
    json_decref(object);
}

static void the_reserve_holds_all_slots(void)
{
    CHECK((int)SLOT_COUNT < (int)RESERVED_FIELDS);
}

static void without_memory_nothing_half_is_left_standing_as_whole(void)
{
    struct arena tiny;
    arena_init(&tiny, 64, 128);
    buffer_reset(&to);
    buffer_add(&to, STR("{\"a\":{\"b\":1}}"));
    flatten_object(&to, 0, &honeycomb, &tiny);
    CHECK(to.full);
    arena_clear(&tiny);
}

/* Lines of all kinds, as the output writes them: the general way is the oracle. */
static void an_event_that_is_flat_is_encoded_as_it_would_be_flattened(void)
{
    static const struct encoding general = {.names = NAMES_HONEYCOMB};
    static const struct encoding flat = {.names = NAMES_HONEYCOMB, .array_texts = true};
    struct chance chance = {.state = 88172645463325252};
    struct buffer line;
    unsigned found = 0;
    buffer_init(&line, 1 << 20);
    for (int round = 0; round < 20000; round++) {
        buffer_reset(&line);
        generate_line(&chance, &line);
        struct event event = scanned_str(buffer_str(&line), SCAN_OK);
        if (!event_is_flat(&event))
            continue;
        buffer_reset(&to);
        buffer_reset(&fix.out);
        encode_event(&to, &event, &general, &fix.arena);
        (void)flattened(&honeycomb);
        encode_event(&fix.out, &event, &flat, &fix.arena);
        if (!str_equal(buffer_str(&to), buffer_str(&fix.out)))
            print_error("%.*s\n%.*s\n", STR_ARG(buffer_str(&to)), STR_ARG(buffer_str(&fix.out)));
        CHECK(str_equal(buffer_str(&to), buffer_str(&fix.out)));
        found++;
    }
    CHECK(found > 1000);
    buffer_clear(&line);
}

int main(void)
{
    arena_init(&scratch, 1 << 16, 256 << 20);
    buffer_init(&to, 64 << 20);
    const struct CMUnitTest tests[] = {
        TEST(objects_come_up_and_the_rest_stays_as_it_was_spelled),
        TEST(only_what_stands_from_the_start_on_is_changed),
        TEST(a_long_text_is_cut_between_characters),
        TEST(fields_above_the_bound_go_and_the_table_s_stay),
        TEST(the_longest_texts_of_a_giant_are_shortened_first),
        TEST(a_giant_of_long_keys_and_numbers_fits_in_the_end),
        TEST(the_reserve_holds_all_slots),
        TEST(an_event_that_is_flat_is_encoded_as_it_would_be_flattened),
        TEST(without_memory_nothing_half_is_left_standing_as_whole)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_clear(&to);
    arena_clear(&scratch);
    return failed;
}
