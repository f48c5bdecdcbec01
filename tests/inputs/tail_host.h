/* tests/inputs/tail_host.h - input tail on a fake engine, in a directory of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TAIL_HOST_H
#define WEIR_TAIL_HOST_H

#include "tests/inputs/fake_host.h"
#include "tests/inputs/place.h"

extern const struct input input_tail;

static struct host host;
static _Alignas(64) char tail_memory[1 << 16];
static struct str tail_globs[1];
static char tail_glob[256];

static const int64_t MILLISECOND = 1000000, SECOND = 1000000000;

/* A setting's place in the instance. */
static inline void *setting_of(const char *name)
{
    const struct setting *at = input_tail.settings;
    while (at->name && strcmp(at->name, name) != 0)
        at++;
    CHECK(at->name != NULL);
    return tail_memory + at->offset;
}

/* What the engine would fill from the settings' defaults. */
static inline void configure(void)
{
    CHECK(input_tail.size <= sizeof tail_memory);
    memset(tail_memory, 0, input_tail.size);
    *(struct list *)setting_of("path") = (struct list){.count = 1, .texts = tail_globs};
    *(int64_t *)setting_of("line_max") = 1 << 20;
    *(int64_t *)setting_of("poll") = SECOND;
    *(bool *)setting_of("file_path") = true;
}

static inline void prepare(const char *glob)
{
    snprintf(tail_glob, sizeof tail_glob, "%s/%s", place, glob);
    tail_globs[0] = str_from(tail_glob);
    configure();
    fake_init(&host, &input_tail, tail_memory, real_files());
}

static inline void begin(const char *glob)
{
    place_make();
    prepare(glob);
    fake_start(&host);
}

static inline void restart(void)
{
    fake_stop(&host);
    fake_forget_events(&host);
    configure();
    fake_start(&host);
}

static inline void end(void)
{
    fake_stop(&host);
    fake_forget_events(&host);
    place_remove();
}

/* Time enough for a whole look; then what was read since the last call. */
static inline const char *step(void)
{
    fake_forget_events(&host);
    fake_step(&host, 20 * SECOND, false);
    return fake_texts(&host);
}

/* Only what notices tell. */
static inline const char *nudge(void)
{
    fake_forget_events(&host);
    fake_step(&host, 1, false);
    return fake_texts(&host);
}

static inline uint32_t sources_open(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < host.source_count; i++)
        count += host.sources[i].is_used;
    return count;
}

#define CHECK_SEEN(call, want) CHECK_TEXT(str_from(call), want)
#define CHECK_ALARM(text)      CHECK(strstr(host.alarms, text) != NULL)
#define CHECK_CALM()           CHECK_TEXT(str_from(host.alarms), "")

#endif
