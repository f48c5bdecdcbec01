/* agent/command/command.h - the subcommands: each is one file here and returns the exit code.
 * SPDX-License-Identifier: Apache-2.0
 *
 * argv[0] is the subcommand's own name.
 */
#ifndef WEIR_COMMAND_H
#define WEIR_COMMAND_H

#include "agent/why.h"

struct diagnostics;

enum exit_code {
    EXIT_DONE = 0,   /* done, or stopped with everything safe */
    EXIT_NO = 1,     /* it ran, and the answer is no */
    EXIT_CONFIG = 2, /* the configuration or the command line is wrong */
    EXIT_OTHER = 3,
};

int command_run(int argc, char **argv);   /* agent -c FILE: run a pipeline */
int command_check(int argc, char **argv); /* agent check -c FILE: every mistake at once, offline and quiet */
int command_replay(int argc, char **argv); /* agent replay -c FILE --to OUTPUT [FILE ...] */
int command_help(int argc, char **argv);  /* agent help [PLUGIN | --reference inputs|filters|outputs] */

/* Prints mistakes and warnings to standard error. */
void command_diagnose(struct diagnostics *diagnostics);

#endif
