/* tests/config/test_rules.c - mirrors agent/config/rules.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/rules.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define IN  "input stdin { } "
#define OUT "output stdout { } "

static void what_flows_is_fine(void)
{
    CHECK(says(IN OUT, NULL));
    CHECK(says(IN "branch { when = error " OUT "}", NULL));
    CHECK(says(IN "filter drop { when = error } branch \"b\" { from = stdin " OUT "}", NULL));
    CHECK(says(IN "filter sample \"a\" { rate = 1 } branch { filter sample \"b\" { rate = 2 } " OUT
                  "}",
               NULL));
    CHECK(says(IN "branch \"a\" { filter sample { rate = 1 } " OUT
                  "} branch \"b\" { filter sample { rate = 2 } "
                  "output stdout \"2\" { } }",
               NULL));
    CHECK(says("input tail \"a\" { path = \"x\" } input tail \"b\" { path = \"y\" } " OUT, NULL));
}

static void what_can_have_no_effect_is_told(void)
{
    CHECK(says(OUT IN, "no input reaches this output"));
    CHECK(says(IN OUT "filter drop { }", "below the last output"));
    CHECK(says(IN OUT "branch { filter drop { } }", "this branch has no output"));
    CHECK(says(IN "branch { " OUT "filter drop { } }", "below the last output"));
    CHECK(says(OUT, "nothing is read"));
    CHECK(says(IN, "nothing is written"));
    CHECK(says("", "there is no input and no output"));
    CHECK(says(IN "input tail { path = \"x\" } branch { from = stdin branch { from = tail " OUT
                  "} }",
               "lets none of the inputs above it in"));
}

static void labels_tell_things_apart(void)
{
    CHECK(says(IN IN OUT, "a second input \"stdin\""));
    CHECK(says(IN OUT "branch { " OUT "}", "a second output \"stdout\""));
    CHECK(says(IN "output stdout { was = \"b\" } output stdout \"b\" { }",
               "there still is an output \"b\""));
    CHECK(
        says(IN "filter sample { rate = 1 } filter sample { rate = 1 } " OUT, "both need a label"));
    CHECK(says("input stdin { filter sample { rate = 1 } } filter sample { rate = 1 } " OUT,
               "both need a label"));
    CHECK(says(IN "output stdout \"a/b\" { }", "a label has 1 to 64 bytes"));
    CHECK(says(IN "output stdout \"\" { }", "a label has 1 to 64 bytes"));
}

static void one_file_read_twice_is_a_warning(void)
{
    CHECK(says("input tail \"a\" { path = \"x\" } input tail \"b\" { path = [\"y\" \"x\"] } " OUT,
               "warning: input \"a\" reads x too"));
}

static void keys_by_trace_want_whole_traces(void)
{
    static const char words[] = "warning: \"keyed\" is keyed by trace";
    CHECK(says(IN "output keyed { }", words));
    CHECK(says(IN "branch { output keyed { } filter sample { rate = 1 } " OUT "}", words));
    CHECK(says(IN "output keyed { key = user.id }", NULL));
    CHECK(says(IN "filter sample { rate = 1 } output keyed { }", NULL));
    CHECK(says(IN "filter sample { rate = 1 } branch { output keyed { } }", NULL));
    CHECK(says(IN "branch { filter sample { rate = 1 } output keyed { } }", NULL));
    CHECK(says("input stdin { filter sample { rate = 1 } } output keyed { }", NULL));
}

static void more_outputs_than_bits_are_refused(void)
{
    static char text[8192] = IN;
    for (int i = 0; i <= OUTPUTS_MAX; i++)
        snprintf(text + strlen(text), 64, "output stdout \"o%d\" { }\n", i);
    CHECK(says(text, "more than 64 outputs"));
}

CHECK_MAIN(TEST(what_flows_is_fine), TEST(what_can_have_no_effect_is_told),
           TEST(labels_tell_things_apart), TEST(one_file_read_twice_is_a_warning),
           TEST(keys_by_trace_want_whole_traces), TEST(more_outputs_than_bits_are_refused))
