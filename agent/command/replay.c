/* agent/command/replay.c - agent replay -c FILE --to OUTPUT [FILE ...]: dead letters, or an archive
 * made by output `file`, to an output again. SPDX-License-Identifier: Apache-2.0
 *
 * A small agent of its own: one input that reads those files, the one output of the configuration,
 * and a state directory inside the configured one. So ids and weights are kept, an answer settles
 * exactly what it says, a replay that was cut short goes on with what is left, and a lock keeps two
 * of them apart; the running agent never notices.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/builtin.h"
#include "agent/command/command.h"
#include "agent/command/crew.h"
#include "agent/command/layout.h"
#include "agent/command/replay_input.h"
#include "agent/config/tree.h"
#include "agent/ports/exchange.h"
#include "agent/state/spool.h"

enum { SOURCES_MAX_OF_CONFIG = 64, FILES_MAX = 65536 };

static const int64_t SHOW_EVERY_NS = 200 * 1000000;

struct order { /* what was asked for */
    struct config_source sources[SOURCES_MAX_OF_CONFIG];
    size_t source_count;
    struct str to;
    char **paths;
    size_t path_count;
};

struct progress {
    int64_t shown_ns, moved_ns;
    uint64_t seen;
    bool is_shown; /* on a terminal */
};

static struct waker *woken;
static volatile sig_atomic_t stop_asked;

static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
    if (woken)
        waker_wake(woken);
}

/* --- the command line -------------------------------------------------------------------- */

static int wrong_usage(const char *text)
{
    fprintf(stderr, "agent replay: %s\nusage: agent replay -c FILE --to OUTPUT [FILE ...]\n", text);
    return EXIT_CONFIG;
}

static int read_order(int argc, char **argv, struct order *order)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"to", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    optind = 1;
    while ((letter = getopt_long(argc, argv, "c:", known, NULL)) != -1) {
        if (letter == 't')
            order->to = str_from(optarg);
        else if (letter == 'c' && order->source_count < SOURCES_MAX_OF_CONFIG)
            order->sources[order->source_count++] = (struct config_source){.name = optarg};
        else
            return wrong_usage("what that is to mean was not understood");
    }
    order->paths = argv + optind;
    order->path_count = (size_t)(argc - optind);
    if (order->source_count == 0)
        return wrong_usage("no configuration was given");
    if (order->to.len == 0)
        return wrong_usage("which output? name it with --to");
    return EXIT_DONE;
}

/* --- what there is to send --------------------------------------------------------------- */

struct listing {
    struct replay *replay;
    struct arena *arena;
    struct str directory, begin;
};

static bool add_file(struct listing *listing, const char *path)
{
    struct replay *replay = listing->replay;
    if (replay->count >= FILES_MAX)
        return false;
    if (replay->count % 64 == 0) {
        struct replay_file *grown =
            arena_zeroed(listing->arena, (replay->count + 64) * sizeof *grown);
        if (!grown)
            return false;
        if (replay->count)
            memcpy(grown, replay->files, replay->count * sizeof *grown);
        replay->files = grown;
    }
    replay->files[replay->count++] = (struct replay_file){.path = path, .fd = -1};
    return true;
}

static bool list_one(void *context, const char *name)
{
    struct listing *listing = context;
    char path[2 * SPOOL_PREFIX_BYTES];
    if (!str_starts(str_from(name), listing->begin) || !str_ends(str_from(name), STR(".seg")))
        return true;
    snprintf(path, sizeof path, "%.*s/%s", STR_ARG(listing->directory), name);
    struct str kept = arena_copy(listing->arena, (struct str){path, strlen(path) + 1});
    return kept.at && add_file(listing, kept.at);
}

static int by_path(const void *left, const void *right)
{
    return strcmp(((const struct replay_file *)left)->path,
                  ((const struct replay_file *)right)->path);
}

/* The dead letters of the output: the agent's, and those of earlier replays. */
static void list_letters(struct listing *listing, const struct files *files, struct str label)
{
    struct spool spool;
    struct why why;
    spool_init(&spool, files, NULL, SEGMENT_DEAD, label);
    if (spool_name(&spool, listing->directory, &why) != OK)
        return;
    char directory[SPOOL_PREFIX_BYTES];
    listing->begin = str_cut_last(str_from(spool.prefix), '/').tail;
    str_z(listing->directory, directory, sizeof directory);
    size_t from = listing->replay->count;
    (void)files->list(files->self, directory, list_one, listing);
    if (listing->replay->count > from)
        qsort(listing->replay->files + from, listing->replay->count - from,
              sizeof *listing->replay->files, by_path);
}

