/* agent/indexing/sameness.c - do two JSON documents say the same?
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/sameness.h"

#include <string.h>
#include <xxhash.h>

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
uint64_t sameness_of(struct value value, const char *skip)
{
    bool is_object = value.kind == VALUE_OBJECT;
    if (!is_object && value.kind != VALUE_ARRAY)
        return leaf_hash(value);
    uint64_t hash = is_object ? 5 : 7;
    struct member member;
    for (size_t at = 0; scan_next(value.text, &at, &member);) {
        if (is_object && is_skipped(skip, member.key))
            continue;
        uint64_t inside = sameness_of(member.value, skip);
        if (is_object)
            hash += XXH3_64bits_withSeed(member.key.at, member.key.len, inside);
        else
            hash = XXH3_64bits_withSeed(&inside, sizeof inside, hash);
    }
    return XXH3_64bits(&hash, sizeof hash);
}
