/* agent/command/run.c - agent -c FILE: run a pipeline until it is told to stop, or (--once) until
 * it is done. SPDX-License-Identifier: Apache-2.0
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/builtin.h"
#include "agent/command/command.h"
#include "agent/command/crew.h"
#include "agent/command/foresight.h"
#include "agent/command/strays.h"
#include "agent/ports/broker.h"
#include "agent/ports/exchange.h"
#include "agent/sight/admin.h"

enum { SOURCES_OF_CONFIG_MAX = 64 };

static const int64_t LAST_COMMIT_NS = INT64_C(1000000000); /* longest wait for the last commit */
static const int64_t POLL_END_NS =
    20 * 1000000; /* how often to ask whether the delivery has ended */

struct options {
    struct config_source sources[SOURCES_OF_CONFIG_MAX];
    size_t source_count;
    const char *ledger;
    bool once;
};

static struct waker *woken_by_signal; /* the lane's, while it runs */
static volatile sig_atomic_t stop_asked, reopen_asked;

static void on_stop(int number)
{
    (void)number;
    stop_asked = stop_asked ? 2 : 1; /* the second one means at once */
    if (woken_by_signal)
        waker_wake(woken_by_signal);
}

static void on_reopen(int number)
{
    (void)number;
    reopen_asked = 1;
    if (woken_by_signal)
        waker_wake(woken_by_signal);
}

static void catch_signals(struct waker *waker)
{
    struct sigaction stop = {.sa_handler = on_stop}, ignore = {.sa_handler = SIG_IGN};
    struct sigaction reopen = {.sa_handler = on_reopen};
    woken_by_signal = waker;
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGUSR1, &reopen, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

/* --- the command line
 * ---------------------------------------------------------------------------------- */

static int wrong_usage(const char *text)
{
    fprintf(stderr,
            "agent: %s\nusage: agent -c FILE [-c FILE ...] [-e TEXT] [--once] [--ledger FILE]\n",
            text);
    return EXIT_CONFIG;
}

static bool add_source(struct options *options, const char *name, struct str text)
{
    if (options->source_count == SOURCES_OF_CONFIG_MAX)
        return false;
    options->sources[options->source_count++] = (struct config_source){.name = name, .text = text};
    return true;
}

static int read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"config", required_argument, NULL, 'c'},
                                          {"once", no_argument, NULL, 'o'},
                                          {"ledger", required_argument, NULL, 'l'},
                                          {NULL, 0, NULL, 0}};
    int letter;
    while ((letter = getopt_long(argc, argv, "c:e:", known, NULL)) != -1) {
        bool fits = true;
        if (letter == 'c')
            fits = add_source(options, optarg, (struct str){NULL, 0});
        else if (letter == 'e')
            fits = add_source(options, "-e", str_from(optarg));
        else if (letter == 'o')
            options->once = true;
        else if (letter == 'l')
            options->ledger = optarg;
        else
            return wrong_usage("what that is to mean was not understood");
        if (!fits)
            return wrong_usage("that is more -c and -e than anybody needs");
    }
    if (optind < argc)
        return wrong_usage("a configuration is given with -c FILE or -e TEXT");
    if (options->source_count == 0)
        return wrong_usage("no configuration was given");
    return EXIT_DONE;
}

/* --- running
 * --------------------------------------------------------------------------------------------- */

static bool ends_by_itself(const struct agent *agent)
{
    for (const struct node *node = agent->config->nodes; node; node = node->next)
        if (node->kind == NODE_INPUT && !node->input->ends)
            return false;
    return true;
}

/* Everything that was read can be read again by the next start. */
static bool keeps_everything(const struct agent *agent)
{
    for (const struct node *node = agent->config->nodes; node; node = node->next)
        if (node->kind == NODE_INPUT && node->input->not_kept)
            return false;
    return agent->is_kept;
}

static bool decides_at_stop(const struct agent *agent)
{
    int at_stop = agent->config->agent.at_stop;
    return at_stop == AT_STOP_DECIDE || (at_stop == AT_STOP_AUTO && !keeps_everything(agent));
}

static void wait_for_work(struct crew *crew, struct lane_wait wait, int64_t mono_ns)
{
    struct agent *agent = crew->agent;
    int fds[WAKER_FDS_MAX];
    unsigned count = 0;
    for (uint16_t i = 0; i < agent->lane.pipeline.entry_count && count < WAKER_FDS_MAX; i++) {
        struct entry *entry = &agent->lane.pipeline.entries[i];
        if (entry->plugin->wakeup && agent->lane.mode != LANE_STOPPING && !agent->lane.is_full)
            fds[count++] = entry->plugin->wakeup(entry->self);
    }
    struct lane *lane = &agent->lane;
    bool may_sleep = mailbox_may_sleep(writer_answers(state_writer(lane->state)));
    if (lane->delivery)
        may_sleep &= delivery_lane_may_sleep(lane->delivery);
    if (may_sleep)
        waker_wait(&crew->lane, fds, count, wait.until_ns - mono_ns);
}

