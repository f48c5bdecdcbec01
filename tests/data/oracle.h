/* tests/data/oracle.h - is what the scanner and the encoder say of a text the same as what jansson says?
 * SPDX-License-Identifier: Apache-2.0
 *
 * Differences that are meant: the scanner stops at JSON_DEPTH_MAX, and keeps numbers that no double or
 * 64-bit integer holds, since it never converts them. jansson takes a NUL for the end of the text, and none
 * in a key.
 */
#ifndef WEIR_ORACLE_H
#define WEIR_ORACLE_H

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "agent/data/encode.h"
#include "agent/data/record.h"
#include "agent/data/scan.h"
#include "agent/limits.h"
#include "agent/must.h"

struct oracle {
    struct arena run, arena;
    struct scanner *scanner;
    struct buffer out;
    const char *complaint; /* what did not agree, of the last text */
};

static inline void oracle_open(struct oracle *oracle)
{
    if (oracle->scanner)
        return;
    arena_init(&oracle->run, 1 << 20, 16 << 20);
    arena_init(&oracle->arena, 1 << 16, 256 << 20);
    oracle->scanner = scanner_make(&oracle->run, names_make(&oracle->run));
    buffer_init(&oracle->out, 256 << 20);
    MUST(oracle->scanner);
}

static inline size_t oracle_depth(const json_t *json)
{
    size_t deepest = 0, i;
    const char *key;
    json_t *value;
    json_array_foreach(json, i, value)
    {
        size_t depth = oracle_depth(value);
        deepest = depth > deepest ? depth : deepest;
    }
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        size_t depth = oracle_depth(value);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + (json_is_object(json) || json_is_array(json));
}

static inline bool oracle_complain(struct oracle *oracle, const char *complaint)
{
    oracle->complaint = complaint;
    return false;
}

/* A key that has a dot at the top and stands nested as well. */
static inline bool oracle_both_ways(const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        for (const char *dot = strchr(key, '.'); dot; dot = strchr(dot + 1, '.')) {
            const json_t *parent = json_object_getn(object, key, (size_t)(dot - key));
            if (json_is_object(parent) && json_object_get(parent, dot + 1))
                return true;
        }
    }
    return false;
}

/* Things that only jansson minds. */
static inline bool oracle_excuses(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow ||
           json_error_code(error) == json_error_null_byte_in_key;
}

static inline json_t *oracle_load(struct str text, size_t flags, json_error_t *error)
{
    return json_loadb(text.at, text.len, flags | JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
}

/* What is written has unique keys, and as it is says the same as the text did. */
static inline bool oracle_encodes(struct oracle *oracle, const struct event *event, const json_t *want)
{
    for (int naming = NAMES_AS_IS; naming <= NAMES_HONEYCOMB; naming++) {
        struct encoding encoding = {.names = (enum naming)naming};
        json_error_t error;
        buffer_reset(&oracle->out);
        encode_event(&oracle->out, event, &encoding, &oracle->arena);
        json_t *got = oracle_load(buffer_str(&oracle->out), JSON_REJECT_DUPLICATES, &error);
        bool is_same = naming != NAMES_AS_IS || !want || json_equal(got, want);
        bool both_ways = naming != NAMES_AS_IS && got && oracle_both_ways(got);
        bool has_newline = memchr(oracle->out.at, '\n', oracle->out.len) != NULL;
        json_decref(got);
        if (!got && !oracle_excuses(&error))
            return oracle_complain(oracle, "what was written is no JSON, or has a key twice");
        if (got && !is_same)
            return oracle_complain(oracle, "what was written says something else");
        if (both_ways)
            return oracle_complain(oracle, "a name was written both dotted and nested");
        if (has_newline)
            return oracle_complain(oracle, "what was written has a line break");
    }
    return true;
}

static inline bool oracle_same_value(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_BOOL)
        return a.truth == b.truth;
    return a.kind == VALUE_NULL || (a.text.at == b.text.at && a.text.len == b.text.len);
}

