/* tests/config/loading.h - loads a configuration the way the tests want it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEST_LOADING_H
#define WEIR_TEST_LOADING_H

#include <stdio.h>

#include "agent/config/config.h"
#include "tests/config/plugins.h"

struct loading {
    struct arena arena;
    struct names *names;
    struct diagnostics diagnostics;
    struct buffer said; /* the diagnostics as printed */
    struct config *config;
    enum code code;
    bool lenient;
};

static inline const char *fake_env(const char *name)
{
    return strcmp(name, "SET") == 0      ? "from outside"
           : strcmp(name, "NUMBER") == 0 ? "7"
           : strcmp(name, "URLS") == 0   ? "https://a:1,https://b:2"
                                         : NULL;
}

static inline void loading_init(struct loading *loading)
{
    *loading = (struct loading){.code = OK};
    arena_init(&loading->arena, 64 * 1024, 64 << 20);
    loading->names = names_make(&loading->arena);
    diagnostics_init(&loading->diagnostics, &loading->arena);
    buffer_init(&loading->said, 1 << 20);
}

static inline void loading_run(struct loading *loading, const struct config_source *sources,
                               size_t count, const struct files *files)
{
    struct config_options options = {.sources = sources,
                                     .source_count = count,
                                     .files = files,
                                     .env = fake_env,
                                     .plugins = fake_plugins,
                                     .names = loading->names,
                                     .lenient = loading->lenient};
    loading->code =
        config_load(&options, &loading->arena, &loading->diagnostics, &loading->config, NULL);
    diagnostics_print(&loading->diagnostics, &loading->said, 0);
}

static inline void loading_text(struct loading *loading, const char *text)
{
    struct config_source source = {"-e", str_from(text)};
    loading_run(loading, &source, 1, NULL);
}

static inline void loading_clear(struct loading *loading);

/* Whether loading the text says this (null: nothing at all). */
static inline bool says(const char *text, const char *what)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading, text);
    struct str said = buffer_str(&loading.said);
    bool is_said = what ? str_find_str(said, str_from(what)) != SIZE_MAX : said.len == 0;
    if (!is_said)
        fprintf(stderr, "%s\n%.*s", text, STR_ARG(said));
    loading_clear(&loading);
    return is_said;
}

static inline void loading_clear(struct loading *loading)
{
    if (loading->config)
        config_close(loading->config);
    buffer_clear(&loading->said);
    arena_clear(&loading->arena);
}

#endif
