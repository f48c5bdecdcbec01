/* filters/formats/plain.c - text of no known shape: a time in front, a level word, the rest is the
 * message. SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.h"

#include <string.h>

enum {
    CLF_TIME_LEN = 26,
    KLOG_HEAD_LEN = 21
}; /* "10/Oct/2000:13:55:36 -0700", "I0102 03:04:05.678901" */

static struct str skip_joints(struct str text)
{
    while (text.len && memchr(" \t-|", *text.at, 4))
        text = str_skip(text, 1);
    return text;
}

/* `[2024-01-02 03:04:05 +0000] `, `[10/Oct/2000:13:55:36 -0700] `: what is behind it. Where the
 * bracket holds more, as in `[2024-01-02T03:04:05Z ERROR app] `, the text stays whole. */
static struct str bracketed_time(struct reader *reader, struct str text)
{
    struct cut cut = str_cut(str_skip(text, 1), ']');
    size_t len = time_prefix(cut.head);
    if (!cut.found || (!len && cut.head.len != CLF_TIME_LEN))
        return text;
    if (reader_time(reader, cut.head))
        return skip_joints(cut.tail);
    if (len)
        (void)reader_time(reader, str_slice(cut.head, 0, len));
    return text;
}

static struct str leading_time(struct reader *reader, struct str text)
{
    if (text.len && *text.at == '[')
        return bracketed_time(reader, text);
    size_t len = time_prefix(text);
    if (!len || len == text.len || !reader_time(reader, str_slice(text, 0, len)))
        return text;
    struct str rest = str_skip(text, len);
    return *rest.at == ':' ? skip_joints(str_skip(rest, 1)) : skip_joints(rest);
}

/* `E0102 03:04:05.678901   1 file.go:12] msg` of klog and glog: the letter is the level. It names
 * no year, so the line takes the time of the one before it. */
static bool is_klog(struct str text)
{
    static const char shape[] = "Ldddd dd:dd:dd.dddddd";
    if (text.len <= KLOG_HEAD_LEN || !memchr("IWEF", *text.at, 4))
        return false;
    for (size_t i = 1; i < KLOG_HEAD_LEN; i++)
        if (shape[i] == 'd' ? !is_digit(text.at[i]) : text.at[i] != shape[i])
            return false;
    return true;
}

/* How the runtimes of several languages begin their last words. */
static bool is_outcry(struct str text)
{
    static const struct str starts[] = {
        {"Traceback (most recent call last)", 33},
        {"panic: ", 7},
        {"fatal error: ", 13},
        {"Exception in thread ", 20},
        {"Unhandled exception", 19},
        {"Uncaught ", 9},
        {"thread '", 8},
    };
    for (size_t i = 0; i < COUNT(starts); i++)
        if (str_starts(text, starts[i]))
            return i + 1 < COUNT(starts) || str_find_str(text, STR("' panicked at ")) != SIZE_MAX;
    return false;
}

/* `<34>` of syslog: what is left of the number by eights is the severity. */
static uint8_t priority_read(struct str text)
{
    enum { PRIORITY_MAX = 191, SEVERITIES = 8 };
    struct cut cut = str_cut(str_slice(text, 0, sizeof "<191>" - 1), '>');
    uint64_t priority;
    bool is_one = cut.found && str_starts(cut.head, STR("<")) &&
                  str_to_uint(str_skip(cut.head, 1), &priority) && priority <= PRIORITY_MAX;
    return is_one ? severity_from_syslog((int64_t)(priority % SEVERITIES)) : SEVERITY_NONE;
}

void plain_level(struct reader *reader, struct str text)
{
    reader->event->severity =
        reader->event->severity ? reader->event->severity : priority_read(text);
    struct str word = is_klog(text) ? str_slice(text, 0, 1) : level_word(text);
    if (word.len && reader_level(reader, word))
        return;
    if (is_outcry(text) && !reader->event->severity)
        reader->event->severity = SEVERITY_ERROR;
}

void plain_read(struct reader *reader, struct str text)
{
    struct str body = str_trim(leading_time(reader, text));
    plain_level(reader, body);
    if (tells_no_memory(body))
        reader_failed(reader);
    reader_text(reader, SLOT_BODY, body.len ? body : text);
}

static bool plain_claims(struct str line)
{
    (void)line;
    return false;
}

static enum format_result plain_format_read(struct reader *reader, struct str text)
{
    plain_read(reader, text);
    return FORMAT_READ;
}

const struct format format_plain = {
    .name = "plain", .claims = plain_claims, .read = plain_format_read};
