/* tests/data/test_record.c - mirrors agent/data/record.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/record.c"

#include "tests/data/fixture.h"

static const char line[] =
    "{\"timestamp\":\"2023-01-02T03:04:05Z\",\"level\":\"error\",\"a\":1,\"b\":\"x\\n\","
    "\"c\":{\"k\":[1]},\"d\":true,\"e\":null,\"f\":1.5,\"g\":\"\",\"message\":\"m\"}";

static struct str recorded(const struct event *event)
{
    buffer_reset(&fix.out);
    CHECK(record_write(&fix.out, event));
    return buffer_str(&fix.out);
}

static void an_event_comes_back_as_it_was(void)
{
    struct event event = scanned(line);
    struct origin origin = {.source_id = 7,
                            .offset = 1 << 20,
                            .length = 99,
                            .index = 2,
                            .owed = 5,
                            .fresh = 4,
                            .seq = 11,
                            .is_counted = true};
    event.origin = &origin;
    event.weight = 10;
    event.reason = STR("rate");
    event.rule = STR("rest");
    event.id = STR("f1.1048576");
    struct event back;
    CHECK(record_read(recorded(&event), &back, &fix.arena));
    CHECK_EQ(back.count, event.count);
    CHECK(memcmp(back.slots, event.slots, sizeof back.slots) == 0);
    CHECK_EQ(back.time_ns, event.time_ns);
    CHECK_EQ(back.severity, 17);
    CHECK_EQ(back.flags, event.flags);
    CHECK_EQ(back.origin->offset, 1 << 20);
    CHECK_EQ(back.origin->source_id, 7);
    CHECK_EQ(back.origin->seq, 11);
    CHECK_EQ(back.origin->owed, 5);
    CHECK(back.origin->is_counted);
    CHECK_EQ(back.weight, 10);
    CHECK_TEXT(back.reason, "rate");
    CHECK_TEXT(back.rule, "rest");
    CHECK_TEXT(back.id, "f1.1048576");
    for (uint16_t i = 0; i < back.count; i++) {
        CHECK_STR(back.fields[i].key, event.fields[i].key);
        CHECK_EQ(back.fields[i].value.kind, event.fields[i].value.kind);
    }
    CHECK_TEXT(back.bytes, line);
}

static void edits_come_along(void)
{
    struct event event = scanned(line);
    CHECK(event_remove(&event, fixture_path("a"), &fix.arena));
    CHECK(event_set(&event, fixture_path("c.k"),
                    (struct value){.kind = VALUE_TEXT, .text = STR("new")}, &fix.arena));
    CHECK(event_set(&event, fixture_path("n"), (struct value){.kind = VALUE_FLOAT, .real = 2.5},
                    &fix.arena));
    CHECK(event_set(&event, fixture_path("duration"),
                    (struct value){.kind = VALUE_DURATION, .integer = 5000000}, &fix.arena));
    static char before[1024];
    struct str want = encoded(&event, NAMES_ECS);
    memcpy(before, want.at, want.len);
    want.at = before;
    static char bytes[2048];
    struct str record = recorded(&event);
    memcpy(bytes, record.at, record.len);
    struct event back;
    CHECK(record_read((struct str){bytes, record.len}, &back, &fix.arena));
    CHECK_STR(encoded(&back, NAMES_ECS), want);
    CHECK(record_read(recorded(&back), &back, &fix.arena)); /* a record of what was read from one */
}

static void ten_fields_cost_some_three_hundred_bytes(void)
{
    struct event event = scanned(line);
    CHECK_EQ(event.count, 10);
    CHECK(recorded(&event).len - event.bytes.len < 310);
}

static void peeking_tells_the_size_and_the_place(void)
{
    struct event event = scanned(line);
    struct origin origin = {.source_id = 3, .offset = 77, .seq = 5};
    event.origin = &origin;
    event.id = STR("id");
    struct record record;
    struct str bytes = recorded(&event);
    CHECK(record_peek(bytes, &record));
    CHECK_EQ(record.size, bytes.len);
    CHECK_EQ(record.offset, 77);
    CHECK_EQ(record.source, 3);
    CHECK_TEXT(record.id, "id");
}

