/* agent/ports/port_waker_posix.c - the port to sleeping, over eventfd(2) and poll(2).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/waker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum code waker_open(struct waker *waker, struct why *why)
{
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waker->fd < 0)
        return fail_sys(why, errno, "cannot make an eventfd to wait on");
    return OK;
}

void waker_close(struct waker *waker)
{
    if (waker->fd >= 0)
        close(waker->fd);
    waker->fd = -1;
}

void waker_wake(void *context)
{
    const struct waker *waker = context;
    uint64_t one = 1;
    /* It can only fail when the counter is full: then the sleeper is as good as awake. */
    ssize_t ignored = write(waker->fd, &one, sizeof one);
    (void)ignored;
}

void waker_wait(struct waker *waker, const int *fds, unsigned fd_count, int64_t wait_ns)
{
    struct pollfd polled[WAKER_FDS_MAX + 1];
    unsigned count = 0;
    polled[count++] = (struct pollfd){.fd = waker->fd, .events = POLLIN};
    for (unsigned i = 0; i < fd_count && i < WAKER_FDS_MAX; i++)
        if (fds[i] >= 0)
            polled[count++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    int64_t wait_ms = wait_ns <= 0 ? 0 : (wait_ns + 999999) / 1000000;
    if (wait_ms > 3600000)
        wait_ms = 3600000;
    if (poll(polled, count, (int)wait_ms) > 0 && polled[0].revents) {
        uint64_t drained;
        ssize_t ignored = read(waker->fd, &drained, sizeof drained);
        (void)ignored;
    }
}
