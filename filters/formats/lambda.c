/* filters/formats/lambda.c - text lines of AWS Lambda: the platform's, and those of every runtime's
 * loggers. SPDX-License-Identifier: Apache-2.0
 *
 * Platform lines are runs of `Label: value`, between tabs in CloudWatch and between blanks where
 * somebody copied them, in an order that changed over the years: they are read by label, never by
 * position.
 */
#include "filters/formats/format.h"

#include <string.h>

enum { UUID_LEN = 36, LEVEL_LEN_MAX = 12, BYTES_PER_MB = 1 << 20, NS_PER_MS = 1000000 };

/* --- the platform's lines
 * ------------------------------------------------------------------------- */

enum label_kind { LABEL_TEXT, LABEL_WIDE, LABEL_NUMBER, LABEL_DURATION, LABEL_MEMORY, LABEL_TRUTH };

struct label {
    struct str name;
    enum slot slot;
    enum label_kind kind;
    const char *extra; /* key where there is no slot */
};

#define LABEL(text)                                                                                \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }
static const struct label labels[] = {
    {LABEL("Duration"), SLOT_LAMBDA_DURATION, LABEL_DURATION, NULL},
    {LABEL("Billed Duration"), SLOT_LAMBDA_BILLED, LABEL_NUMBER, NULL},
    {LABEL("Memory Size"), SLOT_FAAS_MAX_MEMORY, LABEL_MEMORY, NULL},
    {LABEL("Max Memory Used"), SLOT_LAMBDA_MEMORY_USED, LABEL_NUMBER, NULL},
    {LABEL("Init Duration"), SLOT_LAMBDA_INIT, LABEL_NUMBER, NULL},
    {LABEL("Restore Duration"), SLOT_LAMBDA_RESTORE, LABEL_NUMBER, NULL},
    {LABEL("XRAY TraceId"), SLOT_TRACE_ID, LABEL_TEXT, NULL},
    {LABEL("SegmentId"), SLOT_SPAN_ID, LABEL_TEXT, NULL},
    {LABEL("Sampled"), SLOT_TRACE_FLAGS, LABEL_TRUTH, NULL},
    {LABEL("Status"), SLOT_LAMBDA_STATUS, LABEL_TEXT, NULL},
    {LABEL("Error Type"), SLOT_EXCEPTION_TYPE, LABEL_TEXT, NULL},
    {LABEL("RequestId"), SLOT_FAAS_INVOCATION_ID, LABEL_TEXT, NULL},
    {LABEL("Version"), SLOT_FAAS_VERSION, LABEL_TEXT, NULL},
    {LABEL("Billed Restore Duration"), SLOT_NONE, LABEL_NUMBER,
     "aws.lambda.metrics.billed_restore_duration_ms"},
    {LABEL("Phase"), SLOT_NONE, LABEL_TEXT, "aws.lambda.phase"},
    {LABEL("Runtime Version"), SLOT_NONE, LABEL_TEXT, "aws.lambda.runtime_version"},
    {LABEL("Runtime Version ARN"), SLOT_NONE, LABEL_TEXT, "aws.lambda.runtime_version_arn"},
    {LABEL("Name"), SLOT_NONE, LABEL_WIDE, "aws.lambda.extension.name"},
    {LABEL("State"), SLOT_NONE, LABEL_WIDE, "aws.lambda.extension.state"},
    {LABEL("Events"), SLOT_NONE, LABEL_WIDE, "aws.lambda.extension.events"},
    {LABEL("Types"), SLOT_NONE, LABEL_WIDE, "aws.lambda.extension.types"},
};

_Static_assert(COUNT(labels) <= LABELS_MAX, "the reader foresees as many");

static const struct label *find_label(struct str name)
{
    for (size_t i = 0; i < COUNT(labels); i++)
        if (str_equal(labels[i].name, name))
            return &labels[i];
    return NULL;
}

/* Takes a label with its colon off rest; null: none that is known. The platform writes them in one
 * order, so the one that stood here the last time is tried first. False: there is no colon at all.
 */
static bool take_label(struct str *rest, uint8_t *foreseen, const struct label **ret)
{
    const struct label *label = &labels[*foreseen];
    size_t colon = label->name.len;
    if (rest->len <= colon || rest->at[colon] != ':' || !str_starts(*rest, label->name)) {
        colon = str_find(*rest, ':');
        if (colon == SIZE_MAX)
            return false;
        label = find_label(str_slice(*rest, 0, colon));
        if (label)
            *foreseen = (uint8_t)(label - labels);
    }
    *rest = str_skip(*rest, colon + 1);
    *ret = label;
    return true;
}

