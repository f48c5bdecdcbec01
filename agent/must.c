/* agent/must.c - where a broken claim ends the process.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *file, int line, const char *claim)
{
    fprintf(stderr, "weir: %s:%d: this must hold and does not: %s\n", file, line, claim);
    abort();
}
