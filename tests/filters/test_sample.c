/* tests/filters/test_sample.c - mirrors filters/sample.c: settings and callbacks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/sample.c"

#include "agent/config/config.h"
#include "agent/memory.h"
#include "tests/check.h"

/* --- an engine of a few functions --------------------------------------------------------- */

struct host {
    uint64_t counters[16];
    const char *counter_names[16];
    size_t counter_count;
    char blobs[64][VERDICT_BLOB_BYTES_MAX];
    size_t blob_sizes[64];
    uint64_t blob_count;
    unsigned alarms, recoveries;
};

struct source {
    uint32_t id;
};

uint64_t *host_counter(struct host *host, const char *name, const char *help)
{
    CHECK(help[strlen(help) - 1] == '.' && host->counter_count < COUNT(host->counters));
    host->counter_names[host->counter_count] = name;
    return &host->counters[host->counter_count++];
}

uint64_t host_remember(struct host *host, struct str blob)
{
    CHECK(host->blob_count < COUNT(host->blobs));
    memcpy(host->blobs[host->blob_count], blob.at, blob.len);
    host->blob_sizes[host->blob_count++] = blob.len;
    return host->blob_count;
}

bool host_is_synced(struct host *host, uint64_t ticket)
{
    return ticket <= host->blob_count;
}

int64_t host_now(struct host *host)
{
    (void)host;
    return INT64_MAX; /* no event is from the future */
}

uint64_t host_held_budget(struct host *host)
{
    (void)host;
    return 32 << 20;
}

void host_alarm(struct host *host, const char *key, const char *format, ...)
{
    CHECK(key[0] && format[0]);
    host->alarms++;
}

void host_recovered(struct host *host, const char *key, const char *format, ...)
{
    CHECK(key[0] && format[0]);
    host->recoveries++;
}

enum parked host_park(struct host *host, struct str bytes, uint64_t *ret_place)
{
    (void)host, (void)bytes, (void)ret_place;
    return PARKED_LOST;
}

enum parked host_unpark(struct host *host, uint64_t place, struct arena *arena, struct str *ret)
{
    (void)host, (void)place, (void)arena, (void)ret;
    return PARKED_LOST;
}

void host_forget_parked(struct host *host, uint64_t place)
{
    (void)host, (void)place;
}

uint32_t source_id(const struct source *source)
{
    return source->id;
}

/* --- a sampler from its configuration ---------------------------------------------------- */

static const struct setting none[] = {{0}};
static const struct input fake_in = {
    .name = "stdin", .summary = "In.", .settings = none, .size = 1};
static const struct output fake_out = {
    .name = "discard", .summary = "Out.", .settings = none, .size = 1};

static struct {
    struct host host;
    struct arena arena, batch;
    struct names *names;
    struct config *config;
    struct sample *sample;
    struct scanner *scanner;
    struct buffer mistakes;
    struct why why;
    struct came {
        char text[200];
        char reason[32];
        uint32_t weight;
        int fate;
    } came[100];
    size_t came_count;
} it;

static enum code load(const char *block)
{
    static const struct input *const inputs[] = {&fake_in, NULL};
    static const struct filter *const filters[] = {&filter_sample, NULL};
    static const struct output *const outputs[] = {&fake_out, NULL};
    struct diagnostics diagnostics;
    static char text[2000]; /* the configuration borrows it */
    (void)snprintf(text, sizeof text,
                   "input stdin {}\nfilter sample \"s\" {\n%s\n}\noutput discard {}", block);
    struct config_source source = {"-e", str_from(text)};
    memset(&it, 0, sizeof it);
    arena_init(&it.arena, 1 << 16, 64 << 20);
    arena_init(&it.batch, 1 << 16, 64 << 20);
    buffer_init(&it.mistakes, 1 << 16);
    it.names = names_make(&it.arena);
    it.scanner = scanner_make(&it.arena, it.names);
    diagnostics_init(&diagnostics, &it.arena);
    struct config_options options = {.sources = &source,
                                     .source_count = 1,
                                     .plugins = {inputs, filters, outputs},
                                     .names = it.names};
    enum code code = config_load(&options, &it.arena, &diagnostics, &it.config, &it.why);
    diagnostics_print(&diagnostics, &it.mistakes, 0);
    for (struct node *node = code == OK ? it.config->nodes : NULL; node; node = node->next)
        if (node->kind == NODE_FILTER)
            it.sample = node->object;
    return code == OK ? sample_open(it.sample, &it.host, &it.why) : code;
}

