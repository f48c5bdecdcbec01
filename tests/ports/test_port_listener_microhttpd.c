/* tests/ports/test_port_listener_microhttpd.c - mirrors agent/ports/port_listener_microhttpd.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_listener_microhttpd.c"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/ports/waker.h"
#include "tests/check.h"

enum { PATIENCE_S = 20 }; /* only a broken test waits that long */

static struct waker waker = {.fd = -1};

static struct listener *opened(uint32_t waiting_max)
{
    struct why why = {0};
    struct listener *listener = NULL;
    if (waker.fd < 0)
        CHECK_OK(waker_open(&waker, &why), why);
    const struct listener_plan plan = {.address = STR("127.0.0.1:0"),
                                       .waiting_max = waiting_max,
                                       .wake = waker_wake,
                                       .context = &waker};
    CHECK_OK(listener_open(&plan, &listener, &why), why);
    return listener;
}

static struct listener_request *next_request(struct listener *listener)
{
    for (int tries = 0; tries < 100; tries++) {
        struct listener_request *request = listener_take(listener);
        if (request)
            return request;
        waker_wait(&waker, NULL, 0, PATIENCE_S * 1000000000LL / 100);
    }
    return NULL;
}

static int connected(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* One who asks: sends each text when the answer to the one before it is complete. */
struct asker {
    uint16_t port;
    const char *texts[2], *ends[2]; /* an answer ends with that; null: with the connection */
    char answers[2][2048];
    pthread_t thread;
};

static void read_answer(int fd, const char *end, char *to, size_t room)
{
    size_t used = 0;
    ssize_t more;
    while (used < room - 1 && (more = read(fd, to + used, room - 1 - used)) > 0) {
        used += (size_t)more;
        to[used] = 0;
        if (end && str_ends(str_from(to), str_from(end)))
            return;
    }
}

static void *ask(void *context)
{
    struct asker *asker = context;
    int fd = connected(asker->port);
    for (int i = 0; fd >= 0 && i < 2 && asker->texts[i]; i++) {
        size_t len = strlen(asker->texts[i]);
        if (write(fd, asker->texts[i], len) == (ssize_t)len)
            read_answer(fd, asker->ends[i], asker->answers[i], sizeof asker->answers[i]);
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void two_requests_of_one_connection_are_asked_and_answered_in_turn(void)
{
    struct listener *listener = opened(4);
    static struct asker asker = {
        .texts = {"GET /metrics?x=1 HTTP/1.1\r\nHost: here:1\r\nAuthorization: Bearer b\r\n\r\n",
                  "POST /b HTTP/1.1\r\nHost: there\r\nConnection: close\r\n"
                  "Content-Length: 4\r\n\r\nbody"},
        .ends = {"first\n", NULL}};
    asker.port = listener_port(listener);
    CHECK(asker.port != 0);
    CHECK_EQ(pthread_create(&asker.thread, NULL, ask, &asker), 0);
    struct listener_request *request = next_request(listener);
    CHECK(request != NULL);
    CHECK_TEXT(request->method, "GET");
    CHECK_TEXT(request->path, "/metrics");
    CHECK_TEXT(request->host, "here:1");
    CHECK_TEXT(request->authorization, "Bearer b");
    char body[] = "first\n";
    listener_answer(listener, request, 200, "text/x-test", str_from(body));
    memset(body, '-', sizeof body - 1); /* it was copied */
    request = next_request(listener);
    CHECK(request != NULL);
    CHECK_TEXT(request->method, "POST");
    CHECK_TEXT(request->path, "/b");
    CHECK_TEXT(request->host, "there");
    CHECK_EQ(request->authorization.len, 0);
    listener_answer(listener, request, 404, "text/plain", STR("second\n"));
    pthread_join(asker.thread, NULL);
    CHECK(strstr(asker.answers[0], "HTTP/1.1 200 ") == asker.answers[0]);
    CHECK(strstr(asker.answers[0], "Content-Type: text/x-test\r\n") != NULL);
    CHECK(strstr(asker.answers[0], "Cache-Control: no-store\r\n") != NULL);
    CHECK(strstr(asker.answers[0], "X-Content-Type-Options: nosniff\r\n") != NULL);
    CHECK(strstr(asker.answers[0], "\r\n\r\nfirst\n") != NULL);
    CHECK(strstr(asker.answers[1], "HTTP/1.1 404 ") == asker.answers[1]);
    CHECK(strstr(asker.answers[1], "\r\n\r\nsecond\n") != NULL);
    listener_close(listener);
}

static void a_request_without_host_and_an_answer_without_body_are_fine(void)
{
    struct listener *listener = opened(4);
    static struct asker asker = {.texts = {"GET / HTTP/1.0\r\n\r\n"}};
    asker.port = listener_port(listener);
    CHECK_EQ(pthread_create(&asker.thread, NULL, ask, &asker), 0);
    struct listener_request *request = next_request(listener);
    CHECK(request != NULL);
    CHECK_EQ(request->host.len, 0);
    listener_answer(listener, request, 200, "text/plain", STR(""));
    pthread_join(asker.thread, NULL);
    CHECK(strstr(asker.answers[0], " 200 ") != NULL);
    CHECK(str_ends(str_from(asker.answers[0]), STR("\r\n\r\n")));
    listener_close(listener);
}

/* Which of the sockets can be read, when one can be. */
static int readable_of(const int *fds, int count)
{
    struct pollfd polled[8];
    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    CHECK(poll(polled, (nfds_t)count, PATIENCE_S * 1000) > 0);
    for (int i = 0; i < count; i++)
        if (polled[i].revents)
            return i;
    return -1;
}

static void one_more_than_may_wait_is_answered_503_and_the_rest_when_closing(void)
{
    struct listener *listener = opened(2);
    int fds[3];
    char answer[2048];
    for (int i = 0; i < 3; i++) {
        fds[i] = connected(listener_port(listener));
        CHECK(fds[i] >= 0);
        CHECK_EQ(write(fds[i], "GET / HTTP/1.0\r\n\r\n", 18), 18);
    }
    int refused = readable_of(fds, 3);
    read_answer(fds[refused], NULL, answer, sizeof answer);
    CHECK(strstr(answer, " 503 ") != NULL);
    CHECK(str_ends(str_from(answer), STR("\r\n\r\n")));
    listener_close(listener); /* those that wait are not taken any more */
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

static void closing_answers_what_was_taken_and_what_was_not(void)
{
    struct listener *listener = opened(2);
    int fds[2];
    for (int i = 0; i < 2; i++) {
        fds[i] = connected(listener_port(listener));
        CHECK(fds[i] >= 0);
        CHECK_EQ(write(fds[i], "GET / HTTP/1.0\r\n\r\n", 18), 18);
    }
    CHECK(next_request(listener) != NULL);
    listener_close(listener);
    for (int i = 0; i < 2; i++)
        close(fds[i]);
}

static void *ask_until_refused(void *port)
{
    char answer[512];
    int fd;
    while ((fd = connected(*(const uint16_t *)port)) >= 0) {
        ssize_t ignored = write(fd, "GET / HTTP/1.0\r\n\r\n", 18);
        ignored = read(fd, answer, sizeof answer);
        (void)ignored;
        close(fd);
    }
    return NULL;
}

static void closing_while_somebody_asks_ends(void)
{
    for (int round = 0; round < 40; round++) {
        struct listener *listener = opened(4);
        uint16_t port = listener_port(listener);
        pthread_t asker;
        CHECK_EQ(pthread_create(&asker, NULL, ask_until_refused, &port), 0);
        for (int i = 0; i <= round % 4; i++) {
            struct listener_request *request = next_request(listener);
            CHECK(request != NULL);
            listener_answer(listener, request, 200, "text/plain", STR("x"));
        }
        listener_close(listener);
        pthread_join(asker, NULL);
    }
}

static void an_address_is_two_parts_and_the_first_is_no_name(void)
{
    static const char *const good[] = {"127.0.0.1:0", "[::1]:4319", "localhost:65535", "[::]:1"};
    static const char *const bad[] = {"",        "127.0.0.1",   "127.0.0.1:",        "host:80",
                                      "::1:80x", "[]:80",       "127.0.0.1:65536",   "[::1:80",
                                      "[]",      "127.0.0:80 ", "[127.0.0.1]:80",    ":80",
                                      "[:80",    "]:80",        "127.0.0.1.evil:80", "::1:80"};
    union socket_address address;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(read_address(str_from(good[i]), &address));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct listener *listener = NULL;
        struct why why = {0};
        const struct listener_plan plan = {.address = str_from(bad[i]), .waiting_max = 2};
        CHECK_EQ(listener_open(&plan, &listener, &why), BAD_CONFIG);
        CHECK(!listener);
        CHECK(strstr(why.text, "127.0.0.1:4319") != NULL);
    }
    CHECK(read_address(STR("localhost:4319"), &address));
    CHECK_EQ(address.v4.sin_family, AF_INET);
    CHECK_EQ(ntohs(address.v4.sin_port), 4319);
    CHECK_EQ(ntohl(address.v4.sin_addr.s_addr), INADDR_LOOPBACK);
}

static void a_port_that_is_taken_is_a_failure_that_leaves_nothing_behind(void)
{
    struct listener *first = opened(2), *second = NULL;
    char address[32];
    struct why why = {0};
    snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)listener_port(first));
    const struct listener_plan plan = {.address = str_from(address), .waiting_max = 2};
    size_t before = memory_in_use();
    CHECK_EQ(listener_open(&plan, &second, &why), SYSTEM_FAILED);
    CHECK(!second);
    CHECK(strstr(why.text, address) != NULL);
    CHECK_EQ(memory_in_use(), before);
    listener_close(first);
    listener_close(NULL);
}

CHECK_MAIN(TEST(two_requests_of_one_connection_are_asked_and_answered_in_turn),
           TEST(a_request_without_host_and_an_answer_without_body_are_fine),
           TEST(one_more_than_may_wait_is_answered_503_and_the_rest_when_closing),
           TEST(closing_answers_what_was_taken_and_what_was_not),
           TEST(closing_while_somebody_asks_ends),
           TEST(an_address_is_two_parts_and_the_first_is_no_name),
           TEST(a_port_that_is_taken_is_a_failure_that_leaves_nothing_behind))
