/* tests/data/test_encode.c - mirrors agent/data/encode.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/encode.c"

#include <jansson.h>

#include "agent/data/record.h"
#include "tests/data/fixture.h"
#include "tests/data/generated.h"

static void an_untouched_line_is_copied(void)
{
    struct event event = scanned(" {\"a\": 1.50, \"b\":[ 1 ]} ");
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"a\": 1.50, \"b\":[ 1 ]}");
}

static void what_an_encoding_asks_for_is_added(void)
{
    struct event event = scanned("{\"a\":1}");
    event.weight = 10;
    event.reason = STR("rate");
    event.rule = STR("rest");
    event.id = STR("f1.0");
    struct encoding all = {
        .names = NAMES_AS_IS, .event_id = true, .doc_count = true, .sampling = true};
    CHECK_TEXT(
        encoded_with(&event, all),
        "{\"a\":1,\"sampling.weight\":10,\"sampling.reason\":\"rate\",\"sampling.rule\":\"rest\","
        "\"weir.event_id\":\"f1.0\",\"_doc_count\":10}");
    event = scanned("{}");
    event.id = STR("i");
    CHECK_TEXT(encoded_with(&event, all), "{\"weir.event_id\":\"i\"}");
}

static void a_line_that_no_format_claimed_is_its_message(void)
{
    struct event event = {.bytes = STR("no \"json\" \x01\xFF")};
    CHECK_TEXT(encoded(&event, NAMES_ECS), "{\"message\":\"no \\\"json\\\" \\u0001\xEF\xBF\xBD\"}");
    CHECK_TEXT(encoded(&event, NAMES_OTEL), "{\"body\":\"no \\\"json\\\" \\u0001\xEF\xBF\xBD\"}");
    CHECK_TEXT(encoded(&event, NAMES_AS_IS),
               "{\"message\":\"no \\\"json\\\" \\u0001\xEF\xBF\xBD\"}");
}

static const char lambda[] =
    "{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"level\":\"ERROR\",\"requestId\":\"r-1\","
    "\"message\":\"boom\","
    "\"stackTrace\":[\"at a\",\"at b\"],\"durationMs\":12.5,\"statusCode\":\"502\",\"sku\":7}";

static void slots_are_moved_to_the_names_of_ecs(void)
{
    struct event event = scanned(lambda);
    CHECK_TEXT(
        encoded(&event, NAMES_ECS),
        "{\"@timestamp\":\"2023-01-02T03:04:05.678Z\",\"log.level\":\"error\",\"faas.execution\":"
        "\"r-1\","
        "\"message\":\"boom\",\"error.stack_trace\":\"at a\\nat b\",\"event.duration\":12500000,"
        "\"http.response.status_code\":502,\"sku\":7,\"event.severity\":17,\"event.outcome\":"
        "\"failure\"}");
}

static void slots_are_moved_to_the_names_of_otel(void)
{
    struct event event = scanned(lambda);
    CHECK_TEXT(
        encoded(&event, NAMES_OTEL),
        "{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"severity_text\":\"ERROR\",\"faas.invocation_"
        "id\":\"r-1\","
        "\"body\":\"boom\",\"exception.stacktrace\":\"at a\\nat b\",\"duration_ms\":12.5,"
        "\"http.response.status_code\":502,\"sku\":7,\"severity_number\":17,\"error\":true}");
}

static void slots_are_moved_to_the_names_of_honeycomb(void)
{
    struct event event = scanned(
        "{\"time\":\"2023-01-02T03:04:05Z\",\"span_id\":\"s\",\"trace_id\":\"t\",\"msg\":\"m\"}");
    CHECK_TEXT(encoded(&event, NAMES_HONEYCOMB),
               "{\"trace.parent_id\":\"s\",\"trace.trace_id\":\"t\",\"body\":\"m\"}");
    event = scanned("{\"span_id\":\"s\",\"parent_span_id\":\"p\"}");
    CHECK_TEXT(encoded(&event, NAMES_HONEYCOMB),
               "{\"trace.span_id\":\"s\",\"trace.parent_id\":\"p\"}");
}

static void an_operation_without_error_is_a_success(void)
{
    struct event event = scanned("{\"status\":200}");
    CHECK_TEXT(encoded(&event, NAMES_ECS),
               "{\"http.response.status_code\":200,\"event.outcome\":\"success\"}");
    event = scanned("{\"x\":200}");
    CHECK_TEXT(encoded(&event, NAMES_ECS), "{\"x\":200}");
}

static void what_is_no_object_where_ecs_has_one_becomes_a_label(void)
{
    struct event event = scanned(
        "{\"host\":\"web\",\"user\":{\"id\":1},\"process\":12,\"plain\":\"x\",\"event.x\":1}");
    CHECK_TEXT(encoded(&event, NAMES_ECS), "{\"labels.host\":\"web\",\"user\":{\"id\":1},\"labels."
                                           "process\":12,\"plain\":\"x\",\"event.x\":1}");
}

static void an_object_where_ecs_has_a_text_becomes_its_json_text(void)
{
    struct event event =
        scanned("{\"message\":{\"a\":1},\"service.name\":{\"b\":2},\"@timestamp\":\"never\"}");
    CHECK_TEXT(encoded(&event, NAMES_ECS), "{\"message\":\"{\\\"a\\\":1}\",\"service.name\":\"{"
                                           "\\\"b\\\":2}\",\"labels.@timestamp\":\"never\"}");
}

static void a_name_is_never_written_both_dotted_and_nested(void)
{
    struct event event =
        scanned("{\"host\":{\"name\":\"n\"},\"hostname\":\"d\",\"log\":{\"level\":\"error\"}}");
    CHECK_TEXT(encoded(&event, NAMES_ECS),
               "{\"host\":{\"name\":\"n\"},\"labels.hostname\":\"d\",\"log\":{\"level\":\"error\"},"
               "\"event.severity\":17,\"event.outcome\":\"failure\"}");
}

static void twins_in_nested_objects_are_written_once(void)
{
    struct event event =
        scanned("{\"o\":{\"a\":1, \"b\":[{\"c\":1,\"c\":2}],\"a\":3},\"a\":1,\"a\":2}");
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"o\":{\"b\":[{\"c\":2}],\"a\":3},\"a\":2}");
}

static void a_line_break_between_tokens_is_not_written(void)
{
    struct event event = scanned("{\"o\":{\n\"a\": 1},\n\"b\":2}");
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"o\":{\"a\":1},\"b\":2}");
}

static void a_line_that_nobody_parsed_is_the_body_beside_what_was_added(void)
{
    fixture_open();
    struct event event = {.bytes = STR("plain")};
    struct value path = {.kind = VALUE_TEXT, .text = STR("/x.log")};
    CHECK(event_set_slot(&event, SLOT_LOG_FILE_PATH, path, &fix.arena));
    CHECK_TEXT(encoded(&event, NAMES_OTEL), "{\"log.file.path\":\"/x.log\",\"body\":\"plain\"}");
}

static void a_key_that_a_parser_added_twice_is_written_once(void)
{
    fixture_open();
    struct event event = {.bytes = STR("a=1 a=2"), .flags = EVENT_PARSED};
    for (int i = 1; i <= 2; i++)
        CHECK(event_add(
            &event, (struct field){.key = STR("a"), .value = {.kind = VALUE_INTEGER, .integer = i}},
            &fix.arena));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"a\":2}");
    CHECK_TEXT(encoded(&event, NAMES_OTEL), "{\"a\":2}");
}

/* Field by field, each the general way: no runs, no texts taken as they are. */
static void write_slowly(struct writer *writer)
{
    const struct event *event = writer->event;
    look_ahead(writer);
    if (is_computed(writer, SLOT_TIME) && write_name(writer, SLOT_TIME))
        encode_time(writer->to, event->time_ns);
    for (uint16_t i = 0; i < event->count; i++) {
        if (is_skipped(writer, i))
            continue;
        if (event->fields[i].slot == SLOT_NONE)
            write_user(writer, &event->fields[i]);
        else
            write_slot(writer, &event->fields[i]);
    }
    if (event_is_bare(event) && write_name(writer, SLOT_BODY))
        encode_text(writer->to, event->bytes);
    write_severity(writer);
    write_outcome(writer);
}

