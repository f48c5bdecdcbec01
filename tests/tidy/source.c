/* tests/tidy/source.c - the text of one file: head, size, functions, mirror.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Functions are found by the format that clang-format keeps: a body begins with a line "{" and ends
 * with a line "}".
 */
#include "tests/tidy/tidy.h"

#include <stdio.h>

enum { FILE_LINES_MAX = 600, PLUGIN_LINES_MAX = 400, FUNCTION_LINES_MAX = 70 };

/* inputs/x.c, filters/x.c, outputs/x.c; what lies deeper serves a plugin and is none. */
static bool is_plugin(struct str path)
{
    struct cut room = str_cut(path, '/');
    return (str_equal(room.head, STR("inputs")) || str_equal(room.head, STR("filters")) ||
            str_equal(room.head, STR("outputs"))) &&
           str_ends(path, STR(".c")) && !str_cut(room.tail, '/').found;
}

static bool is_c(struct str path)
{
    return str_ends(path, STR(".c")) || str_ends(path, STR(".h"));
}

static void check_head(const struct tidy_file *file)
{
    struct cut first = str_cut(file->text, '\n');
    struct cut second = str_cut(first.tail, '\n');
    struct str head = first.head;
    bool is_script = str_starts(head, STR("#!"));
    if (is_script) {
        head = second.head;
        second = str_cut(second.tail, '\n');
    }
    head = str_skip(head, is_c(file->path) || str_ends(file->path, STR(".def")) ? 3 : 2);
    if (!str_starts(head, file->path) || str_find_str(head, STR(" - ")) != file->path.len)
        complain(file->path, 1 + is_script, "does not begin with `%.*s - what it is`",
                 STR_ARG(file->path));
    if (str_find_str(second.head, STR("SPDX-License-Identifier: Apache-2.0")) == SIZE_MAX)
        complain(file->path, 2 + is_script, "has no SPDX-License-Identifier: Apache-2.0 here");
}

/* A _body.h is included more than once, on purpose. */
static void check_guard(const struct tidy_file *file)
{
    if (!str_ends(file->path, STR(".h")) || str_ends(file->path, STR("_body.h")))
        return;
    if (str_find_str(file->text, STR("\n#ifndef WEIR_")) == SIZE_MAX)
        complain(file->path, 0, "has no guard; write #ifndef WEIR_NOUN_H");
}

static void check_size(const struct tidy_file *file, size_t lines)
{
    size_t most = is_plugin(file->path) ? PLUGIN_LINES_MAX : FILE_LINES_MAX;
    if (lines > most && !str_ends(file->path, STR(".def")))
        complain(file->path, lines,
                 "has more than %zu lines; find the second thing in it and give that a file", most);
}

/* Test files may say what they look for; the marks are spelled apart so that this file may too. */
static void check_marks(const struct tidy_file *file, struct str line, size_t number)
{
    static const char *const marks[] = {"TO"
                                        "DO",
                                        "FIX"
                                        "ME",
                                        "XX"
                                        "X:"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (str_find_str(line, str_from(marks[i])) != SIZE_MAX)
            complain(file->path, number, "leaves a %s; do it, or write an issue", marks[i]);
}

struct scan {     /* where a walk over the lines of a file stands */
    size_t head;  /* line where the function that comes next may begin */
    size_t start; /* of the function that we are in, 0: none */
    struct str name;
};

static void scan_line(const struct tidy_file *file, struct scan *scan, struct str line,
                      size_t number)
{
    if (scan->start == 0 && str_equal(line, STR("{"))) {
        scan->start = scan->head;
    } else if (scan->start > 0 && str_equal(line, STR("}"))) {
        if (number - scan->start + 1 > FUNCTION_LINES_MAX)
            complain(file->path, scan->start,
                     "%.*s has %zu lines; more than %d do not fit the eye, take a step out",
                     STR_ARG(scan->name), number - scan->start + 1, FUNCTION_LINES_MAX);
        scan->start = 0;
        scan->head = number + 1;
    } else if (scan->start == 0) {
        if (line.len == 0 || line.at[0] == ' ' || line.at[0] == '#' || line.at[0] == '/')
            scan->head = line.len > 0 && line.at[0] == ' ' ? scan->head : number + 1;
        else if (str_find(line, '(') != SIZE_MAX)
            scan->name = str_cut(line, '(').head;
    }
}

static void check_lines(const struct tidy_file *file)
{
    struct scan scan = {.head = 1};
    size_t number = 0;
    for (struct str rest = file->text; rest.len > 0;) {
        struct cut cut = str_cut(rest, '\n');
        number++;
        if (str_ends(cut.head, STR(" ")) || str_ends(cut.head, STR("\r")))
            complain(file->path, number, "ends with a blank; take it away");
        check_marks(file, cut.head, number);
        if (is_c(file->path))
            scan_line(file, &scan, cut.head, number);
        rest = cut.tail;
    }
    check_size(file, number);
}

/* The test of this name, or of a shorter one: encode_value.c may be tested through test_encode.c.
 */
static const struct tidy_file *find_mirror(const struct tree *tree, struct str room,
                                           struct str name)
{
    char path[512];
    for (struct cut cut = {.head = name, .found = true}; cut.found;
         cut = str_cut_last(cut.head, '_')) {
        snprintf(path, sizeof path, "tests/%.*s%stest_%.*s.c", STR_ARG(room),
                 room.len > 0 ? "/" : "", STR_ARG(cut.head));
        const struct tidy_file *test = tree_find(tree, str_from(path));
        if (test)
            return test;
    }
    return NULL;
}

/* agent/data/str.c is mirrored by tests/data/test_str.c, inputs/tail.c by tests/inputs/test_tail.c.
 */
static void check_mirror(const struct tree *tree, const struct tidy_file *file)
{
    struct str path = file->path;
    if (!str_ends(path, STR(".c")) || str_starts(path, STR("tests/")) ||
        str_equal(path, STR("agent/main.c")) || str_equal(path, STR("agent/builtin.c")))
        return;
    struct cut cut = str_cut_last(path, '/');
    struct str room = str_starts(path, STR("agent")) ? str_skip(cut.head, 6) : cut.head;
    struct str name = str_slice(cut.tail, 0, cut.tail.len - 2);
    char include[512];
    const struct tidy_file *test = find_mirror(tree, room, name);
    snprintf(include, sizeof include, "#include \"%.*s\"", STR_ARG(path));
    if (!test)
        complain(path, 0, "has no mirror; write tests/%.*s/test_%.*s.c", STR_ARG(room),
                 STR_ARG(name));
    else if (str_ends(test->path, cut.tail) &&
             str_find_str(test->text, str_from(include)) == SIZE_MAX)
        complain(test->path, 0, "does not include what it mirrors; write %s", include);
}

void check_source(const struct tree *tree, const struct tidy_file *file)
{
    check_head(file);
    check_guard(file);
    check_lines(file);
    check_mirror(tree, file);
}
