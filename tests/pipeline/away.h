/* tests/pipeline/away.h - two outputs of one source, whose far end goes away; for the tests of the queue.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_AWAY_H
#define WEIR_AWAY_H

#include "tests/pipeline/rig.h"

#define AWAY_INPUT "input tail \"logs\" { path = \"/logs/*.log*\" read_from = beginning }\n"
#define AWAY_FAR                                                                                   \
    "output elasticsearch \"elk\" { url = \"http://far\" names = as_is flush = 50ms batch_events = 20 "
#define AWAY_FILE "output file \"all\" { path = \"/out/all\" }\n"

struct away {
    struct rig rig;
    uint32_t written;
    size_t line_bytes; /* 0: 400 */
    uint32_t arrived[16384]; /* how often each line is at the far end */
};

static inline void away_store(void *context, struct str target, struct str document)
{
    struct away *away = context;
    (void)target;
    struct cut cut = str_cut_str(document, STR("line "));
    uint64_t number = 0;
    CHECK(cut.found && str_to_uint(str_slice(cut.tail, 0, 6), &number));
    CHECK(number < COUNT(away->arrived));
    away->arrived[number]++;
}

static inline void away_open(struct away *away, const char *config)
{
    memset(away, 0, sizeof *away);
    rig_open(&away->rig, config);
    rig_listen();
    away->rig.far.stored = away_store;
    away->rig.far.context = away;
}

static inline void away_close(struct away *away)
{
    log_capture(NULL, NULL);
    rig_close(&away->rig);
}

static inline struct drain *away_drain(struct away *away)
{
    return &away->rig.agent.lane.pipeline.drains[0];
}

static inline struct output_totals *away_totals(struct away *away)
{
    return away_drain(away)->totals;
}

static inline void away_write(struct away *away, const char *path, uint32_t count)
{
    static char line[8192];
    size_t size = away->line_bytes ? away->line_bytes : 400;
    for (uint32_t i = 0; i < count; i++) {
        int len = snprintf(line, size, "line %06u ", away->written++);
        memset(line + len, '.', size - (size_t)len);
        line[size - 1] = '\n';
        sim_files_append(away->rig.sim, path, (struct str){line, size});
    }
}

static inline void away_leave(struct away *away)
{
    away->rig.far.habits.dead_url = "http";
}

static inline void away_return(struct away *away)
{
    away->rig.far.habits.dead_url = NULL;
}

/* Until the healthy output has all lines; 7 s more, so that the breaker counts as open. */
static inline void away_wait(struct away *away)
{
    rig_steps(&away->rig, 700);
    for (int i = 0; i < 3000 && rig_lines(&away->rig, "/out/all") < away->written; i++)
        rig_step(&away->rig);
    CHECK_EQ(rig_lines(&away->rig, "/out/all"), away->written);
}

/* Until everything has arrived, each line once. */
static inline void away_arrive(struct away *away)
{
    struct ledger *ledger = rig_ledger(&away->rig);
    for (int i = 0; i < 30000 && (ledger->outputs[0].queued || ledger->outputs[0].in_flight); i++)
        rig_step(&away->rig);
    for (uint32_t i = 0; i < away->written; i++)
        CHECK_EQ(away->arrived[i], 1);
    CHECK(ledger_is_balanced(ledger));
}

#endif
