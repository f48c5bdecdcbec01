/* agent/config/template.c - "logs-{service.name}-{timestamp:%Y.%m.%d}".
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/template.h"

#include "agent/config/term.h"

enum { SAFE_BYTES_MAX = 128 }; /* of one field: an index name has 255 bytes in all */

enum part_kind { PART_TEXT, PART_FIELD, PART_TIME };

struct part {
    enum part_kind kind;
    struct str text; /* of TEXT; the format of TIME */
    struct path *path;
};

struct template
{
    struct str missing;
    size_t count;
    struct part parts[];
};

/* --- compiling ------------------------------------------------------------------------- */

/* Bytes [at, at + len) of the template's text, as precisely as the way it was written allows. */
static struct span place(const struct syntax *value, size_t at, size_t len)
{
    struct span span = value->span;
    if (value->kind == SYNTAX_TEXT && value->is_plain)
        span = (struct span){span.source, span.at + 1 + (uint32_t)at, (uint32_t)len};
    return span;
}

static const char time_letters[] = "YmdHMSjFVGys%";

static bool check_time_format(struct context *context, struct str format, struct span span)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.at[i] != '%')
            continue;
        i++;
        if (i < format.len && strchr(time_letters, format.at[i]))
            continue;
        struct diagnostic *error =
            diagnose_error(context->diagnostics, span, "%.*s is no part of a time",
                           STR_ARG(str_slice(format, i - 1, 2)));
        diagnose_hint(
            context->diagnostics, error,
            "there are %%Y %%m %%d %%H %%M %%S, %%F (%%Y-%%m-%%d), %%j, %%G and %%V (ISO week), "
            "%%s (epoch); always UTC");
        return false;
    }
    return true;
}

/* What stands between braces. */
static bool compile_part(struct context *context, struct str inside, struct span span,
                         struct part *part)
{
    struct cut cut = str_cut(inside, ':');
    part->kind = cut.found ? PART_TIME : PART_FIELD;
    part->text = cut.tail;
    part->path = field_compile(context, str_trim(cut.head), span);
    if (!part->path)
        return false;
    if (!cut.found)
        return true;
    if (path_slot(part->path) != SLOT_TIME) {
        struct diagnostic *error =
            diagnose_error(context->diagnostics, span, "only the time of the event takes a format");
        diagnose_hint(context->diagnostics, error, "write {timestamp:%.*s}", STR_ARG(cut.tail));
        return false;
    }
    return check_time_format(context, cut.tail, span);
}

static void brace_wrong(struct context *context, struct span span, char brace)
{
    struct diagnostic *error =
        diagnose_error(context->diagnostics, span,
                       brace == '{' ? "this \"{\" is never closed" : "this \"}\" closes nothing");
    diagnose_hint(context->diagnostics, error,
                  "a field stands in braces: {service.name}; %c%c is a brace", brace, brace);
}

static bool add_text(struct template *template, struct str text)
{
    if (text.len)
        template->parts[template->count++] = (struct part){.kind = PART_TEXT, .text = text};
    return true;
}

/* One step: text up to a brace, or what the brace stands for. at moves on. */
static bool compile_step(struct context *context, const struct syntax *value,
                         struct template *template, size_t *at)
{
    struct str rest = str_skip(value->text, *at);
    size_t len = 0;
    while (len < rest.len && rest.at[len] != '{' && rest.at[len] != '}')
        len++;
    if (len == rest.len) {
        *at += len;
        return add_text(template, rest);
    }
    char brace = rest.at[len];
    if (len + 1 < rest.len && rest.at[len + 1] == brace) { /* two of them are one */
        *at += len + 2;
        return add_text(template, str_slice(rest, 0, len + 1));
    }
    size_t end = str_find(rest, '}');
    bool is_open = brace == '{' && end != SIZE_MAX &&
                   str_find(str_slice(rest, len + 1, end - len - 1), '{') == SIZE_MAX;
    struct span span = place(value, *at + len, is_open ? end - len + 1 : 1);
    *at = value->text.len;
    if (!is_open) {
        brace_wrong(context, span, brace);
        return false;
    }
    *at = (size_t)(rest.at - value->text.at) + end + 1;
    add_text(template, str_slice(rest, 0, len));
    return compile_part(context, str_slice(rest, len + 1, end - len - 1), span,
                        &template->parts[template->count++]);
}

struct template *template_compile(struct context *context, const struct syntax *value)
{
    size_t braces = 0;
    for (size_t i = 0; i < value->text.len; i++)
        braces += value->text.at[i] == '{' || value->text.at[i] == '}';
    struct template *template =
        context_take(context, sizeof *template + (2 * braces + 2) * sizeof(struct part));
    template->missing = context->missing.len ? context->missing : STR("none");
    bool is_fine = true;
    for (size_t at = 0; at < value->text.len;)
        is_fine &= compile_step(context, value, template, &at);
    return is_fine ? template : NULL;
}

/* --- time
 * ------------------------------------------------------------------------------------------------
 */

struct date {
    int64_t year;
    unsigned month, day, day_of_year; /* from 1 */
    unsigned week_day;                /* Monday is 1 */
    unsigned hour, minute, second;
};

