/* tests/sight/test_admin.c - mirrors agent/sight/admin.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * tests/end_to_end/admin.py asks a running agent.
 */
#include "agent/sight/admin.c"

#include "agent/must.h"
#include "tests/check.h"

/* A listener that asks one thing and remembers what it was told. */
struct listener {
    struct listener_request request;
    bool is_asking;
    int status;
    char body[256];
};

struct listener_request *listener_take(struct listener *listener)
{
    bool asks = listener->is_asking;
    listener->is_asking = false;
    return asks ? &listener->request : NULL;
}

void listener_answer(struct listener *listener, struct listener_request *request, int status,
                     const char *content_type, struct str body)
{
    (void)request;
    (void)content_type;
    listener->status = status;
    str_z(body, listener->body, sizeof listener->body);
}

void listener_close(struct listener *listener)
{
    (void)listener;
}

static void only_addresses_localhost_and_listed_names_are_allowed_as_host(void)
{
    struct str listed[] = {STR("weir.example")};
    const struct list hosts = {.count = 1, .texts = listed};
    static const struct {
        const char *host;
        bool allowed;
    } cases[] = {
        {"127.0.0.1:4319", true}, {"[::1]:4319", true},      {"localhost", true},
        {"LOCALHOST:1", true},    {"weir.example", true},    {"weir.example:4319", true},
        {"evil.example", false},  {"127.0.0.1.evil", false}, {"", false},
        {"[::1", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(admin_host_is_allowed(str_from(cases[i].host), &hosts), cases[i].allowed);
}

static void what_is_asked_is_answered_by_host_then_method_then_path(void)
{
    static const struct {
        const char *host, *method, *path, *body;
        int status;
    } cases[] = {
        {"localhost", "GET", "/ready", "{\"status\":\"ready\"}\n", 200},
        {"localhost", "GET", "/health", "{\"status\":\"ok\",\"outputs\":{}}\n", 200},
        {"localhost", "POST", "/ready", "only GET is answered here\n", 405},
        {"localhost", "GET", "/ready/", "there is /metrics, /health, /ready and /api/v1/ledger\n",
         404},
        {"evil", "POST", "/nowhere", "this Host is not allowed: see admin_hosts\n", 403},
    };
    struct listener listener = {.status = 0};
    struct admin admin = {.listener = &listener};
    struct lane lane = {.state = NULL};
    buffer_init(&admin.text, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        listener.request = (struct listener_request){.host = str_from(cases[i].host),
                                                     .method = str_from(cases[i].method),
                                                     .path = str_from(cases[i].path)};
        listener.is_asking = true;
        admin_step(&admin, &lane);
        CHECK_EQ(listener.status, cases[i].status);
        CHECK_TEXT(str_from(listener.body), cases[i].body);
    }
    admin_close(&admin);
    admin_step(&admin, &lane); /* nobody asks any more */
}

CHECK_MAIN(TEST(only_addresses_localhost_and_listed_names_are_allowed_as_host),
           TEST(what_is_asked_is_answered_by_host_then_method_then_path))
