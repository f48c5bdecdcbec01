/* tests/command/test_strays.c - mirrors agent/command/strays.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/strays.c"

#include <stdlib.h>
#include <unistd.h>

#include "tests/command/trial.h"

static char directory[] = "/tmp/weir-strays-XXXXXX";

static void leave(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("12345", file);
    fclose(file);
}

static const char *said_of(const char *output)
{
    char text[512];
    snprintf(text, sizeof text, "agent { state = \"%s\" } input tail { path = \"/nowhere/x\" } %s",
             directory, output);
    return trial_says(text);
}

static void files_that_no_output_takes_are_told_with_what_to_do(void)
{
    leave("queue-old.0000000000000000.seg");
    leave("queue-old.0000000000000fff.seg");
    leave("dead-gone.0000000000000000.seg");
    leave("dead-new.0000000000000000.seg");
    leave("queue-new.0000000000000000.seg.damaged");
    leave("parked-old.0000000000000000.seg");
    const char *said = said_of("output discard \"new\" { }");
    CHECK(strstr(said, "warning: queued events of an output \"old\" lie in "));
    CHECK(strstr(said, "(10 bytes), and no output has that label"));
    CHECK(strstr(said, "write was = \"old\" in the output that took its place, or send them with "
                       "agent replay -c FILE --to OUTPUT "));
    CHECK(strstr(said, "warning: dead letters of an output \"gone\" lie in "));
    CHECK(strstr(said, "/dead-gone.*.seg"));
    CHECK(!strstr(said, "parked") && !strstr(said, "\"new\""));
}

static void files_that_an_output_takes_are_not_told(void)
{
    CHECK_TEXT(
        str_from(said_of(
            "output discard \"old\" { } output discard \"gone\" { } output discard \"new\" { }")),
        "");
    CHECK_TEXT(str_from(said_of("output discard \"new\" { was = \"old\" } branch { output discard "
                                "\"newer\" { was = \"gone\" } }")),
               "");
}

static void begin(void)
{
    assert_non_null(mkdtemp(directory));
}

static void end(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    CHECK_EQ(system(command), 0);
}

CHECK_MAIN(TEST(begin), TEST(files_that_no_output_takes_are_told_with_what_to_do),
           TEST(files_that_an_output_takes_are_not_told), TEST(end))
