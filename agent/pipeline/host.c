/* agent/pipeline/host.c - the engine as one plugin instance sees it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/host.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/pipeline/yard.h"
#include "agent/state/state.h"

const char *host_title(const struct host *host, char *to, size_t room)
{
    if (host->label.len && !str_equal(host->label, host->plugin))
        snprintf(to, room, "%.*s \"%.*s\"", STR_ARG(host->plugin), STR_ARG(host->label));
    else
        snprintf(to, room, "%.*s", STR_ARG(host->plugin));
    return to;
}

struct arena *host_arena(struct host *host)
{
    return host->engine->run;
}

const struct names *host_names(struct host *host)
{
    return host->engine->names;
}

struct str host_label(struct host *host)
{
    return host->label;
}

struct str host_path(struct host *host)
{
    return host->path;
}

const char *host_where(struct host *host)
{
    return host->where;
}

const struct brokers *host_brokers(struct host *host)
{
    return host->engine->brokers;
}

const struct files *host_files(struct host *host)
{
    return host->files ? host->files : host->engine->files;
}

int64_t host_now(struct host *host)
{
    return host->engine->now_ns;
}

uint64_t *host_counter(struct host *host, const char *name, const char *help)
{
    static uint64_t nowhere; /* counted and never shown: there was no memory at the start */
    struct counter *counter = arena_zeroed(host->engine->run, sizeof *counter);
    if (!counter)
        return &nowhere;
    *counter = (struct counter){.kind = host->kind,
                                .name = name,
                                .help = help,
                                .label = host->label.len ? host->label : host->plugin,
                                .next = host->engine->counters};
    host->engine->counters = counter;
    return &counter->value;
}

static void say(struct host *host, enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void say(struct host *host, enum log_level level, const char *format, va_list args)
{
    char text[512], title[160];
    vsnprintf(text, sizeof text, format, args);
    log_line(level, host_title(host, title, sizeof title), "%s", text);
}

void host_news(const struct host *host, const char *text)
{
    char title[160];
    log_line(LOG_INFO, host_title(host, title, sizeof title), "%s", text);
}

void host_alarm(struct host *host, const char *key, const char *format, ...)
{
    if (!alarms_raise(&host->engine->alarms, host->path, str_from(key)))
        return;
    va_list args;
    va_start(args, format);
    say(host, LOG_WARN, format, args);
    va_end(args);
}

void host_recovered(struct host *host, const char *key, const char *format, ...)
{
    if (!alarms_lower(&host->engine->alarms, host->path, str_from(key)))
        return;
    va_list args;
    va_start(args, format);
    say(host, LOG_INFO, format, args);
    va_end(args);
}

struct source *source_open(struct host *host, struct str key, struct str id_prefix, void *mine)
{
    char text[128];
    snprintf(text, sizeof text, "%016" PRIx64 "-%.*s-", state_agent_id(host->engine->state),
             STR_ARG(id_prefix));
    return state_source_open(host->engine->state, host->input, key, str_from(text), mine);
}

struct source *source_open_shared(struct host *host, struct str key, struct str id_prefix,
                                  void *mine)
{
    struct source *source =
        state_source_open(host->engine->state, host->input, key, id_prefix, mine);
    if (source)
        source_share_ids(source);
    return source;
}

uint64_t host_agent_id(struct host *host)
{
    return state_agent_id(host->engine->state);
}

void host_each_known(struct host *host,
                     void (*each)(void *context, struct str key, struct str note, uint64_t resume),
                     void *context)
{
    state_each_known(host->engine->state, host->input, each, context);
}

bool host_remembers(struct host *host, struct str key)
{
    return state_remembers(host->engine->state, key);
}

struct str host_directory(struct host *host)
{
    return host->engine->directory;
}

uint64_t host_new_serial(struct host *host)
{
    return state_new_serial(host->engine->state);
}

uint64_t host_remember(struct host *host, struct str blob)
{
    return state_remember(host->engine->state, host->path, blob);
}

bool host_is_synced(struct host *host, uint64_t ticket)
{
    return state_synced(host->engine->state, ticket);
}

uint64_t host_config_hash(struct host *host)
{
    return host->engine->config_hash;
}

enum parked host_park(struct host *host, struct str bytes, uint64_t *ret_place)
{
    return host->yard ? yard_put(host->yard, bytes, ret_place) : PARKED_LOST;
}

enum parked host_unpark(struct host *host, uint64_t place, struct arena *arena, struct str *ret)
{
    return yard_get(host->yard, place, arena, ret);
}

void host_forget_parked(struct host *host, uint64_t place)
{
    yard_forget(host->yard, place);
}

uint64_t host_held_budget(struct host *host)
{
    return host->engine->held_budget;
}
