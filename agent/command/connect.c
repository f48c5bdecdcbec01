/* agent/command/connect.c - agent check --connect: asks every destination what the data flow will
 * ask. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/connect.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/delivery/errand.h"
#include "agent/pipeline/pipeline.h"

enum { STEP_WAIT_NS = 1000000000, TITLE_BYTES = 160 };

struct asking { /* one input, or one output at one address */
    struct connect *connect;
    const char *kind;
    const struct exchanges *exchanges;
    const struct route *route;
    char title[TITLE_BYTES];
};

/* --- the report ---------------------------------------------------------------------------- */

static const char *const finding_words[] = {
    [FINDING_GOOD] = "ok", [FINDING_DOUBT] = "doubt", [FINDING_FAULT] = "fault"};

/* Of an input: none, it says itself where it looks. */
static const char *address_of(const struct route *route)
{
    if (!route)
        return "";
    return route->unix_socket ? route->unix_socket : route->base;
}

static void finding_line(struct buffer *to, const struct asking *asking, enum finding finding,
                         const char *text)
{
    buffer_format(to, "%-5s  ", finding_words[finding]);
    buffer_add(to, str_from(asking->title));
    buffer_add(to, STR("  "));
    buffer_add(to, str_from(address_of(asking->route)));
    buffer_add(to, asking->route ? STR("  ") : STR(""));
    buffer_add(to, str_from(text));
    buffer_byte(to, '\n');
}

static void finding_json(struct buffer *to, const struct asking *asking, enum finding finding,
                         const char *text)
{
    buffer_format(to, "{\"finding\":\"%s\",\"%s\":", finding_words[finding], asking->kind);
    encode_text(to, str_from(asking->title));
    if (asking->route) {
        buffer_add(to, STR(",\"address\":"));
        encode_text(to, str_from(address_of(asking->route)));
    }
    buffer_add(to, STR(",\"message\":"));
    encode_text(to, str_from(text));
    buffer_add(to, STR("}\n"));
}

static void report_add(void *context, enum finding finding, const char *text)
{
    const struct asking *asking = context;
    struct connect *connect = asking->connect;
    struct buffer *to = &connect->report;
    connect->faults += finding == FINDING_FAULT;
    if (connect->json)
        finding_json(to, asking, finding, text);
    else
        finding_line(to, asking, finding, text);
}

static void report_format(const struct asking *asking, enum finding finding, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));