struct run { /* what one run is made of */
    struct crew crew;
    struct admin admin;
    const struct options *options;
    uint64_t failed_before; /* events that earlier runs could not deliver */
    const struct files
        *input_files[INPUTS_MAX]; /* a notice is told once, so each input has its own port */
};

/* Steps the lane to its end. Returns false when it gave up waiting for progress, the deadline came,
 * or somebody is in a hurry. */
static bool run_lane(struct run *run, int64_t deadline_ns, int64_t give_up_ns)
{
    struct lane *lane = &run->crew.agent->lane;
    const struct clock *clock = lane->pipeline.engine.clock;
    uint64_t progress = 0;
    int64_t moved_ns = clock->mono_ns(clock->self);
    for (;;) {
        if (reopen_asked) {
            reopen_asked = 0;
            lane_reopen(lane);
        }
        struct lane_wait wait = lane_step(lane);
        admin_step(&run->admin, lane);
        if (lane_is_done(lane))
            return true;
        int64_t now_ns = clock->mono_ns(clock->self);
        if (stop_asked > (lane->mode == LANE_STOPPING))
            return false;
        if (lane_progress(lane) != progress) {
            progress = lane_progress(lane);
            moved_ns = now_ns;
        }
        if (lane->is_cut_off || now_ns >= deadline_ns || now_ns - moved_ns >= give_up_ns)
            return false;
        if (wait.until_ns > deadline_ns)
            wait.until_ns = deadline_ns;
        if (!wait.again)
            wait_for_work(&run->crew, wait, now_ns);
    }
}

/* The delivery ends: what it had settled by then gets into the journal, so that the next start
 * sends none of it again, and what it gives back into the queues. A disk that hangs is not waited
 * for. */
static void take_last_answers(struct run *run)
{
    struct crew *crew = &run->crew;
    struct lane *lane = &crew->agent->lane;
    const struct clock *clock = lane->pipeline.engine.clock;
    int64_t now_ns = clock->mono_ns(clock->self), until_ns = now_ns + LAST_COMMIT_NS;
    bool has_ended, is_over;
    lane_stop(lane, lane->decides);
    crew_ask_delivery_to_end(crew);
    do {
        has_ended = crew_delivery_has_ended(crew);
        struct lane_wait wait = lane_step(lane);
        now_ns = clock->mono_ns(clock->self);
        is_over = lane_is_safe(lane) || lane->is_cut_off || now_ns >= until_ns;
        if (wait.until_ns > now_ns + POLL_END_NS)
            wait.until_ns = now_ns + POLL_END_NS;
        if (!(has_ended && is_over) && !wait.again)
            wait_for_work(crew, wait, now_ns);
    } while (!has_ended || !is_over);
    crew_end_delivery(crew);
}

static bool run_to_end(struct run *run, bool once)
{
    struct agent *agent = run->crew.agent;
    const struct clock *clock = agent->lane.pipeline.engine.clock;
    const struct agent_block *settings = &agent->config->agent;
    agent->lane.mode = once ? LANE_ONCE : LANE_RUN;
    bool finished = run_lane(run, INT64_MAX, once ? settings->give_up_ns : INT64_MAX);
    if (stop_asked && !finished) {
        lane_stop(&agent->lane, decides_at_stop(agent));
        finished = run_lane(run, clock->mono_ns(clock->self) + settings->drain_ns, INT64_MAX);
    }
    take_last_answers(run);
    return finished;
}

static void say_hello(const struct agent *agent)
{
    fprintf(stderr, "weir %s  %u input%s  %u output%s  memory %lld MiB%s%.*s\n", WEIR_VERSION,
            agent->config->inputs, agent->config->inputs == 1 ? "" : "s", agent->config->outputs,
            agent->config->outputs == 1 ? "" : "s",
            (long long)(agent->config->agent.memory_bytes >> 20), agent->is_kept ? "  state " : "",
            STR_ARG(agent->state_path));
}

/* Writes it whole, in place of what was there. */
static int write_file(const struct files *files, const char *path, struct str text)
{
    int fd;
    int wrong = files->open(files->self, path, FILE_APPEND | FILE_CREATE, &fd);
    if (wrong)
        return wrong;
    wrong = files->truncate(files->self, fd, 0);
    size_t done = 0, wrote = 0;
    while (!wrong && done < text.len) {
        wrong = files->write(files->self, fd, text.at + done, text.len - done, done, &wrote);
        done += wrote;
    }
    files->close(files->self, fd);
    return wrong;
}

static bool write_ledger(const struct agent *agent, const char *path)
{
    struct buffer text;
    char reason[96];
    buffer_init(&text, LEDGER_BYTES_MAX);
    ledger_write_json(state_ledger(agent->lane.state), &text);
    int wrong = write_file(agent->lane.pipeline.engine.files, path, buffer_str(&text));
    if (wrong)
        fprintf(stderr, "agent: the ledger could not be written to %s: %s\n", path,
                strerror_r(wrong, reason, sizeof reason));
    buffer_clear(&text);
    return !wrong;
}