static void open_sample(const char *block)
{
    enum code code = load(block);
    if (code != OK)
        print_error("%.*s%s\n", STR_ARG(buffer_str(&it.mistakes)), it.why.text);
    CHECK_EQ(code, OK);
}

static void finish(void)
{
    if (it.sample)
        sample_close(it.sample);
    if (it.config)
        config_close(it.config);
    buffer_clear(&it.mistakes);
    arena_clear(&it.batch);
    arena_clear(&it.arena);
    CHECK_EQ(memory_in_use(), 0);
}

static void note(const struct event *event)
{
    CHECK(it.came_count < COUNT(it.came));
    struct came *came = &it.came[it.came_count++];
    str_z(event->bytes, came->text, sizeof came->text);
    str_z(event->reason, came->reason, sizeof came->reason);
    came->weight = event->weight;
    came->fate = event->fate;
}

static void line(const char *json)
{
    struct event *event = arena_zeroed(&it.batch, sizeof *event);
    size_t wrong;
    event->bytes = str_from(json);
    event->origin = arena_zeroed(&it.batch, sizeof *event->origin);
    event->origin->source_id = 5;
    event->origin->offset = 1000 + it.came_count;
    CHECK_EQ(scan_object(it.scanner, event, &it.batch, &wrong), SCAN_OK);
    struct view view = {.at = &event, .count = 1, .arena = &it.batch};
    sample_apply(it.sample, &view);
    if (event->fate != FATE_HELD)
        note(event);
}

static void release(int64_t stream_ns)
{
    struct event *at[100];
    struct view view = {.at = at, .arena = &it.batch, .asks_ghosts = true};
    CHECK(!sample_release(it.sample, stream_ns, &view, COUNT(at)));
    for (uint32_t i = 0; i < view.count; i++)
        note(at[i]);
}

static const struct came *got(const char *part)
{
    static const struct came nothing = {.fate = -1};
    for (size_t i = 0; i < it.came_count; i++)
        if (strstr(it.came[i].text, part))
            return &it.came[i];
    return &nothing;
}

static void rules_of_the_story_keep_errors_and_sample_the_rest(void)
{
    open_sample("rule \"errors\" { when = error or http.response.status_code >= 400  rate = 1 }\n"
                "rule \"health\" { when = url.path == \"/health\" rate = 1000000 }\n"
                "rule \"rest\" { rate = 1000000 }");
    line("{\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"status\":404,\"message\":\"a\"}");
    line("{\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\",\"message\":\"b\"}");
    line("{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":\"c\"}");
    CHECK_EQ(sample_held(it.sample), 3);
    CHECK(sample_held_bytes(it.sample) > 0);
    struct source source = {5}, other = {6};
    CHECK_EQ(sample_oldest(it.sample, &source), 1000);
    CHECK_EQ(sample_oldest(it.sample, &other), UINT64_MAX);
    CHECK_EQ(sample_due(it.sample), INT64_C(60000000000) - 1);
    release(INT64_C(60000000000));
    assert_string_equal(got("\"a\"")->reason, "errors");
    assert_string_equal(got("\"b\"")->reason, "errors");
    CHECK_EQ(got("\"b\"")->weight, 1);
    CHECK_EQ(got("\"c\"")->fate, FATE_SAMPLED_OUT);
    CHECK_EQ(sample_held(it.sample), 0);
    CHECK_EQ(sample_oldest(it.sample, &source), UINT64_MAX);
    CHECK_EQ(it.host.counters[0], 1);
    CHECK_EQ(it.host.counters[1], 1);
    finish();
}

