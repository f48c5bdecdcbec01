/* filters/remove.c - take fields out of events.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

struct remove {
    struct list fields;
};

static const struct setting settings[] = {
    LIST_SETTING(struct remove, fields, SETTING_FIELD, .required = true,
                 .help = "Fields to take out, under whatever name an output would write them; "
                         "absent ones are no mistake. The time of an event stays, and an error "
                         "stays one for `error` and the samplers below.",
                 .example = "fields = [http.request.body.content, password]"),
    {0},
};

static void remove_apply(void *self, struct view *view)
{
    const struct remove *remove = self;
    for (uint32_t i = 0; i < view->count; i++)
        for (size_t j = 0; j < remove->fields.count; j++)
            (void)event_remove(view->at[i], remove->fields.fields[j], view->arena);
}

static enum code remove_open(void *self, struct host *host, struct why *why)
{
    (void)self;
    (void)host;
    (void)why;
    return OK;
}

const struct filter filter_remove = {
    .name = "remove",
    .summary = "Takes fields out of events.",
    .settings = settings,
    .size = sizeof(struct remove),
    .open = remove_open,
    .apply = remove_apply,
};
