/* filters/set.c - set fields to what expressions say.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

struct set {
    struct map fields;
    uint64_t *failed;
};

static const struct setting settings[] = {
    MAP_SETTING(struct set, fields, SETTING_EXPR, .key_is_field = true, .required = true,
                .help = "Fields and the expressions that give their values. A missing value leaves "
                        "the field as it is.",
                .example = "fields = { service.name = \"shop\"  slow = duration > 1s }"),
    {0},
};

static void event_assign(const struct set *set, struct event *event, struct arena *arena)
{
    for (size_t i = 0; i < set->fields.count; i++) {
        struct value value = expr_value(set->fields.exprs[i], event, arena);
        if (value.kind != VALUE_MISSING && !event_set(event, set->fields.paths[i], value, arena))
            ++*set->failed;
    }
}

static void set_apply(void *self, struct view *view)
{
    for (uint32_t i = 0; i < view->count; i++)
        event_assign(self, view->at[i], view->arena);
}

static enum code set_open(void *self, struct host *host, struct why *why)
{
    struct set *set = self;
    (void)why;
    set->failed = host_counter(
        host, "failed", "Fields that could not be set, because what holds them is no object.");
    return OK;
}

const struct filter filter_set = {
    .name = "set",
    .summary = "Sets fields to what expressions say.",
    .settings = settings,
    .size = sizeof(struct set),
    .open = set_open,
    .apply = set_apply,
};
