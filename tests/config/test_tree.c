/* tests/config/test_tree.c - mirrors agent/config/tree.c: a whole configuration as a tree of nodes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/tree.c"

#include "tests/config/loading.h"

#include "tests/check.h"

static const char story[] =
    "agent { state = \"/var/lib/weir\"  memory = 64MiB  at_stop = decide  admin = off }\n"
    "input tail \"functions\" { path = [\"/var/log/f/*.log\"]  filter parse { format = json } }\n"
    "input stdin { }\n"
    "filter set { fields = { .env = \"prod\" } when = not error }\n"
    "output elasticsearch \"elk\" { url = \"https://es-1:9200\"  was = \"old\" }\n"
    "branch \"events\" {\n"
    "  from = [functions \"stdin\"]\n"
    "  when = .kind != \"debug\"\n"
    "  filter sample \"tenth\" {\n"
    "    rule \"errors\" { when = error  rate = 1 }\n"
    "    rule \"rest\" { rate = 10 }\n"
    "  }\n"
    "  output stdout { from = functions }\n"
    "}\n"
    "test \"a test\" {\n"
    "  given \"functions\" = <<END\n{\"a\":1}\n{\"a\":2}\nEND\n"
    "  chance = drop\n"
    "  expect \"elk\" { kept = false  fields = { .a = 1 } }\n"
    "}\n";

static void a_whole_configuration_becomes_a_tree(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading, story);
    CHECK_TEXT(buffer_str(&loading.said), "");
    CHECK_EQ(loading.code, OK);
    const struct config *config = loading.config;
    CHECK_EQ(config->inputs, 2);
    CHECK_EQ(config->outputs, 2);
    const struct node *tail = config->nodes;
    CHECK(tail->input == &fake_tail);
    CHECK_TEXT(tail->label, "functions");
    CHECK_TEXT(str_from(tail->where), "-e:2:1");
    CHECK(tail->children->filter == &fake_parse);
    CHECK_EQ(((struct fake_parse *)tail->children->object)->format, 1);
    const struct node *plain = tail->next;
    CHECK_TEXT(plain->label, "stdin");
    CHECK(!plain->has_label);
    const struct node *set = plain->next;
    CHECK(set->when != NULL);
    const struct node *elk = set->next;
    CHECK_TEXT(elk->was, "old");
    CHECK_EQ(elk->from.count, 0);
    const struct node *branch = elk->next;
    CHECK_EQ(branch->kind, NODE_BRANCH);
    CHECK_EQ(branch->from.count, 2);
    CHECK_TEXT(branch->from.texts[1], "stdin");
    CHECK(branch->when != NULL && !branch->next);
    const struct fake_sample *sample = branch->children->object;
    CHECK_EQ(sample->rule.count, 2);
    CHECK_TEXT(sample->rule.at[0].label, "errors");
    CHECK_TEXT(branch->children->next->from.texts[0], "functions");
    loading_clear(&loading);
}

static void the_agent_block_is_filled_or_takes_its_defaults(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading, story);
    const struct agent_block *agent = &loading.config->agent;
    CHECK_TEXT(agent->state, "/var/lib/weir");
    CHECK_EQ(agent->memory_bytes, 64 << 20);
    CHECK_EQ(agent->drain_ns, INT64_C(10000000000));
    CHECK_EQ(agent->at_stop, AT_STOP_DECIDE);
    CHECK_TEXT(agent->admin, "off");
    CHECK(agent->admin_given);
    loading_clear(&loading);
    loading_init(&loading);
    loading_text(&loading, "input stdin { } output stdout { }");
    agent = &loading.config->agent;
    CHECK_EQ(agent->memory_bytes, 128 << 20);
    CHECK_EQ(agent->give_up_ns, INT64_C(60000000000));
    CHECK_EQ(agent->at_stop, AT_STOP_AUTO);
    CHECK_TEXT(agent->admin, "127.0.0.1:4319");
    CHECK(!agent->admin_given);
    loading_clear(&loading);
}

static void a_test_block_keeps_its_raw_lines(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading, story);
    const struct test *test = loading.config->tests;
    CHECK_TEXT(test->name, "a test");
    CHECK_EQ(test->chance, CHANCE_DROP);
    CHECK_TEXT(test->givens->input, "functions");
    CHECK_TEXT(test->givens->lines, "{\"a\":1}\n{\"a\":2}");
    CHECK_TEXT(test->expects->output, "elk");
    CHECK(!test->expects->kept);
    CHECK_EQ(test->expects->fields.count, 1);
    loading_clear(&loading);
}

static void a_full_arena_is_told_and_leaks_nothing(void)
{
    for (size_t max = 8 * 1024; max < 4 << 20; max += 16 * 1024) {
        struct loading loading = {0};
        arena_init(&loading.arena, 4096, max);
        loading.names = names_make(&loading.arena);
        diagnostics_init(&loading.diagnostics, &loading.arena);
        buffer_init(&loading.said, 1 << 16);
        if (loading.names)
            loading_text(&loading, story);
        CHECK(!loading.names || loading.code == OK || loading.code == OVER_LIMIT);
        bool is_done = loading.names && loading.code == OK;
        loading_clear(&loading);
        if (is_done)
            return;
    }
    fail_msg("the story needs more than 4 MiB");
}

CHECK_MAIN(TEST(a_whole_configuration_becomes_a_tree),
           TEST(the_agent_block_is_filled_or_takes_its_defaults),
           TEST(a_test_block_keeps_its_raw_lines), TEST(a_full_arena_is_told_and_leaks_nothing))
