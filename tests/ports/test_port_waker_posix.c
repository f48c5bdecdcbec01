/* tests/ports/test_port_waker_posix.c - mirrors agent/ports/port_waker_posix.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_waker_posix.c"

#include <pthread.h>
#include <time.h>

#include "tests/check.h"

static const int64_t LONG_NS = 60000000000; /* longer than anybody waits for a test */

static struct waker opened(void)
{
    struct waker waker = {.fd = -1};
    struct why why = {0};
    CHECK_OK(waker_open(&waker, &why), why);
    return waker;
}

/* Whether a wait ended because of something, and not because its time was over. */
static bool wait_ends(struct waker *waker, const int *fds, unsigned fd_count)
{
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    waker_wait(waker, fds, fd_count, LONG_NS);
    clock_gettime(CLOCK_MONOTONIC, &to);
    return to.tv_sec - from.tv_sec < LONG_NS / 1000000000 - 1;
}

static bool is_awake(const struct waker *waker)
{
    struct pollfd polled = {.fd = waker->fd, .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static void wakes_before_a_wait_end_it_and_only_it(void)
{
    struct waker waker = opened();
    waker_wake(&waker);
    waker_wake(&waker);
    CHECK(is_awake(&waker));
    CHECK(wait_ends(&waker, NULL, 0));
    CHECK(!is_awake(&waker));
    waker_close(&waker);
    CHECK_EQ(waker.fd, -1);
    waker_close(&waker); /* once more does nothing */
}

static void *wake(void *waker)
{
    waker_wake(waker);
    return NULL;
}

static void another_thread_ends_a_wait(void)
{
    struct waker waker = opened();
    pthread_t other;
    CHECK_EQ(pthread_create(&other, NULL, wake, &waker), 0);
    CHECK(wait_ends(&waker, NULL, 0));
    pthread_join(other, NULL);
    waker_close(&waker);
}

static void a_readable_descriptor_ends_a_wait_and_negative_ones_are_passed_over(void)
{
    struct waker waker = opened();
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    const int fds[] = {-1, ends[0], -1};
    CHECK(wait_ends(&waker, fds, 3));
    CHECK(wait_ends(&waker, fds, 3)); /* nobody read it: it still is */
    close(ends[0]);
    close(ends[1]);
    waker_close(&waker);
}

static void a_wait_of_no_time_returns_when_nothing_happened(void)
{
    struct waker waker = opened();
    const int none = -1;
    waker_wait(&waker, &none, 1, 0);
    waker_wait(&waker, &none, 1, -5);
    waker_wait(&waker, &none, 1, 1); /* rounded up to a millisecond, not down to a spin */
    CHECK(!is_awake(&waker));
    waker_close(&waker);
}

static void a_full_counter_still_wakes(void)
{
    struct waker waker = opened();
    uint64_t full = UINT64_MAX - 1;
    CHECK_EQ(write(waker.fd, &full, sizeof full), sizeof full);
    waker_wake(&waker);
    CHECK(wait_ends(&waker, NULL, 0));
    CHECK(!is_awake(&waker));
    waker_close(&waker);
}

CHECK_MAIN(TEST(wakes_before_a_wait_end_it_and_only_it), TEST(another_thread_ends_a_wait),
           TEST(a_readable_descriptor_ends_a_wait_and_negative_ones_are_passed_over),
           TEST(a_wait_of_no_time_returns_when_nothing_happened), TEST(a_full_counter_still_wakes))