static void write_unnamed_slowly(const struct writer *writer)
{
    const struct event *event = writer->event;
    for (uint16_t i = 0; i < event->count; i++) {
        if (is_skipped(writer, i) || is_replaced(writer, &event->fields[i]))
            continue;
        write_own_key(writer, &event->fields[i]);
        write_own_value(writer, &event->fields[i]);
    }
}

static struct str encoded_slowly(const struct event *event, const struct encoding *encoding,
                                 struct buffer *to)
{
    bool is_as_is = encoding->names == NAMES_AS_IS;
    struct writer writer = {.to = to,
                            .event = event,
                            .encoding = encoding,
                            .book = naming_book(is_as_is ? NAMES_OTEL : encoding->names),
                            .scratch = &fix.arena};
    buffer_reset(to);
    if (is_as_is)
        write_unnamed_slowly(&writer);
    else
        write_slowly(&writer);
    write_extras(&writer);
    if (to->len == 0)
        buffer_byte(to, ',');
    to->at[0] = '{';
    buffer_byte(to, '}');
    return str_equal(buffer_str(to), STR("{}")) ? STR("{}") : buffer_str(to);
}

/* What filters do to an event on its way. */
static void edit_by_chance(struct chance *chance, struct event *event)
{
    static const char *const paths[] = {"a",        "a.b",         "service.name",
                                        "trace_id", "labels.host", "host"};
    const struct path *path = fixture_path(paths[chance_below(chance, COUNT(paths))]);
    const struct path *to = fixture_path(paths[chance_below(chance, COUNT(paths))]);
    switch (chance_below(chance, 6)) {
    case 0:
        (void)event_set(event, path, (struct value){.kind = VALUE_TEXT, .text = STR("t \"")},
                        &fix.arena);
        break;
    case 1:
        (void)event_remove(event, path, &fix.arena);
        break;
    case 2:
        (void)event_rename(event, path, to, &fix.arena);
        break;
    case 3:
        event->weight = 7;
        event->reason = STR("rate");
        event->id = STR("i-1");
        break;
    default:
        break;
    }
}

