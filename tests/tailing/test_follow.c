/* tests/tailing/test_follow.c - the table of followed files, on real ones.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/follow.c"

#include "tests/inputs/place.h"

static struct follows table;

static struct file_facts facts_of_name(const char *name)
{
    struct file_facts facts;
    CHECK_EQ(real_files()->facts_at(real_files()->self, at(name), true, &facts), 0);
    return facts;
}

static struct follow *add(const char *name)
{
    struct file_facts facts = facts_of_name(name);
    struct birth birth = {.device = facts.device,
                          .inode = facts.inode,
                          .born_ns = facts.born_ns,
                          .path = str_from(at(name))};
    struct follow *follow = follows_add(&table, &birth);
    assert_non_null(follow);
    return follow;
}

static void begin(void)
{
    place_make();
    follows_init(&table, real_files());
}

static void end(void)
{
    follows_clear(&table);
    CHECK_EQ(table.open_count, 0);
    place_remove();
}

static void a_file_is_found_by_its_inode_whatever_its_name(void)
{
    begin();
    write_text("a", "1");
    write_text("b", "2");
    struct follow *a = add("a"), *b = add("b");
    move("a", "c");
    struct file_facts facts = facts_of_name("c");
    CHECK(follows_find(&table, &facts) == a);
    CHECK(follow_rename(a, str_from(at("c"))));
    CHECK_TEXT(a->birth.path, at("c"));
    CHECK(a->note_due);
    follows_remove(&table, a);
    CHECK(follows_find(&table, &facts) == NULL);
    facts = facts_of_name("b");
    CHECK(follows_find(&table, &facts) == b);
    facts.born_ns++; /* the number came back: another file */
    CHECK(follows_find(&table, &facts) == NULL);
    end();
}

static void opening_finds_out_that_another_file_stands_there(void)
{
    begin();
    write_text("a", "1");
    write_text("b", "2");
    struct follow *a = add("a");
    CHECK_EQ(follow_open(&table, a), 0);
    CHECK_EQ(a->size, 1);
    follow_close(&table, a);
    move("b", "a");
    CHECK_EQ(follow_open(&table, a), ESTALE);
    CHECK_EQ(unlink(at("a")), 0);
    CHECK_EQ(follow_open(&table, a), ENOENT);
    end();
}

static void few_of_many_files_are_open_at_a_time(void)
{
    begin();
    char name[16];
    for (int i = 0; i < FOLLOW_OPEN_MAX + 20; i++) {
        snprintf(name, sizeof name, "f%d", i);
        write_text(name, "x\n");
        struct follow *follow = add(name);
        CHECK_EQ(follow_open(&table, follow), 0);
        follow->scanned = i % 2 ? 0 : follow->size; /* every other one is not read yet */
        follow->is_away = i < 10;
    }
    CHECK_EQ(table.open_count, FOLLOW_OPEN_MAX);
    for (uint32_t i = 0; i < table.count; i++)
        CHECK(table.all[i]->fd >= 0 || (table.all[i]->scanned > 0 && !table.all[i]->is_away));
    end();
}

static void a_head_grows_to_its_bound(void)
{
    begin();
    char bytes[BIRTH_HEAD_BYTES + 10];
    memset(bytes, 'x', sizeof bytes);
    put("a", "w", bytes, 100);
    struct follow *a = add("a");
    CHECK_EQ(follow_open(&table, a), 0);
    CHECK(follow_renew_head(real_files(), a));
    CHECK_EQ(a->birth.head_len, 100);
    CHECK(!follow_renew_head(real_files(), a));
    put("a", "a", bytes, sizeof bytes);
    a->size = 100 + sizeof bytes;
    CHECK(follow_renew_head(real_files(), a));
    CHECK_EQ(a->birth.head_len, BIRTH_HEAD_BYTES);
    a->birth.check_offset = 64;
    a->birth.check_hash = birth_hash(bytes, 64);
    struct birth_probe probe = follow_probe(real_files(), a->fd, &a->birth);
    CHECK(probe.head && probe.check);
    put("a", "r+", "y", 1);
    probe = follow_probe(real_files(), a->fd, &a->birth);
    CHECK(!probe.head && !probe.check);
    CHECK_EQ(truncate(at("a"), 10), 0);
    probe = follow_probe(real_files(), a->fd, &a->birth);
    CHECK(!probe.head && !probe.check);
    end();
}

static void a_table_without_memory_stays_as_it_was(void)
{
    begin();
    write_text("a", "1");
    struct birth birth = {.path = STR("x")};
    /* the buckets, the list, the follow; then, with room in the list, the path */
    static const unsigned long failing[] = {1, 2, 3, 2};
    for (size_t i = 0; i < COUNT(failing); i++) {
        memory_fail_at(failing[i]);
        CHECK(follows_add(&table, &birth) == NULL);
        memory_fail_at(0);
        CHECK_EQ(table.count, 0);
    }
    struct follow *a = add("a");
    memory_fail_at(1);
    CHECK(!follow_rename(a, STR("y")));
    memory_fail_at(0);
    CHECK_TEXT(a->birth.path, at("a"));
    end();
}

CHECK_MAIN(TEST(a_file_is_found_by_its_inode_whatever_its_name),
           TEST(opening_finds_out_that_another_file_stands_there),
           TEST(few_of_many_files_are_open_at_a_time), TEST(a_head_grows_to_its_bound),
           TEST(a_table_without_memory_stays_as_it_was))
