/* tests/state/test_stream.c - mirrors agent/state/stream.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/stream.c"

#include "tests/check.h"
#include "tests/sim/files.h"

static struct stream opened(struct sim_files *sim, const struct byte_stream *to)
{
    struct stream stream;
    struct why why;
    stream_init(&stream, sim_files_port(sim), STR("events"), to);
    CHECK_OK(stream_open(&stream, &why), why);
    return stream;
}

static void put(struct stream *stream, struct str bytes)
{
    size_t done = 0;
    while (done < bytes.len)
        CHECK_EQ(stream_write(stream, bytes, stream->length, &done), 0);
    stream->length += bytes.len;
}

static const struct byte_stream plain = {.path = {"logs/out", 8}};

static void the_journaled_file_is_cut_back_even_under_another_name(void)
{
    struct sim_files *sim = sim_files_make(1);
    const struct files *files = sim_files_port(sim);
    struct stream stream = opened(sim, &plain);
    struct buffer mended;
    struct why why;
    buffer_init(&mended, 4096);
    put(&stream, STR("kept\n"));
    const struct stream_file file = as_file(&stream);
    put(&stream, STR("lost\n"));
    stream_close(&stream);
    CHECK_OK(stream_cut(&stream, &file, &mended, &why), why);
    CHECK_TEXT(sim_files_text(sim, "logs/out"), "kept\n");
    CHECK_EQ(files->rename(files->self, "logs/out", "logs/moved"), 0);
    sim_files_append(sim, "logs/moved", STR("more\n"));
    sim_files_append(sim, "logs/out", STR("somebody else's"));
    CHECK_OK(stream_cut(&stream, &file, &mended, &why), why);
    CHECK_TEXT(sim_files_text(sim, "logs/moved"), "kept\n");
    CHECK_EQ(mended.len, 0);
    stream = opened(sim, &plain);
    put(&stream, STR("ours\n"));
    CHECK_TEXT(sim_files_text(sim, "logs/out"), "somebody else's\nours\n");
    stream_close(&stream);
    buffer_clear(&mended);
    sim_files_free(sim);
}

static void a_file_that_became_shorter_or_is_gone_is_told(void)
{
    struct sim_files *sim = sim_files_make(2);
    const struct files *files = sim_files_port(sim);
    struct stream stream = opened(sim, &plain);
    struct buffer mended;
    struct why why;
    buffer_init(&mended, 4096);
    put(&stream, STR("twelve bytes"));
    const struct stream_file file = as_file(&stream);
    stream_close(&stream);
    sim_files_replace(sim, "logs/out", STR("short"));
    CHECK_OK(stream_cut(&stream, &file, &mended, &why), why);
    CHECK(str_find_str(buffer_str(&mended), STR("has 5 bytes and had 12")) != SIZE_MAX);
    CHECK_TEXT(sim_files_text(sim, "logs/out"), "short");
    CHECK_EQ(files->unlink(files->self, "logs/out"), 0);
    sim_files_replace(sim, "logs/other", STR("somebody else's"));
    CHECK_OK(stream_cut(&stream, &file, &mended, &why), why);
    CHECK(str_find_str(buffer_str(&mended), STR("output file logs/out is gone")) != SIZE_MAX);
    buffer_clear(&mended);
    sim_files_free(sim);
}

static void two_writers_of_one_file_are_refused(void)
{
    struct sim_files *sim = sim_files_make(3);
    struct stream first = opened(sim, &plain), second;
    struct why why = {0};
    stream_init(&second, sim_files_port(sim), STR("second"), &plain);
    CHECK_EQ(stream_open(&second, &why), SYSTEM_FAILED);
    CHECK(str_find_str(str_from(why.text), STR("another process or output writes")) != SIZE_MAX);
    stream_close(&first);
    CHECK_EQ(stream_open(&second, &why), OK);
    stream_close(&second);
    sim_files_free(sim);
}

static void rotated_files_move_one_up_and_the_oldest_goes(void)
{
    struct sim_files *sim = sim_files_make(4);
    const struct byte_stream to = {.path = STR("out"), .rotate_bytes = 4, .rotate_keep = 2};
    struct stream stream = opened(sim, &to);
    static const char *const texts[] = {"111\n", "222\n", "333\n", "444\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct stream next;
        CHECK_EQ(stream_must_rotate(&stream, 4), i > 0);
        if (i > 0) {
            CHECK_EQ(stream_rotate(&stream), 0);
            CHECK_EQ(stream_rotate(&stream), 0); /* a second try finds it done */
            CHECK(!stream_is_at_path(&stream));
            CHECK_EQ(stream_open_next(&stream, &next), 0);
            stream_close(&stream);
            stream = next;
        }
        put(&stream, str_from(texts[i]));
    }
    CHECK_TEXT(sim_files_text(sim, "out"), "444\n");
    CHECK_TEXT(sim_files_text(sim, "out.1"), "333\n");
    CHECK_TEXT(sim_files_text(sim, "out.2"), "222\n");
    CHECK(sim_files_text(sim, "out.3").at == NULL);
    stream_close(&stream);
    sim_files_free(sim);
}

static void standard_output_has_no_length(void)
{
    struct sim_files *sim = sim_files_make(5);
    const struct byte_stream to = {.path = STR("")};
    struct stream stream = opened(sim, &to);
    CHECK(stream.is_pipe && stream_is_at_path(&stream));
    put(&stream, STR("line\n"));
    CHECK_EQ(stream_sync(&stream), 0);
    CHECK_TEXT(sim_files_stdout(sim), "line\n");
    stream_close(&stream);
    sim_files_free(sim);
}

static void what_is_packed_names_the_same_file(void)
{
    struct sim_files *sim = sim_files_make(6);
    struct stream stream = opened(sim, &plain);
    struct buffer bytes;
    buffer_init(&bytes, 4096);
    put(&stream, STR("abc\n"));
    stream_pack(&stream, &bytes);
    struct unpack from = {.rest = buffer_str(&bytes)};
    struct stream_file file;
    CHECK(stream_unpack(&from, &file));
    CHECK(is_same(&stream.facts, &file));
    CHECK_EQ(file.length, 4);
    CHECK_TEXT(file.label, "events");
    CHECK_TEXT(file.path, "logs/out");
    buffer_clear(&bytes);
    stream_close(&stream);
    sim_files_free(sim);
}

CHECK_MAIN(TEST(the_journaled_file_is_cut_back_even_under_another_name),
           TEST(a_file_that_became_shorter_or_is_gone_is_told),
           TEST(two_writers_of_one_file_are_refused),
           TEST(rotated_files_move_one_up_and_the_oldest_goes), TEST(standard_output_has_no_length),
           TEST(what_is_packed_names_the_same_file))