/* --- the small agent --------------------------------------------------------------------- */

/* Leaves of the configuration the one output, fed by the replay. */
static bool narrow(struct agent *agent, struct str label, struct replay *replay)
{
    struct config *config = agent->config;
    const struct node *found = node_find(config->nodes, NODE_OUTPUT, label);
    struct node *input = arena_zeroed(&agent->run, sizeof *input);
    struct node *output = arena_zeroed(&agent->run, sizeof *output);
    if (!found || !input || !output)
        return false;
    *output = *found;
    output->when = NULL;
    output->from = (struct list){0};
    output->was = STR("");
    output->next = NULL;
    *input = (struct node){.kind = NODE_INPUT,
                           .input = &replay_input,
                           .name = STR("replay"),
                           .label = STR("replay"),
                           .object = replay,
                           .where = "the command line",
                           .next = output};
    config->nodes = input;
    config->inputs = config->outputs = 1;
    return true;
}

static bool find_files(struct agent *agent, const struct order *order, const struct files *files,
                       struct replay *replay)
{
    char path[SPOOL_PREFIX_BYTES];
    struct str state = layout_state(agent->config, &agent->run);
    snprintf(path, sizeof path, "%.*s/replay-%.*s", STR_ARG(state), STR_ARG(order->to));
    struct str own = arena_copy(&agent->run, str_from(path));
    struct listing listing = {.replay = replay, .arena = &agent->run, .directory = state};
    for (size_t i = 0; i < order->path_count; i++)
        if (!add_file(&listing, order->paths[i]))
            return false;
    if (order->path_count == 0) {
        const struct node *output = node_find(agent->config->nodes, NODE_OUTPUT, order->to);
        list_letters(&listing, files, order->to);
        if (output && output->was.len)
            list_letters(&listing, files, output->was);
        listing.directory = own;
        list_letters(&listing, files, order->to);
    }
    agent->config->agent.state = own;
    return own.at != NULL;
}

/* --- running ----------------------------------------------------------------------------- */

static void show(struct progress *progress, const struct replay *replay,
                 const struct output_totals *totals, int64_t now_ns)
{
    if (!progress->is_shown || now_ns - progress->shown_ns < SHOW_EVERY_NS)
        return;
    progress->shown_ns = now_ns;
    unsigned percent = replay->bytes ? (unsigned)(replay->done_bytes * 100 / replay->bytes) : 100;
    fprintf(stderr, "\rreplay %3u %%  delivered %llu  refused again %llu  in flight %llu   ",
            percent, (unsigned long long)totals->delivered,
            (unsigned long long)totals->dead_lettered, (unsigned long long)totals->in_flight);
}

static void begin_stop(struct lane *lane, int64_t deadline_ns)
{
    lane_stop(lane, false);
    if (lane->delivery)
        delivery_stop(lane->delivery, deadline_ns);
}

/* To the end, to the operator's word, or until nothing moved for give_up. */
static void run(struct crew *crew, const struct replay *replay)
{
    struct lane *lane = &crew->agent->lane;
    const struct clock *clock = lane->pipeline.engine.clock;
    const struct agent_block *settings = &crew->agent->config->agent;
    const struct output_totals *totals = &state_ledger(lane->state)->outputs[0];
    struct progress progress = {.moved_ns = clock->mono_ns(clock->self),
                                .is_shown = isatty(STDERR_FILENO)};
    int64_t deadline_ns = INT64_MAX;
    for (;;) {
        struct lane_wait wait = lane_step(lane);
        int64_t now_ns = clock->mono_ns(clock->self);
        show(&progress, replay, totals, now_ns);
        if (lane_is_done(lane) || now_ns >= deadline_ns)
            break;
        if (lane_progress(lane) != progress.seen)
            progress.moved_ns = now_ns;
        progress.seen = lane_progress(lane);
        bool gives_up = now_ns - progress.moved_ns >= settings->give_up_ns;
        if ((stop_asked || gives_up) && lane->mode != LANE_STOPPING) {
            deadline_ns = now_ns + (gives_up ? SHOW_EVERY_NS : settings->drain_ns);
            begin_stop(lane, deadline_ns);
        }
        if (!wait.again && mailbox_may_sleep(writer_answers(state_writer(lane->state))) &&
            (!lane->delivery || delivery_lane_may_sleep(lane->delivery)))
            waker_wait(&crew->lane, NULL, 0,
                       wait.until_ns - now_ns < SHOW_EVERY_NS ? wait.until_ns - now_ns
                                                              : SHOW_EVERY_NS);
    }
    if (progress.is_shown)
        fprintf(stderr, "\r\033[K");
}

