/* tests/test_must.c - mirrors agent/must.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/must.c"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"

static char heard[512];

/* Runs a claim in a child whose stderr is ours; returns how the child ended. */
static int claim_in_child(int number)
{
    int ends[2], status = 0;
    CHECK_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit no_core = {0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        MUST(number == 7);
        _exit(0);
    }
    close(ends[1]);
    size_t used = 0;
    ssize_t more;
    while (used < sizeof heard - 1 &&
           (more = read(ends[0], heard + used, sizeof heard - 1 - used)) > 0)
        used += (size_t)more;
    heard[used] = 0;
    close(ends[0]);
    CHECK_EQ(waitpid(child, &status, 0), child);
    return status;
}

static void a_broken_claim_aborts_and_says_which_and_where(void)
{
    int status = claim_in_child(8);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(heard, "weir: ") == heard);
    CHECK(strstr(heard, "test_must.c:") != NULL);
    CHECK(strstr(heard, ": this must hold and does not: number == 7\n") != NULL);
}

static void a_claim_that_holds_says_nothing(void)
{
    int status = claim_in_child(7);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_TEXT(str_from(heard), "");
}

static void a_claim_is_looked_at_once(void)
{
    int looks = 0;
    MUST(++looks == 1);
    CHECK_EQ(looks, 1);
}

CHECK_MAIN(TEST(a_broken_claim_aborts_and_says_which_and_where),
           TEST(a_claim_that_holds_says_nothing), TEST(a_claim_is_looked_at_once))
