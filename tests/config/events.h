/* tests/config/events.h - events made of JSON, and expressions asked about them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEST_EVENTS_H
#define WEIR_TEST_EVENTS_H

#include <stdio.h>

#include "agent/config/expr.h"
#include "agent/data/scan.h"
#include "tests/config/loading.h"

static inline struct event event_from(struct loading *loading, const char *json)
{
    struct event event = {.bytes = str_from(json)};
    size_t error_at;
    struct scanner *scanner = scanner_make(&loading->arena, loading->names);
    scan_object(scanner, &event, &loading->arena, &error_at);
    return event;
}

/* What `set { fields = { .x = TEXT } }` would compute; null after a mistake (see loading->said). */
static inline const struct expr *expr_of(struct loading *loading, const char *text)
{
    struct str config;
    char *room = arena_take(&loading->arena, 8192);
    int len = snprintf(
        room, 8192, "input stdin { } filter set { fields = { .x = %s } } output stdout { }", text);
    config = (struct str){room, (size_t)len};
    loading_run(loading, &(struct config_source){"-e", config}, 1, NULL);
    if (loading->code != OK)
        return NULL;
    return ((struct fake_set *)loading->config->nodes->next->object)->fields.exprs[0];
}

#endif