/* An event with edits is never the line as it is, whatever the naming: then the slow way is the
 * oracle. */
static void check_alike(const struct event *event, const struct encoding *encoding,
                        struct buffer *slow)
{
    bool is_copy = encoding->names == NAMES_AS_IS && !(event->flags & EVENT_EDITED);
    struct str want = encoded_slowly(event, encoding, slow), got = encoded_with(event, *encoding);
    if (!is_copy && !str_equal(want, got))
        print_error("%.*s\n%.*s\n%.*s\n", STR_ARG(event->bytes), STR_ARG(want), STR_ARG(got));
    CHECK(is_copy || str_equal(want, got));
    json_error_t error;
    json_t *tree =
        json_loadb(got.at, got.len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &error);
    if (!tree)
        print_error("%s: %.*s\n", error.text, STR_ARG(got));
    CHECK(tree);
    json_decref(tree);
}

static void the_fast_way_writes_what_the_slow_way_writes(void)
{
    struct chance chance = {.state = 88172645463325252};
    struct buffer line, slow, record;
    buffer_init(&line, 1 << 20);
    buffer_init(&slow, 1 << 20);
    buffer_init(&record, 1 << 20);
    for (int round = 0; round < 20000; round++) {
        buffer_reset(&line);
        generate_line(&chance, &line);
        struct event event = scanned_str(buffer_str(&line), SCAN_OK), back;
        edit_by_chance(&chance, &event);
        buffer_reset(&record);
        CHECK(record_write(&record, &event));
        CHECK(record_read(buffer_str(&record), &back, &fix.arena));
        for (unsigned naming = NAMES_AS_IS; naming < NAMINGS; naming++) {
            struct encoding encoding = {.names = (enum naming)naming,
                                        .event_id = round & 1,
                                        .doc_count = round & 2,
                                        .objects = round & 8,
                                        .sampling = round & 4};
            check_alike(&event, &encoding, &slow);
            check_alike(&back, &encoding, &slow);
        }
    }
    buffer_clear(&line);
    buffer_clear(&slow);
    buffer_clear(&record);
}

