/* tests/outputs/host.h - as much of the engine as opening an output needs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Include before the plugin: the plugin then talks to these instead of the engine.
 */
#ifndef WEIR_TEST_HOST_H
#define WEIR_TEST_HOST_H

#include "agent/weir.h"

static struct arena test_arena;

static inline struct arena *test_host_arena(struct host *host)
{
    (void)host;
    return &test_arena;
}
static inline const char *test_host_where(struct host *host)
{
    (void)host;
    return "pipeline.conf:3:1";
}
/* A template that is its own text. */
static inline void test_template_write(const struct template *template, const struct event *event,
                                       enum template_alphabet alphabet, struct buffer *to,
                                       struct arena *scratch)
{
    (void)event, (void)alphabet, (void)scratch;
    buffer_add(to, str_from((const char *)template));
}
static uint64_t test_counters[8];
static size_t test_counters_used;
static inline uint64_t *test_host_counter(struct host *host, const char *name, const char *help)
{
    (void)host, (void)name, (void)help;
    return &test_counters[test_counters_used++ % 8];
}
static inline void test_template_pattern(const struct template *template, struct buffer *to)
{
    buffer_add(to, str_from((const char *)template));
}
/* No port: what the library takes is the port's own test. */
static inline const struct brokers *test_host_brokers(struct host *host)
{
    (void)host;
    return NULL;
}
static inline bool test_template_has_time(const struct template *template)
{
    return str_find(str_from((const char *)template), '{') != SIZE_MAX;
}
#define template_has_time test_template_has_time
static uint64_t test_config_hash;
static inline uint64_t test_host_config_hash(struct host *host)
{
    (void)host;
    return test_config_hash;
}
static char test_remembered[64];
static size_t test_remembered_len;
static inline uint64_t test_host_remember(struct host *host, struct str blob)
{
    (void)host;
    MUST(blob.len <= sizeof test_remembered);
    memcpy(test_remembered, blob.at, blob.len);
    test_remembered_len = blob.len;
    return 1;
}
/* The test's own template is its text. */
static inline bool test_template_is_constant(const struct template *template)
{
    return strchr((const char *)template, '{') == NULL;
}
#define host_config_hash     test_host_config_hash
#define host_remember        test_host_remember
#define template_is_constant test_template_is_constant
#define host_counter     test_host_counter
#define host_arena       test_host_arena
#define host_brokers     test_host_brokers
#define host_where       test_host_where
#define template_write   test_template_write
#define template_pattern test_template_pattern

#endif
