/* tests/sim/rotator.c - whoever rotates and deletes the simulated logs.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/rotator.h"

#include <stdio.h>
#include <string.h>

enum {
    RENAME_PERCENT = 3,
    COPY_PERCENT = 2,
    DELETE_LIVE_PERCENT = 3,
    DELETE_OLD_PERCENT = 15,
    LEFT_BEHIND_PERCENT = 70, /* of renames and deletions: the writer goes on for a while */
    WRITER_STAYS_MS = 4500,   /* a deleted file is waited for longer than that */
    OLD_MS = 3000,
};

/* Deletion, a notice, a look at everything (50 ms later at the latest), one second; looks come
 * every second. */
static const int64_t SETTLED_NS = INT64_C(50) * SIM_MS, COPIED_NS = INT64_C(2000) * SIM_MS;
/* Two group commits and more. */
static const int64_t JOURNALED_NS = INT64_C(1000) * SIM_MS;

void rotator_init(struct rotator *rotator, struct world *world, uint64_t seed)
{
    *rotator = (struct rotator){.world = world, .dice = seed * 15485863 + 11};
    world->is_rotated = true;
    /* one that is not there is looked for every second only */
    (void)sim_files_port(world->files)->make_directory(world->files, "/logs");
}

bool rotator_excuses(const struct rotator *rotator, uint32_t line)
{
    return rotator->lines[line].fate == LINE_EXCUSED;
}

static int64_t now_of(const struct rotator *rotator)
{
    return rotator->world->clock->mono_ns;
}

static void set_fate(struct rotator *rotator, uint32_t line, enum line_fate fate)
{
    struct line_story *story = &rotator->lines[line];
    if (story->fate == LINE_EXCUSED)
        return;
    rotator->excused += fate == LINE_EXCUSED;
    *story = (struct line_story){fate, now_of(rotator)};
}

/* --- what can be read ---------------------------------------------------------------------- */

struct reader {
    const struct rotator *rotator;
    const char *directory;
    uint32_t *counts;
    bool only_copies;
};

static bool read_one(void *context, const char *name)
{
    const struct reader *reader = context;
    char path[512];
    if (reader->only_copies && !str_ends(str_from(name), STR(".copy")))
        return true;
    snprintf(path, sizeof path, "%s/%s", reader->directory, name);
    if (reader->only_copies && !sim_files_is_safe(reader->rotator->world->files, path))
        return true; /* seen after a kill, and gone if the machine stops next */
    world_add_tokens(sim_files_text(reader->rotator->world->files, path), reader->counts);
    return true;
}

/* How often each line stands in a log that has a name, and in a copy on disk that the agent made.
 */
static void count_readable(const struct rotator *rotator, uint32_t *named, uint32_t *copied)
{
    const struct files *files = sim_files_port(rotator->world->files);
    struct reader logs = {rotator, "/logs", named, false};
    struct reader copies = {rotator, "/state", copied, true};
    memset(named, 0, WORLD_LINES_MAX * sizeof *named);
    memset(copied, 0, WORLD_LINES_MAX * sizeof *copied);
    (void)files->list(files->self, logs.directory, read_one, &logs);
    (void)files->list(files->self, copies.directory, read_one, &copies);
}

/* --- the agent's time ------------------------------------------------------------------------ */

static void run_clock(struct rotator *rotator, struct line_story *story)
{
    int64_t passed_ns = rotator->looked_ns - story->since_ns;
    if ((story->fate == LINE_DELETED && passed_ns >= 0) ||
        (story->fate == LINE_SEEN && passed_ns >= SETTLED_NS) ||
        (story->fate == LINE_NOTICED && passed_ns >= COPIED_NS))
        *story = (struct line_story){story->fate + 1, rotator->looked_ns};
}

static void hear_agent(struct rotator *rotator, const struct machine *machine)
{
    const struct lane *lane = &machine->agent.lane;
    rotator->is_up = machine->is_up && !sim_files_has_crashed(machine->files);
    if (!rotator->is_up || lane->mode != LANE_RUN)
        return;
    rotator->looked_ns = lane->pipeline.engine.mono_ns;
    if (rotator->first_look_ns == 0)
        rotator->first_look_ns = rotator->looked_ns;
    rotator->is_known |= rotator->looked_ns > rotator->first_look_ns + JOURNALED_NS;
    for (uint32_t i = 0; i < rotator->world->line_count; i++)
        run_clock(rotator, &rotator->lines[i]);
}

