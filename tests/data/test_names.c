/* tests/data/test_names.c - mirrors agent/data/names.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/names.c"

#include "tests/check.h"

static struct arena arena;

static struct names *opened(void)
{
    arena_clear(&arena);
    arena_init(&arena, 1 << 20, 64 << 20);
    struct names *names = names_make(&arena);
    CHECK(names != NULL);
    return names;
}

static struct path *compiled(struct names *names, const char *text)
{
    struct path *path = NULL;
    struct why why = {0};
    CHECK_OK(path_compile(names, str_from(text), &path, &why), why);
    CHECK_TEXT(path_text(path), text);
    return path;
}

static void aliases_have_ids_and_ranks_in_their_order(void)
{
    struct names *names = opened();
    uint8_t rank = 9;
    CHECK_EQ(names_slot(names, names_find(names, STR("@timestamp")), &rank), SLOT_TIME);
    CHECK_EQ(rank, 0);
    CHECK_EQ(names_slot(names, names_find(names, STR("time")), &rank), SLOT_TIME);
    CHECK_EQ(rank, 2);
    CHECK(names_find(names, STR("name")) != 0);
    CHECK_EQ(names_slot(names, names_find(names, STR("name")), &rank), SLOT_NONE);
    CHECK_EQ(names_find(names, STR("nobody.asks")), 0);
    CHECK_EQ(names_find(names, STR("")), 0);
    CHECK_EQ(names_slot(names, 0, &rank), SLOT_NONE);
    struct arena small;
    arena_init(&small, 1024, 2048);
    CHECK(names_make(&small) == NULL);
}

static void a_path_means_its_slot_unless_a_dot_leads(void)
{
    struct names *names = opened();
    CHECK_EQ(path_slot(compiled(names, "http.response.status_code")), SLOT_HTTP_STATUS);
    CHECK_EQ(path_slot(compiled(names, ".http.response.status_code")), SLOT_NONE);
    CHECK_EQ(path_slot(compiled(names, "trace.id")), SLOT_TRACE_ID);
    CHECK_EQ(path_slot(compiled(names, "body[0]")), SLOT_NONE);
    CHECK(path_is_duration(compiled(names, "duration")));
    CHECK(!path_is_duration(compiled(names, "duration_ms")));
    CHECK_EQ(path_slot(compiled(names, "duration_ms")), SLOT_DURATION);
    const struct path *path = compiled(names, "a.\"b \\\"c\\\"\"[7].d-e");
    CHECK_EQ(path->count, 3);
    CHECK_TEXT(path->steps[0].dotted, "a.b \"c\"");
    CHECK(path->steps[1].dotted.len == 0 && path->steps[1].index == 7);
    CHECK_TEXT(path->steps[2].dotted, "d-e");
    CHECK(!path->is_plain);
    CHECK(names_find(names, STR("a")) && names_find(names, STR("a.b \"c\"")));
}

static void what_is_no_path_is_refused_with_a_reason(void)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "..",
                                      "a.",
                                      "a..b",
                                      ".a.",
                                      "1a",
                                      "a b",
                                      "a\"b\"",
                                      "\"open",
                                      "\"a\\",
                                      "\"\"",
                                      "a[",
                                      "a[]",
                                      "a[x]",
                                      "a[-1]",
                                      "[0]",
                                      "a[0]b",
                                      "a[0].",
                                      "a]",
                                      "a[0",
                                      "a[1]]x",
                                      "a[18446744073709551616]",
                                      "a[4294967296]"};
    struct names *names = opened();
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct path *path = NULL;
        struct why why = {0};
        if (path_compile(names, str_from(bad[i]), &path, &why) != BAD_CONFIG)
            print_error("'%s' was taken\n", bad[i]);
        CHECK_EQ(why.code, BAD_CONFIG);
        CHECK(path == NULL && why.text[0] != '\0');
    }
}

static void a_path_has_a_bounded_number_of_parts(void)
{
    struct names *names = opened();
    char text[8 + 3 * PATH_SEGMENTS_MAX] = "a";
    for (size_t i = 1; i < PATH_SEGMENTS_MAX; i++)
        strcat(text, "[1]");
    CHECK_EQ(compiled(names, text)->count, PATH_SEGMENTS_MAX);
    strcat(text, "[1]");
    struct path *path = NULL;
    struct why why = {0};
    CHECK_EQ(path_compile(names, str_from(text), &path, &why), BAD_CONFIG);
}

static void full_names_refuse_new_keys_and_keep_the_old(void)
{
    struct names *names = opened();
    struct path *path = NULL;
    struct why why = {0};
    char text[16];
    unsigned taken = 0;
    do
        snprintf(text, sizeof text, ".key%u", taken++);
    while (path_compile(names, str_from(text), &path, &why) == OK && taken < 2 * NAMES_ROOM);
    CHECK_EQ(why.code, OVER_LIMIT);
    CHECK_EQ(names->count, NAMES_ROOM);
    CHECK(names_find(names, STR("key0")) != 0);
    CHECK_EQ(names_find(names, str_from(text + 1)), 0);
    compiled(names, ".key0");
}

static void the_nearest_name_is_near(void)
{
    struct names *names = opened();
    CHECK_TEXT(names_nearest(names, STR("trace_idd")), "trace_id");
    CHECK_TEXT(names_nearest(names, STR("http.response.status_cod")), "http.response.status_code");
    CHECK_EQ(names_nearest(names, STR("nothing_like_any_of_them")).len, 0);
    char text[100] = {0};
    memset(text, 'x', sizeof text - 1);
    CHECK_EQ(names_nearest(names, str_from(text)).len, 0);
}

CHECK_MAIN(TEST(aliases_have_ids_and_ranks_in_their_order),
           TEST(a_path_means_its_slot_unless_a_dot_leads),
           TEST(what_is_no_path_is_refused_with_a_reason),
           TEST(a_path_has_a_bounded_number_of_parts),
           TEST(full_names_refuse_new_keys_and_keep_the_old), TEST(the_nearest_name_is_near))
