/* tests/demo/shop.c - a web shop made of functions, and the truth about what it wrote.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All functions of a trace end within 4 s of each other, so that every trace closes within the
 * sampler's linger. Functions whose lines name no request (Go, Python's tracebacks) never run twice
 * at once.
 */
#include "tests/demo/shop.h"

#include "tests/demo/figures.h"
#include "tests/demo/lines.h"
#include "tests/demo/scroll.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum which {
    CHECKOUT,
    INVENTORY,
    PAYMENT,
    SHIPPING,
    NOTIFY,
    RECOMMEND,
    IMAGE_RESIZE,
    LEGACY_EXPORT,
    FUNCTIONS,
    GATEWAY = FUNCTIONS,
    NGINX,
    FILES,
};

struct function {
    const char *name, *runtime_name;
    enum runtime runtime;
    unsigned memory_mb, timeout_ms;
    double base_ms, spread;                          /* duration: base * e^(spread * normal) */
    unsigned raise_pm, timeout_pm, out_of_memory_pm; /* per mille of invocations */
    const char *error_type, *error_words;
    const char *words[4]; /* said on the way, each followed by a number */
};

static const struct function functions[FUNCTIONS] = {
    [CHECKOUT] = {"checkout",
                  "nodejs",
                  NODE_TEXT,
                  512,
                  3000,
                  60,
                  0.5,
                  6,
                  2,
                  0,
                  "TypeError",
                  "Cannot read properties of undefined (reading 'price')",
                  {"loaded cart", "known customer", "placed order"}},
    [INVENTORY] = {"inventory",
                   "java",
                   JAVA_JSON,
                   1024,
                   3000,
                   18,
                   0.4,
                   3,
                   0,
                   0,
                   "java.sql.SQLTransientConnectionException",
                   "HikariPool-1 - Connection is not available",
                   {"reserving items:", "locked stock row"}},
    [PAYMENT] = {"payment",
                 "dotnet",
                 DOTNET_JSON,
                 512,
                 3000,
                 45,
                 0.5,
                 5,
                 1,
                 0,
                 "PaymentGatewayException",
                 "The acquirer answered 503",
                 {"Charging order", "Acquirer accepted"}},
    [SHIPPING] = {"shipping",
                  "go",
                  GO_TEXT,
                  128,
                  3000,
                  22,
                  0.4,
                  4,
                  0,
                  0,
                  "carrier.Unreachable",
                  "dial tcp 10.0.3.7:443: i/o timeout",
                  {"printed label", "booked pickup"}},
    [NOTIFY] = {"notify",
                "nodejs",
                NODE_JSON,
                256,
                3000,
                35,
                0.5,
                4,
                1,
                0,
                "SmtpError",
                "451 greylisted, try again later",
                {"rendered template", "queued mail"}},
    [RECOMMEND] = {"recommend",
                   "python",
                   PYTHON_JSON,
                   1024,
                   3000,
                   70,
                   0.6,
                   2,
                   0,
                   2,
                   "KeyError",
                   "'embedding'",
                   {"asked model version", "ranked products:"}},
    [IMAGE_RESIZE] = {"image-resize",
                      "python",
                      PYTHON_TEXT,
                      1024,
                      6000,
                      640,
                      0.55,
                      5,
                      4,
                      6,
                      "OSError",
                      "cannot identify image file",
                      {"read bytes:", "scaled pixels:", "stored object"}},
    [LEGACY_EXPORT] = {"legacy-export",
                       "ruby",
                       RUBY_TEXT,
                       256,
                       9000,
                       1500,
                       0.4,
                       10,
                       5,
                       0,
                       "Net::ReadTimeout",
                       "end of file reached",
                       {"exporting table", "rows written:", "closed file part"}},
};

struct shop {
    uint64_t dice, requests, traces, error_traces;
    FILE *files[FILES];
    struct figures figures[FILES];
    int64_t busy_until_us[FUNCTIONS];
    bool is_warm[FUNCTIONS];
    struct scroll scroll;
};

