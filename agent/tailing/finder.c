/* agent/tailing/finder.c - which files a list of globs means.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/finder.h"

#include <errno.h>
#include <string.h>

#include "agent/data/glob.h"
#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/must.h"
#include "agent/state/birth.h"

enum {
    NOTICES_MAX = 4096
}; /* worked off before files are read again; more are left for the next time */

struct finder_directory {
    char *path; /* "" is the working directory; else without a slash at its end, but for "/" */
    size_t len;
    int watch; /* -1: none */
    uint32_t pass;
    bool leads_on; /* a glob goes on below it: directories in here matter */
    struct finder_directory *next_by_path, *next_by_watch;
};

struct walk { /* one directory being listed for a glob */
    struct finder *finder;
    struct str directory; /* ends with a NUL */
    struct str name;      /* the segment that its names are matched with */
    struct str
        rest; /* the glob that goes on in the directories that match; empty: these are files */
    int depth;
    bool is_deep; /* the segment is ** */
};

static void walk_glob(struct finder *finder, struct str directory, struct str glob, int depth);

void finder_init(struct finder *finder, const struct files *files, struct finder_sink sink)
{
    finder->files = files;
    finder->sink = sink;
}

static uint32_t bucket_of_path(struct str path)
{
    return (uint32_t)birth_hash(path.at, path.len) % FINDER_BUCKETS;
}

static uint32_t bucket_of_watch(int watch)
{
    return (uint32_t)watch % FINDER_BUCKETS;
}

static void unwatch(struct finder *finder, struct finder_directory *directory)
{
    if (directory->watch < 0)
        return;
    struct finder_directory **at = &finder->by_watch[bucket_of_watch(directory->watch)];
    while (*at != directory)
        at = &(*at)->next_by_watch;
    *at = directory->next_by_watch;
    directory->watch = -1;
}

/* Watching again is cheap and tells the same number; another one when the directory was made anew.
 */
static void watch(struct finder *finder, struct finder_directory *directory)
{
    int number = -1;
    const char *path = directory->len ? directory->path : ".";
    if (finder->files->watch(finder->files->self, path, &number) != 0)
        number = -1;
    if (number < 0)
        finder->is_incomplete = true;
    if (number == directory->watch)
        return;
    unwatch(finder, directory);
    directory->watch = number;
    if (number < 0)
        return;
    struct finder_directory **bucket = &finder->by_watch[bucket_of_watch(number)];
    directory->next_by_watch = *bucket;
    *bucket = directory;
}

static struct finder_directory *directory_make(struct finder *finder, struct str path)
{
    struct finder_directory *directory = memory_make(sizeof *directory + path.len + 1);
    if (!directory)
        return NULL;
    *directory = (struct finder_directory){.len = path.len, .watch = -1};
    directory->path = str_z(path, (char *)(directory + 1), path.len + 1);
    struct finder_directory **bucket = &finder->by_path[bucket_of_path(path)];
    directory->next_by_path = *bucket;
    *bucket = directory;
    finder->directory_count++;
    return directory;
}

/* Makes it known and watched. Watching comes before listing, so that nothing falls between the two.
 */
static struct finder_directory *directory_seen(struct finder *finder, struct str path,
                                               bool leads_on)
{
    struct finder_directory *directory = finder->by_path[bucket_of_path(path)];
    while (directory && !str_equal((struct str){directory->path, directory->len}, path))
        directory = directory->next_by_path;
    if (!directory && finder->directory_count < FIND_DIRECTORIES_MAX)
        directory = directory_make(finder, path);
    if (!directory) {
        finder->is_incomplete = true;
        return NULL;
    }
    directory->leads_on |= leads_on;
    if (directory->pass != finder->pass)
        watch(finder, directory);
    directory->pass = finder->pass;
    return directory;
}

static void forget_directory(struct finder *finder, struct finder_directory **at)
{
    struct finder_directory *directory = *at;
    int number = directory->watch;
    unwatch(finder, directory);
    if (number >= 0)
        finder->files->unwatch(finder->files->self, number);
    *at = directory->next_by_path;
    memory_free(directory);
    finder->directory_count--;
}

