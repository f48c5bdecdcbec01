/* agent/command/check.c - agent check: every mistake of a configuration at once, offline and quiet.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/builtin.h"
#include "agent/command/command.h"
#include "agent/command/connect.h"
#include "agent/command/rehearsal.h"
#include "agent/config/config.h"
#include "agent/ports/broker.h"
#include "agent/ports/clock.h"
#include "agent/ports/exchange.h"
#include "agent/ports/files.h"

enum {
    SOURCES_OF_CHECK_MAX = 64,
    CHECK_MEMORY_MAX = 256 << 20, /* far above what CONFIG_BYTES_MAX of sense needs */
    REPORT_BYTES_MAX = 4 << 20,
};

struct check {
    struct config_source sources[SOURCES_OF_CHECK_MAX];
    size_t source_count;
    bool json, connects;
};

static int wrong_usage(const char *text)
{
    fprintf(stderr,
            "agent check: %s\nusage: agent check -c FILE [-c FILE ...] [-e TEXT] [--connect] "
            "[--format json]\n",
            text);
    return EXIT_CONFIG;
}

static bool add_source(struct check *check, const char *name, struct str text)
{
    if (check->source_count == SOURCES_OF_CHECK_MAX)
        return false;
    check->sources[check->source_count++] = (struct config_source){.name = name, .text = text};
    return true;
}

static bool take_option(struct check *check, int letter)
{
    struct str word = str_from(optarg);
    switch (letter) {
    case 'c':
        return add_source(check, optarg, (struct str){NULL, 0});
    case 'e':
        return add_source(check, "-e", word);
    case 'f':
        check->json = str_equal(word, STR("json"));
        return check->json || str_equal(word, STR("text"));
    case 'o':
        check->connects = true;
        return true;
    default:
        return false;
    }
}

static int read_options(int argc, char **argv, struct check *check)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"format", required_argument, NULL, 'f'},
                                          {"connect", no_argument, NULL, 'o'},
                                          {0}};
    int letter;
    optind = 0; /* glibc: start anew */
    while ((letter = getopt_long(argc, argv, "c:e:", known, NULL)) != -1)
        if (!take_option(check, letter))
            return wrong_usage("this was not understood");
    if (optind < argc)
        return wrong_usage("a configuration is given with -c FILE or -e TEXT");
    return check->source_count ? EXIT_DONE : wrong_usage("no configuration was given");
}

static void report(const struct check *check, struct diagnostics *diagnostics)
{
    struct buffer text;
    buffer_init(&text, REPORT_BYTES_MAX);
    if (check->json)
        diagnostics_print_json(diagnostics, &text);
    else
        diagnostics_print(diagnostics, &text, isatty(STDERR_FILENO) ? DIAGNOSTICS_COLOUR : 0);
    if (diagnostics->errors && !check->json)
        buffer_format(&text, "%u file%s, %u error%s. Nothing was started.\n", diagnostics->files,
                      diagnostics->files == 1 ? "" : "s", diagnostics->errors,
                      diagnostics->errors == 1 ? "" : "s");
    if (text.len)
        fwrite(text.at, 1, text.len, check->json ? stdout : stderr);
    buffer_clear(&text);
}

/* The far ends are asked only where the configuration has no mistake. */
static int ask_far_ends(const struct check *check, struct pipeline *pipeline)
{
    struct why why = {0};
    struct connect connect = {
        .pipeline = pipeline, .exchanges = exchanges_curl, .json = check->json};
    buffer_init(&connect.report, REPORT_BYTES_MAX);
    enum code code = connect_ask(&connect, &why);
    if (!check->json && connect.inputs)
        buffer_format(&connect.report, "%u input%s, ", connect.inputs,
                      connect.inputs == 1 ? "" : "s");
    if (!check->json)
        buffer_format(&connect.report, "%u output%s asked, %u fault%s.\n", connect.outputs,
                      connect.outputs == 1 ? "" : "s", connect.faults,
                      connect.faults == 1 ? "" : "s");
    if (code == OK)
        fwrite(connect.report.at, 1, connect.report.len, stdout);
    else
        fprintf(stderr, "agent check: %s\n", why.text);
    buffer_clear(&connect.report);
    if (code != OK)
        return code == BAD_CONFIG ? EXIT_CONFIG : EXIT_OTHER;
    return connect.faults ? EXIT_NO : EXIT_DONE;
}

static int run(const struct check *check, struct arena *arena)
{
    struct diagnostics diagnostics;
    struct config *config = NULL;
    struct rehearsal rehearsal;
    struct why why;
    diagnostics_init(&diagnostics, arena);
    struct config_options options = {
        .sources = check->sources,
        .source_count = check->source_count,
        .files = files_posix(FILES_POLL_ONLY),
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs},
        .names = names_make(arena),
        .lenient = !check->connects,
    };
    enum code code = options.names ? config_load(&options, arena, &diagnostics, &config, &why)
                                   : fail(&why, OVER_LIMIT, "there is no memory left");
    rehearsal = (struct rehearsal){.config = config,
                                   .run = arena,
                                   .diagnostics = &diagnostics,
                                   .names = options.names,
                                   .files = options.files,
                                   .clock = clock_posix(),
                                   .brokers = brokers_real()};
    if (code == OK)
        code = rehearse(&rehearsal, &why);
    report(check, &diagnostics);
    if (code == OVER_LIMIT)
        fprintf(stderr, "agent check: %s\n", why.text);
    int exit_code = code == OK && diagnostics.errors == 0 ? EXIT_DONE : EXIT_CONFIG;
    if (exit_code == EXIT_DONE && check->connects)
        exit_code = ask_far_ends(check, &rehearsal.pipeline);
    rehearsal_end(&rehearsal);
    if (config)
        config_close(config);
    files_posix_close(options.files);
    return exit_code;
}

int command_check(int argc, char **argv)
{
    struct check check = {0};
    int exit_code = read_options(argc, argv, &check);
    if (exit_code != EXIT_DONE)
        return exit_code;
    struct arena arena;
    arena_init(&arena, 256 * 1024, CHECK_MEMORY_MAX);
    exit_code = run(&check, &arena);
    arena_clear(&arena);
    return exit_code;
}
