/* agent/delivery/answer.c - looks into what a far end said, when that is JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/answer.h"

#include <stdio.h>

#include "agent/data/scan.h"
#include "agent/weir.h"

struct value answer_read(struct str body)
{
    struct str json = str_trim(body);
    bool is_object = str_starts(json, STR("{")), is_array = str_starts(json, STR("["));
    if ((!is_object && !is_array) || !scan_is_valid(json))
        return (struct value){.kind = VALUE_MISSING};
    return (struct value){.kind = is_object ? VALUE_OBJECT : VALUE_ARRAY, .text = json};
}

struct value answer_member(struct value object, struct str key)
{
    struct member member;
    size_t at = 0;
    while (object.kind == VALUE_OBJECT && scan_next(object.text, &at, &member))
        if (str_equal(member.key, key))
            return member.value;
    return (struct value){.kind = VALUE_MISSING};
}

struct value answer_at(struct value object, const char *path)
{
    struct cut cut = {.tail = str_from(path), .found = true};
    while (cut.found) {
        cut = str_cut(cut.tail, '/');
        object = answer_member(object, cut.head);
    }
    return object;
}

struct str answer_text(struct value object, struct str key, struct arena *arena)
{
    struct str text;
    return value_text(answer_member(object, key), arena, &text) ? text : (struct str){0};
}

struct str answer_status(int status, struct arena *arena)
{
    char text[128];
    bool is_redirect = status >= 300 && status < 400;
    int len =
        snprintf(text, sizeof text, "HTTP %d%s", status,
                 is_redirect ? ", which sends us elsewhere and is not followed: give the final "
                               "address in `url`"
                             : "");
    return arena_copy(arena, (struct str){text, (size_t)len});
}

enum verdict verdict_of_status(int status)
{
    switch (status) {
    case 400:
        return REFUSED;
    case 413:
        return TOO_LARGE;
    case 408:
    case 429:
        return RETRY;
    case 501:
        return HOLD;
    default: /* redirects, 401 to 406, 415: somebody has to put something right */
        return status >= 300 && status < 500 ? HOLD : RETRY;
    }
}

bool answer_items(struct value items, struct judgement *ret,
                  bool (*read)(struct value item, struct arena *arena, uint8_t *ret,
                               struct str *ret_words))
{
    struct member item;
    size_t at = 0, count = 0;
    while (items.kind == VALUE_ARRAY && scan_next(items.text, &at, &item)) {
        if (count == ret->count ||
            !read(item.value, ret->arena, &ret->items[count], &ret->words[count]))
            return false;
        count++;
    }
    return count == ret->count;
}

bool answer_repeats(struct str items, struct str item, size_t count)
{
    if (count == 0 || items.len != count * item.len - 1)
        return false;
    for (size_t i = 0; i < count; i++)
        if (memcmp(items.at + i * item.len, item.at, item.len - (i + 1 == count)) != 0)
            return false;
    return true;
}