static void put(struct reader *reader, const struct label *label, struct value value)
{
    if (label->slot)
        reader_value(reader, label->slot, &value);
    else
        reader_extra(reader, label->extra, value);
}

static void put_number(struct reader *reader, const struct label *label, struct str text)
{
    int64_t ns;
    if (!duration_read(text, NS_PER_MS, &ns))
        return;
    if (label->kind == LABEL_DURATION)
        reader_integer(reader, SLOT_DURATION, VALUE_DURATION, ns);
    put(reader, label, (struct value){.kind = VALUE_NUMBER, .text = text});
}

static void label_read(struct reader *reader, const struct label *label, struct str text)
{
    int64_t megabytes;
    switch (label->kind) {
    case LABEL_TEXT:
    case LABEL_WIDE:
        if (text.len)
            put(reader, label, (struct value){.kind = VALUE_TEXT, .text = text});
        return;
    case LABEL_NUMBER:
    case LABEL_DURATION:
        put_number(reader, label, text);
        return;
    case LABEL_MEMORY: /* the platform's MB are MiB */
        if (str_to_int(text, &megabytes) && megabytes >= 0 && megabytes <= INT32_MAX)
            put(reader, label,
                (struct value){.kind = VALUE_INTEGER, .integer = megabytes * BYTES_PER_MB});
        return;
    case LABEL_TRUTH:
        put(reader, label,
            (struct value){.kind = VALUE_INTEGER, .integer = str_equal(text, STR("true"))});
        return;
    }
}

