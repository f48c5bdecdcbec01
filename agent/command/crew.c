/* agent/command/crew.c - the threads of a running agent.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/crew.h"

#include <signal.h>

#include "agent/state/state.h"

static const int64_t DELIVERY_WAIT_NS = INT64_C(1000000000); /* it is woken when there is work */
static const int64_t LAST_STEP_NS = INT64_C(1000000000);
static const int64_t IDLE_WAIT_NS = INT64_C(3600) * 1000000000;

static void *run_delivery(void *context)
{
    struct crew *crew = context;
    while (delivery_step(crew->agent->lane.delivery, DELIVERY_WAIT_NS)) {
    }
    atomic_store(&crew->delivery_has_ended, true);
    waker_wake(&crew->lane);
    return NULL;
}

static void *run_writer(void *context)
{
    struct crew *crew = context;
    struct writer *writer = state_writer(crew->agent->lane.state);
    const struct clock *clock = crew->agent->lane.pipeline.engine.clock;
    for (;;) {
        int next = writer_step(writer, clock->mono_ns(clock->self));
        if (next == WRITER_STOPPED)
            break;
        if (next == WRITER_IDLE && !mailbox_may_sleep(writer_inbox(writer)))
            continue;
        waker_wait(&crew->writer, NULL, 0,
                   next == WRITER_IDLE ? IDLE_WAIT_NS : (int64_t)next * 1000000);
    }
    atomic_store(&crew->writer_has_ended, true);
    waker_wake(&crew->lane);
    return NULL;
}

/* Signals are the lane's: the others start with all of them blocked. */
static int spawn(pthread_t *thread, void *(*body)(void *), struct crew *crew)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(thread, NULL, body, crew);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

enum code crew_start(struct crew *crew, struct agent *agent, struct why *why)
{
    struct writer *writer = state_writer(agent->lane.state);
    *crew = (struct crew){.agent = agent, .lane.fd = -1, .writer.fd = -1};
    enum code code = waker_open(&crew->lane, why);
    if (code == OK)
        code = waker_open(&crew->writer, why);
    if (code != OK)
        return code;
    mailbox_on_put(writer_inbox(writer), waker_wake, &crew->writer);
    mailbox_on_put(writer_answers(writer), waker_wake, &crew->lane);
    int error = spawn(&crew->writer_thread, run_writer, crew);
    crew->has_writer = error == 0;
    if (!error && agent->lane.delivery) {
        delivery_on_settled(agent->lane.delivery, waker_wake, &crew->lane);
        error = spawn(&crew->delivery_thread, run_delivery, crew);
        crew->has_delivery = error == 0;
    }
    if (error)
        return fail_sys(why, error, "cannot start a thread");
    return OK;
}

/* Waits for the writer's last step, a disk that hangs not longer than to the deadline. */
static bool join_writer(struct crew *crew, const struct clock *clock, int64_t deadline_ns)
{
    int64_t now_ns = clock->mono_ns(clock->self);
    int64_t until_ns =
        deadline_ns < INT64_MAX - LAST_STEP_NS ? deadline_ns + LAST_STEP_NS : INT64_MAX;
    while (!atomic_load(&crew->writer_has_ended) && now_ns < until_ns) {
        waker_wait(&crew->lane, NULL, 0, until_ns - now_ns);
        now_ns = clock->mono_ns(clock->self);
    }
    if (!atomic_load(&crew->writer_has_ended))
        return false;
    pthread_join(crew->writer_thread, NULL);
    return true;
}

void crew_ask_delivery_to_end(struct crew *crew)
{
    const struct clock *clock = crew->agent->lane.pipeline.engine.clock;
    if (crew->has_delivery)
        delivery_stop(crew->agent->lane.delivery, clock->mono_ns(clock->self));
}

bool crew_delivery_has_ended(const struct crew *crew)
{
    return !crew->has_delivery || atomic_load(&crew->delivery_has_ended);
}

void crew_end_delivery(struct crew *crew)
{
    if (!crew->has_delivery)
        return;
    crew_ask_delivery_to_end(crew);
    pthread_join(crew->delivery_thread, NULL);
    crew->has_delivery = false;
}

bool crew_stop(struct crew *crew, int64_t deadline_ns)
{
    const struct clock *clock = crew->agent->lane.pipeline.engine.clock;
    struct writer *writer = state_writer(crew->agent->lane.state);
    struct writer_news news;
    bool stopped = true;
    crew_end_delivery(crew);
    if (crew->has_writer) {
        while (!writer_stop(writer) && clock->mono_ns(clock->self) < deadline_ns) {
            waker_wait(&crew->lane, NULL, 0, 10 * 1000000);
            while (writer_collect(writer, &news)) {
            }
        }
        stopped = join_writer(crew, clock, deadline_ns);
    }
    crew->has_writer = false;
    waker_close(&crew->lane);
    waker_close(&crew->writer);
    return stopped;
}
