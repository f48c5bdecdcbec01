/* agent/sight/functions.c - what each function did, counted before anything is sampled away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/functions.h"

#include <string.h>
#include <xxhash.h>

#include "agent/data/alias.h"
#include "agent/memory.h"
#include "agent/must.h"

enum { FAILING_SLOTS = 4096 }; /* open invocations that had an error; a power of two */

struct functions {
    struct arena names;
    struct function *at[FUNCTIONS_MAX];
    uint64_t hashes[FUNCTIONS_MAX];
    size_t count;
    struct function *last;
    uint64_t failing[FAILING_SLOTS]; /* hashes of invocation ids; a clash forgets the older one */
};

struct functions *functions_make(void)
{
    struct functions *functions = memory_make(sizeof *functions);
    if (!functions)
        return NULL;
    memset(functions, 0, sizeof *functions);
    arena_init(&functions->names, 4096, 256 * 1024);
    return functions;
}

void functions_free(struct functions *functions)
{
    if (!functions)
        return;
    for (size_t i = 0; i < functions->count; i++)
        memory_free(functions->at[i]);
    arena_clear(&functions->names);
    memory_free(functions);
}

static struct function *function_add(struct functions *functions, struct str name, uint64_t hash)
{
    struct function *function = memory_make(sizeof *function);
    struct str copy = arena_copy(&functions->names, name);
    if (!function || !copy.at) {
        memory_free(function);
        return NULL;
    }
    memset(function, 0, sizeof *function);
    function->name = copy;
    functions->hashes[functions->count] = hash;
    functions->at[functions->count++] = function;
    return function;
}

static struct function *function_find(struct functions *functions, struct str name)
{
    uint64_t hash = XXH3_64bits(name.at, name.len);
    struct function *found = NULL;
    for (size_t i = 0; i < functions->count && !found; i++)
        if (functions->hashes[i] == hash && str_equal(functions->at[i]->name, name))
            found = functions->at[i];
    if (!found && functions->count >= FUNCTIONS_MAX - 1 && !str_equal(name, STR("other")))
        return function_find(functions, STR("other"));
    if (!found && functions->count < FUNCTIONS_MAX)
        found = function_add(functions, name, hash);
    if (found)
        functions->last = found;
    return found;
}

/* Of slots that only a field can fill. */
static inline bool is_nowhere(const struct event *event, enum slot slot)
{
    return !event->slots[slot] && event->flat & event_flat_bit(slot);
}

/* Nearly always a text in a field of its own. False: the slot says nothing. */
static inline bool text_of_slot(const struct event *event, enum slot slot, struct arena *scratch,
                                struct str *ret)
{
    const struct field *field = event_slot(event, slot);
    if (is_nowhere(event, slot))
        return false;
    if (!field || (field->value.kind != VALUE_STRING && field->value.kind != VALUE_TEXT))
        return value_text(event_get_slot(event, slot, scratch), scratch, ret);
    *ret = field->value.text;
    return true;
}

static __attribute__((noinline)) struct function *
function_search(struct functions *functions, const struct event *event, struct arena *scratch)
{
    struct str name;
    if (!text_of_slot(event, SLOT_FAAS_NAME, scratch, &name) &&
        !text_of_slot(event, SLOT_SERVICE_NAME, scratch, &name))
        return NULL;
    return name.len ? function_find(functions, name) : NULL;
}

/* Lines of one function come in runs. */
static inline bool is_of_last(const struct functions *functions, const struct event *event)
{
    if (!event->slots[SLOT_FAAS_NAME] || !functions->last)
        return false;
    const struct field *field = event_slot(event, SLOT_FAAS_NAME);
    bool is_text = field->value.kind == VALUE_STRING || field->value.kind == VALUE_TEXT;
    return is_text && str_equal(functions->last->name, field->value.text);
}

static inline struct function *function_of(struct functions *functions, const struct event *event,
                                           struct arena *scratch)
{
    if (LIKELY(is_of_last(functions, event)))
        return functions->last;
    return function_search(functions, event, scratch);
}

