/* tests/state/test_birth.c - what identifies a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/birth.c"

#include "tests/check.h"

static const struct birth known = {.serial = 42,
                                   .device = 1,
                                   .inode = 2,
                                   .born_ns = 3,
                                   .check_offset = 100,
                                   .head_len = 50,
                                   .path = {"/a", 2}};

static void a_birth_survives_its_note(void)
{
    struct birth birth = {1, 2, 3, -4, 5, 6, 7, 8, 9, 10, STR("/var/log/app.log")};
    struct buffer note;
    buffer_init(&note, 4096);
    birth_write(&birth, &note);
    struct birth got;
    CHECK(birth_read(buffer_str(&note), &got));
    CHECK_EQ(got.serial, 1);
    CHECK_EQ(got.born_ns, -4);
    CHECK_EQ(got.split, 6);
    CHECK_EQ(got.check_hash, 8);
    CHECK_EQ(got.head_len, 10);
    CHECK_TEXT(got.path, "/var/log/app.log");
    buffer_clear(&note);
}

static void a_damaged_note_is_refused(void)
{
    struct buffer note;
    buffer_init(&note, 8192);
    birth_write(&known, &note);
    struct birth got;
    for (size_t len = 0; len < note.len - 1; len++)
        CHECK(!birth_read((struct str){note.at, len}, &got));
    note.at[sizeof(struct note) - 1] ^= 1; /* the version */
    CHECK(!birth_read(buffer_str(&note), &got));
    note.at[sizeof(struct note) - 1] ^= 1;
    note.at[NOTE_NUMBERS * 8 + 1] = 127; /* the head's length */
    CHECK(!birth_read(buffer_str(&note), &got));
    buffer_clear(&note);
}

static void a_file_is_judged_by_all_that_is_known(void)
{
    static const struct {
        const char *what;
        uint64_t device, inode;
        int64_t born_ns;
        uint64_t size;
        bool head, check;
        const char *path;
        enum birth_match want;
    } cases[] = {
        {"as it was", 1, 2, 3, 100, true, true, "/a", BIRTH_SAME},
        {"grown", 1, 2, 3, 900, true, true, "/a", BIRTH_SAME},
        {"renamed", 1, 2, 3, 100, true, true, "/b", BIRTH_SAME},
        {"shorter", 1, 2, 3, 99, true, true, "/a", BIRTH_TRUNCATED},
        {"another head", 1, 2, 3, 100, false, true, "/a", BIRTH_TRUNCATED},
        {"written anew beyond the mark", 1, 2, 3, 200, true, false, "/a", BIRTH_TRUNCATED},
        {"inode came back", 1, 2, 4, 100, true, true, "/a", BIRTH_OTHER},
        {"no birth time now", 1, 2, 0, 100, true, true, "/a", BIRTH_SAME},
        {"device number dealt anew", 9, 2, 3, 100, true, true, "/b", BIRTH_SAME},
        {"that, and no birth time", 9, 2, 0, 100, true, true, "/a", BIRTH_SAME},
        {"that, under another name", 9, 2, 0, 100, true, true, "/b", BIRTH_OTHER},
        {"that, with another head", 9, 2, 3, 100, false, true, "/a", BIRTH_OTHER},
        {"another inode", 1, 5, 3, 100, true, true, "/a", BIRTH_OTHER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct file_facts facts = {.device = cases[i].device,
                                   .inode = cases[i].inode,
                                   .born_ns = cases[i].born_ns,
                                   .size = cases[i].size,
                                   .is_regular = true};
        struct birth_probe probe = {cases[i].head, cases[i].check};
        if (birth_match(&known, &facts, probe, str_from(cases[i].path)) != cases[i].want)
            fail_msg("%s", cases[i].what);
    }
}

static void a_copy_has_all_that_the_file_had(void)
{
    struct file_facts facts = {.inode = 7, .born_ns = 5, .size = 100, .is_regular = true};
    struct birth_probe alike = {true, true};
    CHECK(birth_is_copy(&known, &facts, alike));
    CHECK(!birth_is_copy(&known, &facts, (struct birth_probe){true, false}));
    CHECK(!birth_is_copy(&known, &facts, (struct birth_probe){false, true}));
    facts.size = 99;
    CHECK(!birth_is_copy(&known, &facts, alike));
    facts.size = 100;
    facts.born_ns = 2; /* older than the original */
    CHECK(!birth_is_copy(&known, &facts, alike));
    facts.born_ns = 0;
    CHECK(birth_is_copy(&known, &facts, alike));
    struct birth empty = {.born_ns = 3};
    CHECK(!birth_is_copy(&empty, &facts, alike));
}

static void a_key_is_the_serial_in_hex(void)
{
    char room[BIRTH_KEY_BYTES];
    CHECK_TEXT(birth_key(42, room), "f2a");
    CHECK_TEXT(birth_key(UINT64_MAX, room), "fffffffffffffffff");
}

CHECK_MAIN(TEST(a_birth_survives_its_note), TEST(a_damaged_note_is_refused),
           TEST(a_file_is_judged_by_all_that_is_known), TEST(a_copy_has_all_that_the_file_had),
           TEST(a_key_is_the_serial_in_hex))
