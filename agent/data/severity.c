/* agent/data/severity.c - the words and numbers of every logger to OpenTelemetry's SeverityNumber.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/severity.h"

#include <string.h>

#include "agent/must.h"

enum { WORD_MAX = 16 };

struct word {
    char text[WORD_MAX];
    uint8_t severity;
};

/* The common ones first: the search is linear. */
static const struct word words[] = {
    {"info", 9},
    {"error", 17},
    {"warn", 13},
    {"debug", 5},
    {"warning", 13},
    {"trace", 1},
    {"fatal", 21},
    {"critical", 21},
    {"information", 9},
    {"notice", 10},
    {"err", 17},
    {"crit", 18},
    {"alert", 19},
    {"emerg", 21},
    {"emergency", 21},
    {"panic", 21},
    {"dpanic", 18},
    {"severe", 17},
    {"verbose", 5},
    {"fail", 17},
    {"dbug", 5},
    {"trce", 1},
    {"informational", 9},
    {"inf", 9},
    {"wrn", 13},
    {"dbg", 5},
    {"trc", 1},
    {"ftl", 21},
    {"pnc", 21},
    {"config", 7},
    {"fine", 6},
    {"finer", 5},
    {"finest", 1},
    {"success", 9},
    {"http", 9},
    {"silly", 1},
    {"exception", 17},
    {"failure", 17},
    {"warn2", 14},
    {"error2", 18},
    {"i", 9},
    {"e", 17},
    {"w", 13},
    {"d", 5},
    {"t", 1},
    {"f", 21},
    {"c", 21},
    {"v", 5},
};

static uint8_t find_word(const char folded[static WORD_MAX])
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (memcmp(words[i].text, folded, WORD_MAX) == 0)
            return words[i].severity;
    return SEVERITY_NONE;
}

/* slog writes the distance to the next level below: "INFO+2", "ERROR-1". */
static uint8_t add_steps(uint8_t severity, char sign, struct str steps)
{
    int64_t count;
    if (severity == SEVERITY_NONE || !str_to_int(steps, &count) || count < 0 ||
        count > SEVERITY_MAX)
        return SEVERITY_NONE;
    int64_t sum = sign == '+' ? severity + count : severity - count;
    return sum >= 1 && sum <= SEVERITY_MAX ? (uint8_t)sum : SEVERITY_NONE;
}

/* Four letters, lower case. */
static uint32_t fold4(const char *at)
{
    uint32_t four;
    memcpy(&four, at, sizeof four);
    return four | 0x20202020;
}

/* A word of four to eight letters. */
static bool is_folded(struct str word, struct str lower)
{
    return word.len == lower.len && fold4(word.at) == fold4(lower.at) &&
           fold4(word.at + word.len - 4) == fold4(lower.at + lower.len - 4);
}

/* Nearly every line has one of these, in either case. */
static uint8_t common_word(struct str word)
{
    if (is_folded(word, STR("info")))
        return SEVERITY_INFO;
    if (is_folded(word, STR("error")))
        return SEVERITY_ERROR;
    if (is_folded(word, STR("debug")))
        return SEVERITY_DEBUG;
    if (is_folded(word, STR("warn")) || is_folded(word, STR("warning")))
        return SEVERITY_WARN;
    bool is_long = word.len == sizeof "information" - 1; /* what .NET writes */
    return is_long && is_folded(str_slice(word, 0, 6), STR("inform")) &&
                   is_folded(str_skip(word, 6), STR("ation"))
               ? SEVERITY_INFO
               : SEVERITY_NONE;
}

uint8_t severity_from_word(struct str word)
{
    uint8_t common = common_word(word);
    if (common != SEVERITY_NONE)
        return common;
    char folded[WORD_MAX] = {0};
    size_t i = 0;
    for (; i < word.len && i < WORD_MAX - 1; i++) {
        char byte = word.at[i];
        if (byte == '+' || byte == '-')
            return add_steps(find_word(folded), byte, str_skip(word, i + 1));
        folded[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    return i == word.len ? find_word(folded) : SEVERITY_NONE;
}

uint8_t severity_from_number(int64_t number)
{
    if (number < 10 || number > 60 || number % 10 != 0)
        return SEVERITY_NONE;
    return (uint8_t)(number / 10 * 4 - 3);
}

uint8_t severity_from_syslog(int64_t level)
{
    static const uint8_t levels[] = {21, 19, 18, 17, 13, 10, 9, 5};
    return level >= 0 && level < (int64_t)COUNT(levels) ? levels[level] : SEVERITY_NONE;
}

struct str severity_word(uint8_t severity)
{
    static const struct str ranges[] = {{"trace", 5}, {"debug", 5}, {"info", 4},
                                        {"warn", 4},  {"error", 5}, {"fatal", 5}};
    if (severity == SEVERITY_NONE || severity > SEVERITY_MAX)
        return STR("");
    return ranges[(severity - 1) / 4];
}