/* Says what became of it. Returns the exit code. */
static int tell(const struct agent *agent, const struct order *order, const struct replay *replay,
                const struct output_totals *before)
{
    const struct output_totals *totals = &state_ledger(agent->lane.state)->outputs[0];
    uint64_t delivered = totals->delivered - before->delivered;
    uint64_t refused = totals->dead_lettered - before->dead_lettered;
    uint64_t left = totals->in_flight + totals->queued + totals->held;
    size_t undone = 0;
    for (size_t i = 0; i < replay->count; i++)
        undone += !replay->files[i].is_done && replay->files[i].source;
    fprintf(stderr, "replayed to %.*s: %llu delivered", STR_ARG(order->to),
            (unsigned long long)delivered);
    if (refused)
        fprintf(stderr, ", %llu refused again (kept in %.*s)", (unsigned long long)refused,
                STR_ARG(agent->state_path));
    if (left || undone)
        fprintf(stderr, ", %llu without an answer and %zu files not done: run it again to go on",
                (unsigned long long)left, undone);
    if (replay->unreadable)
        fprintf(stderr, ", %llu places could not be read", (unsigned long long)replay->unreadable);
    if (replay->busy)
        fprintf(stderr, ", %u files are still being written", replay->busy);
    fprintf(stderr, "\n");
    bool all = !refused && !left && !undone && !replay->unreadable && !replay->busy;
    return all ? EXIT_DONE : EXIT_NO;
}

static int fail_with(const struct why *why)
{
    fprintf(stderr, "agent replay: %s\n", why->text);
    return why->code == BAD_CONFIG ? EXIT_CONFIG : EXIT_OTHER;
}

static int run_replay(struct agent *agent, const struct order *order, const struct files *files,
                      struct replay *replay)
{
    static struct crew crew;
    struct why why = {0};
    const struct clock *clock = clock_posix();
    const struct agent_ports ports = {
        .clock = clock, .files = files, .exchanges = exchanges_curl, .brokers = brokers_real()};
    if (agent_open(agent, &ports, &why) != OK || crew_start(&crew, agent, &why) != OK)
        return fail_with(&why);
    const struct output_totals before = state_ledger(agent->lane.state)->outputs[0];
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
    woken = &crew.lane;
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    agent->lane.mode = LANE_ONCE;
    run(&crew, replay);
    int code = tell(agent, order, replay, &before);
    woken = NULL;
    if (!crew_stop(&crew, clock->mono_ns(clock->self) + agent->config->agent.drain_ns))
        _exit(EXIT_NO);
    return code;
}

static int replay_with(struct agent *agent, const struct order *order, const struct files *files)
{
    static struct replay replay;
    if (layout_state(agent->config, &agent->run).len == 0) {
        fprintf(stderr,
                "agent replay: this configuration keeps no state, so no dead letters; give it "
                "agent { state = ... }\n");
        return EXIT_CONFIG;
    }
    if (!find_files(agent, order, files, &replay) || !narrow(agent, order->to, &replay)) {
        struct str near = node_near(agent->config->nodes, NODE_OUTPUT, order->to);
        fprintf(stderr, "agent replay: there is no output \"%.*s\"%s%.*s%s\n", STR_ARG(order->to),
                near.len ? "; did you mean \"" : "", STR_ARG(near), near.len ? "\"?" : "");
        return EXIT_CONFIG;
    }
    if (replay.count == 0) {
        fprintf(stderr, "agent replay: %.*s has no dead letters\n", STR_ARG(order->to));
        return EXIT_DONE;
    }
    return run_replay(agent, order, files, &replay);
}

int command_replay(int argc, char **argv)
{
    static struct order order;
    static struct agent agent;
    int code = read_order(argc, argv, &order);
    const struct files *files = code == EXIT_DONE ? files_posix(0) : NULL;
    if (!files)
        return code == EXIT_DONE ? EXIT_OTHER : code;
    struct diagnostics diagnostics;
    const struct config_options config = {
        .sources = order.sources,
        .source_count = order.source_count,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    bool configured = agent_configure(&agent, &config, &diagnostics);
    command_diagnose(&diagnostics);
    code = configured ? replay_with(&agent, &order, files) : EXIT_CONFIG;
    agent_close(&agent);
    files_posix_close(files);
    return code;
}
