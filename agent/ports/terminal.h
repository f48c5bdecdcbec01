/* agent/ports/terminal.h - what standard output is.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TERMINAL_H
#define WEIR_TERMINAL_H

#include <stdbool.h>

/* Standard output is a terminal that shows colours, and nobody asked for none (NO_COLOR, TERM=dumb). */
bool terminal_has_colours(void);

#endif