/* What the scanner kept of an object's members is what walking finds. */
static inline bool oracle_keeps(struct oracle *oracle, struct str object, struct members *members)
{
    struct members inside, found;
    struct member walked;
    size_t at = 0;
    while (scan_next(object, &at, &walked)) {
        const struct member *kept = members_next(members);
        if (!kept || !str_equal(kept->key, walked.key) || kept->key.at != walked.key.at ||
            kept->key_escaped != walked.key_escaped || !oracle_same_value(kept->value, walked.value))
            return oracle_complain(oracle, "a member was kept wrongly");
        if (walked.value.kind != VALUE_OBJECT)
            continue;
        members_inside(members, &inside);
        scanner_members(oracle->scanner, walked.value.text, &found);
        if (found.next != inside.next || (found.next && found.end != inside.end))
            return oracle_complain(oracle, "an object was found in two places");
        if (!oracle_keeps(oracle, walked.value.text, &inside))
            return false;
    }
    return !members_next(members) || oracle_complain(oracle, "a member too many was kept");
}

static inline bool oracle_keeps_all(struct oracle *oracle, const struct event *event)
{
    for (uint16_t i = 0; i < event->count; i++) {
        struct members members;
        if (event->fields[i].value.kind != VALUE_OBJECT)
            continue;
        scanner_members(oracle->scanner, event->fields[i].value.text, &members);
        if (!oracle_keeps(oracle, event->fields[i].value.text, &members))
            return false;
    }
    return true;
}

static inline bool oracle_reads_here(struct oracle *oracle, struct str text, const json_t *want)
{
    struct event event = {.bytes = text}, back;
    size_t error_at;
    enum scan_result result = scan_object(oracle->scanner, &event, &oracle->arena, &error_at);
    if (want && result != SCAN_OK)
        return oracle_complain(oracle, "a valid object was not indexed");
    if (result == SCAN_INVALID && error_at > event.bytes.len)
        return oracle_complain(oracle, "the error lies outside of the text");
    if (result == SCAN_OK && !oracle_keeps_all(oracle, &event))
        return false;
    if (result == SCAN_OK && !oracle_encodes(oracle, &event, want))
        return false;
    event.flags |= EVENT_EDITED; /* now field by field */
    if (result == SCAN_OK && !oracle_encodes(oracle, &event, want))
        return false;
    buffer_reset(&oracle->out);
    if (!record_write(&oracle->out, &event))
        return oracle_complain(oracle, "an event had no record");
    struct str record = arena_copy(&oracle->arena, buffer_str(&oracle->out));
    if (!record_read(record, &back, &oracle->arena))
        return oracle_complain(oracle, "a record was not read back");
    return result != SCAN_OK || oracle_encodes(oracle, &back, want);
}

/* As a line that was read with others: behind it stand its line end and bytes that look like more of it. */
static inline struct str oracle_among_others(struct oracle *oracle, struct str text)
{
    static const char behind[] = "\n\",\"a\":\"0123456789\"}}}]]\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"";
    char *line = arena_take(&oracle->arena, text.len + sizeof behind);
    if (!line)
        return text;
    memcpy(line, text.at, text.len);
    memcpy(line + text.len, behind, sizeof behind);
    return (struct str){line, text.len};
}

static inline bool oracle_reads(struct oracle *oracle, struct str text, const json_t *want)
{
    static const enum scan_variant variants[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2};
    for (size_t i = 0; i < COUNT(variants); i++) {
        if (!scan_use(variants[i]))
            continue;
        arena_reset(&oracle->arena);
        if (!oracle_reads_here(oracle, text, want) ||
            !oracle_reads_here(oracle, oracle_among_others(oracle, text), want))
            return false;
    }
    return true;
}

static inline bool oracle_agrees(struct oracle *oracle, struct str text)
{
    json_error_t error;
    json_t *json = oracle_load(text, 0, &error);
    bool is_valid = scan_is_valid(text);
    bool agrees = true;
    oracle->complaint = NULL;
    if (is_valid && !json && !oracle_excuses(&error))
        agrees = oracle_complain(oracle, "only the scanner takes it");
    if (!is_valid && json && oracle_depth(json) <= JSON_DEPTH_MAX && !memchr(text.at, 0, text.len))
        agrees = oracle_complain(oracle, "only jansson takes it");
    agrees = agrees && oracle_reads(oracle, text, is_valid && json_is_object(json) ? json : NULL);
    json_decref(json);
    return agrees;
}

#endif
