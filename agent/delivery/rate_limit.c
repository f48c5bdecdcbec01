/* agent/delivery/rate_limit.c - the RateLimit header of an answer.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/rate_limit.h"

#include "agent/delivery/retry.h"
#include "agent/limits.h"

/* The next "name=value" of a header's lists and parameters. */
static struct cut member_take(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != ',' && rest->at[len] != ';')
        len++;
    struct cut member = str_cut(str_trim(str_slice(*rest, 0, len)), '=');
    *rest = str_skip(*rest, len + 1);
    return member;
}

int64_t rate_limit_wait(struct str header)
{
    uint64_t left = 1, reset_s = 0;
    while (header.len) {
        struct cut member = member_take(&header);
        struct str name = str_trim(member.head), value = str_trim(member.tail);
        if (str_equal(name, STR("remaining")) || str_equal(name, STR("r")))
            str_to_uint(value, &left);
        else if (str_equal(name, STR("reset")) || str_equal(name, STR("t")))
            str_to_uint(value, &reset_s);
    }
    if (left > 0 || reset_s == 0)
        return -1;
    return (int64_t)(reset_s < RETRY_AFTER_S_MAX ? reset_s : RETRY_AFTER_S_MAX) * SECOND_NS;
}