struct request {
    struct trace trace;
    bool is_error; /* an error or a 4xx anywhere in it: kept by everybody's rules */
    uint64_t lines[FILES];
};

static const char *file_name(enum which file)
{
    return file < FUNCTIONS ? functions[file].name : file == GATEWAY ? "gateway" : "nginx";
}

/* --- dice
 * ---------------------------------------------------------------------------------------------- */

static uint64_t roll(struct shop *shop) /* splitmix64 */
{
    uint64_t z = shop->dice += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

double shop_chance(struct shop *shop)
{
    return (double)(roll(shop) >> 11) * 0x1p-53;
}

static bool happens(struct shop *shop, unsigned per_mille)
{
    return roll(shop) % 1000 < per_mille;
}

static int64_t duration_us(struct shop *shop, const struct function *function)
{
    double normal = -6;
    for (int i = 0; i < 12; i++)
        normal += shop_chance(shop);
    double ms = function->base_ms * exp(function->spread * normal);
    double most = (double)function->timeout_ms * 0.6;
    return (int64_t)((ms < most ? ms : most) * 1000);
}

static void emit(struct shop *shop, struct request *request, enum which file, int64_t time_us,
                 const struct line *line)
{
    shop->figures[file].lines++;
    if (request)
        request->lines[file]++;
    scroll_add(&shop->scroll, shop->files[file], time_us, line->text, line->len);
}

/* --- one invocation
 * ------------------------------------------------------------------------------------ */

static void make_id(struct shop *shop, char to[37])
{
    uint64_t a = roll(shop), b = roll(shop);
    snprintf(to, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
             ((unsigned)(b >> 48) & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffff));
}

/* False: it runs already and must not run twice at once. */
static bool begin(struct shop *shop, struct request *request, enum which which, int64_t start_us,
                  struct invocation *run)
{
    const struct function *function = &functions[which];
    if (runtime_is_anonymous(function->runtime) && start_us <= shop->busy_until_us[which])
        return false;
    *run = (struct invocation){
        .function = function->name, .runtime = function->runtime, .trace = &request->trace};
    run->memory_mb = function->memory_mb;
    run->used_mb = function->memory_mb / 4 + (unsigned)(roll(shop) % (function->memory_mb / 2));
    run->is_cold = !shop->is_warm[which] || happens(shop, 12);
    run->init_us = run->is_cold ? 120000 + (int64_t)(roll(shop) % 300000) : 0;
    run->start_us = start_us + run->init_us;
    make_id(shop, run->id);
    snprintf(run->segment, sizeof run->segment, "%016llx", (unsigned long long)roll(shop) | 1);
    shop->is_warm[which] = true;
    struct line line = {.len = 0};
    if (run->is_cold) {
        line_init(&line, run);
        emit(shop, NULL, which, start_us, &line); /* no request's yet */
    }
    line.len = 0;
    line_start(&line, run);
    emit(shop, request, which, run->start_us, &line);
    return true;
}

static void tell(struct shop *shop, struct request *request, enum which which,
                 const struct invocation *run, const struct said *said)
{
    struct line line = {.len = 0};
    line_said(&line, run, said);
    emit(shop, request, which, said->time_us, &line);
}

static void count_run(struct shop *shop, struct request *request, enum which which,
                      const struct invocation *run)
{
    struct figures *figures = &shop->figures[which];
    figures_add_run(figures, (double)(run->end_us - run->start_us) / 1e3);
    figures->errors += run->end != END_FINE;
    figures->timeouts += run->end == END_TIMED_OUT;
    figures->out_of_memory += run->end == END_OUT_OF_MEMORY;
    figures->cold_starts += run->is_cold;
    request->is_error |= run->end != END_FINE;
}

/* The error line if there is one, END and REPORT. run->end and run->end_us are set. */
static void finish(struct shop *shop, struct request *request, enum which which,
                   struct invocation *run)
{
    const struct function *function = &functions[which];
    struct line line = {.len = 0};
    if (run->end == END_OUT_OF_MEMORY)
        run->used_mb = run->memory_mb;
    if (run->end == END_RAISED) {
        struct said said = {run->end_us, LEVEL_ERROR, function->error_words, ""};
        line_raised(&line, run, &said, function->error_type);
    } else if (run->end != END_FINE && !runtime_is_json(run->runtime)) {
        line_crashed(&line, run);
    }
    if (line.len > 0)
        emit(shop, request, which, run->end_us, &line);
    if (!runtime_is_json(run->runtime)) {
        line.len = 0;
        line_end(&line, run);
        emit(shop, request, which, run->end_us, &line);
    }
    line.len = 0;
    line_report(&line, run);
    emit(shop, request, which, run->end_us, &line);
    shop->busy_until_us[which] = run->end_us;
    count_run(shop, request, which, run);
}

static enum end fate(struct shop *shop, const struct function *function)
{
    uint64_t dice = roll(shop) % 1000;
    if (dice < function->raise_pm)
        return END_RAISED;
    if (dice < function->raise_pm + function->timeout_pm)
        return END_TIMED_OUT;
    return dice < function->raise_pm + function->timeout_pm + function->out_of_memory_pm
               ? END_OUT_OF_MEMORY
               : END_FINE;
}

/* What the function says on its way, spread over the time from run->start_us until then. */
static void chat(struct shop *shop, struct request *request, enum which which,
                 const struct invocation *run, int64_t until_us)
{
    const char *const *words = functions[which].words;
    char text[256], members[256];
    size_t count = 0;
    while (count < 4 && words[count])
        count++;
    for (size_t i = 0; i < count; i++) {
        unsigned number = (unsigned)(roll(shop) % 100000);
        int64_t when =
            run->start_us + (until_us - run->start_us) * (int64_t)(i + 1) / (int64_t)(count + 2);
        snprintf(text, sizeof text, "%s %u", words[i], number);
        snprintf(members, sizeof members, ",\"step\":%zu,\"number\":%u,\"tags\":[\"shop\",\"%s\"]",
                 i, number, run->is_cold ? "cold" : "warm");
        enum level level = happens(shop, 20) ? LEVEL_WARN : i == 0 ? LEVEL_DEBUG : LEVEL_INFO;
        tell(shop, request, which, run, &(struct said){when, level, text, members});
    }
}

/* A function that calls no other. Returns when it ended, or 0 if it could not run or failed. */
static int64_t leaf(struct shop *shop, struct request *request, enum which which, int64_t start_us,
                    struct said *first)
{
    const struct function *function = &functions[which];
    struct invocation run;
    if (!begin(shop, request, which, start_us, &run))
        return 0;
    run.end = fate(shop, function);
    run.end_us = run.start_us + (run.end == END_TIMED_OUT ? (int64_t)function->timeout_ms * 1000
                                                          : duration_us(shop, function));
    if (first) {
        first->time_us = run.start_us;
        tell(shop, request, which, &run, first);
    }
    chat(shop, request, which, &run, run.end_us);
    finish(shop, request, which, &run);
    return run.end == END_FINE ? run.end_us : 0;
}

/* --- requests
 * ------------------------------------------------------------------------------------------ */

static void make_trace(struct shop *shop, struct trace *trace, int64_t time_us)
{
    trace->is_traced = true;
    snprintf(trace->id, sizeof trace->id, "%08x%08x%016llx", (unsigned)(time_us / 1000000),
             (unsigned)roll(shop), (unsigned long long)roll(shop));
    snprintf(trace->root, sizeof trace->root, "1-%.8s-%.24s", trace->id, trace->id + 8);
}

struct call { /* what the API gateway saw */
    const char *method, *path;
    unsigned status;
    int64_t start_us, end_us;
};

static void gateway(struct shop *shop, struct request *request, const struct call *call)
{
    char when[TIME_TEXT_MAX], id[37];
    struct line line;
    time_iso_ms(when, call->start_us);
    make_id(shop, id);
    line.len = (size_t)snprintf(line.text, sizeof line.text,
                                "{\"timestamp\":\"%s\",\"requestId\":\"%s\",\"ip\":\"203.0.113.%"
                                "u\",\"httpMethod\":\"%s\",\"path\":\"%s\","
                                "\"status\":\"%u\",\"protocol\":\"HTTP/"
                                "1.1\",\"responseLength\":\"%u\",\"responseLatency\":\"%d\","
                                "\"xrayTraceId\":\"%s\"}",
                                when, id, (unsigned)(roll(shop) % 254) + 1, call->method,
                                call->path, call->status, (unsigned)(roll(shop) % 9000),
                                (int)((call->end_us - call->start_us) / 1000), request->trace.root);
    request->is_error |= call->status >= 400;
    emit(shop, request, GATEWAY, call->end_us, &line);
}

/* The card's request body is in one event, the 400 that it led to in another. Returns the status.
 */
static unsigned pay(struct shop *shop, struct request *request, int64_t start_us,
                    int64_t *ret_end_us)
{
    bool is_bad = happens(shop, 30);
    char members[256];
    snprintf(members, sizeof members,
             ",\"http.request.body.content\":\"{\\\"card\\\":\\\"%s\\\",\\\"amount\\\":%u}\"",
             is_bad ? "4111-1111-1111-111" : "tok_visa", (unsigned)(roll(shop) % 50000));
    struct said body = {0, LEVEL_INFO, "Charge requested", members};
    if (is_bad) {
        body.level = LEVEL_WARN;
        body.words = "Charge requested with a card number that is too short";
    }
    int64_t end_us = leaf(shop, request, PAYMENT, start_us, &body);
    *ret_end_us = end_us ? end_us : start_us + 3000000;
    return !end_us ? 502 : is_bad ? 400 : 201;
}

static void buy(struct shop *shop, struct request *request, int64_t time_us)
{
    const struct function *function = &functions[CHECKOUT];
    struct invocation run;
    struct call call = {"POST", "/checkout", 502, time_us, 0};
    if (!begin(shop, request, CHECKOUT, time_us + 2000, &run))
        return;
    run.end = fate(shop, function);
    int64_t inner_us = leaf(shop, request, INVENTORY, run.start_us + 5000, NULL);
    if (inner_us && run.end == END_FINE)
        call.status = pay(shop, request, inner_us + 3000, &inner_us);
    if (call.status == 502 && run.end == END_FINE)
        run.end = END_RAISED;
    if (!inner_us)
        inner_us = run.start_us + 40000;
    run.end_us = inner_us + duration_us(shop, function);
    int64_t latest_us = run.start_us + (int64_t)function->timeout_ms * 1000;
    if (run.end_us > latest_us || run.end == END_TIMED_OUT) {
        run.end = END_TIMED_OUT;
        run.end_us = latest_us;
        call.status = 504;
    }
    chat(shop, request, CHECKOUT, &run, run.end_us);
    finish(shop, request, CHECKOUT, &run);
    call.end_us = run.end_us + 3000;
    gateway(shop, request, &call);
    if (run.end == END_FINE && call.status == 201) {
        leaf(shop, request, NOTIFY, run.end_us + 200000, NULL);
        if (happens(shop, 300))
            leaf(shop, request, SHIPPING, run.end_us + 300000, NULL);
    }
}

static void browse(struct shop *shop, struct request *request, int64_t time_us)
{
    struct call call = {"GET", "/recommend", 200, time_us,
                        leaf(shop, request, RECOMMEND, time_us + 2000, NULL)};
    if (!call.end_us) {
        call.status = 502;
        call.end_us = time_us + 500000;
    }
    call.end_us += 3000;
    gateway(shop, request, &call);
}

static void visit_page(struct shop *shop, int64_t time_us)
{
    static const char *const pages[] = {"/",     "/shoes",         "/shoes/417",
                                        "/hats", "/static/app.js", "/favicon.ico"};
    char when[TIME_TEXT_MAX];
    struct line line;
    bool is_found = !happens(shop, 25);
    time_text(when, time_us, TIME_NGINX);
    line.len = (size_t)snprintf(line.text, sizeof line.text,
                                "198.51.100.%u - - [%s] \"GET %s HTTP/1.1\" %d %u \"-\" "
                                "\"Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0\"",
                                (unsigned)(roll(shop) % 254) + 1, when,
                                is_found ? pages[roll(shop) % 6] : "/wp-login.php",
                                is_found ? 200 : 404, (unsigned)(roll(shop) % 40000));
    emit(shop, NULL, NGINX, time_us, &line);
}

static void count_request(struct shop *shop, const struct request *request)
{
    bool has_lines = false;
    for (size_t i = 0; i < FILES; i++) {
        struct figures *figures = &shop->figures[i];
        figures->traces += request->lines[i] > 0;
        figures->error_traces += request->lines[i] > 0 && request->is_error;
        figures->sure_lines += request->is_error ? request->lines[i] : 0;
        has_lines |= request->lines[i] > 0;
    }
    shop->traces += has_lines;
    shop->error_traces += has_lines && request->is_error;
}

void shop_request(struct shop *shop, int64_t time_us)
{
    struct request request = {.is_error = false};
    shop->requests++;
    if (happens(shop, 500))
        visit_page(shop, time_us);
    make_trace(shop, &request.trace, time_us);
    uint64_t dice = roll(shop) % 100;
    if (dice < 45) {
        buy(shop, &request, time_us);
    } else if (dice < 80) {
        browse(shop, &request, time_us);
    } else if (dice < 92) {
        request.trace.is_traced = dice < 89; /* some uploads are not traced */
        leaf(shop, &request, IMAGE_RESIZE, time_us, NULL);
    } else if (dice < 95) {
        request.trace.is_traced = false;
        leaf(shop, &request, LEGACY_EXPORT, time_us, NULL);
    } else {
        gateway(shop, &request, &(struct call){"GET", "/health", 200, time_us, time_us + 1000});
    }
    count_request(shop, &request);
}

void shop_write(struct shop *shop, int64_t until_us)
{
    scroll_write(&shop->scroll, until_us);
}

uint64_t shop_lines(const struct shop *shop)
{
    return shop->scroll.order;
}

uint64_t shop_invocations(const struct shop *shop)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < FUNCTIONS; i++)
        sum += shop->figures[i].invocations;
    return sum;
}

