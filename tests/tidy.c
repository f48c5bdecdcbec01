/* tests/tidy.c - style as a test: what the house rules say about files, checked on all of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     tidy TOP BUILD
 *
 * Each failure is one line: file, line, what is wrong, what to do. tidy/source.c looks at the text
 * of a file, tidy/includes.c at who includes whom, tidy/objects.c at what the compiled objects
 * import.
 */
#include "tests/tidy/tidy.h"

#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { BLOB_BYTES_MAX = 64 * 1024, DECISIONS_MAX = 9999 };

static unsigned complaints;

void complain(struct str path, size_t line, const char *format, ...)
{
    va_list args;
    complaints++;
    printf("%.*s:", STR_ARG(path));
    if (line > 0)
        printf("%zu:", line);
    printf(" ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
}

static struct str read_all(FILE *from)
{
    size_t room = 1 << 16, len = 0, got;
    char *text = malloc(room);
    while (text && (got = fread(text + len, 1, room - len, from)) > 0) {
        len += got;
        if (len == room)
            text = realloc(text, room *= 2);
    }
    if (!text)
        abort();
    return (struct str){text, len};
}

bool output_of(struct str *ret, const char *format, ...)
{
    char command[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    FILE *pipe = popen(command, "re");
    if (!pipe)
        return false;
    *ret = read_all(pipe);
    return pclose(pipe) == 0;
}

/* --- the tree
 * ------------------------------------------------------------------------------------------ */

static bool is_source(struct str path)
{
    return str_ends(path, STR(".c")) || str_ends(path, STR(".h")) || str_ends(path, STR(".def")) ||
           str_ends(path, STR(".sh")) || str_ends(path, STR(".py"));
}

static void tree_add(struct tree *tree, const FTSENT *entry)
{
    if (tree->count % 256 == 0)
        tree->files = realloc(tree->files, (tree->count + 256) * sizeof *tree->files);
    char *path = strdup(entry->fts_path + strlen(tree->top) + 1);
    if (!tree->files || !path)
        abort();
    struct tidy_file *file = &tree->files[tree->count++];
    *file = (struct tidy_file){.path = str_from(path), .size = (size_t)entry->fts_statp->st_size};
    FILE *from = file->size <= BLOB_BYTES_MAX ? fopen(entry->fts_path, "re") : NULL;
    if (from) {
        file->text = read_all(from);
        fclose(from);
    }
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_ours(const FTSENT *entry)
{
    return entry->fts_level == 0 ||
           (entry->fts_name[0] != '.' && strcmp(entry->fts_name, "build") != 0 &&
            strcmp(entry->fts_name, "__pycache__") != 0);
}

static void tree_read(struct tree *tree)
{
    char *top = strdup(tree->top);
    char *const tops[] = {top, NULL};
    FTS *walk = fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!walk)
        abort();
    for (FTSENT *entry; (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_D && !is_ours(entry))
            fts_set(walk, entry, FTS_SKIP);
        if (entry->fts_info == FTS_F)
            tree_add(tree, entry);
    }
    fts_close(walk);
    free(top);
}

const struct tidy_file *tree_find(const struct tree *tree, struct str path)
{
    for (size_t i = 0; i < tree->count; i++)
        if (str_equal(tree->files[i].path, path))
            return &tree->files[i];
    return NULL;
}

/* --- what concerns the whole tree
 * ------------------------------------------------------------------------ */

static void check_decisions(const struct tree *tree)
{
    uint64_t last = 0, number;
    for (size_t i = 0; i < tree->count; i++) {
        struct str path = tree->files[i].path;
        if (!str_starts(path, STR("agent/decisions/")) || !str_ends(path, STR(".md")))
            continue;
        struct str name = str_cut_last(path, '/').tail;
        if (!str_to_uint(str_slice(name, 0, 4), &number) || name.at[4] != '-')
            complain(path, 0, "is not called NNNN-title.md; give it the number %04u",
                     (unsigned)last + 1);
        else if (number != last + 1 && number <= DECISIONS_MAX)
            complain(path, 0, "comes after number %04u; number decisions without gaps or twins",
                     (unsigned)last);
        else
            last = number;
    }
}

/* The reference pages come from the settings tables; a page that is behind was not generated again.
 */
static void check_reference(const struct tree *tree, const char *room)
{
    char name[64];
    struct str want;
    snprintf(name, sizeof name, "%s/README.md", room);
    const struct tidy_file *page = tree_find(tree, str_from(name));
    if (!page)
        return;
    if (!output_of(&want, "'%s/agent' help --reference %s", tree->build, room))
        complain(page->path, 0, "could not be compared: build/agent help --reference %s failed",
                 room);
    else if (!str_equal(page->text, want))
        complain(page->path, 0,
                 "is not what the settings tables say; run build/agent help --reference %s > %s",
                 room, name);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: tidy TOP BUILD\n");
        return 2;
    }
    struct tree tree = {.top = argv[1], .build = argv[2]};
    tree_read(&tree);
    for (size_t i = 0; i < tree.count; i++) {
        const struct tidy_file *file = &tree.files[i];
        if (file->size > BLOB_BYTES_MAX)
            complain(file->path, 0,
                     "has %zu bytes; nothing above %d belongs in the tree, generate or fetch it",
                     file->size, BLOB_BYTES_MAX);
        if (is_source(file->path)) {
            check_source(&tree, file);
            check_includes(&tree, file);
        }
    }
    check_decisions(&tree);
    check_reference(&tree, "inputs");
    check_reference(&tree, "filters");
    check_reference(&tree, "outputs");
    check_objects(&tree);
    printf("%zu files, %u complaints\n", tree.count, complaints);
    return complaints > 0;
}
