/* agent/ports/port_terminal.c - what standard output is.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_has_colours(void)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: any text means no */
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour) && kind && strcmp(kind, "dumb") != 0;
}
