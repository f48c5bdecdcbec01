/* filters/trace.c - tie every line to its trace: ids made canonical, and stamped forward within an
 * invocation. SPDX-License-Identifier: Apache-2.0
 *
 * Nothing is held here. What a line itself says comes first: a field, whatever it is called, else a
 * header or id somewhere in its text. A line that says nothing belongs to the invocation that is
 * open in its source, when only one is, and takes the trace id that an earlier line of it named.
 */
#include "agent/weir.h"

#include <string.h>

#include "agent/tracing/invocations.h"
#include "agent/tracing/trace_context.h"

struct trace {
    int64_t invocation_max_ns;
    const struct names *names;
    struct invocations *invocations;
    uint64_t *invalid, *forgotten;
    struct arena *arena; /* of the view at hand */
};

static const struct setting settings[] = {
    DURATION_SETTING(struct trace, invocation_max, .def = "15m", .min = "1s", .max = "24h",
                     .help = "An invocation that is open for longer has lost its end."),
    {0},
};

/* --- what the line says
 * ----------------------------------------------------------------------------- */

static struct str copy(const struct trace *trace, const char *digits, size_t count)
{
    return arena_copy(trace->arena, (struct str){digits, count});
}

static bool has_objects(const struct event *event)
{
    for (uint16_t i = 0; i < event->count; i++)
        if (event->fields[i].value.kind == VALUE_OBJECT)
            return true;
    return false;
}

static void put(const struct trace *trace, struct event *event, enum slot slot, struct value value)
{
    (void)event_set_slot(event, slot, value, trace->arena);
}

static void put_text(const struct trace *trace, struct event *event, enum slot slot,
                     struct str text)
{
    if (text.at)
        put(trace, event, slot, (struct value){.kind = VALUE_TEXT, .text = text});
}

static bool is_empty(const struct event *event, enum slot slot)
{
    return event->slots[slot] == 0;
}

static struct str text_of(const struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    bool is_text = field && (field->value.kind == VALUE_STRING || field->value.kind == VALUE_TEXT);
    return is_text ? field->value.text : (struct str){0};
}

/* What came along with the trace id; what the line says in fields of its own stays. */
static void put_context(const struct trace *trace, struct event *event,
                        const struct trace_context *context)
{
    put_text(trace, event, SLOT_TRACE_ID, copy(trace, context->trace, sizeof context->trace));
    if (context->has_span && is_empty(event, SLOT_SPAN_ID))
        put_text(trace, event, SLOT_SPAN_ID, copy(trace, context->span, sizeof context->span));
    if (context->has_parent && is_empty(event, SLOT_PARENT_SPAN_ID))
        put_text(trace, event, SLOT_PARENT_SPAN_ID,
                 copy(trace, context->parent, sizeof context->parent));
    if (context->flags != TRACE_FLAGS_UNSAID && is_empty(event, SLOT_TRACE_FLAGS))
        put(trace, event, SLOT_TRACE_FLAGS,
            (struct value){.kind = VALUE_INTEGER, .integer = context->flags});
}

/* A field that is called a trace id may hold a whole header, or another vendor's form. */
static bool trace_value_read(struct str text, struct trace_context *ret)
{
    struct trace_context context = {.flags = TRACE_FLAGS_UNSAID};
    *ret = context;
    return trace_id_read(text, ret->trace) || traceparent_read(text, ret) ||
           amazon_trace_read(text, ret) || google_trace_read(text, ret) ||
           datadog_id_read(text, ret->trace);
}

static bool span_value_read(struct str text, char ret[SPAN_ID_DIGITS])
{
    return span_id_read(text, ret) || decimal_id_read(text, ret);
}

/* Not an id: nobody shall join by it. The value stays to be seen, under a name that says so. */
static void disown(const struct trace *trace, struct event *event, enum slot slot)
{
    const char *key = slot == SLOT_TRACE_ID  ? "invalid.trace_id"
                      : slot == SLOT_SPAN_ID ? "invalid.span_id"
                                             : "invalid.parent_span_id";
    if (!event_own(event, trace->arena))
        return;
    struct field *field = &event->fields[event->slots[slot] - 1];
    event->slots[slot] = 0;
    field->slot = SLOT_NONE;
    field->key = str_from(key);
    field->name = 0;
    field->flags &= (uint8_t) ~(FIELD_KEY_ESCAPED | FIELD_KEY_TEXT);
    event->flags |= EVENT_EDITED;
    ++*trace->invalid;
}

