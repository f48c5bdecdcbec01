/* tests/config/test_table.c - mirrors agent/config/table.c, and asks it about every table there is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/table.c"

#include "agent/builtin.h"
#include "tests/config/loading.h"

#include "tests/check.h"

struct sample {
    int64_t n, wait_ns;
    struct str text;
    int word;
    struct list list;
};

static void tables_that_cannot_work_are_refused(void)
{
    static const struct choice none[] = {{0}};
    static const struct {
        struct setting table[3];
        const char *why;
    } cases[] = {
        {{NUMBER_SETTING(struct sample, n, .help = "No full stop")},
         "the help of 'n' does not end with a full stop"},
        {{NUMBER_SETTING(struct sample, n, .help = "A.", .def = "x")},
         "the default of 'n', x, is no value it takes"},
        {{NUMBER_SETTING(struct sample, n, .help = "A.", .def = "5", .max = "4")},
         "the default of 'n', 5, is no value it takes"},
        {{DURATION_SETTING(struct sample, wait, .help = "A.", .min = "5")},
         "the minimum of 'wait', 5, is no value it takes"},
        {{NUMBER_SETTING(struct sample, n, .help = "A."),
          NUMBER_SETTING(struct sample, n, .help = "A.")},
         "the setting 'n' stands in its table twice"},
        {{CHOICE_SETTING(struct sample, word, none, .help = "A.")}, "'word' has no choices"},
        {{LIST_SETTING(struct sample, list, SETTING_NONE, .help = "A.")},
         "'list' has no items of a kind"},
        {{{.name = "from", .kind = SETTING_NUMBER, .help = "A."}},
         "'from' is a setting of the engine"},
        {{{.name = "wait_ms", .kind = SETTING_NUMBER, .help = "A."}},
         "the setting 'wait_ms' says a unit; its values do"},
        {{{.name = "Wait", .kind = SETTING_NUMBER, .help = "A."}},
         "the setting 'Wait' is not lower-case letters, digits and _"},
        {{NUMBER_SETTING(struct sample, n, .help = "A.", .def = "1", .required = true)},
         "'n' is required and has a default"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct why why = {0};
        CHECK_EQ(settings_check(cases[i].table, &why), BAD_CONFIG);
        CHECK_TEXT(str_from(why.text), cases[i].why);
    }
}

static const struct plugin_lists lists = {builtin_inputs, builtin_filters, builtin_outputs};

static void every_table_that_is_built_in_can_work(void)
{
    struct plugin plugin;
    struct why why;
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++)
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++) {
            if (settings_check(plugin.settings, &why) != OK)
                fail_msg("%s %s: %s", node_kind_name(kind), plugin.name, why.text);
            if (!plugin.summary || !str_ends(str_from(plugin.summary), STR(".")))
                fail_msg("the summary of %s does not end with a full stop", plugin.name);
        }
    CHECK_OK(settings_check(agent_settings, &why), why);
}

static void collect(void *context, struct str secret)
{
    CHECK_TEXT(secret, "hidden");
    *(unsigned *)context += 1;
}

static void secrets_are_found_in_what_was_filled(void)
{
    struct fake_http http = {.api_key = STR("hidden"), .missing = STR("seen")};
    unsigned count = 0;
    settings_secrets(fake_http_settings, &http, collect, &count);
    CHECK_EQ(count, 1);
}

CHECK_MAIN(TEST(tables_that_cannot_work_are_refused), TEST(every_table_that_is_built_in_can_work),
           TEST(secrets_are_found_in_what_was_filled))
