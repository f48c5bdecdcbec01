/* agent/delivery/preflight.c - the errand that an output sends ahead of its first payload.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/preflight.h"

#include <stdio.h>

#include "agent/delivery/courier.h"

static const struct backoff pauses = {.base_ns = SECOND_NS / 5, .cap_ns = 5 * SECOND_NS};

static void finding_tell(void *context, enum finding finding, const char *text)
{
    struct preflight *preflight = context;
    char key[16];
    snprintf(key, sizeof key, "prepare%u", preflight->told++ % 100);
    if (finding == FINDING_GOOD)
        courier_news(preflight->courier, text);
    else
        courier_tell(preflight->courier, true, key, "%s", text);
}

void preflight_init(struct preflight *preflight, struct courier *courier)
{
    *preflight = (struct preflight){.courier = courier->output->ask ? courier : NULL};
}

static void end(struct preflight *preflight)
{
    errand_end(&preflight->run);
    preflight->is_over = true;
}

void preflight_clear(struct preflight *preflight)
{
    const struct courier *courier = preflight->courier;
    if (preflight->is_asking) {
        struct exchange *exchange = &preflight->run.exchange;
        courier->exchanges->cancel(courier->exchanges->self, exchange);
        courier->exchanges->release(courier->exchanges->self, exchange);
    }
    preflight->is_asking = false;
    if (preflight->is_begun)
        errand_end(&preflight->run);
    preflight->is_begun = false;
}

static bool begin(struct preflight *preflight)
{
    struct courier *courier = preflight->courier;
    if (preflight->is_begun)
        return true;
    preflight->is_begun =
        errand_begin(&preflight->run, ERRAND_PREPARE, courier->output, courier->self);
    preflight->run.context = preflight;
    preflight->run.tell = finding_tell;
    return preflight->is_begun;
}

int64_t preflight_step(struct preflight *preflight, int64_t now_ns)
{
    struct courier *courier = preflight->courier;
    if (preflight->is_asking)
        return INT64_MAX;
    if (preflight->due_ns > now_ns)
        return preflight->due_ns;
    preflight->route = reach_pick(courier->reach, now_ns);
    enum errand_state state = begin(preflight)
                                  ? errand_ask(&preflight->run, courier->reach, preflight->route)
                                  : ERRAND_NO_ROOM;
    if (state != ERRAND_ASKING) {
        end(preflight);
        return now_ns;
    }
    preflight->is_asking =
        courier->exchanges->submit(courier->exchanges->self, &preflight->run.exchange);
    preflight->due_ns = preflight->is_asking ? now_ns : now_ns + SECOND_NS / 100;
    return preflight->is_asking ? INT64_MAX : preflight->due_ns;
}

bool preflight_owns(const struct preflight *preflight, const struct exchange *exchange)
{
    return preflight->is_asking && exchange == &preflight->run.exchange;
}

/* --- answers ------------------------------------------------------------------------------- */

static void later(struct preflight *preflight, int64_t now_ns)
{
    preflight->due_ns =
        now_ns + backoff_pause(&pauses, preflight->attempts++,
                               preflight->run.exchange.retry_after_ns, preflight->courier->clock);
}

/* Whatever was said so far may be different when it is back. */
static void anew(struct preflight *preflight, int64_t now_ns)
{
    later(preflight, now_ns);
    errand_end(&preflight->run);
    preflight->is_begun = false;
}

/* It is there, and has trouble: that is not waited for for ever, data waits behind us. */
static void troubled(struct preflight *preflight, const char *what, int64_t now_ns)
{
    if (!preflight->trouble_ns)
        preflight->trouble_ns = now_ns;
    if (now_ns - preflight->trouble_ns < PREFLIGHT_S_MAX * SECOND_NS) {
        later(preflight, now_ns);
        return;
    }
    courier_tell(preflight->courier, true, "prepare",
                 "%s: %s: delivering without what should be prepared there; the next start tries "
                 "again",
                 preflight->route->base, what);
    end(preflight);
}

static void unanswered(struct preflight *preflight, int64_t now_ns)
{
    const struct exchange *exchange = &preflight->run.exchange;
    courier_unwell(preflight->courier, preflight->route, exchange->error, now_ns);
    if (exchange->fate == EXCHANGE_NOT_SENT)
        anew(preflight, now_ns);
    else
        troubled(preflight, exchange->error, now_ns);
}

void preflight_done(struct preflight *preflight, int64_t now_ns)
{
    struct courier *courier = preflight->courier;
    struct exchange *exchange = &preflight->run.exchange;
    char what[32];
    snprintf(what, sizeof what, "answers %d", exchange->status);
    enum errand_answer answer = errand_hear(&preflight->run);
    courier->exchanges->release(courier->exchanges->self, exchange);
    preflight->is_asking = false;
    preflight->due_ns = now_ns;
    if (answer != ERRAND_NOT_THERE)
        courier_well(courier, preflight->route);
    switch (answer) {
    case ERRAND_HEARD:
        preflight->attempts = 0;
        break;
    case ERRAND_AGAIN:
        troubled(preflight, what, now_ns);
        break;
    case ERRAND_NOT_THERE:
        unanswered(preflight, now_ns);
        break;
    case ERRAND_ELSEWHERE: /* the first payload will be held for it */
        end(preflight);
        break;
    }
}