static void forget_unseen(struct finder *finder, uint32_t pass)
{
    for (size_t i = 0; i < FINDER_BUCKETS; i++) {
        struct finder_directory **at = &finder->by_path[i];
        while (*at) {
            if ((*at)->pass == pass)
                at = &(*at)->next_by_path;
            else
                forget_directory(finder, at);
        }
    }
}

void finder_clear(struct finder *finder)
{
    if (finder->files)
        forget_unseen(finder, finder->pass + 1);
}

/* directory/name in `to`; an empty str when it is longer than any path may be. */
static struct str join(struct str directory, struct str name, char to[BIRTH_PATH_BYTES])
{
    bool has_slash = directory.len && directory.at[directory.len - 1] != '/';
    size_t len = directory.len + has_slash + name.len;
    if (len >= BIRTH_PATH_BYTES)
        return (struct str){"", 0};
    if (directory.len)
        memcpy(to, directory.at, directory.len);
    if (has_slash)
        to[directory.len] = '/';
    if (name.len)
        memcpy(to + len - name.len, name.at, name.len);
    to[len] = '\0';
    return (struct str){to, len};
}

static bool is_excluded(const struct finder *finder, struct str path)
{
    struct cut name = str_cut_last(path, '/');
    struct str last = name.found ? name.tail : path;
    for (size_t i = 0; finder->excludes && i < finder->excludes->count; i++) {
        struct str glob = finder->excludes->texts[i];
        if (glob_matches(glob, str_find(glob, '/') == SIZE_MAX ? last : path))
            return true;
    }
    return false;
}

bool finder_matches(const struct finder *finder, struct str path)
{
    for (size_t i = 0; i < finder->paths->count; i++)
        if (glob_matches(finder->paths->texts[i], path))
            return !is_excluded(finder, path);
    return false;
}

static void tell(struct finder *finder, struct str path, bool matches)
{
    matches = matches && !is_excluded(finder, path);
    if (path.len && (matches || finder->all_names))
        finder->sink.found(finder->sink.context, path, matches);
}

static bool is_directory(const struct finder *finder, const char *path, bool follow)
{
    struct file_facts facts;
    return finder->files->facts_at(finder->files->self, path, follow, &facts) == 0 &&
           facts.is_directory;
}

static bool visit(void *context, const char *text)
{
    struct walk *walk = context;
    struct finder *finder = walk->finder;
    char room[BIRTH_PATH_BYTES];
    struct str name = str_from(text);
    bool matches = glob_name_matches(walk->name, name);
    if (!matches && (walk->rest.len || !finder->all_names))
        return true;
    struct str path = join(walk->directory, name, room);
    if (walk->rest.len == 0)
        tell(finder, path, matches);
    else if (path.len &&
             is_directory(finder, path.at, !walk->is_deep)) /* links may go in circles */
        walk_glob(finder, path, walk->rest, walk->depth + walk->is_deep);
    return true;
}

static void list(struct walk *walk)
{
    struct finder *finder = walk->finder;
    struct str path = walk->directory;
    if (!directory_seen(finder, path, walk->rest.len > 0))
        return;
    int wrong = finder->files->list(finder->files->self, path.len ? path.at : ".", visit, walk);
    if (wrong == 0)
        return;
    finder->is_incomplete = true;
    if (wrong != ENOENT && wrong != ENOTDIR)
        finder->sink.trouble(finder->sink.context, path, wrong);
}

/* The last segment: files. One that is no pattern is looked for, not listed. */
static void walk_files(struct finder *finder, struct str directory, struct str name)
{
    struct walk walk = {.finder = finder, .directory = directory, .name = name};
    char room[BIRTH_PATH_BYTES];
    if (glob_is_pattern(name) || finder->all_names)
        list(&walk);
    else if (directory_seen(finder, directory, false))
        tell(finder, join(directory, name, room), true);
}