/* --- deleting ----------------------------------------------------------------------------------
 */

/* Lines that no file has under a name any more. was_seen: the agent had looked while it had one. */
static void lines_go(struct rotator *rotator, const uint32_t *before, bool was_seen)
{
    static uint32_t named[WORLD_LINES_MAX], copied[WORLD_LINES_MAX];
    count_readable(rotator, named, copied);
    for (uint32_t i = 0; i < rotator->world->line_count; i++)
        if (before[i] && !named[i])
            set_fate(rotator, i, was_seen ? LINE_DELETED : LINE_EXCUSED);
}

static void delete_log(struct rotator *rotator, const char *path, uint32_t file, int64_t since_ns)
{
    static uint32_t before[WORLD_LINES_MAX];
    bool was_seen = rotator->is_up && rotator->looked_ns > since_ns;
    memset(before, 0, sizeof before);
    world_add_tokens(sim_files_text(rotator->world->files, path), before);
    if (rotator->world->writers[file] == sim_files_hold(rotator->world->files, path))
        rotator->is_followed[file] = was_seen;
    sim_files_move(rotator->world->files, path, NULL);
    rotator->deletions++;
    lines_go(rotator, before, was_seen);
}

/* Of a file that was copied, cut and deleted before the agent could write down which is which it
 * knows nothing, and reads the copy as a new one. */
static bool is_settled(const struct rotator *rotator, uint32_t file)
{
    int64_t cut_ns = rotator->cut_ns[file];
    return cut_ns == 0 || rotator->looked_ns > cut_ns + JOURNALED_NS;
}

static void delete_old(struct rotator *rotator)
{
    for (uint32_t i = rotator->rotated_count; i-- > 0;) {
        struct rotated rotated = rotator->rotated[i];
        if (now_of(rotator) - rotated.since_ns < OLD_MS * (int64_t)SIM_MS ||
            !is_settled(rotator, rotated.file) || !sim_chance(&rotator->dice, DELETE_OLD_PERCENT))
            continue;
        rotator->rotated[i] = rotator->rotated[--rotator->rotated_count];
        delete_log(rotator, rotated.path, rotated.file, rotated.since_ns);
    }
}

/* --- rotating ----------------------------------------------------------------------------------
 */

static const char *live_path(uint32_t file, char to[ROTATED_PATH])
{
    snprintf(to, ROTATED_PATH, "/logs/fn%u.log", file);
    return to;
}

/* A new name beside the live one; null: enough were made. */
static const char *rotated_path(struct rotator *rotator, uint32_t file)
{
    if (rotator->rotated_count == ROTATED_MAX)
        return NULL;
    struct rotated *rotated = &rotator->rotated[rotator->rotated_count++];
    rotated->since_ns = now_of(rotator);
    rotated->file = file;
    snprintf(rotated->path, sizeof rotated->path, "/logs/fn%u.log.r%u", file, ++rotator->names);
    return rotated->path;
}

/* The writer may have it open, and go on in it for a while. */
static void leave_writer(struct rotator *rotator, uint32_t file, const char *path)
{
    if (!sim_chance(&rotator->dice, LEFT_BEHIND_PERCENT))
        return;
    rotator->world->writers[file] = sim_files_hold(rotator->world->files, path);
    rotator->writers_until_ns[file] =
        now_of(rotator) + (int64_t)sim_below(&rotator->dice, WRITER_STAYS_MS) * SIM_MS;
}

static bool is_there(const struct rotator *rotator, const char *path)
{
    return sim_files_text(rotator->world->files, path).len > 0;
}

static void rename_live(struct rotator *rotator, uint32_t file)
{
    char live[ROTATED_PATH];
    const char *to = rotated_path(rotator, file);
    if (!to)
        return;
    leave_writer(rotator, file, live_path(file, live));
    sim_files_move(rotator->world->files, live, to);
    rotator->live_since_ns[file] = 0;
}

static void delete_live(struct rotator *rotator, uint32_t file)
{
    char live[ROTATED_PATH];
    leave_writer(rotator, file, live_path(file, live));
    delete_log(rotator, live, file, rotator->live_since_ns[file]);
    rotator->live_since_ns[file] = 0;
}

