/* tests/command/test_manual.c - mirrors agent/command/manual.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/manual.c"

#include "tests/config/plugins.h"

#include "tests/check.h"

static void a_manual_says_all_that_a_table_does(void)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    manual_print(&text, &(struct manual){NODE_FILTER, "sample", "Keeps 1 in N.",
                                         fake_sample_settings, false, false, false});
    CHECK_TEXT(buffer_str(&text),
               "filter sample: Keeps 1 in N.\n\n    filter sample { }\n\n"
               "rate  (expression, at least 1)\n    Keeps 1 in so many.\n"
               "rule  (block)\n    The first rule that matches decides.\n"
               "    when  (expression)\n        Which events it is for.\n"
               "    rate  (expression, at least 1, required)\n        Keeps 1 in so many.\n"
               "wait  (duration, 1s to 1h, default 60s)\n    Longest wait for a trace.\n"
               "when  (expression)\n    Acts on the events for which this is true; the others pass "
               "as they are.\n"
               "from  (list of text)\n    Only what these inputs read; without it, all of them.\n"
               "    such as from = [gateway nginx]\n");
    buffer_clear(&text);
}

static void a_page_has_a_table_of_every_plugin(void)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    manual_markdown(&text, &(struct manual){NODE_INPUT, "tail", "Follows files.",
                                            fake_tail_settings, false, false, false});
    CHECK_TEXT(
        buffer_str(&text),
        "\n## tail\n\nFollows files.\n\n```\ninput tail { path = \"/var/log/*.log\" }\n```\n\n"
        "| setting | value | default | |\n| --- | --- | --- | --- |\n"
        "| `path` | list of text | required | Files to read, with wildcards. Such as `path = "
        "\"/var/log/*.log\"`. |\n"
        "| `read_from` | beginning or end | `beginning` | Where to start in files never seen "
        "before. |\n"
        "| `line_max` | size, `1KiB` to `64MiB` | `1MiB` | Longest line; the rest is cut and "
        "counted. |\n");
    buffer_clear(&text);
}

CHECK_MAIN(TEST(a_manual_says_all_that_a_table_does), TEST(a_page_has_a_table_of_every_plugin))
