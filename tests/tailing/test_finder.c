/* tests/tailing/test_finder.c - which files a list of globs means, in real directories.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/finder.c"

#include "tests/inputs/place.h"

static char told[4096]; /* what the sink heard since the last look, sorted by time */

static void hear(void *context, struct str path, bool matches)
{
    (void)context;
    CHECK(path.at[path.len] == '\0' && str_starts(path, str_from(place)));
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "%s%s ", matches ? "" : "-",
             path.at + strlen(place) + 1);
}

static void hear_trouble(void *context, struct str path, int sys)
{
    (void)context;
    size_t len = strlen(told);
    snprintf(told + len, sizeof told - len, "!%s:%d ", path.at + strlen(place), sys);
}

static struct str globs[4], excludes[4];
static struct list glob_list = {.texts = globs}, exclude_list = {.texts = excludes};
static char glob_texts[4][256];
static struct finder finder;

static void begin(const char *first, const char *second)
{
    const char *both[] = {first, second};
    told[0] = '\0';
    glob_list.count = exclude_list.count = 0;
    for (size_t i = 0; i < 2 && both[i]; i++) {
        snprintf(glob_texts[i], sizeof glob_texts[i], "%s/%s", place, both[i]);
        globs[glob_list.count++] = str_from(glob_texts[i]);
    }
    memset(&finder, 0, sizeof finder);
    finder_init(&finder, real_files(), (struct finder_sink){NULL, hear, hear_trouble});
    finder.paths = &glob_list;
    finder.excludes = &exclude_list;
}

static bool heard(const char *text)
{
    return strstr(told, text) != NULL;
}

static void pass(void)
{
    told[0] = '\0';
    finder_pass(&finder, false);
}

static void notices(void)
{
    told[0] = '\0';
    finder_notices(&finder);
}

static void a_pass_tells_of_every_match_and_nothing_else(void)
{
    place_make();
    write_text("a.log", "");
    write_text("b.txt", "");
    write_text("c.gz.log", "");
    make_directory("in");
    write_text("in/d.log", "");
    begin("*.log", "in/d.log");
    excludes[exclude_list.count++] = STR("*.gz.*");
    pass();
    CHECK(heard("a.log ") && heard("in/d.log ") && !heard("b.txt") && !heard("c.gz"));
    finder_pass(&finder, true);
    CHECK(heard("-b.txt ") && heard("-c.gz.log "));
    finder_clear(&finder);
    place_remove();
}

static void two_stars_go_down_and_leave_hidden_ones_and_links_alone(void)
{
    place_make();
    make_directory("x");
    make_directory("x/y");
    make_directory("x/.z");
    write_text("x/y/a.log", "");
    write_text("x/.z/b.log", "");
    write_text("c.log", "");
    CHECK_EQ(symlink(place, at("x/round")), 0);
    begin("**/*.log", NULL);
    pass();
    CHECK(heard("x/y/a.log ") && heard("c.log ") && !heard("b.log") && !heard("round"));
    finder_clear(&finder);
    place_remove();
}

static void notices_tell_of_what_is_new_and_changed(void)
{
    place_make();
    begin("*.log", "*/in/*.log");
    pass();
    write_text("a.log", "x");
    write_text("b.txt", "x");
    notices();
    CHECK(heard("a.log ") && !heard("b.txt"));
    append("a.log", "y");
    notices();
    CHECK(heard("a.log "));
    CHECK(!finder.pass_wanted);
    make_directory("new");
    make_directory("new/in");
    notices();
    CHECK(finder.pass_wanted);
    pass();
    write_text("new/in/c.log", "");
    notices();
    CHECK(heard("new/in/c.log "));
    finder_clear(&finder);
    place_remove();
}

static void a_directory_that_is_missing_is_found_when_it_comes(void)
{
    place_make();
    begin("later/*.log", NULL);
    pass();
    CHECK(finder.is_incomplete);
    make_directory("later");
    write_text("later/a.log", "");
    pass();
    CHECK(!finder.is_incomplete && heard("later/a.log "));
    write_text("later/b.log", "");
    notices();
    CHECK(heard("later/b.log "));
    CHECK_EQ(unlink(at("later/a.log")) | unlink(at("later/b.log")) | rmdir(at("later")), 0);
    notices();
    CHECK(finder.pass_wanted);
    pass();
    CHECK(finder.is_incomplete);
    make_directory("later");
    pass();
    write_text("later/c.log", "");
    notices();
    CHECK(heard("later/c.log "));
    finder_clear(&finder);
    CHECK_EQ(finder.directory_count, 0);
    place_remove();
}

static void a_link_is_followed_by_its_owner(void)
{
    place_make();
    const struct files *files = real_files();
    struct file_facts facts;
    write_text("a", "x");
    CHECK_EQ(symlink("a", at("good")) | symlink("nowhere", at("dangling")), 0);
    CHECK_EQ(mkfifo(at("fifo"), 0600), 0);
    CHECK(finder_refusal(files, at("a"), &facts) == NULL && facts.is_regular);
    CHECK(finder_refusal(files, at("good"), &facts) == NULL && facts.size == 1);
    CHECK_TEXT(str_from(finder_refusal(files, at("none"), &facts)), "");
    CHECK(strstr(finder_refusal(files, at("dangling"), &facts), "nowhere"));
    CHECK(strstr(finder_refusal(files, at("fifo"), &facts), "no regular"));
    CHECK(strstr(finder_refusal(files, place, &facts), "directory"));
    if (geteuid() == 0) {
        CHECK_EQ(symlink("a", at("foreign")) | lchown(at("foreign"), 12345, 12345), 0);
        CHECK(strstr(finder_refusal(files, at("foreign"), &facts), "somebody"));
        CHECK_EQ(chown(at("a"), 12345, 12345), 0);
        CHECK(finder_refusal(files, at("foreign"), &facts) == NULL);
    }
    place_remove();
}

CHECK_MAIN(TEST(a_pass_tells_of_every_match_and_nothing_else),
           TEST(two_stars_go_down_and_leave_hidden_ones_and_links_alone),
           TEST(notices_tell_of_what_is_new_and_changed),
           TEST(a_directory_that_is_missing_is_found_when_it_comes),
           TEST(a_link_is_followed_by_its_owner))