static void tell_ledger(const struct ledger *ledger)
{
    struct buffer text;
    buffer_init(&text, LEDGER_BYTES_MAX);
    ledger_write_text(ledger, &text);
    fprintf(stderr, "%.*s", STR_ARG(buffer_str(&text)));
    buffer_clear(&text);
}

/* A stop is good when the next start can go on with what is left. */
static int tell_stop(const struct agent *agent, uint64_t left)
{
    if (left == 0)
        return EXIT_DONE;
    if (keeps_everything(agent)) {
        log_line(LOG_INFO, "stop", "%" PRIu64 " events without an outcome wait for the next start",
                 left);
        return EXIT_DONE;
    }
    log_line(LOG_WARN, "stop",
             "%" PRIu64 " events without an outcome are lost: nobody can read them again", left);
    return EXIT_NO;
}

static int tell_result(const struct run *run, bool once, bool finished)
{
    struct agent *agent = run->crew.agent;
    const struct ledger *ledger = state_ledger(agent->lane.state);
    lane_reveal(&agent->lane, true);
    int code = tell_stop(agent, ledger_open(ledger));
    if (once && (!finished || ledger_open(ledger) || ledger_failed(ledger) > run->failed_before))
        code = EXIT_NO;
    if (run->options->once)
        tell_ledger(ledger);
    if (run->options->ledger && !write_ledger(agent, run->options->ledger))
        code = EXIT_OTHER;
    return code;
}

/* A default address that is taken costs one warning; one that was asked for stops the start. */
static enum code open_admin(struct run *run, struct why *why)
{
    const struct agent_block *settings = &run->crew.agent->config->agent;
    const struct listener_plan plan = {.address = settings->admin,
                                       .waiting_max = ADMIN_REQUESTS_MAX,
                                       .wake = waker_wake,
                                       .context = &run->crew.lane};
    run->admin.hosts = settings->admin_hosts;
    if (str_equal(settings->admin, STR("off")))
        return OK;
    enum code code = listener_open(&plan, &run->admin.listener, why);
    if (code == OK || settings->admin_given)
        return code;
    log_line(LOG_WARN, "admin", "%s; this agent runs without", why->text);
    return OK;
}

static int fail_to_start(const struct why *why)
{
    fprintf(stderr, "agent: %s\n", why->text);
    return why->code == BAD_CONFIG ? EXIT_CONFIG : EXIT_OTHER;
}

static const struct files *files_of_input(void *context, uint16_t input)
{
    struct run *run = context;
    if (!run->input_files[input])
        run->input_files[input] = files_posix(0);
    return run->input_files[input];
}

static int run_agent(struct agent *agent, const struct options *options, const struct files *files)
{
    static struct run run;
    struct why why = {0};
    const struct agent_ports ports = {
        .clock = clock_posix(),
        .files = files,
        .input_files = files_of_input,
        .context = &run,
        .exchanges = exchanges_curl,
        .brokers = brokers_real(),
    };
    bool once = options->once || ends_by_itself(agent);
    buffer_init(&run.admin.text, ADMIN_BYTES_MAX);
    if (agent_open(agent, &ports, &why) != OK)
        return fail_to_start(&why);
    if (crew_start(&run.crew, agent, &why) != OK)
        return fail_to_start(&why);
    enum code code = once ? OK : open_admin(&run, &why);
    int exit_code = code == OK ? EXIT_DONE : fail_to_start(&why);
    catch_signals(&run.crew.lane);
    if (code == OK) {
        say_hello(agent);
        run.options = options;
        run.failed_before = ledger_failed(state_ledger(agent->lane.state));
        exit_code = tell_result(&run, once, run_to_end(&run, once));
    }
    admin_close(&run.admin);
    woken_by_signal = NULL;
    int64_t now_ns = ports.clock->mono_ns(ports.clock->self);
    if (!crew_stop(&run.crew, now_ns + agent->config->agent.drain_ns))
        _exit(exit_code ? exit_code : EXIT_NO); /* the writer hangs on a dead disk; what it holds is
                                                   still at its source */
    return exit_code;
}

void command_diagnose(struct diagnostics *diagnostics)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    diagnostics_print(diagnostics, &text, isatty(STDERR_FILENO) ? DIAGNOSTICS_COLOUR : 0);
    fprintf(stderr, "%.*s", STR_ARG(buffer_str(&text)));
    buffer_clear(&text);
}

int command_run(int argc, char **argv)
{
    static struct options options;
    static struct agent agent;
    int code = read_options(argc, argv, &options);
    if (code != EXIT_DONE)
        return code;
    struct diagnostics diagnostics;
    const struct files *files = files_posix(0);
    if (!files)
        return EXIT_OTHER;
    const struct config_options config = {
        .sources = options.sources,
        .source_count = options.source_count,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    bool configured = agent_configure(&agent, &config, &diagnostics);
    if (configured) {
        foresee_state(agent.config, files, &diagnostics);
        foresee_strays(agent.config, files, &diagnostics);
    }
    command_diagnose(&diagnostics);
    code = configured ? run_agent(&agent, &options, files) : EXIT_CONFIG;
    agent_close(&agent);
    files_posix_close(files);
    return code;
}
