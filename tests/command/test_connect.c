/* tests/command/test_connect.c - mirrors agent/command/connect.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The stand-in for Elasticsearch answers; where there is no python3 only what needs no server is
 * tested.
 */
#include "agent/command/connect.c"

#include "agent/ports/exchange.h"

#include "tests/command/trial.h"
#include "tests/services/standin.h"

struct visit {
    struct connect connect;
    enum code code;
    char said[8192];
};

static struct visit *visit(const char *text, bool json)
{
    static struct visit visit;
    struct trial trial;
    struct why why = {0};
    trial_begin(&trial, text);
    CHECK_EQ(trial.diagnostics.errors, 0);
    visit = (struct visit){.connect = {.pipeline = &trial.rehearsal.pipeline,
                                       .exchanges = exchanges_curl,
                                       .json = json}};
    buffer_init(&visit.connect.report, 1 << 20);
    visit.code = connect_ask(&visit.connect, &why);
    str_z(buffer_str(&visit.connect.report), visit.said, sizeof visit.said);
    buffer_clear(&visit.connect.report);
    trial_end(&trial);
    return &visit;
}

static void each_failure_comes_with_advice(void)
{
    static const struct {
        const char *error, *advice;
    } cases[] = {
        {"SSL certificate problem: unable to get local issuer certificate", "`ca`"},
        {"SSL certificate problem: self-signed certificate", "`ca`"},
        {"SSL certificate problem: certificate has expired", "out of date"},
        {"SSL: no alternative certificate subject name matches target host name 'x'",
         "another name"},
        {"error:0A00010B:SSL routines::wrong version number", "http://"},
        {"Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
         "nothing listens"},
        {"Could not resolve host: nowhere.invalid", "no such name"},
        {"Connection timed out after 10001 milliseconds", "in time"},
        {"Empty reply from server", "https://"},
        {"Recv failure: Connection reset by peer", "https://"},
        {"something new", "address"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(strstr(advice_for(str_from(cases[i].error)), cases[i].advice) != NULL);
}

static void an_output_that_asks_nothing_is_not_asked(void)
{
    const struct visit *seen = visit("input stdin { } output discard { }", false);
    CHECK_EQ(seen->code, OK);
    CHECK_EQ(seen->connect.outputs, 0);
    CHECK_EQ(seen->connect.faults, 0);
    CHECK_TEXT(str_from(seen->said), "");
}

static void what_an_input_would_read_is_told_first(void)
{
    const struct visit *seen = visit("input tail \"here\" { path = \"/etc/passwd\" } input tail "
                                     "\"gone\" { path = \"/nowhere/*.log\" "
                                     "} output discard { }",
                                     false);
    CHECK_EQ(seen->connect.inputs, 2);
    CHECK_EQ(seen->connect.faults, 1);
    CHECK(strstr(seen->said, "ok     tail \"here\"  1 readable file matches \"/etc/passwd\"\n"));
    CHECK(strstr(seen->said, "fault  tail \"gone\"  no file matches \"/nowhere/*.log\""));
    seen = visit("input tail \"here\" { path = \"/etc/passwd\" } output discard { }", true);
    CHECK(strstr(seen->said,
                 "{\"finding\":\"ok\",\"input\":\"tail \\\"here\\\"\",\"message\":\"1 readable"));
}

static void a_dead_port_is_a_fault_at_each_address(void)
{
    const struct visit *seen = visit("input stdin { } output elasticsearch \"elk\" { "
                                     "url = [\"http://127.0.0.1:1\" \"http://127.0.0.1:2\"] }",
                                     false);
    CHECK_EQ(seen->code, OK);
    CHECK_EQ(seen->connect.outputs, 1);
    CHECK_EQ(seen->connect.faults, 2);
    CHECK(strstr(seen->said, "fault  elasticsearch \"elk\"  http://127.0.0.1:1  ") == seen->said);
    CHECK(strstr(seen->said, "nothing listens there"));
}

static void a_server_that_is_there_is_told_in_lines_or_objects(void)
{
    struct standin standin;
    char text[256];
    if (!standin_start(&standin, NULL, NULL))
        SKIP_TEST("there is no python3");
    snprintf(text, sizeof text, "input stdin { } output elasticsearch { url = [\"%s\"] }",
             standin.url);
    const struct visit *seen = visit(text, false);
    CHECK_EQ(seen->connect.faults, 0);
    CHECK(strstr(seen->said, "ok     elasticsearch  http://127.0.0.1:") == seen->said);
    CHECK(strstr(seen->said, "Elasticsearch 8.19.0\n"));
    seen = visit(text, true);
    CHECK(strstr(seen->said, "{\"finding\":\"ok\",\"output\":\"elasticsearch\",\"address\":") ==
          seen->said);
    standin_stop(&standin);
}

CHECK_MAIN(TEST(each_failure_comes_with_advice), TEST(an_output_that_asks_nothing_is_not_asked),
           TEST(what_an_input_would_read_is_told_first),
           TEST(a_dead_port_is_a_fault_at_each_address),

           TEST(a_server_that_is_there_is_told_in_lines_or_objects))
