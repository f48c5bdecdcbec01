/* tests/ports/test_port_exchange_curl.c - mirrors agent/ports/port_exchange_curl.c, against the
 * stand-in. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_exchange_curl.c"

#include "tests/check.h"
#include "tests/services/standin.h"

static const char document[] =
    "{\"create\":{\"_id\":\"a\"}}\n{\"@timestamp\":\"2026-01-02T03:04:05Z\"}\n";
static const struct str headers[] = {{"Content-Type: application/x-ndjson", 34}};

static const struct exchanges *exchanges;
static struct standin standin;

static struct exchange bulk_of(const char *url)
{
    return (struct exchange){.method = "POST",
                             .url = url,
                             .headers = headers,
                             .header_count = 1,
                             .body = str_from(document),
                             .verify = true,
                             .timeout_ns = INT64_C(5000000000),
                             .reply_bytes_max = 1 << 20};
}

static void begin(void)
{
    struct why why;
    exchanges = exchanges_curl(&why);
    CHECK(exchanges != NULL);
    if (!standin_start(&standin, NULL, NULL))
        SKIP_TEST("python3 is not here");
}

static void end(void)
{
    standin_stop(&standin);
    exchanges->close(exchanges->self);
}

/* One bulk under a behaviour; the caller looks at it and releases it. */
static struct exchange bulk_under(const char *behaviour, int64_t timeout_ns)
{
    static char url[128];
    if (behaviour)
        standin_behave(&standin, exchanges, behaviour);
    snprintf(url, sizeof url, "%s/logs-app/_bulk", standin.url);
    struct exchange exchange = bulk_of(url);
    exchange.timeout_ns = timeout_ns;
    CHECK(exchanges->submit(exchanges->self, &exchange));
    struct exchange *done;
    while ((done = exchanges->take_done(exchanges->self)) == NULL)
        exchanges->step(exchanges->self, INT64_C(1000000000));
    CHECK(done == &exchange);
    return exchange;
}

static void a_whole_answer_is_replied(void)
{
    begin();
    struct exchange exchange = bulk_under(NULL, INT64_C(5000000000));
    CHECK_EQ(exchange.fate, EXCHANGE_REPLIED);
    CHECK_EQ(exchange.status, 200);
    CHECK(str_find_str(exchange.reply, STR("\"status\": 201")) != SIZE_MAX);
    CHECK_TEXT(str_from(exchange.content_type), "application/json");
    CHECK(exchange.retry_after_ns == -1);
    exchanges->release(exchanges->self, &exchange);
    static char report[4096];
    standin_ask(&standin, exchanges, "/_standin/report", NULL, report,
                sizeof report); /* comes as gzip */
    CHECK(strstr(report, "\"violations\": []") != NULL);
    CHECK(strstr(report, "2026-01-02T03:04:05Z") != NULL);
    end();
}

static void fates_follow_what_can_have_been_acted_on(void)
{
    static const struct {
        const char *behaviour;
        enum exchange_fate fate;
        int status;
        int64_t retry_after_s;
    } cases[] = {
        {"{\"mode\":\"reset\",\"count\":1}", EXCHANGE_UNKNOWN, 0, -1},
        {"{\"mode\":\"reset_after\",\"count\":1}", EXCHANGE_UNKNOWN, 0, -1},
        {"{\"mode\":\"truncated\",\"count\":1}", EXCHANGE_UNKNOWN, 200, -1},
        {"{\"mode\":\"silent\",\"count\":1}", EXCHANGE_UNKNOWN, 0, -1},
        {"{\"mode\":\"status\",\"status\":429,\"retry_after\":7,\"count\":1}", EXCHANGE_REPLIED,
         429, 7},
        {"{\"mode\":\"status\",\"status\":503,\"count\":1}", EXCHANGE_REPLIED, 503, -1},
        {"{\"mode\":\"too_large\",\"bytes\":10,\"count\":1}", EXCHANGE_REPLIED, 413, -1},
    };
    begin();
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct exchange exchange = bulk_under(cases[i].behaviour, INT64_C(1000000000));
        CHECK_EQ(exchange.fate, cases[i].fate);
        if (exchange.fate == EXCHANGE_REPLIED)
            CHECK_EQ(exchange.status, cases[i].status);
        else
            CHECK(exchange.error[0] != 0);
        CHECK_EQ(exchange.retry_after_ns,
                 cases[i].retry_after_s < 0 ? -1 : cases[i].retry_after_s * INT64_C(1000000000));
        exchanges->release(exchanges->self, &exchange);
    }
    end();
}

static void a_retry_after_date_becomes_a_pause(void)
{
    begin();
    struct exchange exchange = bulk_under("{\"mode\":\"status\",\"status\":503,\"count\":1,"
                                          "\"retry_after\":\"Fri, 01 Jan 2100 00:00:00 GMT\"}",
                                          INT64_C(5000000000));
    CHECK(exchange.retry_after_ns > INT64_C(86400000000000));
    exchanges->release(exchanges->self, &exchange);
    end();
}

