/* tests/sim/world.c - the world around a simulated agent.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ERROR_PERCENT = 8, SECOND_INVOCATION_PERCENT = 30, ROTATE_PERCENT = 1, KEEP_ROTATED = 3 };

void world_init(struct world *world, struct sim_files *files, struct sim_clock *clock,
                uint64_t seed, uint32_t lines_wanted)
{
    memset(world, 0, sizeof *world);
    world->files = files;
    world->clock = clock;
    world->seed = seed * 2654435761 + 1;
    world->trace_seed = seed << 32;
    world->lines_wanted = lines_wanted;
}

static void write_line(struct world *world, uint32_t file, struct world_invocation *run,
                       bool is_error, const char *event, const char *text)
{
    static char line[WORLD_PADDING_MAX + 512], padding[WORLD_PADDING_MAX + 1];
    char path[64], when[40];
    int64_t wall_ns = world->clock->wall_ns;
    time_t seconds = (time_t)(wall_ns / 1000000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &parts);
    memset(padding, 'x', world->padding);
    padding[world->padding] = 0;
    int len = snprintf(
        line, sizeof line,
        "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"requestId\":\"%08x-0000-4000-8000-%012x\","
        "\"trace_id\":\"%016" PRIx64 "%016x\",\"event\":\"%s\",\"message\":\"%s t%ut%s\"}\n",
        when, (int)(wall_ns / 1000000 % 1000), is_error ? "ERROR" : "INFO", run->request,
        run->request, sim_random(&(uint64_t){world->trace_seed + run->trace}), run->trace, event,
        text, world->line_count, padding);
    snprintf(path, sizeof path, "/logs/fn%u.log", file);
    world->lines[world->line_count++] = (struct world_line){run->trace, (uint8_t)file, is_error};
    world->trace_lines[run->trace]++;
    world->trace_failed[run->trace] |= is_error;
    if (world->writers[file])
        sim_files_append_to(world->files, world->writers[file], (struct str){line, (size_t)len});
    else
        sim_files_append(world->files, path, (struct str){line, (size_t)len});
}

static struct world_invocation *free_slot(struct world *world, uint32_t file)
{
    for (int i = 0; i < WORLD_OPEN_MAX; i++)
        if (!world->open[file][i].is_open)
            return &world->open[file][i];
    return NULL;
}

static void begin(struct world *world)
{
    uint32_t file = (uint32_t)sim_below(&world->seed, WORLD_FILES);
    struct world_invocation *run = free_slot(world, file);
    if (!run || world->line_count >= world->lines_wanted || world->trace_count == WORLD_TRACES_MAX)
        return;
    bool joins = world->trace_count && sim_chance(&world->seed, SECOND_INVOCATION_PERCENT);
    *run = (struct world_invocation){
        .is_open = true,
        .trace = joins ? world->trace_count - 1 : world->trace_count,
        .request = ++world->requests,
        .lines_left = 1 + (uint32_t)sim_below(&world->seed, 5),
    };
    world->trace_count += !joins;
}

static bool go_on(struct world *world)
{
    bool any_open = false;
    for (uint32_t file = 0; file < WORLD_FILES; file++) {
        for (int i = 0; i < WORLD_OPEN_MAX; i++) {
            struct world_invocation *run = &world->open[file][i];
            if (!run->is_open)
                continue;
            any_open = true;
            if (!sim_chance(&world->seed, 60))
                continue;
            write_line(world, file, run, sim_chance(&world->seed, ERROR_PERCENT), "work",
                       "at work");
            run->is_open = --run->lines_left > 0;
        }
    }
    return any_open;
}

/* Rename and create; the oldest goes. The agent has it open, or finds it by its birth. */
static void rotate(struct world *world, uint32_t file)
{
    const struct files *files = sim_files_port(world->files);
    char from[64], to[64];
    snprintf(from, sizeof from, "/logs/fn%u.log", file);
    snprintf(to, sizeof to, "/logs/fn%u.log.%u", file, ++world->rotations[file]);
    (void)files->rename(files->self, from, to);
    (void)files->sync_directory(files->self, "/logs");
}

bool world_step(struct world *world)
{
    begin(world);
    bool more = go_on(world) || world->line_count < world->lines_wanted;
    if (world->line_count + WORLD_FILES * WORLD_OPEN_MAX >= WORLD_LINES_MAX)
        world->lines_wanted = 0;
    for (uint32_t file = 0; file < WORLD_FILES; file++)
        if (sim_chance(&world->seed, ROTATE_PERCENT) && world->rotations[file] < KEEP_ROTATED &&
            !world->is_rotated)
            rotate(world, file);
    sim_clock_pass(world->clock, (int64_t)(50 + sim_below(&world->seed, 400)) * SIM_MS);
    return more;
}

void world_add_tokens(struct str text, uint32_t *counts)
{
    for (size_t i = 0; i + 3 < text.len; i++) {
        uint32_t number = 0;
        size_t at = i + 2;
        if (text.at[i] != ' ' || text.at[i + 1] != 't')
            continue;
        while (at < text.len && text.at[at] >= '0' && text.at[at] <= '9')
            number = number * 10 + (uint32_t)(text.at[at++] - '0');
        if (at > i + 2 && at < text.len && text.at[at] == 't' && number < WORLD_LINES_MAX)
            counts[number]++;
    }
}
