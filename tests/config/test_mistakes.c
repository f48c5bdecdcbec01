/* tests/config/test_mistakes.c - mistakes that people make, and what they are told: golden files.
 * SPDX-License-Identifier: Apache-2.0
 *
 * mistakes/NN-name.conf is loaded, mistakes/NN-name.txt is what is printed. WEIR_GOLDEN=write
 * writes the latter anew; read the difference before you commit it.
 */
#include <glob.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/ports/files.h"
#include "tests/config/loading.h"

#include "tests/check.h"

static struct str read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = arena_take(arena, 64 * 1024);
    if (!file || !text)
        return STR("");
    size_t len = fread(text, 1, 64 * 1024, file);
    fclose(file);
    return (struct str){text, len};
}

static bool is_written(void)
{
    const char *golden = getenv("WEIR_GOLDEN");
    return golden && strcmp(golden, "write") == 0;
}

static void write_file(const char *path, struct str text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fwrite(text.at, 1, text.len, file);
    fclose(file);
}

static bool is_as_told(const char *conf)
{
    static const struct files *files;
    struct loading loading;
    if (!files)
        files = files_posix(0);
    loading_init(&loading);
    loading_run(&loading, &(struct config_source){.name = conf}, 1, files);
    struct str told = buffer_str(&loading.said);
    char golden[256];
    struct str stem = str_slice(str_from(conf), 0, strlen(conf) - 5);
    snprintf(golden, sizeof golden, "%.*s.txt", STR_ARG(stem));
    if (is_written())
        write_file(golden, told);
    struct str want = read_file(&loading.arena, golden);
    bool is_same = str_equal(told, want) && told.len > 0;
    if (!is_same)
        print_error("%s\n--- told\n%.*s--- want\n%.*s", conf, STR_ARG(told), STR_ARG(want));
    loading_clear(&loading);
    return is_same;
}

static void every_mistake_is_told_with_the_thought_behind_it(void)
{
    glob_t found;
    size_t wrong = 0;
    CHECK_EQ(chdir(TESTS_DIR "/config/mistakes"), 0);
    CHECK_EQ(glob("*.conf", 0, NULL, &found), 0);
    CHECK(found.gl_pathc >= 20);
    for (size_t i = 0; i < found.gl_pathc; i++)
        wrong += !is_as_told(found.gl_pathv[i]);
    globfree(&found);
    CHECK_EQ(wrong, 0);
}

CHECK_MAIN(TEST(every_mistake_is_told_with_the_thought_behind_it))
