/* tests/fuzz/fuzz_config.c - any bytes as a configuration: told what is wrong, never a crash.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What loads is asked about an event too. Seeds: tests/config/mistakes.
 */
#include "tests/config/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct loading *loading, const struct node *nodes, const struct event *event)
{
    struct buffer text;
    buffer_init(&text, 4096);
    for (const struct node *node = nodes; node; node = node->next) {
        ask(loading, node->children, event);
        if (node->when)
            expr_true(node->when, event, &loading->arena);
        if (node->kind == NODE_OUTPUT && node->output == &fake_http)
            template_write(((struct fake_http *)node->object)->index, event, TEMPLATE_SAFE, &text,
                           &loading->arena);
    }
    buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct loading loading;
    loading_init(&loading);
    struct config_source source = {"-e", {(const char *)data, size}};
    loading_run(&loading, &source, 1, NULL);
    if (loading.code == OK) {
        struct event event =
            event_from(&loading, "{\"a\":1,\"level\":\"error\",\"status\":\"503\"}");
        ask(&loading, loading.config->nodes, &event);
    } else {
        MUST(loading.diagnostics.errors > 0 || loading.code == OVER_LIMIT);
        MUST(loading.said.len > 0 || loading.code == OVER_LIMIT);
    }
    loading_clear(&loading);
    return 0;
}
