/* tests/filters/formats/test_format.c - mirrors filters/formats/format.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.c"

#include "tests/filters/formats/lines.h"

static void numbers_with_units_become_nanoseconds(void)
{
    static const struct {
        const char *text;
        int64_t unit, want; /* -1: no number */
    } cases[] = {
        {"198.50", 1000000, 198500000},
        {"0.042", 1000000000, 42000000},
        {"3", 1000000, 3000000},
        {"1.123456789", 1000000, 1123456},
        {"2226.", 1000000, -1},
        {"007", 1000000, -1},
        {"", 1, -1},
        {".5", 1, -1},
        {"1.5x", 1000000, -1},
        {"-1", 1, -1},
        {"99999999999999999999", 1000000, -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t ns = -1;
        CHECK_EQ(duration_read(str_from(cases[i].text), cases[i].unit, &ns), cases[i].want >= 0);
        CHECK_EQ(ns, cases[i].want);
    }
}

static void a_time_in_front_has_a_length(void)
{
    static const struct {
        const char *text;
        size_t want;
    } cases[] = {
        {"2024-01-02T03:04:05.678Z\tx", 24}, {"2024-01-02 03:04:05,678 x", 23},
        {"2024/01/02 03:04:05 x", 19},       {"2024-01-02T03:04:05+01:00 x", 25},
        {"2024-01-02T03:04:05+0100", 24},    {"2024-01-02T03:04:05-x", 19},
        {"2024-01-02T03:04:05.", 19},        {"2024-01-02", 0},
        {"2024-01-02x03:04:05", 0},          {"", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(time_prefix(str_from(cases[i].text)), cases[i].want);
}

static void a_level_word_shouts_or_is_framed(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"ERROR boom", "ERROR"},
        {"[warn] x", "warn"},
        {"<Info> x", "Info"},
        {"error: x", "error"},
        {"app - WARNING - x", "WARNING"},
        {"x level=error y", "error"},
        {"{\"level\":\"fatal\"", "fatal"},
        {"an error here", ""},
        {"E x", ""},
        {"INFORMATIONAL", ""},
        {"{\"error\":1}", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(level_word(str_from(cases[i].text)), cases[i].want);
}

static void request_ids_have_one_form(void)
{
    CHECK(is_uuid(STR("79b4f56e-95b1-4643-9700-2807f4e68189")));
    CHECK(!is_uuid(STR("79b4f56e-95b1-4643-9700+2807f4e68189")));
    CHECK(!is_uuid(STR("79b4f56e-95b1-4643-9700-2807f4e6818")));
}

static void of_several_aliases_the_best_fills_the_slot(void)
{
    struct host host;
    struct reader reader;
    host_init(&host);
    reader_init(&reader, &host);
    struct event event = {.bytes = STR("")};
    reader.event = &event;
    static const char *const keys[] = {"msg", "message", "text"};
    for (size_t i = 0; i < COUNT(keys); i++) {
        struct str key = str_from(keys[i]);
        struct field field = {.key = key,
                              .name = names_find(host.names, key),
                              .value = {.kind = VALUE_TEXT, .text = key}};
        CHECK(reader_field(&reader, field));
    }
    CHECK_STR(slot_value(&event, SLOT_BODY).text, STR("message"));
    CHECK_EQ(event.fields[0].slot, SLOT_NONE);
    host_clear(&host);
}

/* Each byte of a time is changed to every other: only digits stay where digits are. */
static void a_time_has_digits_in_their_places_alone(void)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[] = "2024-01-02T03:04:59";
            text[i] = (char)byte;
            bool fits = shape[i] == 'd' ? is_digit((char)byte) : (char)byte == shape[i];
            fits |= shape[i] == 'T' && byte == ' ';
            CHECK_EQ(time_prefix((struct str){text, sizeof text - 1}), fits ? 19 : 0);
        }
    }
}

CHECK_MAIN(TEST(a_time_has_digits_in_their_places_alone),
           TEST(numbers_with_units_become_nanoseconds), TEST(a_time_in_front_has_a_length),
           TEST(a_level_word_shouts_or_is_framed), TEST(request_ids_have_one_form),
           TEST(of_several_aliases_the_best_fills_the_slot))