/* What was written since the copy was made goes with the cut. */
static void cut_live(struct rotator *rotator)
{
    static uint32_t before[WORLD_LINES_MAX], named[WORLD_LINES_MAX], copied[WORLD_LINES_MAX];
    memset(before, 0, sizeof before);
    world_add_tokens(sim_files_text(rotator->world->files, rotator->cut_due), before);
    sim_files_replace(rotator->world->files, rotator->cut_due, STR(""));
    rotator->cut_ns[rotator->cut_file] = now_of(rotator);
    rotator->cut_due[0] = '\0';
    count_readable(rotator, named, copied);
    for (uint32_t i = 0; i < rotator->world->line_count; i++)
        if (before[i] && !named[i])
            set_fate(rotator, i, LINE_EXCUSED);
}

/* Between the copy and the cut the agent may look, or fall. */
static void copy_live(struct rotator *rotator, struct machine *machine, uint32_t file)
{
    char live[ROTATED_PATH];
    const char *to = rotator->cut_due[0] ? NULL : rotated_path(rotator, file);
    if (!to)
        return;
    struct str text = sim_files_text(rotator->world->files, live_path(file, live));
    sim_files_append(rotator->world->files, to, text);
    snprintf(rotator->cut_due, sizeof rotator->cut_due, "%s", live);
    rotator->cut_file = file;
    rotator->copies++;
    for (uint64_t i = sim_below(&rotator->dice, 4); i > 0 && rotator->is_up; i--)
        (void)machine_step(machine);
    if (!sim_files_has_crashed(machine->files))
        cut_live(rotator);
}

static void rotate(struct rotator *rotator, struct machine *machine, uint32_t file)
{
    char live[ROTATED_PATH];
    if (rotator->world->writers[file] || !is_there(rotator, live_path(file, live)))
        return;
    if (rotator->live_since_ns[file] == 0)
        rotator->live_since_ns[file] = now_of(rotator);
    if (sim_chance(&rotator->dice, RENAME_PERCENT))
        rename_live(rotator, file);
    else if (rotator->is_known && sim_chance(&rotator->dice, COPY_PERCENT))
        copy_live(rotator, machine, file);
    else if (is_settled(rotator, file) && sim_chance(&rotator->dice, DELETE_LIVE_PERCENT))
        delete_live(rotator, file);
}

/* --- steps ---------------------------------------------------------------------------------------
 */

/* The agent has the file open that its writer goes on in. */
static bool is_followed(const struct rotator *rotator, uint32_t line)
{
    return rotator->is_up && rotator->is_followed[rotator->world->lines[line].file];
}

/* Lines that a writer wrote to a file that has no name. */
static void look_at_new_lines(struct rotator *rotator)
{
    static uint32_t named[WORLD_LINES_MAX], copied[WORLD_LINES_MAX];
    if (rotator->lines_known == rotator->world->line_count)
        return;
    count_readable(rotator, named, copied);
    for (uint32_t i = rotator->lines_known; i < rotator->world->line_count; i++)
        if (!named[i])
            set_fate(rotator, i, is_followed(rotator, i) ? LINE_DELETED : LINE_EXCUSED);
    rotator->lines_known = rotator->world->line_count;
}

static void end_writers(struct rotator *rotator, bool all)
{
    for (uint32_t file = 0; file < WORLD_FILES; file++)
        if (all || now_of(rotator) >= rotator->writers_until_ns[file])
            rotator->world->writers[file] = NULL;
}

void rotator_step(struct rotator *rotator, struct machine *machine)
{
    hear_agent(rotator, machine);
    look_at_new_lines(rotator);
    if (rotator->cut_due[0])
        cut_live(rotator);
    for (uint32_t file = 0; file < WORLD_FILES; file++)
        rotate(rotator, machine, file);
    delete_old(rotator);
    end_writers(rotator, false);
}

void rotator_fell(struct rotator *rotator)
{
    static uint32_t named[WORLD_LINES_MAX], copied[WORLD_LINES_MAX];
    look_at_new_lines(rotator);
    rotator->looked_ns = rotator->first_look_ns = 0;
    rotator->is_up = false;
    end_writers(rotator, true);
    count_readable(rotator, named, copied);
    for (uint32_t i = 0; i < rotator->world->line_count; i++) {
        enum line_fate fate = rotator->lines[i].fate;
        CHECK((named[i] > 0) == (fate == LINE_NAMED) || fate == LINE_EXCUSED);
        if (!named[i] && copied[i])
            set_fate(rotator, i, LINE_KEPT);
        else if (!named[i] && fate != LINE_KEPT)
            set_fate(rotator, i, LINE_EXCUSED);
        rotator->by_copy += !named[i] && copied[i];
    }
    if (rotator->cut_due[0])
        cut_live(rotator);
}
