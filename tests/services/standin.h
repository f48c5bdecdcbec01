/* tests/services/standin.h - starts the Elasticsearch stand-in for a test and talks to it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STANDIN_H
#define WEIR_STANDIN_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ports/exchange.h"
#include "tests/check.h"

struct standin {
    pid_t pid;
    char url[64];
    const char *ca_file; /* null: plain http */
};

/* False: there is no python3. cert and key may be null. */
static inline bool standin_start(struct standin *standin, const char *cert, const char *key)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    standin->pid = fork();
    if (standin->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test must not leave it behind */
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        const char *script = TESTS_DIR "/services/elasticsearch_standin.py";
        if (cert)
            execlp("python3", "python3", script, "--cert", cert, "--key", key, (char *)NULL);
        else
            execlp("python3", "python3", script, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    char line[16] = {0};
    FILE *from = fdopen(ends[0], "r");
    bool is_up = fgets(line, sizeof line, from) != NULL;
    fclose(from);
    if (!is_up) {
        waitpid(standin->pid, NULL, 0);
        return false;
    }
    snprintf(standin->url, sizeof standin->url, "%s://127.0.0.1:%d", cert ? "https" : "http",
             (int)strtol(line, NULL, 10));
    standin->ca_file = cert;
    return true;
}

static inline void standin_stop(struct standin *standin)
{
    kill(standin->pid, SIGKILL);
    waitpid(standin->pid, NULL, 0);
}

static inline void exchange_run(const struct exchanges *exchanges, struct exchange *exchange)
{
    CHECK(exchanges->submit(exchanges->self, exchange));
    struct exchange *done;
    while ((done = exchanges->take_done(exchanges->self)) == NULL)
        exchanges->step(exchanges->self, INT64_C(1000000000));
    CHECK(done == exchange);
}

/* Asks and copies the answer. */
static inline void standin_ask(struct standin *standin, const struct exchanges *exchanges,
                               const char *path, const char *body, char *to, size_t room)
{
    char url[160];
    snprintf(url, sizeof url, "%s%s", standin->url, path);
    struct exchange exchange = {.method = body ? "POST" : "GET",
                                .url = url,
                                .body = body ? str_from(body) : (struct str){0},
                                .ca_file = standin->ca_file,
                                .verify = true,
                                .timeout_ns = INT64_C(10000000000),
                                .reply_bytes_max = 64 << 20};
    exchange_run(exchanges, &exchange);
    CHECK_EQ(exchange.fate, EXCHANGE_REPLIED);
    CHECK_EQ(exchange.status, 200);
    if (to)
        str_z(exchange.reply, to, room);
    exchanges->release(exchanges->self, &exchange);
}

static inline void standin_behave(struct standin *standin, const struct exchanges *exchanges,
                                  const char *how)
{
    standin_ask(standin, exchanges, "/_standin/behave", how, NULL, 0);
}

#endif
