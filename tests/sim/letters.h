/* tests/sim/letters.h - what stands in the dead letters of a simulated disk.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SIM_LETTERS_H
#define WEIR_SIM_LETTERS_H

#include "agent/pipeline/letters.h"
#include "tests/check.h"
#include "tests/sim/files.h"

struct sim_letters {
    struct sim_files *sim;
    const char *directory;
    struct str begin; /* of the names of files */
    void *context;
    void (*each)(void *context, struct str words, const struct event *event);
};

static inline void sim_letters_of(const struct sim_letters *letters, struct str text)
{
    struct segment_head head;
    struct segment_entry entry;
    struct arena arena;
    size_t size = segment_head_size(text);
    arena_init(&arena, 1 << 16, 64 << 20);
    CHECK(segment_head_read(text, &head));
    struct segment_walk walk = {
        .bytes = str_skip(text, size), .position = head.base + size, .is_end = true};
    while (segment_walk_next(&walk, &entry)) {
        struct event event;
        struct letter letter;
        CHECK(letter_read(entry.about, &letter));
        CHECK(segment_event(&head, entry.record, &event, &arena));
        letters->each(letters->context, letter.words, &event);
        arena_reset(&arena);
    }
    CHECK_EQ(walk.damaged_bytes, 0);
    arena_clear(&arena);
}

static inline bool sim_letters_file(void *context, const char *name)
{
    const struct sim_letters *letters = context;
    char path[512];
    if (!str_starts(str_from(name), letters->begin))
        return true;
    snprintf(path, sizeof path, "%s/%s", letters->directory, name);
    struct str text = sim_files_text(letters->sim, path);
    if (text.len)
        sim_letters_of(letters, text);
    return true;
}

/* each() is called for every dead letter of an output. */
static inline void sim_letters_each(struct sim_letters *letters, const char *label)
{
    const struct files *files = sim_files_port(letters->sim);
    char begin[128];
    snprintf(begin, sizeof begin, "dead-%s.", label);
    letters->begin = str_from(begin);
    (void)files->list(files->self, letters->directory, sim_letters_file, letters);
}

#endif
