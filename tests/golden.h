/* tests/golden.h - what is said of a configuration, beside the file that it stands in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * NN-name.conf is tried, NN-name.txt is what is printed. WEIR_GOLDEN=write writes the latter anew;
 * read the difference before you commit it.
 */
#ifndef WEIR_GOLDEN_H
#define WEIR_GOLDEN_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"

enum { GOLDEN_BYTES_MAX = 64 * 1024 };

static inline struct str golden_read(const char *path, char room[static GOLDEN_BYTES_MAX])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return STR("");
    size_t len = fread(room, 1, GOLDEN_BYTES_MAX, file);
    fclose(file);
    return (struct str){room, len};
}

static inline void golden_write(const char *path, struct str text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fwrite(text.at, 1, text.len, file);
    fclose(file);
}

static inline bool golden_is_as_told(const char *conf, struct str told)
{
    static char room[GOLDEN_BYTES_MAX];
    char golden[256];
    const char *mode = getenv("WEIR_GOLDEN");
    snprintf(golden, sizeof golden, "%.*s.txt",
             STR_ARG(str_slice(str_from(conf), 0, strlen(conf) - 5)));
    if (mode && strcmp(mode, "write") == 0)
        golden_write(golden, told);
    struct str want = golden_read(golden, room);
    bool is_same = str_equal(told, want) && told.len > 0;
    if (!is_same)
        print_error("%s\n--- told\n%.*s--- want\n%.*s", conf, STR_ARG(told), STR_ARG(want));
    return is_same;
}

/* Each of the directory's configurations; try() is called in there and borrows nothing. */
static inline void golden_check(const char *directory, size_t at_least,
                                struct str (*try)(const char *conf))
{
    glob_t found;
    size_t wrong = 0;
    CHECK_EQ(chdir(directory), 0);
    CHECK_EQ(glob("*.conf", 0, NULL, &found), 0);
    CHECK(found.gl_pathc >= at_least);
    for (size_t i = 0; i < found.gl_pathc; i++)
        wrong += !golden_is_as_told(found.gl_pathv[i], try(found.gl_pathv[i]));
    globfree(&found);
    CHECK_EQ(wrong, 0);
}

#endif