/* Every slot with every kind of value, under every naming. */
static void a_way_writes_what_asking_writes(void)
{
    static const struct value values[] = {
        {VALUE_MISSING, .integer = 0},
        {VALUE_NULL, .integer = 0},
        {VALUE_BOOL, .truth = true},
        {VALUE_INTEGER, .integer = -734003200},
        {VALUE_FLOAT, .real = 2.5},
        {VALUE_TIME, .integer = 1700000000000000001},
        {VALUE_DURATION, .integer = 30852000},
        {VALUE_NUMBER, .text = {"12", 2}},
        {VALUE_NUMBER, .text = {"-1.50e3", 7}},
        {VALUE_TEXT, .text = {"", 0}},
        {VALUE_TEXT, .text = {"a text without anything to escape", 33}},
        {VALUE_TEXT, .text = {"a text with a \"quote\" in it", 28}},
        {VALUE_TEXT, .text = {"007", 3}},
        {VALUE_STRING, .text = {"WARNING", 7}},
        {VALUE_STRING, .text = {"A LEVEL THAT IS LONGER THAN ANY LEVEL IS", 40}},
        {VALUE_STRING, .text = {"\xC3\x84RGER", 6}},
        {VALUE_STRING, .text = {"512", 3}},
        {VALUE_ESCAPED, .text = {"a\\nB", 4}},
        {VALUE_OBJECT, .text = {"{\"a\":1}", 7}},
        {VALUE_ARRAY, .text = {"[1,2]", 5}},
    };
    unsigned by_way = 0;
    struct buffer asked;
    buffer_init(&asked, 1 << 20);
    for (unsigned naming = NAMES_OTEL; naming < NAMINGS; naming++) {
        const struct encoding encoding = {.names = (enum naming)naming, .sampling = true};
        for (size_t i = 1; i < SLOT_COUNT * COUNT(values); i++) {
            struct event event = scanned("{}");
            struct field field = {.key = STR("a_key"), .value = values[i % COUNT(values)]};
            field.slot = (uint8_t)(i / COUNT(values));
            event.fields = &field;
            event.count = 1;
            event.slots[field.slot] = 1;
            struct writer writer = {.to = &fix.out,
                                    .event = &event,
                                    .encoding = &encoding,
                                    .book = naming_book((enum naming)naming),
                                    .scratch = &fix.arena};
            buffer_reset(&fix.out);
            buffer_reset(&asked);
            char *at = buffer_reserve(&fix.out, 2 * FIXED_ROOM);
            char *behind = put_slot(&writer, &field, at, FIXED_ROOM);
            if (field.slot == SLOT_NONE || !behind)
                continue;
            fix.out.len = (size_t)(behind - at);
            writer.to = &asked;
            write_slot(&writer, &field);
            CHECK(str_equal(buffer_str(&fix.out), buffer_str(&asked)));
            by_way++;
        }
    }
    CHECK(by_way > 3 * 4 * 30); /* at least the texts */
    buffer_clear(&asked);
}

CHECK_MAIN(TEST(a_way_writes_what_asking_writes), TEST(an_untouched_line_is_copied),
           TEST(what_an_encoding_asks_for_is_added),
           TEST(a_line_that_no_format_claimed_is_its_message),
           TEST(slots_are_moved_to_the_names_of_ecs), TEST(slots_are_moved_to_the_names_of_otel),
           TEST(slots_are_moved_to_the_names_of_honeycomb),
           TEST(an_operation_without_error_is_a_success),
           TEST(what_is_no_object_where_ecs_has_one_becomes_a_label),
           TEST(an_object_where_ecs_has_a_text_becomes_its_json_text),
           TEST(a_name_is_never_written_both_dotted_and_nested),
           TEST(twins_in_nested_objects_are_written_once),
           TEST(a_line_break_between_tokens_is_not_written),
           TEST(a_line_that_nobody_parsed_is_the_body_beside_what_was_added),
           TEST(a_key_that_a_parser_added_twice_is_written_once),
           TEST(the_fast_way_writes_what_the_slow_way_writes))
