/* tests/state/test_segment.c - mirrors agent/state/segment.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/segment.c"

#include "tests/check.h"

static struct buffer bytes;

static struct str written(const struct segment_head *head)
{
    buffer_init(&bytes, 1 << 20);
    CHECK(segment_head_write(&bytes, head) == bytes.len && bytes.len > 0);
    return buffer_str(&bytes);
}

static const struct segment_head some_head = {
    .kind = SEGMENT_DEAD, .base = 1 << 20, .ordinal = 77, .made_ns = 5, .label = {"elk", 3}};

static void a_head_comes_back_as_it_was_with_the_slots_of_today(void)
{
    struct segment_head back;
    struct str text = written(&some_head);
    CHECK_EQ(segment_head_size(str_slice(text, 0, SEGMENT_FRONT_BYTES)), text.len);
    CHECK(segment_head_read(text, &back));
    CHECK_EQ(back.kind, SEGMENT_DEAD);
    CHECK_EQ(back.base, 1 << 20);
    CHECK_EQ(back.ordinal, 77);
    CHECK_EQ(back.made_ns, 5);
    CHECK_TEXT(back.label, "elk");
    CHECK(!back.slots_differ);
    buffer_clear(&bytes);
}

static void no_bit_of_a_head_may_change(void)
{
    struct segment_head back;
    struct str text = written(&some_head);
    for (size_t i = 0; i < text.len; i++) {
        bytes.at[i] ^= 4;
        CHECK(!segment_head_read(text, &back));
        bytes.at[i] ^= 4;
        CHECK(!segment_head_read(str_slice(text, 0, i), &back));
    }
    buffer_clear(&bytes);
}

static void add(struct str record, uint64_t position, uint64_t ordinal)
{
    size_t begun = segment_entry_begin(&bytes, STR("why"));
    buffer_add(&bytes, record);
    CHECK(segment_entry_end(&bytes, begun, position, ordinal));
}

static void entries_come_back_and_only_at_their_position(void)
{
    struct segment_entry entry;
    buffer_init(&bytes, 1 << 20);
    add(STR("first"), 1000, 5);
    add(STR("second one"), 1000 + bytes.len, 6);
    struct segment_walk walk = {.bytes = buffer_str(&bytes), .position = 1000, .is_end = true};
    CHECK(segment_walk_next(&walk, &entry));
    CHECK_TEXT(entry.about, "why");
    CHECK_TEXT(entry.record, "first");
    CHECK_EQ(entry.ordinal, 5);
    CHECK_EQ(entry.position, 1000);
    CHECK(segment_walk_next(&walk, &entry));
    CHECK_TEXT(entry.record, "second one");
    CHECK(!segment_walk_next(&walk, &entry));
    CHECK_EQ(walk.damaged_bytes, 0);
    walk = (struct segment_walk){.bytes = buffer_str(&bytes), .position = 1001, .is_end = true};
    CHECK(!segment_walk_next(&walk, &entry));
    CHECK_EQ(walk.damaged_bytes, bytes.len);
    CHECK_EQ(walk.damaged_places, 1);
    buffer_clear(&bytes);
}

static void what_is_cut_short_is_asked_for_unless_it_is_the_end(void)
{
    struct segment_entry entry;
    buffer_init(&bytes, 1 << 20);
    add(STR("a record of some length"), 0, 0);
    for (size_t cut = 1; cut < bytes.len; cut++) {
        struct str part = str_slice(buffer_str(&bytes), 0, cut);
        struct segment_walk walk = {.bytes = part};
        CHECK(!segment_walk_next(&walk, &entry));
        CHECK_EQ(walk.wanted,
                 cut < SEGMENT_ENTRY_HEAD_BYTES ? SEGMENT_ENTRY_HEAD_BYTES : bytes.len);
        CHECK_EQ(walk.damaged_bytes, 0);
        walk = (struct segment_walk){.bytes = part, .is_end = true};
        CHECK(!segment_walk_next(&walk, &entry));
        CHECK_EQ(walk.damaged_bytes, cut);
    }
    buffer_clear(&bytes);
}

static void what_does_not_fit_leaves_nothing_behind(void)
{
    buffer_init(&bytes, 64);
    size_t begun = segment_entry_begin(&bytes, STR("why"));
    buffer_add(&bytes, STR("0123456789012345678901234567890123456789012345678901234567890123"));
    CHECK(!segment_entry_end(&bytes, begun, 0, 0));
    CHECK_EQ(bytes.len, 0);
    CHECK(!bytes.full);
    buffer_clear(&bytes);
}

/* As a program of another version would have written it: two slots changed places, one is unknown.
 */
static void slots_of_another_version_are_found_by_their_names(void)
{
    struct segment_head head = {.slots_differ = true};
    for (int i = 0; i < 256; i++)
        head.slots[i] = i < SLOT_COUNT ? (uint8_t)i : SLOT_NONE;
    head.slots[SLOT_TRACE_ID] = SLOT_SPAN_ID;
    head.slots[SLOT_SPAN_ID] = SLOT_NONE;
    struct field fields[] = {
        {.key = STR("trace_id"), .slot = SLOT_TRACE_ID, .value = {VALUE_TEXT, {.text = STR("t")}}},
        {.key = STR("span_id"), .slot = SLOT_SPAN_ID, .value = {VALUE_TEXT, {.text = STR("s")}}}};
    const struct event event = {.bytes = STR("line"), .fields = fields, .count = 2};
    struct event back;
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    buffer_init(&bytes, 1 << 20);
    CHECK(record_write(&bytes, &event));
    CHECK(segment_event(&head, buffer_str(&bytes), &back, &arena));
    CHECK_EQ(back.slots[SLOT_TRACE_ID], 0);
    const struct field *span = event_slot(&back, SLOT_SPAN_ID);
    CHECK(span && str_equal(span->value.text, STR("t")));
    CHECK_EQ(back.fields[1].slot, SLOT_NONE);
    CHECK(!segment_event(&head, STR("no record"), &back, &arena));
    arena_clear(&arena);
    buffer_clear(&bytes);
}

CHECK_MAIN(TEST(a_head_comes_back_as_it_was_with_the_slots_of_today),
           TEST(no_bit_of_a_head_may_change), TEST(entries_come_back_and_only_at_their_position),
           TEST(what_is_cut_short_is_asked_for_unless_it_is_the_end),
           TEST(what_does_not_fit_leaves_nothing_behind),
           TEST(slots_of_another_version_are_found_by_their_names))
