/* tests/ports/c11_threads.h - C11 threads over POSIX threads, for the thread sanitizer alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * librdkafka starts its threads with thrd_create(), which the sanitizer's runtime of gcc does not
 * know: a thread that comes about behind its back ends in a segmentation fault. Defined in the
 * program, these go before libc's. The types have the same layout in glibc, which does the same.
 */
#ifndef WEIR_TEST_C11_THREADS_H
#define WEIR_TEST_C11_THREADS_H

#ifdef __SANITIZE_THREAD__

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <threads.h>

#include "agent/must.h"

_Static_assert(sizeof(mtx_t) == sizeof(pthread_mutex_t), "a mutex is not glibc's");
_Static_assert(sizeof(cnd_t) == sizeof(pthread_cond_t), "a condition is not glibc's");

struct beginning {
    thrd_start_t run;
    void *mine;
};

static int result_of(int error)
{
    return error == 0 ? thrd_success : error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

static void *thread_run(void *mine)
{
    struct beginning beginning = *(struct beginning *)mine;
    free(mine);
    return (void *)(intptr_t)beginning.run(beginning.mine);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *mine)
{
    struct beginning *beginning = malloc(sizeof *beginning);
    MUST(beginning);
    *beginning = (struct beginning){run, mine};
    return result_of(pthread_create(thread, NULL, thread_run, beginning));
}

int thrd_join(thrd_t thread, int *ret)
{
    void *result = NULL;
    int error = pthread_join(thread, &result);
    if (ret)
        *ret = (int)(intptr_t)result;
    return result_of(error);
}

int mtx_init(mtx_t *mutex, int kind)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind & mtx_recursive ? PTHREAD_MUTEX_RECURSIVE
                                                                : PTHREAD_MUTEX_NORMAL);
    int error = pthread_mutex_init((void *)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return result_of(error);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock((void *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock((void *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy((void *)mutex);
}

int cnd_init(cnd_t *condition)
{
    return result_of(pthread_cond_init((void *)condition, NULL));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result_of(pthread_cond_wait((void *)condition, (void *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return result_of(pthread_cond_timedwait((void *)condition, (void *)mutex, until));
}

int cnd_signal(cnd_t *condition)
{
    return result_of(pthread_cond_signal((void *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result_of(pthread_cond_broadcast((void *)condition));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy((void *)condition);
}

#endif
#endif
