/* tests/outputs/test_file.c - mirrors outputs/file.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/outputs/host.h"

#include "outputs/file.c"

#include "tests/check.h"

static void the_stream_is_what_the_settings_say(void)
{
    struct file file = {
        .path = STR("out/all.ndjson"), .rotate_bytes = 1000, .keep = 3, .mode = 0600};
    struct why why;
    CHECK_OK(file_open(&file, NULL, &why), why);
    const struct byte_stream *stream = file_stream(&file);
    CHECK_TEXT(stream->path, "out/all.ndjson");
    CHECK_EQ(stream->rotate_bytes, 1000);
    CHECK_EQ(stream->rotate_keep, 3);
    CHECK_EQ(stream->mode, 0600);
}

static void a_directory_is_no_file(void)
{
    struct file file = {.path = STR("out/")};
    struct why why;
    CHECK_EQ(file_open(&file, NULL, &why), BAD_CONFIG);
    CHECK(strstr(why.text, "pipeline.conf:3:1: `path` \"out/\" is a directory") != NULL);
}

static void a_line_can_be_replayed(void)
{
    struct file file = {.path = STR("x"), .names = NAMES_OTEL};
    struct why why;
    CHECK_OK(file_open(&file, NULL, &why), why);
    struct field field = {.key = STR("cart"), .value = {.kind = VALUE_STRING, .text = STR("eve")}};
    const struct event event = {.time_ns = INT64_C(1767323045000000000),
                                .fields = &field,
                                .count = 1,
                                .room = 1,
                                .weight = 10,
                                .reason = STR("rate"),
                                .rule = STR("rest"),
                                .id = STR("w-f1-7")};
    struct buffer body;
    struct arena scratch;
    arena_init(&scratch, 4096, 1 << 16);
    buffer_init(&body, 4096);
    file_encode(&file, &event, (struct str){0}, &body, &scratch);
    CHECK_TEXT(
        buffer_str(&body),
        "{\"timestamp\":\"2026-01-02T03:04:05Z\",\"cart\":\"eve\",\"sampling.weight\":10,"
        "\"sampling.reason\":\"rate\",\"sampling.rule\":\"rest\",\"weir.event_id\":\"w-f1-7\"}\n");
    buffer_clear(&body);
    arena_clear(&scratch);
}

CHECK_MAIN(TEST(the_stream_is_what_the_settings_say), TEST(a_directory_is_no_file),
           TEST(a_line_can_be_replayed))
