/* filters/rename.c - give fields other names.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

struct rename {
    struct map fields;
    uint64_t *failed;
};

static const struct setting settings[] = {
    MAP_SETTING(struct rename, fields, SETTING_FIELD, .key_is_field = true, .required = true,
                .help = "Old names and new ones. A field that has the new name already is "
                        "replaced; absent ones are no mistake.",
                .example = "fields = { \"userId\" = user.id }"),
    {0},
};

static void rename_apply(void *self, struct view *view)
{
    const struct rename *rename = self;
    for (uint32_t i = 0; i < view->count; i++)
        for (size_t j = 0; j < rename->fields.count; j++)
            if (!event_rename(view->at[i], rename->fields.paths[j], rename->fields.fields[j],
                              view->arena))
                ++*rename->failed;
}

static enum code rename_open(void *self, struct host *host, struct why *why)
{
    struct rename *rename = self;
    (void)why;
    rename->failed = host_counter(
        host, "failed",
        "Fields that could not be renamed, because what would hold them is no object.");
    return OK;
}

const struct filter filter_rename = {
    .name = "rename",
    .summary = "Gives fields other names.",
    .settings = settings,
    .size = sizeof(struct rename),
    .open = rename_open,
    .apply = rename_apply,
};
