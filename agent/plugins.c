/* agent/plugins.c - plugins as their configuration sees them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * agent/config stands below weir.h: of a plugin it knows the name, the settings and the size.
 */
#include "agent/config/config.h"
#include "agent/weir.h"

struct plugin plugin_at(const struct plugin_lists *lists, enum node_kind kind, size_t index)
{
    const struct input *input = kind == NODE_INPUT && lists->inputs ? lists->inputs[index] : NULL;
    const struct filter *filter =
        kind == NODE_FILTER && lists->filters ? lists->filters[index] : NULL;
    const struct output *output =
        kind == NODE_OUTPUT && lists->outputs ? lists->outputs[index] : NULL;
    if (input)
        return (struct plugin){.name = input->name,
                               .summary = input->summary,
                               .settings = input->settings,
                               .size = input->size,
                               .itself = input};
    if (filter)
        return (struct plugin){.name = filter->name,
                               .summary = filter->summary,
                               .settings = filter->settings,
                               .size = filter->size,
                               .label_wanted = filter->label_wanted,
                               .when_required = filter->when_required,
                               .holds = filter->release != NULL,
                               .itself = filter};
    if (output)
        return (struct plugin){.name = output->name,
                               .summary = output->summary,
                               .settings = output->settings,
                               .size = output->size,
                               .delivers = !output->stream && !output->discards,
                               .keyed_by_trace = output->keyed_by_trace,
                               .itself = output};
    return (struct plugin){0};
}
