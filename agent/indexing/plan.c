/* agent/indexing/plan.c - what an output's settings mean for the names it writes to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/indexing.h"

const char *indexing_name_mistake(struct str name)
{
    if (name.len == 0 || name.len > TARGET_BYTES_MAX)
        return "it must have 1 to 255 bytes";
    if (strchr("-_+", name.at[0]))
        return "it must not begin with -, _ or +";
    if (str_equal(name, STR(".")) || str_equal(name, STR("..")))
        return "it must not be . or ..";
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] >= 'A' && name.at[i] <= 'Z')
            return "it must be in lower case";
        if (memchr("\\/*?\"<>| ,#:", name.at[i], 12) || (unsigned char)name.at[i] < ' ')
            return "it must not hold \\ / * ? \" < > | , # : or a blank";
    }
    return NULL;
}

/* "logs-*-prod" to "weir-logs-any-prod": no name may hold a star. */
static struct str name_of(struct str pattern, struct arena *arena)
{
    struct buffer name;
    buffer_init(&name, 4096);
    buffer_add(&name, STR("weir-"));
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.at[i] == '*')
            buffer_add(&name, STR("any"));
        else
            buffer_byte(&name, pattern.at[i]);
    }
    struct str kept = name.full ? (struct str){0} : arena_copy(arena, buffer_str(&name));
    buffer_clear(&name);
    return kept;
}

static enum code settings_check(const struct indexing *indexing, const char *where, struct why *why)
{
    bool is_off = indexing->bootstrap == BOOTSTRAP_OFF;
    bool is_open = str_starts(indexing->pattern, STR("*"));
    if (is_open && !is_off && indexing->bootstrap != BOOTSTRAP_AUTO)
        return fail(why, BAD_CONFIG,
                    "%s: `index` begins with a field, so a template for it would be one for every "
                    "index: begin it with fixed text, or set `bootstrap` = off",
                    where);
    if (!indexing->retention_ns)
        return OK;
    if (is_off || is_open)
        return fail(why, BAD_CONFIG,
                    "%s: `retention` is kept by what `bootstrap` writes, and that writes nothing "
                    "here",
                    where);
    if (!indexing->is_stream && !indexing->has_time)
        return fail(why, BAD_CONFIG,
                    "%s: `retention` deletes whole indexes, and this is one for ever: put a time "
                    "into `index`, such as {timestamp:%%Y.%%m.%%d}, or let it be a data stream",
                    where);
    return OK;
}

enum code indexing_open(struct indexing *indexing, struct arena *arena, const char *where,
                        struct why *why)
{
    indexing->is_stream = indexing->bootstrap == BOOTSTRAP_DATA_STREAM ||
                          (indexing->bootstrap == BOOTSTRAP_AUTO && !indexing->has_time);
    enum code code = settings_check(indexing, where, why);
    if (code != OK)
        return code;
    indexing->name = STR("");
    if (indexing->bootstrap != BOOTSTRAP_OFF && !str_starts(indexing->pattern, STR("*")))
        indexing->name = name_of(indexing->pattern, arena);
    if (!indexing->name.at)
        return fail(why, OVER_LIMIT, "%s: no memory for the output", where);
    return OK;
}
