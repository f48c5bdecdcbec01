/* filters/formats/lambda_json.c - {"time","type","record"}: events of AWS Lambda's Telemetry API,
 * in log streams too. SPDX-License-Identifier: Apache-2.0
 *
 * What a record says goes to its slots; the rest of it becomes aws.lambda.<key>, and the record
 * itself is taken out, so that nothing is told twice.
 */
#include "filters/formats/format.h"

#include <string.h>

#include "agent/tracing/trace_context.h"

enum {
    NS_PER_MS = 1000000,
    BYTES_PER_MB = 1 << 20,
    FIELDS_OF_EVENT_MAX = 8, /* three, and what the input said */
};

struct platform_type {
    struct str type, event;
    uint16_t flags;
    enum slot duration; /* what metrics.durationMs is the duration of */
    const char *prefix; /* of members without a slot; null: aws.lambda. */
};

#define TEXT(text)                                                                                 \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }
/* Only the report ends an invocation: runtimeDone tells the same, earlier and with less in it, and
 * not everywhere. */
static const struct platform_type platform_types[] = {
    {TEXT("start"), TEXT("start"), EVENT_STARTS_INVOCATION, SLOT_NONE, NULL},
    {TEXT("report"), TEXT("report"), EVENT_ENDS_INVOCATION, SLOT_DURATION, NULL},
    {TEXT("runtimeDone"), TEXT("runtime_done"), 0, SLOT_LAMBDA_DURATION, NULL},
    {TEXT("initStart"), TEXT("init_start"), 0, SLOT_NONE, NULL},
    {TEXT("initRuntimeDone"), TEXT("init_runtime_done"), 0, SLOT_LAMBDA_INIT, NULL},
    {TEXT("initReport"), TEXT("init_report"), 0, SLOT_LAMBDA_INIT, NULL},
    {TEXT("restoreStart"), TEXT("restore_start"), 0, SLOT_NONE, NULL},
    {TEXT("restoreRuntimeDone"), TEXT("restore_runtime_done"), 0, SLOT_LAMBDA_RESTORE, NULL},
    {TEXT("restoreReport"), TEXT("restore_report"), 0, SLOT_LAMBDA_RESTORE, NULL},
    {TEXT("extension"), TEXT("extension"), 0, SLOT_NONE, "aws.lambda.extension."},
    {TEXT("telemetrySubscription"), TEXT("telemetry"), 0, SLOT_NONE, "aws.lambda.extension."},
    {TEXT("logsSubscription"), TEXT("logs"), 0, SLOT_NONE, "aws.lambda.extension."},
    {TEXT("logsDropped"), TEXT("logs_dropped"), 0, SLOT_NONE, NULL},
    {TEXT("fault"), TEXT("crash"), 0, SLOT_NONE, NULL},
    {TEXT("end"), TEXT("end"), 0, SLOT_NONE, NULL},
};

enum member_kind {
    MEMBER_TEXT,
    MEMBER_NUMBER,
    MEMBER_DURATION,
    MEMBER_MEMORY,
    MEMBER_METRICS,
    MEMBER_TRACING
};

static const struct known_member {
    struct str key;
    enum slot slot;
    enum member_kind kind;
} known_members[] = {
    {TEXT("requestId"), SLOT_FAAS_INVOCATION_ID, MEMBER_TEXT},
    {TEXT("status"), SLOT_LAMBDA_STATUS, MEMBER_TEXT},
    {TEXT("errorType"), SLOT_EXCEPTION_TYPE, MEMBER_TEXT},
    {TEXT("metrics"), SLOT_NONE, MEMBER_METRICS},
    {TEXT("tracing"), SLOT_NONE, MEMBER_TRACING},
    {TEXT("version"), SLOT_FAAS_VERSION, MEMBER_TEXT},
    {TEXT("functionName"), SLOT_FAAS_NAME, MEMBER_TEXT},
    {TEXT("functionVersion"), SLOT_FAAS_VERSION, MEMBER_TEXT},
    {TEXT("functionArn"), SLOT_CLOUD_RESOURCE_ID, MEMBER_TEXT},
    {TEXT("instanceId"), SLOT_SERVICE_INSTANCE, MEMBER_TEXT},
    {TEXT("durationMs"), SLOT_NONE, MEMBER_DURATION},
    {TEXT("billedDurationMs"), SLOT_LAMBDA_BILLED, MEMBER_NUMBER},
    {TEXT("memorySizeMB"), SLOT_FAAS_MAX_MEMORY, MEMBER_MEMORY},
    {TEXT("maxMemoryUsedMB"), SLOT_LAMBDA_MEMORY_USED, MEMBER_NUMBER},
    {TEXT("initDurationMs"), SLOT_LAMBDA_INIT, MEMBER_NUMBER},
    {TEXT("restoreDurationMs"), SLOT_LAMBDA_RESTORE, MEMBER_NUMBER},
};

