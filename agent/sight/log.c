/* agent/sight/log.c - the operator's log.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <xxhash.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/must.h"
#include "agent/ports/clock.h"

static void (*capture_sink)(void *context, const char *line);
static void *capture_context;

void log_capture(void (*sink)(void *context, const char *line), void *context)
{
    capture_sink = sink;
    capture_context = context;
}

static void defuse(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 127)
            *text = '?';
}

static void now_text(char *to, size_t room)
{
    const struct clock *clock = clock_posix();
    time_t now = (time_t)(clock->wall_ns(clock->self) / 1000000000);
    struct tm parts;
    if (!localtime_r(&now, &parts) || strftime(to, room, "%H:%M:%S", &parts) == 0)
        to[0] = '\0';
}

void log_line(enum log_level level, const char *component, const char *format, ...)
{
    static const char *const words[] = {"info ", "warn ", "error"};
    char text[1024], line[1200], when[16];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    defuse(text);
    now_text(when, sizeof when);
    snprintf(line, sizeof line, "%s %s %s%s%s", when, words[level], component ? component : "",
             component ? ": " : "", text);
    if (capture_sink)
        capture_sink(capture_context, line);
    else
        fprintf(stderr, "%s\n", line);
}

static uint64_t alarm_hash(struct str component, struct str key)
{
    uint64_t hash = XXH3_64bits_withSeed(key.at, key.len, XXH3_64bits(component.at, component.len));
    return hash ? hash : 1;
}

static uint64_t *alarm_at(struct alarms *alarms, uint32_t index)
{
    return index < COUNT(alarms->few) ? &alarms->few[index]
                                      : &alarms->more[index - COUNT(alarms->few)];
}

static uint32_t alarm_index(struct alarms *alarms, uint64_t hash)
{
    uint32_t index = 0;
    while (index < alarms->count && *alarm_at(alarms, index) != hash)
        index++;
    return index;
}

void alarms_clear(struct alarms *alarms)
{
    memory_free(alarms->more);
    *alarms = (struct alarms){0};
}

static bool alarms_grow(struct alarms *alarms)
{
    uint32_t room = alarms->room ? alarms->room * 2 : COUNT(alarms->few);
    uint64_t *grown = room > ALARMS_MAX
                          ? NULL
                          : memory_resize(alarms->more, alarms->room * sizeof *alarms->more,
                                          room * sizeof *alarms->more);
    if (!grown)
        return false;
    alarms->more = grown;
    alarms->room = room;
    return true;
}

bool alarms_raise(struct alarms *alarms, struct str component, struct str key)
{
    uint64_t hash = alarm_hash(component, key);
    if (alarm_index(alarms, hash) < alarms->count)
        return false;
    if (alarms->count == COUNT(alarms->few) + alarms->room && !alarms_grow(alarms))
        return true;
    *alarm_at(alarms, alarms->count++) = hash;
    return true;
}

bool alarms_lower(struct alarms *alarms, struct str component, struct str key)
{
    uint32_t index = alarm_index(alarms, alarm_hash(component, key));
    if (index == alarms->count)
        return false;
    *alarm_at(alarms, index) = *alarm_at(alarms, --alarms->count);
    return true;
}
