/* outputs/file.c - JSON lines in a file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each line carries the event's id, weight and reason, so that it can be replayed. Appending,
 * syncing and rotating is the disk writer's: length and marks are journaled in one record, and a
 * restart cuts the file back to it, so each event stands in here once.
 */
#include "agent/weir.h"

struct file {
    struct str path;
    int64_t rotate_bytes, keep;
    int mode, names;
    struct encoding encoding;
    struct byte_stream stream;
};

static const struct choice names_words[] = {
    {"otel", NAMES_OTEL}, {"ecs", NAMES_ECS}, {"as_is", NAMES_AS_IS}, {0}};

static const struct choice mode_words[] = {
    {"private", 0600}, {"group", 0640}, {"everyone", 0644}, {0}};

static const struct setting settings[] = {
    TEXT_SETTING(struct file, path, .required = true,
                 .help = "The file; its directory must be there.",
                 .example = "\"/var/log/weir/events.ndjson\""),
    SIZE_SETTING(struct file, rotate, .def = "0B",
                 .help = "Size at which a new file is begun; 0B: never."),
    NUMBER_SETTING(struct file, keep, .def = "10", .min = "0", .max = "10000",
                   .help = "How many rotated files stay; 0: all."),
    CHOICE_SETTING(struct file, mode, mode_words, .def = "group",
                   .help = "Who may read a new file."),
    CHOICE_SETTING(
        struct file, names, names_words, .def = "otel",
        .help = "What fields are called: OpenTelemetry, Elastic Common Schema, or as they came."),
    {0},
};

static enum code file_open(void *self, struct host *host, struct why *why)
{
    struct file *file = self;
    if (str_ends(file->path, STR("/")))
        return fail(why, BAD_CONFIG, "%s: `path` \"%.*s\" is a directory: give the file a name",
                    host_where(host), STR_ARG(str_slice(file->path, 0, 120)));
    if (str_find(file->path, '\0') != SIZE_MAX)
        return fail(why, BAD_CONFIG, "%s: `path` holds a NUL byte", host_where(host));
    file->encoding =
        (struct encoding){.names = (enum naming)file->names, .event_id = true, .sampling = true};
    file->stream = (struct byte_stream){.path = file->path,
                                        .rotate_bytes = file->rotate_bytes,
                                        .rotate_keep = file->keep,
                                        .mode = file->mode};
    return OK;
}

static struct encoding file_encoding(const void *self)
{
    return ((const struct file *)self)->encoding;
}

static void file_encode(const void *self, const struct event *event, struct str target,
                        struct buffer *body, struct arena *scratch)
{
    (void)target;
    encode_event(body, event, &((const struct file *)self)->encoding, scratch);
    buffer_byte(body, '\n');
}

static const struct byte_stream *file_stream(const void *self)
{
    return &((const struct file *)self)->stream;
}

const struct output output_file = {
    .name = "file",
    .summary = "Append events to a file as JSON lines, each once.",
    .settings = settings,
    .size = sizeof(struct file),
    .open = file_open,
    .encoding = file_encoding,
    .encode = file_encode,
    .stream = file_stream,
};
