/* tests/bench/bench_scan.c - how fast lines are scanned, encoded and recorded, on one core.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     bench_scan [FILE [SECONDS]]      lines of JSON; without a file, made up in the shape of
 * function logs bench_scan --once [FILE]         every step once, for callgrind
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/data/batch.h"
#include "agent/data/encode.h"
#include "agent/data/record.h"
#include "agent/data/scan.h"
#include "agent/must.h"

enum { TEXT_BYTES_MAX = 64 << 20, MADE_LINES = 20000, BATCH_BYTES = 256 * 1024 };

struct bench {
    char *text;
    size_t size;
    struct str *lines;
    size_t count;
    struct arena run, arena;
    struct scanner *scanner;
    struct buffer out;
    double seconds;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Ten keys at the top and an object of four: what a function's JSON logger writes. */
static size_t make_line(char *to, size_t room, unsigned i)
{
    static const char *const levels[] = {"INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"};
    static const char *const paths[] = {"/orders", "/orders/checkout", "/cart", "/health"};
    unsigned mixed = i * 2654435761u;
    return (size_t)snprintf(
        to, room,
        "{\"timestamp\":\"2026-03-14T%02u:%02u:%02u.%03uZ\",\"level\":\"%s\",\"requestId\":"
        "\"%08x-7c1e-4d6a-9b2f-%012x\",\"trace_id\":\"%08x%08xdeadbeef%08x\",\"service\":"
        "\"checkout\","
        "\"message\":\"order %u accepted for customer %u after %u ms\",\"duration_ms\":%u.%02u,"
        "\"http\":{\"method\":\"POST\",\"path\":\"%s\",\"status\":%u,\"bytes\":%u},\"sku\":\"SKU-%"
        "05u\","
        "\"cold_start\":%s,\"attempt\":%u}\n",
        i / 360000 % 24, i / 6000 % 60, i / 100 % 60, i % 100 * 10 + mixed % 10, levels[mixed % 6],
        mixed, i, mixed, i, i, i, mixed % 100000, mixed % 900, mixed % 700, mixed % 100,
        paths[mixed % 4], 200 + mixed % 3 * 100, mixed % 4096, mixed % 99999,
        mixed % 50 ? "false" : "true", i % 3);
}

static void make_text(struct bench *bench)
{
    for (unsigned i = 0; i < MADE_LINES; i++)
        bench->size += make_line(bench->text + bench->size, TEXT_BYTES_MAX - bench->size, i);
}

static void read_text(struct bench *bench, const char *path)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        perror(path);
        exit(1);
    }
    bench->size = fread(bench->text, 1, TEXT_BYTES_MAX, file);
    fclose(file);
}

static void split(struct bench *bench)
{
    struct str rest = {bench->text, bench->size};
    bench->lines = malloc((bench->size + 1) * sizeof *bench->lines / 2);
    while (rest.len) {
        struct cut cut = str_cut(rest, '\n');
        if (cut.head.len)
            bench->lines[bench->count++] = cut.head;
        rest = cut.tail;
    }
}

/* One batch: scans from line `from` on and leaves the events; returns the line behind. */
static size_t scan_batch(struct bench *bench, size_t from, struct batch *batch)
{
    size_t bytes = 0, error_at;
    arena_reset(&bench->arena);
    *batch = (struct batch){.arena = &bench->arena};
    for (; from < bench->count && bytes < BATCH_BYTES; from++) {
        struct event *event = batch_add(batch, bench->lines[from], bytes, 0);
        MUST(event);
        (void)scan_object(bench->scanner, event, &bench->arena, &error_at);
        bytes += event->bytes.len;
    }
    return from;
}

enum step { SCAN, AS_IS, ECS, OTEL, RECORD, STEPS };
static const char *const step_names[] = {"scan", "encode as_is", "encode ecs", "encode otel",
                                         "record"};

static void encode_batch(struct bench *bench, const struct batch *batch, enum step step)
{
    static const struct encoding encodings[STEPS] = {[AS_IS] = {.names = NAMES_AS_IS},
                                                     [ECS] = {.names = NAMES_ECS},
                                                     [OTEL] = {.names = NAMES_OTEL}};
    buffer_reset(&bench->out);
    for (uint32_t i = 0; i < batch->count; i++) {
        if (step == RECORD)
            MUST(record_write(&bench->out, &batch->events[i]));
        else
            encode_event(&bench->out, &batch->events[i], &encodings[step], &bench->arena);
    }
}

/* Seconds that one pass over all lines takes in this step alone. */
static double pass(struct bench *bench, enum step step)
{
    double sum = 0;
    for (size_t at = 0; at < bench->count;) {
        struct batch batch;
        double start = now();
        at = scan_batch(bench, at, &batch);
        double middle = now();
        if (step != SCAN)
            encode_batch(bench, &batch, step);
        sum += step == SCAN ? middle - start : now() - middle;
    }
    return sum;
}

static void measure(struct bench *bench, enum step step, const char *variant)
{
    double best = 1e9;
    for (double until = now() + bench->seconds; now() < until;) {
        double took = pass(bench, step);
        if (took < best)
            best = took;
    }
    printf("%-12s %-6s %8.0f MB/s %7.0f ns/event\n", step_names[step], variant,
           (double)bench->size / best / 1e6, best * 1e9 / (double)bench->count);
}

int main(int argc, char **argv)
{
    static struct bench bench;
    bool once = argc > 1 && str_equal(str_from(argv[1]), STR("--once"));
    const char *path = argc > 1 + once ? argv[1 + once] : NULL;
    bench.text = malloc(TEXT_BYTES_MAX);
    bench.seconds = argc > 2 && !once ? atof(argv[2]) : 1;
    if (path)
        read_text(&bench, path);
    else
        make_text(&bench);
    split(&bench);
    arena_init(&bench.run, 1 << 20, 16 << 20);
    arena_init(&bench.arena, 4 << 20, 256 << 20);
    buffer_init(&bench.out, 256 << 20);
    bench.scanner = scanner_make(&bench.run, names_make(&bench.run));
    printf("%zu lines, %zu bytes, %.0f bytes each\n", bench.count, bench.size,
           (double)bench.size / (double)bench.count);
    for (enum step step = SCAN; once && step < STEPS; step++)
        pass(&bench, step);
    if (once)
        return 0;
    if (scan_use(SCAN_PLAIN))
        measure(&bench, SCAN, "plain");
    if (scan_use(SCAN_SSE2))
        measure(&bench, SCAN, "sse2");
    if (scan_use(SCAN_AVX2))
        measure(&bench, SCAN, "avx2");
    for (enum step step = AS_IS; step < STEPS; step++)
        measure(&bench, step, "");
    return 0;
}