static void report_format(const struct asking *asking, enum finding finding, const char *format,
                          ...)
{
    char text[ERRAND_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    report_add((void *)(uintptr_t)asking, finding, text);
}

/* What the port says is exact and means little to most: what to do about it. */
static const char *advice_for(struct str error)
{
    static const struct {
        const char *part, *advice;
    } table[] = {
        {"expired", "its certificate is out of date: renew it there"},
        {"unable to get local issuer", "nobody we trust signed its certificate: give the "
                                       "certificate of its authority as `ca`"},
        {"self-signed", "nobody we trust signed its certificate: give that certificate, or its "
                        "authority's, as `ca`"},
        {"self signed", "nobody we trust signed its certificate: give that certificate, or its "
                        "authority's, as `ca`"},
        {"subject name", "its certificate is for another name: use the name that stands in it in "
                         "`url`"},
        {"verify locations", "the file of `ca` cannot be read or holds no certificate"},
        {"certificate required", "it wants a client certificate: set `cert` and `cert_key`"},
        {"bad certificate", "it refuses our client certificate: see `cert` and `cert_key`"},
        {"alert unknown ca", "it does not trust who signed our client certificate: see `cert`"},
        {"local SSL certificate", "`cert` or `cert_key` cannot be read, or they do not belong "
                                  "together"},
        {"private key", "`cert` and `cert_key` do not belong together"},
        {"wrong version number", "that port does not speak TLS: is it http://?"},
        {"packet length", "that port does not speak TLS: is it http://?"},
        {"HTTP/0.9", "that port does not speak plain HTTP: is it https://?"},
        {"Empty reply", "it hung up without a word: is it https://?"},
        {"reset by peer", "it hung up without a word: is it https://?"},
        {"protocol version", "it has no TLS 1.2 or later"},
        {"Could not resolve proxy", "no such name: look at `proxy`"},
        {"Could not resolve", "no such name: look at `url`, or at this machine's DNS"},
        {"refused", "nothing listens there: is it started, and is the port right?"},
        {"Couldn't connect", "nothing listens there: is it started, and is the port right?"},
        {"timed out", "no answer in time: a firewall, or a server that is busy"},
        {"Timeout", "no answer in time: a firewall, or a server that is busy"},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        if (str_find_str(error, str_from(table[i].part)) != SIZE_MAX)
            return table[i].advice;
    return "is that address right?";
}

/* --- asking -------------------------------------------------------------------------------- */

static bool exchange_wait(const struct exchanges *exchanges, struct exchange *exchange)
{
    if (!exchanges->submit(exchanges->self, exchange))
        return false;
    while (!exchanges->take_done(exchanges->self))
        exchanges->step(exchanges->self, STEP_WAIT_NS);
    return true;
}

/* False: the errand is over. */
static bool errand_hears(const struct asking *asking, struct errand_run *run)
{
    const struct exchange *exchange = &run->exchange;
    switch (errand_hear(run)) {
    case ERRAND_HEARD:
        return true;
    case ERRAND_AGAIN:
        report_format(asking, FINDING_FAULT,
                      "answers %d: it is busy or not ready: see after it, and ask again",
                      exchange->status);
        return false;
    case ERRAND_NOT_THERE:
        report_format(asking, FINDING_FAULT, "%s: %s", exchange->error,
                      advice_for(str_from(exchange->error)));
        return false;
    case ERRAND_ELSEWHERE:
        report_format(asking, FINDING_FAULT,
                      "answers %d: it sends us elsewhere, and redirects are not followed: give the "
                      "final address in `url`",
                      exchange->status);
        return false;
    }
    return false;
}

static void errand_go(struct asking *asking, struct errand_run *run, const struct reach *reach)
{
    bool goes_on = true;
    run->context = asking;
    run->tell = report_add;
    while (goes_on) {
        enum errand_state state = errand_ask(run, reach, asking->route);
        if (state == ERRAND_DONE)
            return;
        if (state == ERRAND_NO_ROOM || !exchange_wait(asking->exchanges, &run->exchange)) {
            report_add(asking, FINDING_FAULT, "there was no room to ask it");
            return;
        }
        goes_on = errand_hears(asking, run);
        asking->exchanges->release(asking->exchanges->self, &run->exchange);
    }
}

static enum code output_ask(struct asking *asking, struct drain *drain, struct why *why)
{
    struct connect *connect = asking->connect;
    struct reach reach;
    host_title(&drain->host, asking->title, sizeof asking->title);
    if (!reach_open(&reach, drain->plugin->endpoint(drain->self), connect->pipeline->engine.run))
        return fail(why, OVER_LIMIT, "no memory to ask %s", asking->title);
    connect->outputs++;
    for (uint32_t i = 0; i < reach.route_count; i++) {
        struct errand_run run;
        asking->route = &reach.routes[i];
        if (!errand_begin(&run, ERRAND_LOOK, drain->plugin, drain->self))
            return fail(why, OVER_LIMIT, "no memory to ask %s", asking->title);
        errand_go(asking, &run, &reach);
        errand_end(&run);
    }
    return OK;
}

/* A cluster is asked once, by all of its addresses, for the topic that an event without any fields
 * goes to. */
static void broker_ask(struct asking *asking, struct drain *drain)
{
    const struct brokers *brokers = drain->host.engine->brokers;
    const struct broker_plan *plan = drain->plugin->broker(drain->self);
    const struct event bare = {0};
    char words[200], addresses[256], topic[TARGET_BYTES_MAX + 1];
    struct buffer name;
    host_title(&drain->host, asking->title, sizeof asking->title);
    struct route all = {.base = str_z(str_slice(plan->settings[0].value, 0, sizeof addresses - 1),
                                      addresses, sizeof addresses)};
    asking->route = &all;
    asking->connect->outputs++;
    buffer_init(&name, LINE_BYTES_DEFAULT);
    drain->plugin->target(drain->self, &bare, &name, drain->host.engine->run);
    str_z(str_slice(buffer_str(&name), 0, TARGET_BYTES_MAX), topic, sizeof topic);
    buffer_clear(&name);
    switch (brokers->look(brokers->self, plan, topic, words)) {
    case BROKER_FINE:
        report_format(asking, FINDING_GOOD, "topic \"%s\" is there, %s", topic, words);
        break;
    case BROKER_NO_TOPIC:
        report_format(asking, FINDING_DOUBT,
                      "topic \"%s\": %s: what is bound for it waits until somebody makes it", topic,
                      words);
        break;
    case BROKER_DENIED:
        report_format(asking, FINDING_FAULT,
                      "topic \"%s\": %s: give this user the rights to describe and to write it",
                      topic, words);
        break;
    case BROKER_LATER:
    case BROKER_TOO_LARGE:
    case BROKER_INVALID:
        report_format(asking, FINDING_FAULT, "%s: see `brokers`, `settings` and `secrets`", words);
        break;
    }
}

static void input_look(struct connect *connect, struct entry *entry)
{
    struct asking asking = {.connect = connect, .kind = "input"};
    struct errand_run run = {.context = &asking, .tell = report_add};
    host_title(&entry->host, asking.title, sizeof asking.title);
    connect->inputs++;
    entry->plugin->look(entry->self, &entry->host, &run.errand);
}

enum code connect_ask(struct connect *connect, struct why *why)
{
    struct pipeline *pipeline = connect->pipeline;
    struct asking asking = {.connect = connect, .kind = "output"};
    enum code code = OK;
    for (uint16_t i = 0; i < pipeline->entry_count; i++)
        if (pipeline->entries[i].plugin->look)
            input_look(connect, &pipeline->entries[i]);
    for (uint16_t i = 0; i < pipeline->drain_count && code == OK; i++) {
        struct drain *drain = &pipeline->drains[i];
        if (drain->plugin->broker && drain->host.engine->brokers)
            broker_ask(&asking, drain);
        if (!drain->plugin->ask)
            continue;
        if (!asking.exchanges)
            asking.exchanges = connect->exchanges(why);
        code = asking.exchanges ? output_ask(&asking, drain, why) : why->code;
    }
    if (asking.exchanges)
        asking.exchanges->close(asking.exchanges->self);
    return code;
}
