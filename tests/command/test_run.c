/* tests/command/test_run.c - mirrors agent/command/run.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/run.c"

#include <string.h>
#include <sys/wait.h>

#include "tests/check.h"

enum { WORDS_MAX = 8 };

struct line { /* a command line that getopt may shuffle */
    char words[WORDS_MAX][256];
    char *argv[WORDS_MAX + 1];
    int argc;
};

static void split(struct line *line, const char *const *words)
{
    *line = (struct line){.argc = 0};
    optind = 0; /* getopt begins anew */
    for (; words[line->argc]; line->argc++) {
        snprintf(line->words[line->argc], sizeof line->words[0], "%s", words[line->argc]);
        line->argv[line->argc] = line->words[line->argc];
    }
}

#define WORDS(...) ((const char *const[]){"agent", __VA_ARGS__, NULL})

/* In a process of its own, as it is made for. */
static int run_words(const char *const *words)
{
    struct line line;
    int status = 0;
    split(&line, words);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(command_run(line.argc, line.argv));
    CHECK(child > 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int read_words(const char *const *words, struct options *options)
{
    static struct line line; /* options borrow from it */
    *options = (struct options){0};
    split(&line, words);
    return read_options(line.argc, line.argv, options);
}

static void sources_are_taken_in_the_order_they_are_given(void)
{
    static struct options options;
    CHECK_EQ(read_words(WORDS("-c", "a.conf", "-e", "let x = 1", "--config", "b.conf"), &options),
             EXIT_DONE);
    CHECK_EQ(options.source_count, 3);
    CHECK_TEXT(str_from(options.sources[0].name), "a.conf");
    CHECK(!options.sources[0].text.at);
    CHECK_TEXT(str_from(options.sources[1].name), "-e");
    CHECK_TEXT(options.sources[1].text, "let x = 1");
    CHECK_TEXT(str_from(options.sources[2].name), "b.conf");
    CHECK(!options.once && !options.ledger);
}

static void once_and_ledger_are_understood(void)
{
    static struct options options;
    CHECK_EQ(read_words(WORDS("--once", "--ledger", "totals.json", "-c", "a.conf"), &options),
             EXIT_DONE);
    CHECK(options.once);
    CHECK_TEXT(str_from(options.ledger), "totals.json");
    CHECK_EQ(read_words(WORDS("--ledger=other.json", "-c", "a.conf"), &options), EXIT_DONE);
    CHECK_TEXT(str_from(options.ledger), "other.json");
}

static void a_wrong_command_line_exits_with_2(void)
{
    static struct options options;
    CHECK_EQ(read_words(WORDS("--once"), &options), EXIT_CONFIG); /* of what? */
    CHECK_EQ(read_words(WORDS("pipeline.conf"), &options), EXIT_CONFIG);
    CHECK_EQ(read_words(WORDS("-c", "a.conf", "b.conf"), &options), EXIT_CONFIG);
    CHECK_EQ(read_words(WORDS("--nonsense", "-c", "a.conf"), &options), EXIT_CONFIG);
    CHECK_EQ(read_words(WORDS("-c"), &options), EXIT_CONFIG);
    options = (struct options){.source_count = SOURCES_OF_CONFIG_MAX};
    CHECK(!add_source(&options, "one too many", STR("")));
    CHECK_EQ(options.source_count, SOURCES_OF_CONFIG_MAX);
}

static void a_configuration_that_is_wrong_or_not_there_exits_with_2(void)
{
    CHECK_EQ(run_words(WORDS("-e", "input {")), EXIT_CONFIG);
    CHECK_EQ(run_words(WORDS("-c", "/nowhere/pipeline.conf")), EXIT_CONFIG);
    CHECK_EQ(run_words(WORDS("-e", "input stdin { }")), EXIT_CONFIG); /* no output */
}

static void a_run_to_the_end_exits_with_0_and_leaves_its_ledger_where_it_was_told(void)
{
    char directory[] = "/tmp/weir-run-XXXXXX", config[256], path[64], text[512] = "";
    CHECK(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/ledger", directory);
    snprintf(config, sizeof config,
             "agent { admin = off state = \"%s/state\" } input tail { path = \"%s/*.log\" } "
             "output discard { }",
             directory, directory);
    CHECK_EQ(run_words(WORDS("--once", "-e", config, "--ledger", path)), EXIT_DONE);
    FILE *file = fopen(path, "r");
    CHECK(file);
    (void)!fread(text, 1, sizeof text - 1, file);
    fclose(file);
    CHECK(strstr(text, "\"balanced\":true"));
    CHECK_EQ(run_words(WORDS("--once", "-e", config, "--ledger", "/nowhere/x")), EXIT_OTHER);
    snprintf(text, sizeof text, "rm -r '%s'", directory);
    CHECK_EQ(system(text), 0);
}

static bool decides(int at_stop, bool is_kept)
{
    struct config config = {.agent.at_stop = at_stop};
    const struct agent agent = {.config = &config, .is_kept = is_kept};
    return decides_at_stop(&agent);
}

static void what_is_held_at_a_stop_is_decided_where_nothing_is_kept_or_on_demand(void)
{
    CHECK(decides(AT_STOP_DECIDE, true));
    CHECK(!decides(AT_STOP_KEEP, false));
    CHECK(decides(AT_STOP_AUTO, false));
    CHECK(!decides(AT_STOP_AUTO, true));
}

CHECK_MAIN(TEST(sources_are_taken_in_the_order_they_are_given),
           TEST(once_and_ledger_are_understood), TEST(a_wrong_command_line_exits_with_2),
           TEST(a_configuration_that_is_wrong_or_not_there_exits_with_2),
           TEST(a_run_to_the_end_exits_with_0_and_leaves_its_ledger_where_it_was_told),
           TEST(what_is_held_at_a_stop_is_decided_where_nothing_is_kept_or_on_demand))
