/* tests/fuzz/fuzz_segment.c - any bytes as a segment: whole entries amid damage, and heads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte says where a whole entry is put among the others; it must be found wherever it
 * stands, but inside another whole one: a fuzzer that sees compares forges checks. Every byte is
 * either in an entry, counted as damaged, or cut short and asked for; records that come out must
 * encode.
 */
#include "agent/data/encode.h"
#include "agent/data/record.h"
#include "agent/data/scan.h"
#include "agent/state/segment.h"

static const char needle[] = "the needle";

static void look_at_record(const struct segment_head *head, struct str record)
{
    struct arena arena;
    struct buffer out;
    struct event event;
    arena_init(&arena, 1 << 16, 64 << 20);
    buffer_init(&out, 64 << 20);
    if (segment_event(head, record, &event, &arena)) {
        encode_event(&out, &event, &(struct encoding){.names = NAMES_OTEL}, &arena);
        MUST(out.full || event.flags & EVENT_SHARED || out.len > 0);
    }
    buffer_clear(&out);
    arena_clear(&arena);
}

struct needle { /* positions: of its first byte, and behind its last */
    uint64_t begin, end;
};

static void walk_through(struct segment_walk walk, const struct segment_head *head,
                         struct needle place)
{
    struct segment_entry entry;
    size_t taken = 0;
    bool found = false;
    while (segment_walk_next(&walk, &entry)) {
        taken += entry.size;
        found |= entry.position < place.end && entry.position + entry.size > place.begin;
        MUST(entry.position != place.begin || str_equal(entry.record, STR("the needle")));
        look_at_record(head, entry.record);
    }
    MUST(taken + walk.damaged_bytes == walk.at && walk.at <= walk.bytes.len);
    MUST(walk.is_end ? walk.at == walk.bytes.len : walk.wanted || walk.at == walk.bytes.len);
    MUST(found || !walk.is_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t position = 1 << 30;
    struct segment_head head = {0};
    struct buffer bytes;
    if (size == 0)
        return 0;
    struct str input = {(const char *)data + 1, size - 1};
    if (!segment_head_read(input, &head))
        head = (struct segment_head){.kind = SEGMENT_QUEUE};
    look_at_record(&head, input);
    buffer_init(&bytes, 1 << 24);
    (void)buffer_reserve(&bytes, 2 * size + 256);
    buffer_add(&bytes, str_slice(input, 0, data[0]));
    size_t begun = segment_entry_begin(&bytes, STR("about"));
    buffer_add(&bytes, (struct str){needle, sizeof needle - 1});
    if (segment_entry_end(&bytes, begun, position + begun, data[0])) {
        const struct needle place = {position + begun, position + bytes.len};
        buffer_add(&bytes, str_skip(input, data[0]));
        struct segment_walk walk = {
            .bytes = buffer_str(&bytes), .position = position, .is_end = true};
        walk_through(walk, &head, place);
        walk.is_end = false;
        walk_through(walk, &head, place);
    }
    buffer_clear(&bytes);
    return 0;
}