static void a_ghost_has_what_is_counted_and_nothing_else(void)
{
    struct event event = scanned(line);
    struct origin origin = {.source_id = 7, .offset = 5, .owed = 3, .fresh = 1, .seq = 9};
    event.origin = &origin;
    event.weight = 4;
    struct str bytes = recorded(&event);
    struct event ghost;
    CHECK(record_size_least(&event) <= bytes.len);
    CHECK(record_read_ghost(bytes, &ghost, &fix.arena));
    CHECK_EQ(ghost.count, 0);
    CHECK_EQ(ghost.time_ns, event.time_ns);
    CHECK_EQ(ghost.weight, 4);
    CHECK(ghost.origin->source_id == 7 && ghost.origin->owed == 3 && ghost.origin->seq == 9);
    CHECK(!record_read_ghost(str_slice(bytes, 0, bytes.len - 1), &ghost, &fix.arena));
}

static void a_full_buffer_gets_nothing(void)
{
    struct event event = scanned(line);
    struct buffer small;
    buffer_init(&small, 1000);
    size_t len = 0;
    while (record_write(&small, &event))
        len = small.len;
    CHECK(len > 0);
    CHECK_EQ(small.len, len);
    CHECK(!small.full);
    buffer_clear(&small);
}

static void an_event_without_fields_has_a_record(void)
{
    struct event event = {.bytes = STR("no format claimed it")}, back;
    CHECK(record_read(recorded(&event), &back, &fix.arena));
    CHECK_EQ(back.count, 0);
    CHECK_TEXT(back.bytes, "no format claimed it");
    event = (struct event){.time_ns = 5};
    CHECK(record_read(recorded(&event), &back, &fix.arena));
    CHECK_EQ(back.time_ns, 5);
    CHECK_EQ(back.bytes.len, 0);
}

static void a_record_fits_exactly_and_no_byte_less(void)
{
    struct event event = scanned(line), back;
    CHECK(event_set(&event, fixture_path("a_new_key"),
                    (struct value){.kind = VALUE_TEXT, .text = STR("and a new text")}, &fix.arena));
    CHECK(event_remove(&event, fixture_path("b"), &fix.arena));
    size_t size = recorded(&event).len;
    for (size_t room = 1; room <= size; room++) {
        char *at = malloc(room);
        struct buffer tight = {.at = at, .room = room, .max = room};
        CHECK(record_write(&tight, &event) == (room == size));
        CHECK(!tight.full && tight.at == at);
        if (room == size)
            CHECK(record_read(buffer_str(&tight), &back, &fix.arena));
        free(at);
    }
}

static void cut_and_flipped_records_are_never_read_outside(void)
{
    struct event event = scanned(line);
    CHECK(event_set(&event, fixture_path("n"),
                    (struct value){.kind = VALUE_TEXT, .text = STR("new")}, &fix.arena));
    struct str whole = recorded(&event);
    struct event back;
    struct record record;
    for (size_t len = 0; len < whole.len; len++) {
        struct str cut = fixture_line(str_slice(whole, 0, len));
        CHECK(!record_peek(cut, &record));
        CHECK(!record_read(cut, &back, &fix.arena));
        free((char *)(uintptr_t)cut.at);
    }
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        struct str copy = fixture_line(whole);
        ((char *)(uintptr_t)copy.at)[bit / 8] ^= (char)(1 << bit % 8);
        if (record_read(copy, &back, &fix.arena))
            encoded_with(&back, (struct encoding){.names = NAMES_ECS, .sampling = true});
        buffer_reset(&fix.out);
        free((char *)(uintptr_t)copy.at);
        arena_reset(&fix.arena);
        buffer_add(&fix.out, STR(""));
        event = scanned(line);
        whole = recorded(&event);
    }
}

CHECK_MAIN(TEST(an_event_comes_back_as_it_was), TEST(edits_come_along),
           TEST(ten_fields_cost_some_three_hundred_bytes),
           TEST(peeking_tells_the_size_and_the_place),
           TEST(a_ghost_has_what_is_counted_and_nothing_else), TEST(a_full_buffer_gets_nothing),
           TEST(an_event_without_fields_has_a_record), TEST(a_record_fits_exactly_and_no_byte_less),
           TEST(cut_and_flipped_records_are_never_read_outside))
