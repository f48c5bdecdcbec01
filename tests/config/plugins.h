/* tests/config/plugins.h - plugins that only have settings: the tests of the configuration stand on
 * their own. SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEST_PLUGINS_H
#define WEIR_TEST_PLUGINS_H

#include "agent/config/config.h"
#include "agent/weir.h"

struct fake_tail {
    struct list path;
    int read_from;
    int64_t line_max_bytes;
};
static const struct choice fake_places[] = {{"beginning", 1}, {"end", 2}, {0}};
static const struct setting fake_tail_settings[] = {
    LIST_SETTING(struct fake_tail, path, SETTING_TEXT, .required = true,
                 .example = "\"/var/log/*.log\"", .help = "Files to read, with wildcards."),
    CHOICE_SETTING(struct fake_tail, read_from, fake_places, .def = "beginning",
                   .help = "Where to start in files never seen before."),
    SIZE_SETTING(struct fake_tail, line_max, .def = "1MiB", .min = "1KiB", .max = "64MiB",
                 .help = "Longest line; the rest is cut and counted."),
    {0},
};
static const struct input fake_tail = {.name = "tail",
                                       .summary = "Follows files.",
                                       .settings = fake_tail_settings,
                                       .size = sizeof(struct fake_tail)};

static const struct setting no_settings[] = {{0}};
static const struct input fake_stdin = {
    .name = "stdin", .summary = "Reads standard input.", .settings = no_settings, .size = 1};

struct fake_parse {
    int format;
};
static const struct choice fake_formats[] = {
    {"auto", 0}, {"json", 1}, {"logfmt", 2}, {"nginx", 3}, {0}};
static const struct setting fake_parse_settings[] = {
    CHOICE_SETTING(struct fake_parse, format, fake_formats, .def = "auto",
                   .help = "How lines are written."),
    {0},
};
static const struct filter fake_parse = {.name = "parse",
                                         .summary = "Gives lines structure.",
                                         .settings = fake_parse_settings,
                                         .size = sizeof(struct fake_parse)};

static const struct filter fake_drop = {
    .name = "drop", .summary = "Drops events.", .settings = no_settings, .size = 1, .when_required = true};

struct fake_set {
    struct map fields;
};
static const struct setting fake_set_settings[] = {
    MAP_SETTING(struct fake_set, fields, SETTING_EXPR, .key_is_field = true, .required = true,
                .example = "{ env = \"prod\" }", .help = "Fields and what they become."),
    {0},
};
static const struct filter fake_set = {.name = "set",
                                       .summary = "Sets fields.",
                                       .settings = fake_set_settings,
                                       .size = sizeof(struct fake_set)};

struct fake_rename {
    struct map fields;
};
static const struct setting fake_rename_settings[] = {
    MAP_SETTING(struct fake_rename, fields, SETTING_FIELD, .key_is_field = true, .required = true,
                .help = "Old names and new ones."),
    {0},
};
static const struct filter fake_rename = {.name = "rename",
                                          .summary = "Renames fields.",
                                          .settings = fake_rename_settings,
                                          .size = sizeof(struct fake_rename)};

struct fake_rule {
    struct expr *when, *rate;
};
struct fake_sample {
    struct expr *rate;
    struct blocks rule;
    int64_t wait_ns;
};
static const struct setting fake_rule_settings[] = {
    EXPR_SETTING(struct fake_rule, when, .any_allowed = true, .help = "Which events it is for."),
    EXPR_SETTING(struct fake_rule, rate, .min = "1", .required = true,
                 .help = "Keeps 1 in so many."),
    {0},
};
static const struct setting fake_sample_settings[] = {
    EXPR_SETTING(struct fake_sample, rate, .min = "1", .help = "Keeps 1 in so many."),
    BLOCKS_SETTING(struct fake_sample, rule, fake_rule_settings, struct fake_rule,
                   .label_required = true, .help = "The first rule that matches decides."),
    DURATION_SETTING(struct fake_sample, wait, .def = "60s", .min = "1s", .max = "1h",
                     .renamed_from = "timeout", .help = "Longest wait for a trace."),
    {0},
};
static inline bool fake_release(void *self, int64_t stream_ns, struct view *out, uint32_t room)
{
    (void)self, (void)stream_ns, (void)out, (void)room;
    return false;
}
static const struct filter fake_sample = {.name = "sample",
                                          .summary = "Keeps 1 in N.",
                                          .settings = fake_sample_settings,
                                          .size = sizeof(struct fake_sample),
                                          .label_wanted = true,
                                          .release = fake_release};

struct fake_http {
    struct list url;
    struct str api_key, missing;
    struct template *index;
    int compress;
    bool verify;
    int64_t timeout_ns, batch_bytes, retries;
    struct path *key;
    struct map headers;
    double ratio;
};
static const struct choice fake_compressions[] = {{"auto", 0}, {"none", 1}, {"gzip", 2}, {0}};
static const struct setting fake_http_settings[] = {
    LIST_SETTING(struct fake_http, url, SETTING_TEXT, .required = true,
                 .example = "[\"https://es-1:9200\"]", .help = "Where it is."),
    SECRET_SETTING(struct fake_http, api_key, .example = "env(\"API_KEY\")",
                   .help = "Key that lets us in."),
    TEXT_SETTING(struct fake_http, missing, .def = "none",
                 .help = "What templates write for a missing field."),
    TEMPLATE_SETTING(struct fake_http, index, .def = "logs-{service.name}",
                     .help = "Index to write to."),
    CHOICE_SETTING(struct fake_http, compress, fake_compressions, .def = "auto",
                   .help = "How bodies are packed."),
    BOOL_SETTING(struct fake_http, verify, .def = "true",
                 .help = "Whether certificates are checked."),
    DURATION_SETTING(struct fake_http, timeout, .def = "30s", .min = "1ms", .max = "1h",
                     .help = "Longest wait."),
    SIZE_SETTING(struct fake_http, batch, .def = "5MB", .min = "1KB", .max = "100MB",
                 .help = "Largest body."),
    NUMBER_SETTING(struct fake_http, retries, .def = "3", .min = "0", .max = "10",
                   .help = "Attempts."),
    FIELD_SETTING(struct fake_http, key, .example = "trace.id", .help = "Field that is the key."),
    MAP_SETTING(struct fake_http, headers, SETTING_TEXT, .help = "Headers to send along."),
    FLOAT_SETTING(struct fake_http, ratio, .def = "0.5", .min = "0", .max = "1",
                  .help = "A share."),
    {0},
};
static const struct output fake_http = {.name = "elasticsearch",
                                        .summary = "Sends to Elasticsearch.",
                                        .settings = fake_http_settings,
                                        .size = sizeof(struct fake_http)};
struct fake_keyed {
    struct expr *key;
};
static const struct setting fake_keyed_settings[] = {
    EXPR_SETTING(struct fake_keyed, key, .help = "What decides the partition."), {0}};
static const struct output fake_keyed = {.name = "keyed",
                                         .summary = "Sends to partitions.",
                                         .settings = fake_keyed_settings,
                                         .size = sizeof(struct fake_keyed),
                                         .keyed_by_trace = true};
static const struct output fake_stdout = {
    .name = "stdout", .summary = "Writes to standard output.", .settings = no_settings, .size = 1};

static const struct input *const fake_inputs[] = {&fake_stdin, &fake_tail, NULL};
static const struct filter *const fake_filters[] = {&fake_drop,   &fake_parse, &fake_rename,
                                                    &fake_sample, &fake_set,   NULL};
static const struct output *const fake_outputs[] = {&fake_http, &fake_stdout, &fake_keyed, NULL};
static const struct plugin_lists fake_plugins = {fake_inputs, fake_filters, fake_outputs};

#endif
