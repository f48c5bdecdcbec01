/* tests/ports/test_port_terminal.c - mirrors agent/ports/port_terminal.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_terminal.c"

#include "tests/check.h"

static void a_pipe_has_no_colours_whatever_the_environment_says(void)
{
    int ends[2], kept = dup(STDOUT_FILENO);
    CHECK(pipe(ends) == 0);
    setenv("TERM", "xterm-256color", 1);
    unsetenv("NO_COLOR");
    dup2(ends[1], STDOUT_FILENO);
    bool has_colours = terminal_has_colours();
    dup2(kept, STDOUT_FILENO);
    CHECK(!has_colours);
    close(ends[0]);
    close(ends[1]);
    close(kept);
}

CHECK_MAIN(TEST(a_pipe_has_no_colours_whatever_the_environment_says))
