/* agent/data/glob.c - path patterns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/glob.h"

bool glob_is_pattern(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] == '*' || text.at[i] == '?' || text.at[i] == '[')
            return true;
    return false;
}

/* [abc], [a-z], [!abc]. Returns the length of the set, 0 when it has no end: then the bracket is a
 * bracket. */
static size_t set_length(struct str set)
{
    size_t i = 1;
    if (i < set.len && (set.at[i] == '!' || set.at[i] == '^'))
        i++;
    if (i < set.len && set.at[i] == ']')
        i++;
    while (i < set.len && set.at[i] != ']')
        i++;
    return i < set.len ? i + 1 : 0;
}

static bool set_matches(struct str set, char byte)
{
    bool is_negated = set.at[1] == '!' || set.at[1] == '^';
    bool found = false;
    for (size_t i = is_negated ? 2 : 1; i + 1 < set.len; i++) {
        unsigned char low = (unsigned char)set.at[i], high = low;
        if (i + 3 < set.len && set.at[i + 1] == '-') {
            high = (unsigned char)set.at[i + 2];
            i += 2;
        }
        found |= (unsigned char)byte >= low && (unsigned char)byte <= high;
    }
    return found != is_negated;
}

/* How much of the pattern matches this one byte; 0: it does not. */
static size_t match_byte(struct str pattern, char byte)
{
    if (pattern.len == 0)
        return 0;
    size_t set = pattern.at[0] == '[' ? set_length(pattern) : 0;
    if (set)
        return set_matches(str_slice(pattern, 0, set), byte) ? set : 0;
    return pattern.at[0] == '?' || pattern.at[0] == byte;
}

bool glob_name_matches(struct str pattern, struct str name)
{
    if (name.len && name.at[0] == '.' && !(pattern.len && pattern.at[0] == '.'))
        return false;
    size_t p = 0, n = 0, star = SIZE_MAX, star_name = 0;
    while (n < name.len) {
        size_t used = 0;
        if (p < pattern.len && pattern.at[p] == '*') {
            star = ++p;
            star_name = n;
            continue;
        }
        used = match_byte(str_skip(pattern, p), name.at[n]);
        if (used) {
            p += used;
            n++;
        } else if (star != SIZE_MAX) {
            p = star; /* let the last star take one byte more */
            n = ++star_name;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.at[p] == '*')
        p++;
    return p == pattern.len;
}

static bool is_hidden(struct str name)
{
    return name.len && name.at[0] == '.';
}

bool glob_matches(struct str pattern, struct str path)
{
    for (;;) {
        struct cut wanted = str_cut(pattern, '/'), got = str_cut(path, '/');
        if (str_equal(wanted.head, STR("**")) && wanted.found) {
            if (glob_matches(wanted.tail, path))
                return true;
            if (!got.found || is_hidden(got.head))
                return false;
            path = got.tail; /* ** takes one more directory */
            continue;
        }
        if (wanted.found != got.found || !glob_name_matches(wanted.head, got.head))
            return false;
        if (!wanted.found)
            return true;
        pattern = wanted.tail;
        path = got.tail;
    }
}
