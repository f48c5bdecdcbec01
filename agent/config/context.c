/* agent/config/context.c - memory for the steps of reading a configuration.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/context.h"

#include <stdarg.h>
#include <stdio.h>

void *context_take(struct context *context, size_t size)
{
    void *taken = arena_zeroed(context->arena, size);
    if (!taken)
        longjmp(context->full, 1);
    return taken;
}

struct str context_copy(struct context *context, struct str s)
{
    char *to = context_take(context, s.len + 1); /* a zero behind it: many become C strings */
    if (s.len)
        memcpy(to, s.at, s.len);
    return (struct str){to, s.len};
}

struct str context_format(struct context *context, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    return context_copy(context, (struct str){text, used});
}
