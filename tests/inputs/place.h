/* tests/inputs/place.h - a directory of one's own, and files in it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PLACE_H
#define WEIR_PLACE_H

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ports/files.h"
#include "tests/check.h"

static char place[64]; /* the directory of the running test */

/* One port for all tests of a program: nothing closes it. */
static inline const struct files *real_files(void)
{
    static const struct files *files;
    if (!files)
        files = files_posix(0);
    assert_non_null(files);
    return files;
}

static inline void place_make(void)
{
    snprintf(place, sizeof place, "/tmp/weir-test-XXXXXX");
    assert_non_null(mkdtemp(place));
}

static inline int place_remove_one(const char *path, const struct stat *facts, int kind,
                                   struct FTW *walk)
{
    (void)facts;
    (void)kind;
    (void)walk;
    return remove(path);
}

static inline void place_remove(void)
{
    (void)nftw(place, place_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in there; good until the eighth next call. */
static inline const char *at(const char *name)
{
    static char rooms[8][512];
    static unsigned turn;
    char *room = rooms[turn++ % 8];
    snprintf(room, sizeof rooms[0], "%s/%s", place, name);
    return room;
}

static inline void put(const char *name, const char *mode, const void *bytes, size_t size)
{
    FILE *file = fopen(at(name), mode);
    assert_non_null(file);
    CHECK_EQ(fwrite(bytes, 1, size, file), size);
    CHECK_EQ(fclose(file), 0);
}

static inline void write_text(const char *name, const char *text)
{
    put(name, "w", text, strlen(text));
}

static inline void append(const char *name, const char *text)
{
    put(name, "a", text, strlen(text));
}

static inline void move(const char *from, const char *to)
{
    CHECK_EQ(rename(at(from), at(to)), 0);
}

static inline void make_directory(const char *name)
{
    CHECK_EQ(mkdir(at(name), 0700), 0);
}

#endif