/* --- open, truth, close
 * ---------------------------------------------------------------------------------- */

struct shop *shop_open(const char *directory, uint64_t seed)
{
    struct shop *shop = calloc(1, sizeof *shop);
    if (!shop)
        return NULL;
    shop->dice = seed;
    for (enum which file = 0; file < FILES; file++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s.log", directory, file_name(file));
        shop->files[file] = fopen(path, "ae");
        if (!shop->files[file]) {
            perror(path);
            shop_close(shop);
            return NULL;
        }
        setvbuf(shop->files[file], NULL, _IOFBF, 1 << 18);
    }
    return shop;
}

int shop_truth(struct shop *shop, const char *path)
{
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *to = fopen(beside, "we");
    if (!to)
        return -1;
    fprintf(to, "{\n  \"lines\": %llu, \"requests\": %llu, \"invocations\": %llu,",
            (unsigned long long)shop->scroll.order, (unsigned long long)shop->requests,
            (unsigned long long)shop_invocations(shop));
    fprintf(to, " \"traces\": %llu, \"error_traces\": %llu,\n  \"sources\": {",
            (unsigned long long)shop->traces, (unsigned long long)shop->error_traces);
    for (enum which file = 0; file < FILES; file++) {
        fprintf(to, "%s\n    \"%s\": ", file ? "," : "", file_name(file));
        figures_write(&shop->figures[file], file < FUNCTIONS ? functions[file].runtime_name : NULL,
                      to);
    }
    fprintf(to, "\n  }\n}\n");
    return fclose(to) == 0 ? rename(beside, path) : -1;
}

void shop_close(struct shop *shop)
{
    for (size_t i = 0; i < FILES; i++) {
        if (shop->files[i])
            fclose(shop->files[i]);
        figures_clear(&shop->figures[i]);
    }
    scroll_clear(&shop->scroll);
    free(shop);
}