struct report { /* the object being read */
    const struct platform_type *type;
    const char *prefix;
};
static void members_read(struct reader *reader, const struct report *report,
                         struct members *members);

/* `producedBytes` becomes aws.lambda.metrics.produced_bytes, as the text format has it. */
static void extra(struct reader *reader, const struct report *report, const struct member *member)
{
    struct str prefix = str_from(report->prefix);
    char *key = arena_take(reader->arena, prefix.len + 2 * member->key.len);
    size_t len = prefix.len;
    if (!key)
        return;
    memcpy(key, prefix.at, prefix.len);
    for (size_t i = 0; i < member->key.len; i++) {
        char byte = member->key.at[i];
        bool is_capital = byte >= 'A' && byte <= 'Z';
        if (is_capital && i > 0 && !member->key_escaped)
            key[len++] = '_';
        key[len++] = is_capital && !member->key_escaped ? (char)(byte | 0x20) : byte;
    }
    struct field field = {.key = {key, len}, .value = member->value};
    field.flags = member->key_escaped ? FIELD_KEY_ESCAPED : 0;
    field.name = names_find(reader->names, field.key);
    event_add(reader->event, field, reader->arena);
}

/* The fields borrow the ids from the context, which lives in the arena for that. */
static void header_read(struct reader *reader, struct str header)
{
    struct trace_context *context = arena_take(reader->arena, sizeof *context);
    if (!context || !amazon_trace_read(header, context))
        return;
    reader_word(reader, SLOT_TRACE_ID, (struct str){context->trace, sizeof context->trace});
    if (context->has_span)
        reader_word(reader, SLOT_PARENT_SPAN_ID, (struct str){context->span, sizeof context->span});
    if (context->flags != TRACE_FLAGS_UNSAID)
        reader_integer(reader, SLOT_TRACE_FLAGS, VALUE_INTEGER, context->flags);
}

/* {"spanId":"..","type":"X-Amzn-Trace-Id","value":"Root=1-..;Parent=..;Sampled=1"} */
static void tracing_read(struct reader *reader, struct members *members)
{
    const struct member *member;
    while ((member = members_next(members)) != NULL) {
        if (member->value.kind != VALUE_STRING)
            continue;
        if (str_equal(member->key, STR("spanId")))
            reader_value(reader, SLOT_SPAN_ID, &member->value);
        else if (str_equal(member->key, STR("value")))
            header_read(reader, member->value.text);
    }
}

/* Only the report's duration is that of the invocation: the others would count it twice. */
static void duration_put(struct reader *reader, enum slot slot, const struct value *value)
{
    int64_t ns;
    double ms;
    if (slot != SLOT_DURATION) {
        reader_value(reader, slot, value);
        return;
    }
    if (!duration_read(value->text, NS_PER_MS, &ns)) {
        if (!value_number(*value, &ms) || ms < 0 ||
            ms > 1e12) /* 1.5e3: nobody writes it, all may */
            return;
        ns = (int64_t)(ms * NS_PER_MS);
    }
    reader_integer(reader, SLOT_DURATION, VALUE_DURATION, ns);
    reader_value(reader, SLOT_LAMBDA_DURATION, value);
}

static bool memory_put(struct reader *reader, const struct value *value)
{
    int64_t megabytes;
    if (!value_integer(*value, &megabytes) || megabytes < 0 || megabytes > INT32_MAX)
        return false;
    reader_integer(reader, SLOT_FAAS_MAX_MEMORY, VALUE_INTEGER, megabytes * BYTES_PER_MB);
    return true;
}

/* False: the member has no place among the slots. */
static bool known_read(struct reader *reader, const struct report *report,
                       const struct known_member *known, const struct members *members)
{
    const struct value *value = &members_newest(members)->value;
    struct members inside;
    switch (known->kind) {
    case MEMBER_TEXT:
        if (value_is_text(*value))
            reader_value(reader, known->slot, value);
        return value_is_text(*value);
    case MEMBER_NUMBER:
        if (value->kind == VALUE_NUMBER)
            reader_value(reader, known->slot, value);
        return value->kind == VALUE_NUMBER;
    case MEMBER_DURATION:
        if (value->kind != VALUE_NUMBER || !report->type->duration)
            return false;
        duration_put(reader, report->type->duration, value);
        return true;
    case MEMBER_MEMORY:
        return memory_put(reader, value);
    case MEMBER_METRICS:
        if (value->kind != VALUE_OBJECT)
            return false;
        members_inside(members, &inside);
        members_read(reader, &(struct report){report->type, "aws.lambda.metrics."}, &inside);
        return true;
    case MEMBER_TRACING:
        if (value->kind != VALUE_OBJECT)
            return false;
        members_inside(members, &inside);
        tracing_read(reader, &inside);
        return true;
    }
    return false;
}