/* directory ends with a NUL. Recursion is bounded by the segments of the glob and GLOB_DEPTH_MAX.
 */
static void walk_glob(struct finder *finder, struct str directory, struct str glob, int depth)
{
    struct cut cut = str_cut(glob, '/');
    char room[BIRTH_PATH_BYTES];
    struct walk walk = {finder, directory, cut.head, cut.tail, depth, false};
    if (!cut.found) {
        walk_files(finder, directory, cut.head);
    } else if (str_equal(cut.head, STR("**"))) {
        walk_glob(finder, directory, cut.tail, depth);
        walk.rest = glob;
        walk.is_deep = true;
        if (depth < GLOB_DEPTH_MAX)
            list(&walk);
    } else if (glob_is_pattern(cut.head)) {
        list(&walk);
    } else {
        struct str inner = cut.head.len ? join(directory, cut.head, room) : directory;
        if (inner.len)
            walk_glob(finder, inner, cut.tail, depth);
    }
}

void finder_pass(struct finder *finder, bool all_names)
{
    finder->pass++;
    finder->is_incomplete = false;
    finder->pass_wanted = false;
    finder->all_names = all_names;
    for (size_t i = 0; i < finder->paths->count; i++) {
        struct str glob = finder->paths->texts[i];
        bool is_absolute = str_starts(glob, STR("/"));
        walk_glob(finder, is_absolute ? STR("/") : STR(""), str_skip(glob, is_absolute), 0);
    }
    finder->all_names = false;
    forget_unseen(finder, finder->pass);
}

static void look_at(struct finder *finder, const struct finder_directory *directory,
                    const char *name)
{
    char room[BIRTH_PATH_BYTES];
    struct str path = join((struct str){directory->path, directory->len}, str_from(name), room);
    if (name[0] == '\0')
        finder->pass_wanted = true; /* the directory itself */
    else if (path.len && finder_matches(finder, path))
        finder->sink.found(finder->sink.context, path, true);
    else if (path.len && directory->leads_on && is_directory(finder, path.at, true))
        finder->pass_wanted = true;
}

struct notice {
    int watch; /* -1: none */
    char name[256];
};

static void work_off(struct finder *finder, const struct notice *notice)
{
    if (notice->watch < 0)
        return;
    const struct finder_directory *at = finder->by_watch[bucket_of_watch(notice->watch)];
    for (; at; at = at->next_by_watch)
        if (at->watch == notice->watch)
            look_at(finder, at, notice->name);
}

/* A file that is being written brings the same notice many times in a row: one look after the last
 * will do. */
void finder_notices(struct finder *finder)
{
    struct notice notices[2] = {{.watch = -1}, {.watch = -1}};
    struct notice *next = &notices[0], *last = &notices[1];
    bool overflow = false;
    for (int i = 0; i < NOTICES_MAX; i++) {
        if (!finder->files->notice(finder->files->self, &next->watch, next->name, &overflow))
            break;
        if (overflow) {
            finder->pass_wanted = true;
            continue;
        }
        if (next->watch == last->watch && strcmp(next->name, last->name) == 0)
            continue;
        work_off(finder, last);
        struct notice *done = last;
        last = next;
        next = done;
    }
    work_off(finder, last);
}

const char *finder_refusal(const struct files *files, const char *path, struct file_facts *ret)
{
    struct file_facts link;
    int wrong = files->facts_at(files->self, path, false, ret);
    if (wrong)
        return wrong == ENOENT || wrong == ENOTDIR
                   ? ""
                   : "cannot be looked at; is its directory ours to enter?";
    if (ret->is_link) {
        link = *ret;
        if (files->facts_at(files->self, path, true, ret) != 0)
            return "is a link that leads nowhere we can see";
        if (link.owner != 0 && link.owner != files->user && link.owner != ret->owner)
            return "is a link made by somebody who owns neither the agent nor its target";
    }
    if (ret->is_directory)
        return "is a directory; name the files in it";
    return ret->is_regular ? NULL : "is no regular file";
}