static uint64_t *failing_slot(struct functions *functions, const struct event *event,
                              struct arena *scratch, uint64_t *ret_hash)
{
    struct str id;
    if (!text_of_slot(event, SLOT_FAAS_INVOCATION_ID, scratch, &id))
        return NULL;
    *ret_hash = XXH3_64bits(id.at, id.len) | 1;
    return &functions->failing[*ret_hash >> 32 & (FAILING_SLOTS - 1)];
}

static double number_there(const struct event *event, enum slot slot, struct arena *scratch)
{
    const struct field *field = event_slot(event, slot);
    int64_t whole;
    double number = 0;
    if (field && field->value.kind == VALUE_INTEGER)
        return (double)field->value.integer;
    bool is_plain = field && slot_type(slot) == SLOT_FLOAT;
    if (is_plain && field->value.kind == VALUE_NUMBER && str_to_int(field->value.text, &whole))
        return (double)whole;
    struct value value = is_plain ? field->value : event_get_slot(event, slot, scratch);
    return value_number(value, &number) ? number : 0;
}

/* What the platform says stands in fields of their own, in the unit of the slot. */
static inline double slot_number(const struct event *event, enum slot slot, struct arena *scratch)
{
    return is_nowhere(event, slot) ? 0 : number_there(event, slot, scratch);
}

static void count_report(struct function *function, const struct event *event,
                         struct arena *scratch)
{
    struct value duration = event_get_slot(event, SLOT_DURATION, scratch);
    double init_ms = slot_number(event, SLOT_LAMBDA_INIT, scratch) +
                     slot_number(event, SLOT_LAMBDA_RESTORE, scratch);
    double used = slot_number(event, SLOT_LAMBDA_MEMORY_USED, scratch);
    double size = slot_number(event, SLOT_FAAS_MAX_MEMORY, scratch) / (1024 * 1024);
    struct str status = {0};
    function->invocations++;
    if (duration.kind == VALUE_DURATION)
        histogram_add(&function->duration, duration.integer);
    if (init_ms > 0) {
        function->cold_starts++;
        histogram_add(&function->init, (int64_t)(init_ms * 1e6));
    }
    function->billed_ms += slot_number(event, SLOT_LAMBDA_BILLED, scratch);
    if (used > function->memory_used_mb)
        function->memory_used_mb = used;
    if (size > function->memory_size_mb)
        function->memory_size_mb = size;
    if (text_of_slot(event, SLOT_LAMBDA_STATUS, scratch, &status))
        function->timeouts += str_equal(status, STR("timeout"));
}

/* An event that failed, or the last one of its invocation. */
static __attribute__((noinline)) void count_end(struct functions *functions,
                                                struct function *function,
                                                const struct event *event, bool failed,
                                                struct arena *scratch)
{
    uint64_t hash = 0;
    uint64_t *slot = failing_slot(functions, event, scratch, &hash);
    if (failed && slot)
        *slot = hash;
    if (!(event->flags & EVENT_ENDS_INVOCATION))
        return;
    count_report(function, event, scratch);
    function->errors += failed || (slot && *slot == hash);
    if (slot && *slot == hash)
        *slot = 0;
}

void functions_count(struct functions *functions, const struct event *event, struct arena *scratch)
{
    struct function *function = function_of(functions, event, scratch);
    if (event->origin)
        event->origin->function = function;
    if (!function)
        return;
    function->lines++;
    bool failed = event_is_error(event, scratch);
    if (failed || event->flags & EVENT_ENDS_INVOCATION)
        count_end(functions, function, event, failed, scratch);
}

void functions_kept(struct functions *functions, const struct event *event, unsigned output,
                    struct arena *scratch)
{
    struct function *function = event->origin ? event->origin->function : NULL;
    if (!function)
        function = function_of(functions, event, scratch);
    if (!function)
        return;
    function->kept[output].lines++;
    if (!(event->flags & EVENT_ENDS_INVOCATION))
        return;
    function->kept[output].invocations++;
    function->kept[output].weight += event->weight ? event->weight : 1;
}

size_t functions_list(const struct functions *functions, const struct function *const **ret)
{
    *ret = (const struct function *const *)functions->at;
    return functions->count;
}
