/* tests/command/trial.h - a configuration's text, loaded and rehearsed with the plugins of the
 * program. SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TRIAL_H
#define WEIR_TRIAL_H

#include "agent/builtin.h"
#include "agent/command/rehearsal.h"
#include "agent/ports/broker.h"
#include "agent/ports/clock.h"
#include "agent/ports/files.h"
#include "tests/check.h"

struct trial {
    struct arena arena;
    struct diagnostics diagnostics;
    struct rehearsal rehearsal;
    const struct files *files;
    char said[8192]; /* what would be printed */
};

static inline void trial_rehearse(struct trial *trial)
{
    struct config *config = trial->rehearsal.config;
    struct why why = {0};
    struct str state = config->agent.state; /* never that of this machine's own agent */
    config->agent.state = state.len ? state : STR("/nowhere/state");
    CHECK_OK(rehearse(&trial->rehearsal, &why), why);
    config->agent.state = state;
}

static inline void trial_begin(struct trial *trial, const char *text)
{
    *trial = (struct trial){.files = files_posix(FILES_POLL_ONLY)};
    struct why why = {0};
    struct config *config = NULL;
    struct buffer said;
    arena_init(&trial->arena, 65536, 128 << 20);
    diagnostics_init(&trial->diagnostics, &trial->arena);
    struct names *names = names_make(&trial->arena);
    const struct config_source source = {.name = "-e", .text = str_from(text)};
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = trial->files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs},
        .names = names,
        .lenient = true,
    };
    enum code code = config_load(&options, &trial->arena, &trial->diagnostics, &config, &why);
    trial->rehearsal = (struct rehearsal){.config = config,
                                          .run = &trial->arena,
                                          .diagnostics = &trial->diagnostics,
                                          .names = names,
                                          .files = trial->files,
                                          .clock = clock_posix(),
                                          .brokers = brokers_real()};
    if (code == OK)
        trial_rehearse(trial);
    else
        CHECK_EQ(code, BAD_CONFIG);
    buffer_init(&said, 1 << 20);
    diagnostics_print(&trial->diagnostics, &said, 0);
    str_z(buffer_str(&said), trial->said, sizeof trial->said);
    buffer_clear(&said);
}

static inline void trial_end(struct trial *trial)
{
    if (trial->rehearsal.config) {
        rehearsal_end(&trial->rehearsal);
        config_close(trial->rehearsal.config);
    }
    files_posix_close(trial->files);
    arena_clear(&trial->arena);
}

/* What is said of a configuration, until the next call. */
static inline const char *trial_says(const char *text)
{
    static struct trial trial;
    trial_begin(&trial, text);
    trial_end(&trial);
    return trial.said;
}

#endif