static bool is_gap(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static struct str skip_gap(struct str text)
{
    while (text.len && is_gap(*text.at))
        text = (struct str){text.at + 1, text.len - 1};
    return text;
}

/* Over bytes above the blank, eight at a time; the first byte below is found exactly. */
static size_t skip_graphs(struct str text, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (; at + 8 <= text.len; at += 8) {
        uint64_t eight;
        memcpy(&eight, text.at + at, sizeof eight);
        uint64_t low = (eight - ones * (' ' + 1)) & ~eight & ones * 0x80;
        if (low)
            return at + (size_t)__builtin_ctzll(low) / 8;
    }
    while (at < text.len && (unsigned char)text.at[at] > ' ')
        at++;
    return at;
}

/* A value ends at a tab or line end, and unless it may hold blanks at a blank. */
static struct str take_value(struct str *rest, bool is_wide)
{
    size_t end = skip_graphs(*rest, 0);
    while (end < rest->len && (rest->at[end] == ' ' ? is_wide : !is_gap(rest->at[end])))
        end = skip_graphs(*rest, end + 1);
    struct str value = {rest->at, end};
    *rest = (struct str){rest->at + end, rest->len - end};
    return value;
}

static struct str skip_unit(struct str rest)
{
    bool has_unit = rest.len >= 3 && rest.at[0] == ' ' &&
                    (rest.at[1] == 'm' || rest.at[1] == 'M') &&
                    (rest.at[2] == 's' || rest.at[2] == 'B');
    return has_unit ? (struct str){rest.at + 3, rest.len - 3} : rest;
}

static void labels_read(struct reader *reader, struct str rest)
{
    uint8_t *foreseen = &reader->label_after[LABELS_MAX];
    const struct label *label;
    for (rest = skip_gap(rest); rest.len; rest = skip_gap(rest)) {
        if (!take_label(&rest, foreseen, &label))
            return;
        if (label)
            foreseen = &reader->label_after[label - labels];
        if (rest.len && *rest.at == ' ')
            rest = str_skip(rest, 1);
        struct str value = take_value(&rest, !label || label->kind == LABEL_WIDE);
        if (label)
            label_read(reader, label, value);
        rest = skip_unit(rest);
    }
}

struct platform_line {
    char first;
    struct str start;  /* first word, where labels begin behind it */
    struct str labels; /* the first label, which must follow; empty: any */
    const char *event;
    uint16_t flags;
};

static const struct platform_line platform_lines[] = {
    {'S', LABEL("START "), LABEL("RequestId: "), "start", EVENT_STARTS_INVOCATION},
    {'E', LABEL("END "), LABEL("RequestId: "), "end", 0},
    {'R', LABEL("REPORT "), LABEL("RequestId: "), "report", EVENT_ENDS_INVOCATION},
    {'X', LABEL(""), LABEL("XRAY TraceId: "), "xray", 0},
    {'I', LABEL("INIT_START "), LABEL("Runtime Version"), "init_start", 0},
    {'I', LABEL("INIT_REPORT "), LABEL("Init Duration: "), "init_report", 0},
    {'R', LABEL("RESTORE_START "), LABEL("Runtime Version"), "restore_start", 0},
    {'R', LABEL("RESTORE_REPORT "), LABEL("Restore Duration: "), "restore_report", 0},
    {'E', LABEL("EXTENSION\t"), LABEL("Name: "), "extension", 0},
    {'T', LABEL("TELEMETRY\t"), LABEL("Name: "), "telemetry", 0},
    {'L', LABEL("LOGS\t"), LABEL("Name: "), "logs", 0},
};

static const struct platform_line *find_platform_line(struct str text)
{
    if (!text.len || *text.at < 'E' || *text.at > 'X')
        return NULL;
    for (size_t i = 0; i < COUNT(platform_lines); i++) {
        const struct platform_line *line = &platform_lines[i];
        if (line->first == *text.at && str_starts(text, line->start) &&
            str_starts(str_skip(text, line->start.len), line->labels))
            return line;
    }
    return NULL;
}

static bool is_failure(struct str status)
{
    return str_equal(status, STR("timeout")) || str_equal(status, STR("error")) ||
           str_equal(status, STR("failure"));
}

static void platform_line_read(struct reader *reader, const struct platform_line *line,
                               struct str text)
{
    struct event *event = reader->event;
    event->flags |= (uint16_t)(EVENT_PLATFORM | line->flags);
    reader_text(reader, SLOT_LAMBDA_EVENT, str_from(line->event));
    labels_read(reader, str_skip(text, line->start.len));
    reader_text(reader, SLOT_BODY, str_trim(text));
    if (line->flags & EVENT_ENDS_INVOCATION)
        reader_bool(reader, SLOT_FAAS_COLDSTART,
                    reader_has(reader, SLOT_LAMBDA_INIT) ||
                        reader_has(reader, SLOT_LAMBDA_RESTORE));
    const struct field *status = event_slot(event, SLOT_LAMBDA_STATUS);
    if (status && is_failure(status->value.text))
        reader_failed(reader);
    else
        event->severity = SEVERITY_INFO;
}

/* --- the runtime's last words
 * --------------------------------------------------------------------- */

struct last_words {
    struct str start;
    const char *type; /* null: the words are the type */
};

static const struct last_words last_words[] = {
    {LABEL("Error: Runtime exited"), "Runtime.ExitError"},
    {LABEL("Runtime exited with error: "), "Runtime.ExitError"},
    {LABEL("Runtime exited without providing a reason"), "Runtime.ExitError"},
    {LABEL("Process exited before completing request"), "Runtime.ExitError"},
    {LABEL("Unknown application error occurred"), "Runtime.Unknown"},
    {LABEL("Error: Unknown application error occurred"), "Runtime.Unknown"},
    {LABEL("Runtime.ExitError"), NULL},
    {LABEL("Runtime.Unknown"), NULL},
    {LABEL("Runtime.OutOfMemory"), NULL},
};

static const struct last_words *find_last_words(struct str text)
{
    for (size_t i = 0; i < COUNT(last_words); i++)
        if (str_starts(text, last_words[i].start))
            return &last_words[i];
    return NULL;
}

/* `RequestId: ID Error: Runtime exited with error: signal: killed`, `Runtime.ExitError`. */
static bool last_words_read(struct reader *reader, struct str text)
{
    struct str rest = text, id = {0};
    if (str_starts(rest, STR("RequestId: "))) {
        rest = str_skip(rest, sizeof "RequestId: " - 1);
        id = take_until(&rest, ' ');
    }
    const struct last_words *words = find_last_words(rest);
    if (!words)
        return false;
    reader_text(reader, SLOT_FAAS_INVOCATION_ID, id);
    reader_text(reader, SLOT_LAMBDA_EVENT, STR("crash"));
    if (words->type) {
        struct str said =
            str_starts(rest, STR("Error: ")) ? str_skip(rest, sizeof "Error: " - 1) : rest;
        reader_text(reader, SLOT_EXCEPTION_TYPE, str_from(words->type));
        reader_text(reader, SLOT_EXCEPTION_MESSAGE, str_trim(take_until(&said, '\n')));
    } else {
        reader_text(reader, SLOT_EXCEPTION_TYPE, words->start);
    }
    reader_text(reader, SLOT_BODY, str_trim(text));
    reader->event->flags |= EVENT_PLATFORM;
    reader_failed(reader);
    return true;
}

static bool timeout_read(struct reader *reader, struct str rest)
{
    if (!str_starts(rest, STR("Task timed out after ")))
        return false;
    reader_text(reader, SLOT_LAMBDA_EVENT, STR("timeout"));
    reader_text(reader, SLOT_LAMBDA_STATUS, STR("timeout"));
    reader_text(reader, SLOT_EXCEPTION_MESSAGE, str_trim(rest));
    reader_text(reader, SLOT_BODY, str_trim(rest));
    reader->event->flags |= EVENT_PLATFORM;
    reader_failed(reader);
    return true;
}

/* --- what the application says
 * --------------------------------------------------------------------- */

/* The message: JSON printed by the application's own logger, an error object of Node.js, or words.
 */
static void message_read(struct reader *reader, struct str message)
{
    struct str said = str_trim(message);
    size_t brace = str_find(said, '{');
    bool is_error = brace != SIZE_MAX && brace > 0 && said.at[brace - 1] == '\t';
    if ((brace == 0 || is_error) && reader_object(reader, str_skip(said, brace)) && brace == 0) {
        reader_text(reader, SLOT_BODY, said);
        return;
    }
    if (tells_no_memory(said))
        reader_failed(reader);
    reader_text(reader, SLOT_BODY, said);
}

static void request_id_read(struct reader *reader, struct str id)
{
    if (!str_equal(id, STR("undefined"))) /* Node.js outside an invocation */
        reader_text(reader, SLOT_FAAS_INVOCATION_ID, id);
}

/* The runtime knows the invocation best; of level and time, what the logger says outranks it. */
static void app_line_read(struct reader *reader, struct str time, struct str id, struct str level,
                          struct str message)
{
    request_id_read(reader, id);
    message_read(reader, message);
    reader_time(reader, time);
    if (level.len)
        reader_level(reader, level);
}

/* What stands between tabs behind a time; outside an invocation nothing, or JavaScript's nothing.
 */
static bool is_request_id(struct str text)
{
    return text.len == UUID_LEN || !text.len || str_equal(text, STR("undefined"));
}

/* Log4j2 as AWS writes it: `TIME ID INFO  Handler - message` */
static struct str log4j_read(struct reader *reader, struct str message)
{
    struct cut logger = str_cut_str(str_trim(message), STR(" - "));
    if (!logger.found || str_find(logger.head, ' ') != SIZE_MAX)
        return message;
    reader_text(reader, SLOT_LOGGER, logger.head);
    return logger.tail;
}

/* Node.js and .NET: `TIME \t ID \t LEVEL \t message`, between tabs or between blanks; the
 * platform's timeout. */
static bool stamped_read(struct reader *reader, struct str text)
{
    size_t len = time_prefix(text);
    struct str time = str_slice(text, 0, len), rest = str_skip(text, len + 1);
    if (!len || len == text.len || (text.at[len] != '\t' && text.at[len] != ' '))
        return false;
    char separator = text.at[len];
    struct str id = take_until(&rest, separator);
    if (separator == '\t' ? !is_request_id(id) : !is_uuid(id))
        return false;
    if (timeout_read(reader, rest)) {
        reader_time(reader, time);
        request_id_read(reader, id);
        return true;
    }
    struct str message = rest, level = take_until(&message, separator);
    if (level.len > LEVEL_LEN_MAX || !severity_from_word(level)) {
        message = rest;
        level = (struct str){0};
    }
    if (separator == ' ' && level.len && text.at[10] == ' ')
        message = log4j_read(reader, message);
    app_line_read(reader, time, id, level, message);
    return true;
}

/* Python's logging: `[INFO] \t TIME \t ID \t message`. */
static bool python_read(struct reader *reader, struct str text)
{
    struct str rest = str_skip(text, 1), level = take_until(&rest, ']');
    if (level.len > LEVEL_LEN_MAX || !severity_from_word(level) || !rest.len || *rest.at != '\t')
        return false;
    rest = str_skip(rest, 1);
    struct str time = take_until(&rest, '\t');
    if (time_prefix(time) != time.len || !time.len)
        return false;
    struct str id = take_until(&rest, '\t');
    app_line_read(reader, time, id, level, rest);
    return true;
}

/* `ValueError`, `Runtime.ImportModuleError`: dotted words, the last one capital. */
static bool is_type(struct str word)
{
    struct str last = str_cut_last(word, '.').found ? str_cut_last(word, '.').tail : word;
    for (size_t i = 0; i < word.len; i++) {
        unsigned letter = (unsigned)(word.at[i] | 0x20) - 'a';
        if (letter > 25 && !is_digit(word.at[i]) && word.at[i] != '_' && word.at[i] != '.')
            return false;
    }
    return last.len > 2 && *last.at >= 'A' && *last.at <= 'Z';
}

/* Python's uncaught errors: `[ERROR] ValueError: boom`, then a traceback behind line ends or
 * carriage returns. */
static bool uncaught_read(struct reader *reader, struct str text)
{
    struct str rest = str_skip(text, sizeof "[ERROR] " - 1);
    if (!str_starts(text, STR("[ERROR] ")))
        return false;
    size_t end = 0;
    while (end < rest.len && rest.at[end] != '\r' && rest.at[end] != '\n')
        end++;
    struct str trace = str_skip(rest, end + 1);
    struct cut first = str_cut_str(str_slice(rest, 0, end), STR(": "));
    if (!is_type(first.head))
        return false;
    reader_text(reader, SLOT_EXCEPTION_TYPE, first.head);
    reader_text(reader, SLOT_EXCEPTION_MESSAGE, first.tail);
    reader_text(reader, SLOT_EXCEPTION_STACKTRACE, str_trim(trace));
    reader_level(reader, STR("ERROR"));
    message_read(reader, rest);
    return true;
}

/* Ruby's Logger: `I, [TIME #8]  INFO ID -- program: message`. */
static bool ruby_read(struct reader *reader, struct str text)
{
    struct str rest = str_skip(text, 4), time = take_until(&rest, ' ');
    struct cut frame = str_cut_str(rest, STR(" -- "));
    struct str head = frame.head, message = frame.tail;
    take_until(&head, ']');
    head = str_trim(head);
    struct str level = take_until(&head, ' '), program = take_until(&message, ':');
    if (!frame.found || !time_prefix(time) || !severity_from_word(level))
        return false;
    app_line_read(reader, time, is_uuid(str_trim(head)) ? str_trim(head) : (struct str){0}, level,
                  message);
    reader_text(reader, SLOT_LOGGER, str_trim(program));
    return true;
}

static bool is_ruby(struct str text)
{
    return text.len > 24 && memchr("DIWEFA", *text.at, 6) && text.at[1] == ',' &&
           text.at[2] == ' ' && text.at[3] == '[' && is_digit(text.at[4]);
}

/* --- the format
 * ------------------------------------------------------------------------------------ */

enum format_result lambda_line_read(struct reader *reader, struct str text)
{
    const struct platform_line *line = find_platform_line(text);
    if (line) {
        platform_line_read(reader, line, text);
        return FORMAT_READ;
    }
    bool is_read = false;
    if (text.len && is_digit(*text.at))
        is_read = stamped_read(reader, text);
    else if (text.len && *text.at == '[')
        is_read = python_read(reader, text) || uncaught_read(reader, text);
    else if (is_ruby(text))
        is_read = ruby_read(reader, text);
    else if (text.len && (*text.at == 'R' || *text.at == 'U' || *text.at == 'P'))
        is_read = last_words_read(reader, text);
    return is_read ? FORMAT_READ : FORMAT_FOREIGN;
}

static bool lambda_claims(struct str line)
{
    if (find_platform_line(line) || is_ruby(line))
        return true;
    if (!line.len)
        return false;
    if (*line.at == '[')
        return line.len > 8 && (str_starts(line, STR("[ERROR] ")) ||
                                str_find(str_slice(line, 0, LEVEL_LEN_MAX + 3), '\t') != SIZE_MAX);
    if (is_digit(*line.at)) {
        size_t len = time_prefix(line);
        struct str rest = str_skip(line, len + 1);
        return len && len < line.len &&
               (line.at[len] == '\t' || is_uuid(str_slice(rest, 0, UUID_LEN)));
    }
    return str_starts(line, STR("RequestId: ")) ||
           (memchr("RUPE", *line.at, 4) && find_last_words(line));
}

/* Whatever a function prints is a line of Lambda: what has no known shape is its plain text. */
static enum format_result lambda_read(struct reader *reader, struct str text)
{
    enum format_result result = lambda_line_read(reader, text);
    if (result == FORMAT_READ || reader->is_guessed)
        return result;
    plain_read(reader, text);
    return FORMAT_READ;
}

const struct format format_lambda = {
    .name = "lambda", .claims = lambda_claims, .read = lambda_read};
