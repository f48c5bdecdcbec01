/* agent/honeycomb/statuses.c - what became of each event of a batch.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/honeycomb/statuses.h"

static enum verdict item_verdict(int64_t status)
{
    switch (status) {
    case 401:
    case 403:
    case 404:
        return HOLD;
    case 408:
    case 429:
        return RETRY;
    case 413:
        return TOO_LARGE;
    default:
        if (status >= 500)
            return RETRY;
        return status < 300 ? DELIVERED : REFUSED;
    }
}

/* {"status":202}; false: that is no answer to what was asked. */
static bool item_read(struct value item, struct arena *arena, uint8_t *ret, struct str *ret_words)
{
    int64_t status;
    if (str_equal(item.text, STR("{\"status\":202}"))) { /* most of them */
        *ret = DELIVERED;
        return true;
    }
    if (item.kind != VALUE_OBJECT || !value_integer(answer_member(item, STR("status")), &status) ||
        status < 200 || status > 599)
        return false;
    *ret = (uint8_t)item_verdict(status);
    *ret_words = answer_text(item, STR("error"), arena);
    if (ret_words->len == 0)
        *ret_words = answer_status((int)status, arena);
    return true;
}

/* The answer of nearly always: `count` events that are all accepted, and nothing else. */
static bool all_are_accepted(struct str body, size_t count)
{
    return str_starts(body, STR("[")) && str_ends(body, STR("]")) && body.len > 2 &&
           answer_repeats(str_slice(body, 1, body.len - 2), STR("{\"status\":202},"), count);
}

bool statuses_read(struct str body, struct judgement *ret)
{
    if (all_are_accepted(str_trim(body), ret->count)) {
        memset(ret->items, DELIVERED, ret->count);
        return true;
    }
    return answer_items(answer_read(body), ret, item_read);
}
