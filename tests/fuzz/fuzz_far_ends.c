/* tests/fuzz/fuzz_far_ends.c - any line as an event for Honeycomb and OTLP: one valid object that
 * keeps their rules. SPDX-License-Identifier: Apache-2.0
 *
 * jansson reads what was written: no key twice; for Honeycomb nothing nested, nothing above the
 * bounds; for OTLP attributes whose keys differ, each with a value of one kind.
 */
#include "agent/data/flatten.h"
#include "agent/data/otlp.h"
#include "tests/data/oracle.h"

enum { FIELDS_AT_MOST = 100, TEXT_AT_MOST = 300, OBJECT_AT_MOST = 40000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct oracle oracle;

/* Null: something that only jansson minds. */
static json_t *parsed(void)
{
    json_error_t error;
    json_t *root = oracle_load(buffer_str(&oracle.out), JSON_REJECT_DUPLICATES, &error);
    if (root || oracle_excuses(&error))
        return root;
    fprintf(stderr, "%s at %d: %.*s\n", error.text, error.position,
            STR_ARG(buffer_str(&oracle.out)));
    abort();
}

static void check_flat(const struct flat_bounds *bounds)
{
    const char *key;
    json_t *value, *object = parsed();
    if (!object)
        return;
    MUST(json_is_object(object) && json_object_size(object) <= bounds->fields_max);
    json_object_foreach(object, key, value)
    {
        MUST(!json_is_object(value) && !json_is_array(value));
        MUST(!json_is_string(value) || json_string_length(value) <= bounds->text_max);
    }
    MUST(oracle.out.len <= bounds->object_max);
    json_decref(object);
}

static void check_attributes(json_t *attributes)
{
    size_t i;
    json_t *pair, *seen = json_object();
    json_array_foreach(attributes, i, pair)
    {
        json_t *key = json_object_get(pair, "key");
        MUST(json_object_size(pair) == 2 && json_is_string(key));
        MUST(json_object_size(json_object_get(pair, "value")) <= 1);
        if (json_string_length(key) == strlen(json_string_value(key))) { /* jansson's own limit */
            MUST(!json_object_get(seen, json_string_value(key)));
            json_object_set_new(seen, json_string_value(key), json_true());
        }
    }
    json_decref(seen);
}

static void check_otlp(const struct event *event)
{
    buffer_reset(&oracle.out);
    otlp_write_record(&oracle.out, event, STR("shop"), &oracle.arena);
    MUST(!oracle.out.full);
    json_t *record = parsed();
    if (!record)
        return;
    MUST(json_is_object(record));
    check_attributes(json_object_get(record, "attributes"));
    json_decref(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct encoding encoding = {
        .names = NAMES_HONEYCOMB, .event_id = true, .sampling = true};
    const struct flat_bounds bounds = {.names = NAMES_HONEYCOMB,
                                       .fields_max = FIELDS_AT_MOST,
                                       .text_max = TEXT_AT_MOST,
                                       .object_max = OBJECT_AT_MOST};
    oracle_open(&oracle);
    arena_reset(&oracle.arena);
    struct event event = {.bytes = {(const char *)data, size}, .time_ns = 5, .id = STR("e-1")};
    size_t error_at;
    if (scan_object(oracle.scanner, &event, &oracle.arena, &error_at) != SCAN_NO_ROOM)
        event.flags |= EVENT_PARSED;
    buffer_reset(&oracle.out);
    encode_event(&oracle.out, &event, &encoding, &oracle.arena);
    MUST(!oracle.out.full);
    flatten_object(&oracle.out, 0, &bounds, &oracle.arena);
    check_flat(&bounds);
    check_otlp(&event);
    return 0;
}
