/* tests/command/test_crew.c - mirrors agent/command/crew.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/crew.c"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/builtin.h"
#include "agent/ports/exchange.h"
#include "tests/check.h"

enum { LINES = 1000 };
static const int64_t SECOND_NS = 1000000000;

struct place { /* a directory of our own, and an agent in it */
    char directory[64], config[512];
    struct agent agent;
    struct crew crew;
};

static void place_file(const struct place *place, const char *name, char *to, size_t room)
{
    snprintf(to, room, "%s/%s", place->directory, name);
}

/* `more` is behind the file output. */
static void place_open(struct place *place, const char *more)
{
    char path[128];
    struct diagnostics diagnostics;
    struct why why = {0};
    *place = (struct place){.directory = "/tmp/weir-crew-XXXXXX"};
    CHECK(mkdtemp(place->directory));
    place_file(place, "in.log", path, sizeof path);
    FILE *file = fopen(path, "w");
    CHECK(file);
    for (int i = 0; i < LINES; i++)
        fprintf(file, "line %d\n", i);
    CHECK_EQ(fclose(file), 0);
    snprintf(place->config, sizeof place->config,
             "agent { state = \"%s/state\" admin = off }\n"
             "input tail { path = \"%s/in.log\" read_from = beginning }\n"
             "output file { path = \"%s/out\" }\n%s",
             place->directory, place->directory, place->directory, more);
    const struct config_source source = {.name = "-e", .text = str_from(place->config)};
    const struct agent_ports ports = {
        .clock = clock_posix(), .files = files_posix(0), .exchanges = exchanges_curl};
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = ports.files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    CHECK(agent_configure(&place->agent, &options, &diagnostics));
    CHECK_OK(agent_open(&place->agent, &ports, &why), why);
    CHECK_OK(crew_start(&place->crew, &place->agent, &why), why);
}

static int64_t now_ns(void)
{
    const struct clock *clock = clock_posix();
    return clock->mono_ns(clock->self);
}

static void place_clear(struct place *place)
{
    char command[128];
    agent_close(&place->agent);
    snprintf(command, sizeof command, "rm -r '%s'", place->directory);
    CHECK_EQ(system(command), 0);
}

static size_t count_lines(const struct place *place, const char *name)
{
    char path[128];
    size_t count = 0;
    place_file(place, name, path, sizeof path);
    FILE *file = fopen(path, "r");
    CHECK(file);
    for (int c; (c = fgetc(file)) != EOF;)
        count += c == '\n';
    fclose(file);
    return count;
}

static void the_writers_thread_starts_and_stops_with_nothing_to_do(void)
{
    static struct place place;
    place_open(&place, "");
    CHECK(place.crew.has_writer);
    CHECK(!place.crew.has_delivery);
    CHECK(crew_stop(&place.crew, now_ns() + 20 * SECOND_NS));
    CHECK(!place.crew.has_writer);
    CHECK_EQ(place.crew.lane.fd, -1);
    place_clear(&place);
}

static void an_output_that_needs_http_has_a_thread_for_it_which_stops_too(void)
{
    static struct place place;
    place_open(&place, "output elasticsearch { url = \"http://127.0.0.1:9\" }\n");
    CHECK(place.crew.has_writer && place.crew.has_delivery);
    CHECK(crew_stop(&place.crew, now_ns() + 20 * SECOND_NS));
    CHECK(!place.crew.has_writer && !place.crew.has_delivery);
    place_clear(&place);
}

static void the_writer_finishes_what_it_was_given_before_it_stops(void)
{
    static struct place place;
    place_open(&place, "");
    struct lane *lane = &place.agent.lane;
    int64_t deadline_ns = now_ns() + 20 * SECOND_NS;
    lane->mode = LANE_ONCE;
    while (!lane_is_done(lane) && now_ns() < deadline_ns) {
        struct lane_wait wait = lane_step(lane);
        if (!wait.again && !lane_is_done(lane) &&
            mailbox_may_sleep(writer_answers(state_writer(lane->state))))
            waker_wait(&place.crew.lane, NULL, 0, wait.until_ns - now_ns());
    }
    CHECK(lane_is_done(lane)); /* woken by the writer's answers */
    CHECK(crew_stop(&place.crew, now_ns() + 20 * SECOND_NS));
    CHECK_EQ(count_lines(&place, "out"), LINES);
    place_clear(&place);
}

CHECK_MAIN(TEST(the_writers_thread_starts_and_stops_with_nothing_to_do),
           TEST(an_output_that_needs_http_has_a_thread_for_it_which_stops_too),
           TEST(the_writer_finishes_what_it_was_given_before_it_stops))
