/* agent/why.c - fills in the reason of a failure.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum code fail(struct why *why, enum code code, const char *format, ...)
{
    if (!why)
        return code;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    why->code = code;
    why->sys = 0;
    return code;
}

enum code fail_sys(struct why *why, int sys, const char *format, ...)
{
    if (!why)
        return SYSTEM_FAILED;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    size_t used = strlen(why->text);
    char text[96];
    snprintf(why->text + used, sizeof why->text - used, ": %s",
             strerror_r(sys, text, sizeof text)); /* the GNU one: returns the text */
    why->code = SYSTEM_FAILED;
    why->sys = sys;
    return SYSTEM_FAILED;
}