/* Days since 1970-01-01 to a date (Howard Hinnant's civil_from_days). */
static struct date date_of(int64_t seconds)
{
    int64_t days = seconds / 86400 - (seconds % 86400 < 0);
    unsigned clock = (unsigned)(seconds - days * 86400);
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    unsigned day_of_era = (unsigned)(shifted - era * 146097);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_from_march =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_from_march + 2) / 153;
    struct date date = {
        .month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9,
        .day = day_from_march - (153 * month_from_march + 2) / 5 + 1,
        .hour = clock / 3600,
        .minute = clock / 60 % 60,
        .second = clock % 60,
        .week_day = (unsigned)((days % 7 + 7 + 3) % 7) + 1,
    };
    date.year = (int64_t)year_of_era + era * 400 + (date.month <= 2);
    bool leaps = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
    date.day_of_year = date.month > 2 ? day_from_march + 60 + leaps : day_from_march - 305;
    return date;
}

static bool is_long_year(int64_t year)
{
    int64_t last = (year + year / 4 - year / 100 + year / 400) % 7;
    int64_t before = year - 1;
    int64_t last_before = (before + before / 4 - before / 100 + before / 400) % 7;
    return last == 4 || last_before == 3;
}

/* ISO 8601 week and the year it belongs to. */
static unsigned iso_week(const struct date *date, int64_t *ret_year)
{
    int week = ((int)date->day_of_year - (int)date->week_day + 10) / 7;
    *ret_year = date->year;
    if (week < 1) {
        *ret_year = date->year - 1;
        return is_long_year(*ret_year) ? 53 : 52;
    }
    if (week == 53 && !is_long_year(date->year)) {
        *ret_year = date->year + 1;
        return 1;
    }
    return (unsigned)week;
}

static void put_digits(struct buffer *to, uint64_t number, unsigned digits)
{
    char *at = buffer_reserve(to, digits);
    if (!at)
        return;
    for (unsigned i = digits; i-- > 0; number /= 10)
        at[i] = (char)('0' + number % 10);
    to->len += digits;
}

static void put_time_part(struct buffer *to, char letter, const struct date *date, int64_t seconds)
{
    int64_t iso_year;
    unsigned week = iso_week(date, &iso_year);
    switch (letter) {
    case 'Y':
        put_digits(to, (uint64_t)date->year, 4);
        break;
    case 'G':
        put_digits(to, (uint64_t)iso_year, 4);
        break;
    case 'y':
        put_digits(to, (uint64_t)date->year % 100, 2);
        break;
    case 'j':
        put_digits(to, date->day_of_year, 3);
        break;
    case 's':
        buffer_int(to, seconds);
        break;
    case 'F':
        put_digits(to, (uint64_t)date->year, 4);
        buffer_byte(to, '-');
        put_digits(to, date->month, 2);
        buffer_byte(to, '-');
        put_digits(to, date->day, 2);
        break;
    case '%':
        buffer_byte(to, '%');
        break;
    default:
        put_digits(to,
                   letter == 'm'   ? date->month
                   : letter == 'd' ? date->day
                   : letter == 'H' ? date->hour
                   : letter == 'M' ? date->minute
                   : letter == 'S' ? date->second
                                   : week,
                   2);
    }
}

static void put_time(struct buffer *to, struct str format, int64_t time_ns)
{
    int64_t seconds = time_ns / 1000000000 - (time_ns % 1000000000 < 0);
    struct date date = date_of(seconds);
    for (size_t i = 0; i < format.len; i++) {
        if (format.at[i] == '%' && i + 1 < format.len)
            put_time_part(to, format.at[++i], &date, seconds);
        else
            buffer_byte(to, format.at[i]);
    }
}

/* --- writing --------------------------------------------------------------------------- */

static void put_safe(struct buffer *to, struct str text)
{
    text = str_slice(text, 0, SAFE_BYTES_MAX);
    char last = to->len ? to->at[to->len - 1] : '\0';
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (char)(byte + ('a' - 'A'));
        bool is_safe = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '_' || (byte == '.' && last != '.');
        last = is_safe ? byte : '_';
        buffer_byte(to, last);
    }
}

void template_write(const struct template *template, const struct event *event,
                    enum template_alphabet alphabet, struct buffer *to, struct arena *scratch)
{
    for (size_t i = 0; i < template->count; i++) {
        const struct part *part = &template->parts[i];
        struct str text = part->text;
        if (part->kind == PART_TIME && event->time_ns) {
            put_time(to, part->text, event->time_ns);
            continue;
        }
        if (part->kind != PART_TEXT &&
            (part->kind == PART_TIME ||
             !value_text(event_get(event, part->path, scratch), scratch, &text) || text.len == 0))
            text = template->missing;
        if (part->kind == PART_FIELD && alphabet == TEMPLATE_SAFE)
            put_safe(to, text);
        else
            buffer_add(to, text);
    }
}

void template_pattern(const struct template *template, struct buffer *to)
{
    for (size_t i = 0; i < template->count; i++) {
        if (template->parts[i].kind == PART_TEXT)
            buffer_add(to, template->parts[i].text);
        else if (!to->len || to->at[to->len - 1] != '*')
            buffer_byte(to, '*');
    }
}

bool template_has_time(const struct template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->parts[i].kind == PART_TIME)
            return true;
    return false;
}

bool template_is_constant(const struct template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->parts[i].kind != PART_TEXT)
            return false;
    return true;
}
