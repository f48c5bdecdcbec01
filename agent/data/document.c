/* agent/data/document.c - small JSON documents, read by key.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/document.h"

#include <string.h>
#include <xxhash.h>

struct value document_read(struct str text)
{
    struct str json = str_trim(text);
    if (!str_starts(json, STR("{")) || !scan_is_valid(json))
        return (struct value){.kind = VALUE_MISSING};
    return (struct value){.kind = VALUE_OBJECT, .text = json};
}

struct value document_member(struct value object, struct str key)
{
    struct member member;
    size_t at = 0;
    while (object.kind == VALUE_OBJECT && scan_next(object.text, &at, &member))
        if (str_equal(member.key, key))
            return member.value;
    return (struct value){.kind = VALUE_MISSING};
}

struct value document_at(struct value object, const char *path)
{
    struct cut cut = {.tail = str_from(path), .found = true};
    while (cut.found) {
        cut = str_cut(cut.tail, '/');
        object = document_member(object, cut.head);
    }
    return object;
}

struct str document_text(struct value value, struct arena *arena)
{
    struct str text;
    return value_text(value, arena, &text) ? text : (struct str){0};
}

/* --- hash ---------------------------------------------------------------------------------- */

static bool is_skipped(const char *skip, struct str key)
{
    char word[64];
    if (key.len + 3 > sizeof word)
        return false;
    word[0] = ' ';
    memcpy(word + 1, key.at, key.len);
    word[key.len + 1] = ' ';
    return str_find_str(str_from(skip), (struct str){word, key.len + 2}) != SIZE_MAX;
}

static uint64_t leaf_hash(struct value value)
{
    if (value.kind == VALUE_BOOL)
        return value.truth ? 2 : 3;
    return XXH3_64bits_withSeed(value.text.at ? value.text.at : "", value.text.len,
                                (uint64_t)value.kind);
}

/* A sum over an object's members, so that their order does not count; its depth is JSON_DEPTH_MAX
 * at most, as the document was validated. */
uint64_t document_hash(struct value value, const char *skip)
{
    bool is_object = value.kind == VALUE_OBJECT;
    if (!is_object && value.kind != VALUE_ARRAY)
        return leaf_hash(value);
    uint64_t hash = is_object ? 5 : 7;
    struct member member;
    for (size_t at = 0; scan_next(value.text, &at, &member);) {
        if (is_object && is_skipped(skip, member.key))
            continue;
        uint64_t inside = document_hash(member.value, skip);
        if (is_object)
            hash += XXH3_64bits_withSeed(member.key.at, member.key.len, inside);
        else
            hash = XXH3_64bits_withSeed(&inside, sizeof inside, hash);
    }
    return XXH3_64bits(&hash, sizeof hash);
}
