/* tests/demo/simulate.c - weir-demo: writes the logs of a web shop made of functions, and the truth
 * about them. SPDX-License-Identifier: Apache-2.0
 *
 *     weir-demo [--seed N] [--lines N | --invocations N] [--rate N] [--start SECONDS] DIRECTORY
 *     weir-demo --live [--seed N] [--rate N] DIRECTORY
 *
 * The same seed, counts, rate and start give the same bytes. --live appends in real time until it
 * is ended.
 */
#include "tests/demo/shop.h"

#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct wishes {
    uint64_t seed, lines, invocations;
    double rate; /* requests in a second */
    int64_t start_us;
    bool is_live;
    const char *directory;
};

static volatile sig_atomic_t is_over;

static void end(int signal)
{
    (void)signal;
    is_over = 1;
}

static int usage(void)
{
    fputs("usage: weir-demo [--seed N] [--lines N | --invocations N] [--rate N] [--start SECONDS] "
          "DIRECTORY\n"
          "       weir-demo --live [--seed N] [--rate N] DIRECTORY\n",
          stderr);
    return 2;
}

static bool read_wishes(int argc, char **argv, struct wishes *ret)
{
    static const struct option options[] = {
        {"seed", required_argument, NULL, 's'},
        {"lines", required_argument, NULL, 'l'},
        {"invocations", required_argument, NULL, 'i'},
        {"rate", required_argument, NULL, 'r'},
        {"start", required_argument, NULL, 't'},
        {"live", no_argument, NULL, 'f'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 's':
            ret->seed = strtoull(optarg, NULL, 10);
            break;
        case 'l':
            ret->lines = strtoull(optarg, NULL, 10);
            break;
        case 'i':
            ret->invocations = strtoull(optarg, NULL, 10);
            break;
        case 'r':
            ret->rate = strtod(optarg, NULL);
            break;
        case 't':
            ret->start_us = strtoll(optarg, NULL, 10) * 1000000;
            break;
        case 'f':
            ret->is_live = true;
            break;
        default:
            return false;
        }
    }
    ret->directory = argv[optind];
    return optind + 1 == argc && ret->rate > 0;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t next_us(struct shop *shop, const struct wishes *wishes, int64_t time_us)
{
    return time_us + 1 + (int64_t)(-log(1 - shop_chance(shop)) / wishes->rate * 1e6);
}

static void write_past(struct shop *shop, const struct wishes *wishes)
{
    int64_t time_us = wishes->start_us;
    while (wishes->invocations ? shop_invocations(shop) < wishes->invocations
                               : shop_lines(shop) < wishes->lines) {
        shop_write(shop, time_us);
        shop_request(shop, time_us);
        time_us = next_us(shop, wishes, time_us);
    }
    shop_write(shop, INT64_MAX);
}

/* The truth is that of the requests so far, some of whose lines are still to come. */
static void write_live(struct shop *shop, const struct wishes *wishes, const char *truth)
{
    int64_t time_us = now_us();
    for (unsigned tick = 0; !is_over; tick++) {
        int64_t now = now_us();
        for (; time_us < now; time_us = next_us(shop, wishes, time_us)) {
            shop_write(shop, time_us);
            shop_request(shop, time_us);
        }
        shop_write(shop, now);
        fflush(NULL);
        if (tick % 10 == 0)
            shop_truth(shop, truth);
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    shop_write(shop, INT64_MAX);
}

int main(int argc, char **argv)
{
    struct wishes wishes = {
        .seed = 1, .lines = 20000, .rate = 20, .start_us = 1767225600 * INT64_C(1000000)};
    if (!read_wishes(argc, argv, &wishes))
        return usage();
    signal(SIGTERM, end);
    signal(SIGINT, end);
    struct shop *shop = shop_open(wishes.directory, wishes.seed);
    if (!shop)
        return 3;
    char truth[4096];
    snprintf(truth, sizeof truth, "%s/truth.json", wishes.directory);
    if (wishes.is_live)
        write_live(shop, &wishes, truth);
    else
        write_past(shop, &wishes);
    int failed = shop_truth(shop, truth);
    if (failed)
        perror(truth);
    shop_close(shop);
    return failed ? 3 : 0;
}