static void trace_field_read(const struct trace *trace, struct event *event)
{
    const struct field *field = event_slot(event, SLOT_TRACE_ID);
    struct trace_context context;
    struct str text;
    if ((field->value.kind == VALUE_STRING || field->value.kind == VALUE_TEXT) &&
        trace_id_is_canonical(field->value.text))
        return;
    if (value_text(field->value, trace->arena, &text) && trace_value_read(text, &context))
        put_context(trace, event, &context);
    else
        disown(trace, event, SLOT_TRACE_ID);
}

static void span_field_mend(const struct trace *trace, struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    char digits[SPAN_ID_DIGITS];
    struct str text;
    if (field && value_text(field->value, trace->arena, &text) && span_value_read(text, digits))
        put_text(trace, event, slot, copy(trace, digits, sizeof digits));
    else
        disown(trace, event, slot);
}

static inline void span_field_read(const struct trace *trace, struct event *event, enum slot slot)
{
    if (!is_empty(event, slot) && !span_id_is_canonical(text_of(event, slot)))
        span_field_mend(trace, event, slot);
}

/* Zeros, "-" and the like never filled the slot, but stand there under its name. */
static void drop_blank_ids(const struct trace *trace, struct event *event)
{
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        uint8_t rank;
        if (!field->name || field->slot || field->flags & FIELD_REMOVED)
            continue;
        enum slot slot = names_slot(trace->names, field->name, &rank);
        if ((slot != SLOT_TRACE_ID && slot != SLOT_SPAN_ID) || event->slots[slot] ||
            field->value.kind == VALUE_OBJECT || !event_own(event, trace->arena))
            continue;
        event->fields[i].flags |= FIELD_REMOVED;
        event->flags |= EVENT_EDITED;
    }
}

/* `"trace":{"id":"..."}` and its relatives: left where it stands if it is canonical. */
static struct str nested_read(const struct trace *trace, struct event *event)
{
    struct trace_context context;
    struct str text;
    if (!has_objects(event) ||
        !value_text(event_get_slot(event, SLOT_TRACE_ID, trace->arena), trace->arena, &text))
        return (struct str){0};
    if (trace_id_is_canonical(text))
        return text;
    if (trace_value_read(text, &context))
        put_context(trace, event, &context);
    return text_of(event, SLOT_TRACE_ID);
}

/* The trace id that the line itself names, canonical; empty if it names none. */
static struct str ids_read(const struct trace *trace, struct event *event)
{
    struct trace_context context;
    if (!is_empty(event, SLOT_TRACE_ID))
        trace_field_read(trace, event);
    span_field_read(trace, event, SLOT_SPAN_ID);
    span_field_read(trace, event, SLOT_PARENT_SPAN_ID);
    if (!is_empty(event, SLOT_TRACE_ID))
        return text_of(event, SLOT_TRACE_ID);
    drop_blank_ids(trace, event);
    struct str id = nested_read(trace, event);
    if (id.len || !trace_search(event->bytes, &context))
        return id;
    put_context(trace, event, &context);
    return text_of(event, SLOT_TRACE_ID);
}

/* --- what the invocation says
 * ------------------------------------------------------------------------ */

/* Several log streams may lie in one source; each has its own open invocations. */
static uint32_t stream_of(const struct event *event)
{
    struct str name = text_of(event, SLOT_LOG_STREAM);
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.at[i]) * 16777619u;
    return name.len ? hash : 0;
}

/* Platform lines that belong to an invocation without naming it: what follows a REPORT or a crash.
 */
static bool is_continuation(const struct event *event)
{
    struct str kind = text_of(event, SLOT_LAMBDA_EVENT);
    return str_equal(kind, STR("xray")) || str_equal(kind, STR("crash"));
}

static void learn(const struct event *event, struct str id, struct invocation *invocation)
{
    struct str function = text_of(event, SLOT_FAAS_NAME);
    if (!invocation->has_trace && id.len == sizeof invocation->trace) {
        memcpy(invocation->trace, id.at, sizeof invocation->trace);
        invocation->has_trace = true;
    }
    if (!invocation->function_len && function.len && function.len <= sizeof invocation->function) {
        memcpy(invocation->function, function.at, function.len);
        invocation->function_len = (uint8_t)function.len;
    }
}

