/* agent/command/strays.c - files in the state directory that no output takes any more.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An output that was renamed with `was` leaves its old queue under the old name until it is empty.
 * Where the `was` went too early, or the output itself, nothing reads those files.
 */
#include "agent/command/strays.h"

#include <stdio.h>

#include "agent/command/layout.h"
#include "agent/limits.h"
#include "agent/state/glance.h"
#include "agent/state/spool.h"
#include "agent/weir.h"

enum { POSITION_DIGITS = 16, STRAYS_MAX = 2 * OUTPUTS_MAX };

struct stray { /* the files of one name */
    enum segment_kind kind;
    struct str name; /* "queue-old." */
    uint64_t files, bytes;
};

struct look {
    const struct files *files;
    struct str directory;
    struct arena *arena;
    struct stray at[STRAYS_MAX];
    uint32_t count;
};

/* "queue-old." of "queue-old.0000000000000000.seg"; empty: no such file. */
static struct str stem_of(struct str name, enum segment_kind *ret_kind)
{
    struct str suffix = STR(".seg");
    bool is_queue = str_starts(name, STR("queue-")), is_dead = str_starts(name, STR("dead-"));
    if ((!is_queue && !is_dead) || !str_ends(name, suffix) ||
        name.len < POSITION_DIGITS + suffix.len)
        return STR("");
    struct str stem = str_slice(name, 0, name.len - POSITION_DIGITS - suffix.len);
    *ret_kind = is_queue ? SEGMENT_QUEUE : SEGMENT_DEAD;
    return str_ends(stem, STR(".")) ? stem : STR("");
}

static struct stray *stray_of(struct look *look, struct str stem, enum segment_kind kind)
{
    for (uint32_t i = 0; i < look->count; i++)
        if (str_equal(look->at[i].name, stem))
            return &look->at[i];
    struct str kept = look->count < STRAYS_MAX ? arena_copy(look->arena, stem) : STR("");
    if (!kept.len)
        return NULL;
    look->at[look->count] = (struct stray){.kind = kind, .name = kept};
    return &look->at[look->count++];
}

static bool look_at_one(void *context, const char *name)
{
    struct look *look = context;
    enum segment_kind kind;
    struct str stem = stem_of(str_from(name), &kind);
    struct stray *stray = stem.len ? stray_of(look, stem, kind) : NULL;
    char path[SPOOL_PREFIX_BYTES];
    struct file_facts facts;
    if (!stray)
        return true;
    snprintf(path, sizeof path, "%.*s/%.200s", STR_ARG(str_slice(look->directory, 0, 1800)), name);
    stray->files++;
    if (look->files->facts_at(look->files->self, path, false, &facts) == 0)
        stray->bytes += facts.size;
    return true;
}

static bool is_named(const struct look *look, const struct stray *stray, struct str label)
{
    struct spool spool;
    struct why why;
    spool_init(&spool, look->files, NULL, stray->kind, label);
    return label.len && spool_name(&spool, look->directory, &why) == OK &&
           str_equal(str_cut_last(str_from(spool.prefix), '/').tail, stray->name);
}

/* An output takes over the queue of the one that it `was`, and `agent replay` its dead letters. */
static bool is_taken(const struct look *look, const struct stray *stray, const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next)
        if ((node->kind == NODE_OUTPUT &&
             (is_named(look, stray, node->label) || is_named(look, stray, node->was))) ||
            is_taken(look, stray, node->children))
            return true;
    return false;
}

static bool is_known(const struct look *look, const struct stray *stray, const struct glance *known)
{
    for (uint32_t i = 0; i < known->output_count; i++)
        if (known->outputs[i].waiting && is_named(look, stray, str_from(known->outputs[i].text)))
            return true;
    return false;
}

static void warn_of(const struct look *look, const struct stray *stray,
                    struct diagnostics *diagnostics)
{
    bool is_queue = stray->kind == SEGMENT_QUEUE;
    struct str label = str_cut(stray->name, '-').tail;
    label = str_slice(label, 0, label.len - 1);
    struct diagnostic *warning =
        diagnose_warning(diagnostics, (struct span){0},
                         "%s of an output \"%.*s\" lie in %.*s (%llu bytes), and no output has "
                         "that label",
                         is_queue ? "queued events" : "dead letters", STR_ARG(label),
                         STR_ARG(look->directory), (unsigned long long)stray->bytes);
    diagnose_hint(diagnostics, warning,
                  "write was = \"%.*s\" in the output that took its place%s, or send them with "
                  "agent replay -c FILE --to OUTPUT %.*s/%.*s*.seg",
                  STR_ARG(label), is_queue ? "" : " (agent replay finds them then)",
                  STR_ARG(look->directory), STR_ARG(stray->name));
}

void foresee_strays(const struct config *config, const struct files *files,
                    struct diagnostics *diagnostics)
{
    struct look look = {.files = files,
                        .directory = layout_state(config, diagnostics->arena),
                        .arena = diagnostics->arena};
    char path[SPOOL_PREFIX_BYTES];
    struct glance glance;
    str_z(look.directory, path, sizeof path);
    if (!*path || files->list(files->self, path, look_at_one, &look) != 0 || !look.count)
        return;
    (void)glance_at(files, look.directory, &glance);
    for (uint32_t i = 0; i < look.count; i++)
        if (!is_taken(&look, &look.at[i], config->nodes) && !is_known(&look, &look.at[i], &glance))
            warn_of(&look, &look.at[i], diagnostics);
}
