/* agent/tailing/finder.h - which files a list of globs means, now and from now on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Walks the directories that the globs lead to, watches them where the files port has notices, and tells of every
 * path that matches. A pass looks at everything; notices say in between where to look. A directory that is
 * not there yet is looked for again by the next pass.
 */
#ifndef WEIR_FINDER_H
#define WEIR_FINDER_H

#include "agent/config/setting.h"
#include "agent/ports/files.h"

struct finder_directory;

struct finder_sink {
    void *context;
    /* Something is, or was, at this path. `matches` is false for other names in the directories, which only a
     * pass with all_names tells of. The path ends with a NUL and is borrowed for the call. */
    void (*found)(void *context, struct str path, bool matches);
    /* A directory that cannot be looked into; sys is its errno. */
    void (*trouble)(void *context, struct str path, int sys);
};

enum { FINDER_BUCKETS = 256 };

struct finder {
    const struct files *files;
    const struct list *paths, *excludes; /* texts; an exclude without a slash means the file's name */
    struct finder_sink sink;
    struct finder_directory *by_path[FINDER_BUCKETS], *by_watch[FINDER_BUCKETS];
    uint32_t directory_count, pass;
    bool all_names;
    bool is_incomplete; /* the last pass met a directory that is missing, unreadable or not watched */
    bool pass_wanted;   /* a notice spoke of a directory, or some notices were lost */
};

void finder_init(struct finder *finder, const struct files *files, struct finder_sink sink);
void finder_clear(struct finder *finder);

void finder_pass(struct finder *finder, bool all_names);
/* Works off all notices there are. */
void finder_notices(struct finder *finder);
bool finder_matches(const struct finder *finder, struct str path);

/* May what stands at this path be read? Regular files; a link only if its owner is root, us, or the target's owner.
 * Null: yes, and *ret is the file's facts. An empty text: nothing is there. Else what is wrong, in words. */
const char *finder_refusal(const struct files *files, const char *path, struct file_facts *ret);

#endif
