/* tests/tailing/test_survey.c - mirrors agent/tailing/survey.c, in real directories.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/survey.c"

#include "agent/delivery/errand.h"
#include "tests/inputs/place.h"

static char told[1024];
static enum finding found;

static void hear(void *context, enum finding finding, const char *text)
{
    (void)context;
    found = finding;
    snprintf(told, sizeof told, "%s", text);
}

static void survey(const char *glob)
{
    struct str texts[] = {str_from(at(glob))};
    const struct list paths = {.count = 1, .texts = texts}, excludes = {0};
    struct errand_run run = {.tell = hear};
    survey_tell(&paths, &excludes, real_files(), &run.errand);
}

static bool told_of(const char *text)
{
    if (!strstr(told, text))
        print_error("no \"%s\" in \"%s\"\n", text, told);
    return strstr(told, text) != NULL;
}

static void each_glob_is_told_with_what_it_leads_to(void)
{
    place_make();
    survey("*.log");
    CHECK_EQ(found, FINDING_FAULT);
    CHECK(told_of("no file matches \""));
    put("a.log", "we", "x", 1);
    survey("*.log");
    CHECK_EQ(found, FINDING_GOOD);
    CHECK(told_of("1 readable file matches \"") && told_of("/*.log\""));
    put("b.log", "we", "x", 1);
    CHECK_EQ(mkdir(at("c.log"), 0700), 0);
    survey("*.log");
    CHECK_EQ(found, FINDING_DOUBT);
    CHECK(told_of("2 readable files match \"") && told_of("1 cannot be read, such as: "));
    CHECK(told_of("c.log is a directory; name the files in it"));
    survey("c.log");
    CHECK_EQ(found, FINDING_FAULT);
    CHECK(told_of("can be read: ") && told_of("c.log is a directory"));
    place_remove();
}

static void a_file_that_may_not_be_read_is_a_fault(void)
{
    if (geteuid() == 0)
        skip(); /* root may read anything */
    place_make();
    put("a.log", "we", "x", 1);
    CHECK_EQ(chmod(at("a.log"), 0), 0);
    survey("*.log");
    CHECK_EQ(found, FINDING_FAULT);
    CHECK(told_of("a.log: Permission denied"));
    place_remove();
}

CHECK_MAIN(TEST(each_glob_is_told_with_what_it_leads_to),
           TEST(a_file_that_may_not_be_read_is_a_fault))