static void nothing_is_sent_where_nobody_listens(void)
{
    begin();
    standin_stop(&standin);
    struct exchange exchange = bulk_under(NULL, INT64_C(5000000000));
    CHECK_EQ(exchange.fate, EXCHANGE_NOT_SENT);
    CHECK(strstr(exchange.error, "127.0.0.1") != NULL);
    exchanges->release(exchanges->self, &exchange);
    struct exchange unknown = bulk_of("http://no-such-name.invalid/_bulk");
    exchange_run(exchanges, &unknown);
    CHECK_EQ(unknown.fate, EXCHANGE_NOT_SENT);
    exchanges->release(exchanges->self, &unknown);
    exchanges->close(exchanges->self);
}

static void curl_does_not_send_twice_behind_our_back(void)
{
    begin();
    struct exchange first = bulk_under(NULL, INT64_C(5000000000));
    exchanges->release(exchanges->self, &first);
    /* The connection that was kept dies under the second request, after it arrived. */
    struct exchange second =
        bulk_under("{\"mode\":\"reset_after\",\"count\":1}", INT64_C(5000000000));
    CHECK_EQ(second.fate, EXCHANGE_UNKNOWN);
    exchanges->release(exchanges->self, &second);
    static char report[4096];
    standin_ask(&standin, exchanges, "/_standin/report", NULL, report, sizeof report);
    CHECK(strstr(report, "\"requests\": 2") != NULL);
    end();
}

static void an_endless_answer_is_cut_and_counts_as_unknown(void)
{
    begin();
    char url[128];
    snprintf(url, sizeof url, "%s/_standin/report", standin.url);
    struct exchange exchange = {.method = "GET",
                                .url = url,
                                .verify = true,
                                .timeout_ns = INT64_C(5000000000),
                                .reply_bytes_max = 16};
    exchange_run(exchanges, &exchange);
    CHECK_EQ(exchange.fate, EXCHANGE_UNKNOWN);
    CHECK(strstr(exchange.error, "longer") != NULL);
    exchanges->release(exchanges->self, &exchange);
    end();
}

static void a_cancelled_exchange_never_comes_back(void)
{
    begin();
    standin_behave(&standin, exchanges, "{\"mode\":\"silent\",\"count\":1}");
    char url[128];
    snprintf(url, sizeof url, "%s/logs-app/_bulk", standin.url);
    struct exchange exchange = bulk_of(url);
    CHECK(exchanges->submit(exchanges->self, &exchange));
    exchanges->step(exchanges->self, 0);
    exchanges->cancel(exchanges->self, &exchange);
    exchanges->release(exchanges->self, &exchange);
    exchanges->wake(exchanges->self);
    exchanges->step(exchanges->self, INT64_C(60000000000)); /* the wake ends it at once */
    CHECK(exchanges->take_done(exchanges->self) == NULL);
    end();
}

static bool certificate_make(char cert[64], char key[64])
{
    char folder[] = "/tmp/weir-tls-XXXXXX", command[512];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(cert, 64, "%s/cert.pem", folder);
    snprintf(key, 64, "%s/key.pem", folder);
    snprintf(
        command, sizeof command,
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=stand-in -addext subjectAltName=IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
        key, cert);
    return system(command) == 0;
}

static void certificates_are_checked_unless_told_not_to(void)
{
    struct why why;
    char cert[64], key[64], url[128];
    if (!certificate_make(cert, key))
        SKIP_TEST("openssl is not here");
    exchanges = exchanges_curl(&why);
    if (!standin_start(&standin, cert, key))
        SKIP_TEST("python3 is not here");
    static const struct {
        bool has_ca, verify;
        enum exchange_fate fate;
    } cases[] = {{false, true, EXCHANGE_NOT_SENT},
                 {true, true, EXCHANGE_REPLIED},
                 {false, false, EXCHANGE_REPLIED}};
    snprintf(url, sizeof url, "%s/logs-app/_bulk", standin.url);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct exchange exchange = bulk_of(url);
        exchange.ca_file = cases[i].has_ca ? cert : NULL;
        exchange.verify = cases[i].verify;
        exchange_run(exchanges, &exchange);
        CHECK_EQ(exchange.fate, cases[i].fate);
        exchanges->release(exchanges->self, &exchange);
    }
    end();
    unlink(cert);
    unlink(key);
    rmdir(str_z(str_cut_last(str_from(cert), '/').head, url, sizeof url));
}

CHECK_MAIN(TEST(a_whole_answer_is_replied), TEST(fates_follow_what_can_have_been_acted_on),
           TEST(a_retry_after_date_becomes_a_pause), TEST(nothing_is_sent_where_nobody_listens),
           TEST(curl_does_not_send_twice_behind_our_back),
           TEST(an_endless_answer_is_cut_and_counts_as_unknown),
           TEST(a_cancelled_exchange_never_comes_back),
           TEST(certificates_are_checked_unless_told_not_to))