static void keep_is_the_short_form_of_a_first_rule(void)
{
    open_sample("rate = 1000000  keep = any(retry exists) and message =~ \"timeout\"");
    line("{\"trace_id\":\"t1\",\"message\":\"timeout\"}");
    line("{\"trace_id\":\"t1\",\"retry\":1}");
    line("{\"trace_id\":\"t2\",\"message\":\"timeout alone\"}");
    release(INT64_MAX);
    assert_string_equal(got("timeout\"")->reason, "keep");
    assert_string_equal(got("retry")->reason, "keep");
    CHECK_EQ(got("alone")->fate, FATE_SAMPLED_OUT);
    finish();
}

static void a_rate_may_be_an_expression(void)
{
    open_sample("rate = if(tenant == \"big\", 1000000, 1)");
    line("{\"trace_id\":\"t1\",\"tenant\":\"big\"}");
    line("{\"trace_id\":\"t2\",\"tenant\":\"small\"}");
    release(INT64_MAX);
    CHECK_EQ(got("big")->fate, FATE_SAMPLED_OUT);
    CHECK_EQ(got("small")->fate, FATE_LIVE);
    finish();
}

static void remembered_verdicts_are_loaded_and_saved(void)
{
    open_sample("rate = 1  rule \"none\" { when = nobody exists rate = 1000000 }");
    line("{\"trace_id\":\"t1\",\"nobody\":1}");
    line("{\"trace_id\":\"t2\"}");
    release(INT64_MAX);
    static struct host before;
    sample_save(it.sample, &it.host);
    before = it.host;
    CHECK(before.blob_count >= 2);
    finish();
    open_sample("rate = 1");
    sample_load(it.sample, (struct str){before.blobs[before.blob_count - 1],
                                        before.blob_sizes[before.blob_count - 1]});
    line("{\"trace_id\":\"t1\"}");
    line("{\"trace_id\":\"t2\",\"late\":1}");
    line("{\"trace_id\":\"t3\"}");
    CHECK_EQ(it.came[0].fate, FATE_SAMPLED_OUT);
    CHECK_EQ(got("late")->fate, FATE_LIVE);
    CHECK_EQ(sample_held(it.sample), 1);
    finish();
}

static void traces_cut_short_are_told_until_there_were_none_for_a_while(void)
{
    open_sample("rate = 1  traces_max = 2");
    line("{\"trace_id\":\"t1\"}");
    line("{\"trace_id\":\"t2\"}");
    release(0);
    CHECK_EQ(it.host.alarms, 0);
    line("{\"trace_id\":\"t3\"}");
    release(0);
    CHECK_EQ(it.host.alarms, 1);
    CHECK_EQ(*it.sample->sampler.counts.early, 1);
    release(0);
    CHECK_EQ(it.host.alarms, 1);
    CHECK_EQ(it.host.recoveries, 0);
    it.sample->early_told_ns -= EARLY_OVER_NS + 1;
    release(0);
    release(0);
    CHECK_EQ(it.host.recoveries, 1);
    finish();
}

static void mistakes_stop_the_start_with_a_hint(void)
{
    static const struct {
        const char *block, *hint;
    } cases[] = {
        {"rate = 0", "1"},
        {"rate = 2.5", "whole number"},
        {"rule \"r\" { rate = 0 }", "1"},
        {"hash = otel salt = \"x\"", "salt"},
        {"hash = md5", "xxh64"},
        {"rule { when = error }", "rule"},
        {"copy { when = error }", "field"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum code code = load(cases[i].block);
        buffer_add(&it.mistakes, str_from(it.why.text));
        if (code != BAD_CONFIG ||
            str_find_str(buffer_str(&it.mistakes), str_from(cases[i].hint)) == SIZE_MAX)
            print_error("%s: %.*s\n", cases[i].block, STR_ARG(buffer_str(&it.mistakes)));
        CHECK_EQ(code, BAD_CONFIG);
        CHECK(str_find_str(buffer_str(&it.mistakes), str_from(cases[i].hint)) != SIZE_MAX);
        finish();
    }
}

CHECK_MAIN(TEST(rules_of_the_story_keep_errors_and_sample_the_rest),
           TEST(keep_is_the_short_form_of_a_first_rule), TEST(a_rate_may_be_an_expression),
           TEST(remembered_verdicts_are_loaded_and_saved),
           TEST(traces_cut_short_are_told_until_there_were_none_for_a_while),
           TEST(mistakes_stop_the_start_with_a_hint))
