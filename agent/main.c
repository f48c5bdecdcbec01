/* agent/main.c - which subcommand was meant.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "agent/command/command.h"
#include "agent/memory.h"
#include "agent/must.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", command_run, "run a pipeline (the default): agent -c FILE [--once] [--ledger FILE]"},
    {"check", command_check,
     "every mistake at once, offline; --connect asks the far ends: agent check -c FILE "
     "[--connect]"},
    {"replay", command_replay,
     "dead letters, or an archive, to an output again: agent replay -c FILE --to OUTPUT "
     "[FILE ...]"},
    {"help", command_help, "the plugins, or the settings of one: agent help [NAME]"},
};

static int version(void)
{
    printf("weir %s\n", WEIR_VERSION);
    return EXIT_DONE;
}

static int usage(FILE *to, int code)
{
    fprintf(to, "usage:\n"
                "  agent -c FILE [-c FILE ...] [--once] [--ledger FILE]   run a pipeline until "
                "told to stop\n"
                "  agent -e 'input stdin {} output stdout {}'             a pipeline on the "
                "command line\n");
    for (size_t i = 1; i < COUNT(commands); i++)
        fprintf(to, "  agent %-48s %s\n", commands[i].name, commands[i].help);
    fprintf(to, "  agent --version\n");
    return code;
}

/* Keys and passwords stand in memory. A limit of one byte keeps cores from files, and is the
 * kernel's word for none where they go to a program (fs/coredump.c). */
static void leave_no_core(void)
{
    const struct rlimit none = {1, 1};
    (void)setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
    leave_no_core();
    memory_prepare();
    if (argc < 2)
        return usage(stderr, EXIT_CONFIG);
    if (strcmp(argv[1], "--version") == 0)
        return version();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return usage(stdout, EXIT_DONE);
    if (argv[1][0] == '-')
        return command_run(argc, argv);
    for (size_t i = 0; i < COUNT(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "agent: there is no command \"%s\"\n", argv[1]);
    return usage(stderr, EXIT_CONFIG);
}
