/* tests/config/test_mistakes.c - mistakes that people make, and what they are told: golden files
 * (tests/golden.h). SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/files.h"
#include "tests/config/loading.h"

#include "tests/golden.h"

/* Good until the next call. */
static struct str told_of(const char *conf)
{
    static const struct files *files;
    static struct loading loading;
    if (!files)
        files = files_posix(0);
    else
        loading_clear(&loading);
    loading_init(&loading);
    loading_run(&loading, &(struct config_source){.name = conf}, 1, files);
    return buffer_str(&loading.said);
}

static void every_mistake_is_told_with_the_thought_behind_it(void)
{
    golden_check(TESTS_DIR "/config/mistakes", 20, told_of);
}

CHECK_MAIN(TEST(every_mistake_is_told_with_the_thought_behind_it))
