/* tests/tidy/tidy.h - what the style checks share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TIDY_H
#define WEIR_TIDY_H

#include "agent/data/str.h"

struct tidy_file {
    struct str path; /* from the top of the tree */
    struct str text; /* empty where it is too big to belong here */
    size_t size;
};

struct tree {
    const char *top, *build;
    struct tidy_file *files; /* in order of path */
    size_t count;
};

/* One failure: where, what is wrong, what to do. Line 0: the whole file. */
void complain(struct str path, size_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
const struct tidy_file *tree_find(const struct tree *tree, struct str path); /* null: there is none */
/* Standard output of a command, whole; false if it failed. The text stays for good. */
bool output_of(struct str *ret, const char *format, ...) __attribute__((format(printf, 2, 3)));

void check_source(const struct tree *tree, const struct tidy_file *file);
void check_includes(const struct tree *tree, const struct tidy_file *file);
void check_objects(const struct tree *tree);

#endif