/* Its number among the known ones, COUNT(known_members) if it is none of them. */
static uint8_t find_member(struct str key)
{
    uint8_t i = 0;
    while (i < COUNT(known_members) && !str_equal(known_members[i].key, key))
        i++;
    return i;
}

/* The same key in the same place is looked for once. */
static uint8_t member_number(const struct members *members, struct str key)
{
    uint8_t *mark = members_mark(members);
    if (mark && *mark)
        return (uint8_t)(*mark - 1);
    uint8_t number = find_member(key);
    if (mark)
        *mark = (uint8_t)(number + 1);
    return number;
}

static void members_read(struct reader *reader, const struct report *report,
                         struct members *members)
{
    const struct member *member;
    while ((member = members_next(members)) != NULL) {
        uint8_t number = member_number(members, member->key);
        const struct known_member *known = &known_members[number];
        if (number == COUNT(known_members))
            extra(reader, report, member);
        else if (known->kind == MEMBER_TEXT && member->value.kind == VALUE_STRING) /* nearly half */
            reader_value(reader, known->slot, &member->value);
        else if (!known_read(reader, report, known, members))
            extra(reader, report, member);
    }
}

static void platform_record_read(struct reader *reader, const struct platform_type *type,
                                 struct str record)
{
    struct report report = {type, type->prefix ? type->prefix : "aws.lambda."};
    struct members members;
    scanner_members(reader->lines, record, &members);
    members_read(reader, &report, &members);
}

/* What a function or extension printed: an object of its own, or a text line. */
static void printed_read(struct reader *reader, struct value record)
{
    if (record.kind == VALUE_OBJECT) {
        reader_object(reader, record.text);
        return;
    }
    struct str text = record.text;
    if (record.kind == VALUE_ESCAPED)
        text = json_unescape(text, reader->arena);
    text = text.at ? str_trim(text) : text;
    if (!text.len)
        return;
    if (*text.at == '{' && reader_object(reader, text)) {
        reader_text(reader, SLOT_BODY, text);
        return;
    }
    if (lambda_line_read(reader, text) != FORMAT_READ)
        plain_read(reader, text);
}

static const struct platform_type *find_type(struct str type)
{
    static const struct platform_type unknown = {.prefix = NULL};
    for (size_t i = 0; i < COUNT(platform_types); i++)
        if (str_equal(platform_types[i].type, type))
            return &platform_types[i];
    return &unknown;
}

static void platform_read(struct reader *reader, struct str type, struct value record)
{
    struct event *event = reader->event;
    const struct platform_type *found = find_type(type);
    event->flags |= (uint16_t)(EVENT_PLATFORM | found->flags);
    reader_word(reader, SLOT_LAMBDA_EVENT, found->event.len ? found->event : type);
    if (record.kind == VALUE_OBJECT)
        platform_record_read(reader, found, record.text);
    else
        printed_read(reader, record);
    if (found->flags & EVENT_ENDS_INVOCATION)
        reader_bool(reader, SLOT_FAAS_COLDSTART,
                    reader_has(reader, SLOT_LAMBDA_INIT) ||
                        reader_has(reader, SLOT_LAMBDA_RESTORE));
    const struct field *status = event_slot(event, SLOT_LAMBDA_STATUS);
    if (status && !str_equal(status->value.text, STR("success")))
        reader_failed(reader);
    else if (!event->severity)
        event->severity = SEVERITY_INFO;
}

/* Nearly always it is the field at this index. */
static const struct field *find_near(struct reader *reader, struct str key, uint16_t index)
{
    const struct event *event = reader->event;
    const struct field *field = &event->fields[index];
    bool is_there = index < event->count && !(field->flags & FIELD_REMOVED);
    return is_there && str_equal(field->key, key) ? field : reader_find(reader, key);
}

bool lambda_event_read(struct reader *reader)
{
    static const struct str prefix = {"platform.", 9};
    struct event *event = reader->event;
    if (event->count > FIELDS_OF_EVENT_MAX)
        return false;
    const struct field *record = find_near(reader, STR("record"), 2);
    const struct field *type = record ? find_near(reader, STR("type"), 1) : NULL;
    if (!type || type->value.kind != VALUE_STRING || !(event->flags & EVENT_TIME_OWN))
        return false;
    struct value said = record->value;
    struct str name = type->value.text;
    bool is_platform = str_starts(name, prefix);
    if (said.kind != VALUE_OBJECT && !value_is_text(said))
        return false;
    if (!is_platform && !str_equal(name, STR("function")) && !str_equal(name, STR("extension")))
        return false;
    size_t record_at = (size_t)(record - event->fields);
    reader_word(reader, SLOT_CLOUD_PLATFORM,
                STR("aws_lambda")); /* the index is the event's own from here on */
    field_take_out(event, &event->fields[record_at]);
    if (is_platform) {
        platform_read(reader, str_skip(name, prefix.len), said);
        reader_word(reader, SLOT_BODY, name);
    } else {
        printed_read(reader, said);
    }
    return true;
}
