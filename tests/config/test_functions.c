/* tests/config/test_functions.c - mirrors agent/config/functions.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/functions.c"

#include "tests/config/events.h"

#include "tests/check.h"

#define EVENT                                                                                       \
    "{\"t\":\"  Äpfel und BIRNEN \",\"csv\":\"a,b,,c\",\"n\":\"42\",\"f\":3.7,\"list\":[1,[2],3]," \
    "\"o\":{\"a\":1},\"json\":\"{\\\"k\\\":[1]}\",\"esc\":\"a\\nb\"}"

static void functions_compute_what_they_are_called(void)
{
    static const struct {
        const char *expr, *want; /* null: missing */
    } cases[] = {
        {"lower(.t)", "  Äpfel und birnen "},
        {"upper(trim(.t))", "ÄPFEL UND BIRNEN"},
        {"split(.csv, \",\")", "[\"a\",\"b\",\"\",\"c\"]"},
        {"split(.csv, \",\", 1)", "b"},
        {"split(.csv, \",\", -1)", "c"},
        {"split(.csv, \",\", 9)", NULL},
        {"split(.esc, \"x\")", "[\"a\\u000ab\"]"},
        {"replace(.csv, \",\", \"--\")", "a--b----c"},
        {"replace(.csv, \"z\", \"-\")", "a,b,,c"},
        {"replace(.csv, \",\", \"\")", "abc"},
        {"substr(trim(.t), 0, 5)", "Äpfel"},
        {"substr(trim(.t), -6)", "BIRNEN"},
        {"substr(.csv, 99)", ""},
        {"concat(.n, \"/\", .f)", "42/3.7"},
        {"concat(.n, .zzz)", NULL},
        {"int(.n) + 1", "43"},
        {"int(.f)", "3"},
        {"int(\"x\")", NULL},
        {"float(.n) / 4", "10.5"},
        {"string(.f)", "3.7"},
        {"len(trim(.t))", "16"},
        {"len(.list)", "3"},
        {"len(.o)", "1"},
        {"parse_json(.json)", "{\"k\":[1]}"},
        {"parse_json(\"[1\")", NULL},
        {"hash(\"a\")", "d24ec4f1a98c6e5b"},
        {"coalesce(.zzz, \"x\")", "x"},
        {"if(.n == 42, \"yes\", \"no\")", "yes"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loading loading;
        loading_init(&loading);
        const struct expr *expr = expr_of(&loading, cases[i].expr);
        if (!expr)
            fail_msg("%s: %.*s", cases[i].expr, STR_ARG(buffer_str(&loading.said)));
        struct event event = event_from(&loading, EVENT);
        struct str text = STR("");
        bool there = value_text(expr_value(expr, &event, &loading.arena), &loading.arena, &text);
        if (there != (cases[i].want != NULL) ||
            (there && !str_equal(text, str_from(cases[i].want))))
            fail_msg("%s is \"%.*s\"", cases[i].expr, STR_ARG(text));
        loading_clear(&loading);
    }
}

static void bytes_that_are_no_text_make_no_json(void)
{
    struct arena arena;
    arena_init(&arena, 4096, 8192);
    struct value args[] = {{.kind = VALUE_TEXT, .text = {"a,\xFF", 3}},
                           {.kind = VALUE_TEXT, .text = {",", 1}}};
    CHECK_EQ(call_split(args, 2, &arena).kind, VALUE_MISSING);
    arena_clear(&arena);
}

static void a_full_scratch_gives_a_missing_value(void)
{
    struct arena arena;
    arena_init(&arena, 64, 128);
    char text[1024];
    memset(text, 'x', sizeof text);
    struct value args[] = {{.kind = VALUE_TEXT, .text = {text, sizeof text}},
                           {.kind = VALUE_TEXT, .text = {"x", 1}},
                           {.kind = VALUE_TEXT, .text = {"yy", 2}}};
    CHECK_EQ(call_upper(args, 1, &arena).kind, VALUE_MISSING);
    CHECK_EQ(call_concat(args, 2, &arena).kind, VALUE_MISSING);
    CHECK_EQ(call_replace(args, 3, &arena).kind, VALUE_MISSING);
    CHECK_EQ(call_split(args, 2, &arena).kind, VALUE_MISSING);
    arena_clear(&arena);
}

CHECK_MAIN(TEST(functions_compute_what_they_are_called), TEST(bytes_that_are_no_text_make_no_json),
           TEST(a_full_scratch_gives_a_missing_value))