static void stamp(const struct trace *trace, struct event *event, bool has_id,
                  const struct invocation *invocation)
{
    if (is_empty(event, SLOT_FAAS_INVOCATION_ID))
        put_text(trace, event, SLOT_FAAS_INVOCATION_ID,
                 copy(trace, invocation->id, invocation->id_len));
    if (!has_id && invocation->has_trace)
        put_text(trace, event, SLOT_TRACE_ID,
                 copy(trace, invocation->trace, sizeof invocation->trace));
    if (!is_empty(event, SLOT_FAAS_NAME) || !invocation->function_len)
        return;
    struct str function = copy(trace, invocation->function, invocation->function_len);
    put_text(trace, event, SLOT_FAAS_NAME, function);
    if (is_empty(event, SLOT_SERVICE_NAME))
        put_text(trace, event, SLOT_SERVICE_NAME, function);
}

/* The invocation of a line that names one. Only START opens; a crash told behind the end is kept
 * for its next line. */
static struct invocation *named(struct trace *trace, struct event *event,
                                const struct place_in_stream *place,
                                const struct candidates *candidates)
{
    struct str id = text_of(event, SLOT_FAAS_INVOCATION_ID);
    struct invocation *invocation = candidates->named;
    if (!invocation && event->flags & EVENT_STARTS_INVOCATION)
        return invocations_open(trace->invocations, place, id);
    if (!invocation && event->flags & EVENT_PLATFORM && is_continuation(event)) {
        invocation = invocations_open(trace->invocations, place, id);
        if (invocation)
            invocation->is_closed = true;
    }
    /* A function that prints "REPORT RequestId: ..." ends nobody's invocation. */
    if (!invocation && candidates->running)
        event->flags &= (uint16_t)~EVENT_ENDS_INVOCATION;
    return invocation;
}

static struct invocation *unnamed(const struct event *event, const struct candidates *candidates)
{
    if (!(event->flags & EVENT_PLATFORM))
        return candidates->only;
    if (!is_continuation(event))
        return NULL;
    return candidates->closed ? candidates->closed : candidates->only;
}

static void invocation_read(struct trace *trace, struct event *event, struct str trace_id)
{
    if (!event->origin || !event->origin->source)
        return;
    struct place_in_stream place = {source_id(event->origin->source), stream_of(event),
                                    event->origin->offset, event->time_ns};
    struct str id = text_of(event, SLOT_FAAS_INVOCATION_ID);
    struct candidates candidates = invocations_look(trace->invocations, &place, id);
    struct invocation *invocation =
        id.len ? named(trace, event, &place, &candidates) : unnamed(event, &candidates);
    if (candidates.closed)
        invocations_settle(trace->invocations, &place, invocation);
    if (!invocation)
        return;
    learn(event, trace_id, invocation);
    stamp(trace, event, trace_id.len > 0, invocation);
    if (event->flags & EVENT_ENDS_INVOCATION)
        invocation->is_closed = true;
    struct str kind = text_of(event, SLOT_LAMBDA_EVENT);
    if (invocation->is_closed || str_equal(kind, STR("end")) ||
        str_equal(kind, STR("runtime_done")))
        invocation->is_ended = true;
}

/* --- the filter
 * --------------------------------------------------------------------------------------- */

static void trace_apply(void *self, struct view *view)
{
    struct trace *trace = self;
    trace->arena = view->arena;
    for (uint32_t i = 0; i < view->count; i++) {
        struct str id = ids_read(trace, view->at[i]);
        invocation_read(trace, view->at[i], id);
    }
    *trace->forgotten = invocations_forgotten(trace->invocations);
}

static uint64_t trace_oldest(void *self, const struct source *source)
{
    const struct trace *trace = self;
    return invocations_oldest(trace->invocations, source_id(source));
}

static enum code trace_open(void *self, struct host *host, struct why *why)
{
    struct trace *trace = self;
    trace->names = host_names(host);
    trace->invocations = invocations_make(host_arena(host), trace->invocation_max_ns);
    trace->invalid = host_counter(host, "invalid_ids",
                                  "Ids that are none: of the wrong length, or no hex digits.");
    trace->forgotten =
        host_counter(host, "forgotten_invocations",
                     "Invocations given up: too old without an end, or too many at once.");
    if (!trace->invocations)
        return fail(why, OVER_LIMIT, "%s: no memory for the open invocations", host_where(host));
    return OK;
}

const struct filter filter_trace = {
    .name = "trace",
    .summary = "Ties every line to its trace: ids made canonical, and stamped forward within an "
               "invocation.",
    .settings = settings,
    .size = sizeof(struct trace),
    .open = trace_open,
    .apply = trace_apply,
    .oldest = trace_oldest,
};
