/* tests/data/test_json_suite.c - the scanner against JSONTestSuite and against jansson.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>

#include "tests/data/oracle.h"

#include "tests/check.h"

static const enum scan_variant variants[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2};

static char text_room[512 * 1024];

static const char *suite_directory(void)
{
    static char path[1024];
    const char *corpora = getenv("WEIR_CORPORA");
    snprintf(path, sizeof path, "%s/jsontestsuite/test_parsing",
             corpora ? corpora : SOURCE_DIR "/../shared/corpora");
    return path;
}

static struct str read_case(const char *directory, const char *name)
{
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text_room, 1, sizeof text_room, file);
    fclose(file);
    return (struct str){text_room, len};
}

static struct oracle oracle;

/* y_ must be taken, n_ refused, by both ways in and in every variant. */
static void check_case(char kind, struct str text, const char *name)
{
    for (size_t v = 0; v < COUNT(variants); v++) {
        if (!scan_use(variants[v]))
            continue;
        struct event event = {.bytes = text};
        size_t error_at;
        arena_reset(&oracle.arena);
        bool is_valid = scan_is_valid(text);
        bool is_read =
            scan_object(oracle.scanner, &event, &oracle.arena, &error_at) != SCAN_INVALID;
        if ((kind == 'y' && !(is_valid && is_read)) || (kind == 'n' && (is_valid || is_read)))
            print_error("%s, variant %zu\n", name, v);
        CHECK(kind != 'y' || (is_valid && is_read));
        CHECK(kind != 'n' || (!is_valid && !is_read));
    }
}

static void every_y_is_taken_and_every_n_refused_in_every_variant(void)
{
    DIR *directory = opendir(suite_directory());
    if (!directory)
        SKIP_TEST("%s is not here (set WEIR_CORPORA)", suite_directory());
    unsigned counts[256] = {0};
    oracle_open(&oracle);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char kind = entry->d_name[0];
        if (kind == '.')
            continue;
        struct str text = read_case(suite_directory(), entry->d_name);
        check_case(kind, text, entry->d_name);
        if (!oracle_agrees(&oracle, text))
            print_error("%s: %s\n", entry->d_name, oracle.complaint);
        CHECK(oracle.complaint == NULL);
        counts[(unsigned char)kind]++;
    }
    closedir(directory);
    print_message("jsontestsuite: %u y_ taken, %u n_ refused, %u i_ either\n", counts['y'],
                  counts['n'], counts['i']);
    CHECK(counts['y'] > 0 && counts['n'] > 0);
}

/* Lines made of pieces that are dangerous next to each other, most of them broken. */
static size_t make_line(char *to, size_t room, unsigned *seed)
{
    static const char *const pieces[] = {
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\":",
        "\"a\":1,",
        "\"b\" : ",
        "\"message\":",
        "\"host\":",
        "\"host.name\":1,",
        "{\"a\":1,\"a\":2}",
        "\"\\u0061\":1,",
        "\"x\\n\"",
        "\"\\ud83d\\ude00\"",
        "\"\\ud83d\"",
        "\"caf\xC3\xA9\"",
        "\"\xC3\"",
        "1",
        "-0",
        "01",
        "1.5e+3",
        "1.",
        "true",
        "null",
        "fals",
        " ",
        "\n",
        "\t",
        "\"error\":",
        "\"status\":",
        "{\"name\":\"n\"}",
        "\"time\":\"2023-01-02T03:04:05Z\",",
        "\"level\":\"error\",",
        "\"log\":{\"level\":1},",
        "\"a long string that spans more than one block of thirty-two bytes\"",
        "\x01",
        "\"\"",
        "\"labels.host\":1,",
    };
    size_t len = (size_t)snprintf(to, room, "{\"k\":1,");
    for (int i = rand_r(seed) % 12; i > 0; i--)
        len += (size_t)snprintf(to + len, room - len, "%s",
                                pieces[(size_t)rand_r(seed) % COUNT(pieces)]);
    len +=
        (size_t)snprintf(to + len, room - len, "\"z\":[%s]}", rand_r(seed) % 2 ? "" : "{\"a\":{}}");
    return len;
}

static void jansson_and_the_scanner_agree_on_made_up_lines(void)
{
    unsigned seed = 1;
    char line[2048];
    oracle_open(&oracle);
    for (int i = 0; i < 6000; i++) {
        struct str text = {line, make_line(line, sizeof line, &seed)};
        if (!oracle_agrees(&oracle, text))
            print_error("%.*s\n%s\n%.*s\n", STR_ARG(text), oracle.complaint,
                        STR_ARG(buffer_str(&oracle.out)));
        CHECK(oracle.complaint == NULL);
    }
}

/* Valid lines of many shapes: members in any order, some twice. */
static size_t make_object(char *to, size_t room, unsigned *seed)
{
    static const char *const members[] = {
        "\"a\":1",
        "\"b\":{\"a\":1,\"b\":2}",
        "\"a.b\":3",
        "\"b.a\":4",
        "\"host\":\"h\"",
        "\"host\":{\"name\":1}",
        "\"host.name\":\"x\"",
        "\"hostname\":\"y\"",
        "\"level\":\"warn\"",
        "\"log\":{\"level\":\"error\"}",
        "\"message\":{\"a\":1}",
        "\"msg\":\"m\"",
        "\"body\":1",
        "\"time\":\"2023-01-02T03:04:05Z\"",
        "\"@timestamp\":\"x\"",
        "\"timestamp\":null",
        "\"error\":\"e\"",
        "\"error\":{\"message\":\"e\"}",
        "\"error.message\":1",
        "\"err\":{\"stack\":\"s\\n\"}",
        "\"event\":{\"outcome\":1}",
        "\"event\":\"login\"",
        "\"labels\":{\"host\":1}",
        "\"labels\":2",
        "\"labels.host\":3",
        "\"trace_id\":\"abc\"",
        "\"trace.id\":\"def\"",
        "\"trace\":{\"id\":1}",
        "\"status\":\"503\"",
        "\"duration_ms\":1.5",
        "\"event.duration\":7",
        "\"stackTrace\":[\"a\",1,{\"b\":2}]",
        "\"http\":{\"response\":{\"status_code\":500}}",
        "\"http.response\":1",
        "\"\\u0061\":9",
        "\"severity_number\":3",
        "\"span_id\":\"s\"",
        "\"parent_span_id\":\"p\"",
        "\"name\":\"n\"",
        "\"errorType\":\"E\"",
        "\"error.type\":\"F\"",
        "\"sampling.weight\":2",
        "\"_doc_count\":1",
        "\"o\":{\"k\":1,\"k\":{\"k\":1,\"k\":2}}",
    };
    size_t len = 0;
    for (int i = 1 + rand_r(seed) % 7; i > 0; i--)
        len += (size_t)snprintf(to + len, room - len, "%s%s", len ? "," : "{",
                                members[(size_t)rand_r(seed) % COUNT(members)]);
    return len + (size_t)snprintf(to + len, room - len, "}");
}

static void objects_of_many_shapes_keep_their_meaning(void)
{
    unsigned seed = 2;
    char line[2048];
    oracle_open(&oracle);
    for (int i = 0; i < 6000; i++) {
        struct str text = {line, make_object(line, sizeof line, &seed)};
        if (!oracle_agrees(&oracle, text))
            print_error("%.*s\n%s\n%.*s\n", STR_ARG(text), oracle.complaint,
                        STR_ARG(buffer_str(&oracle.out)));
        CHECK(oracle.complaint == NULL);
    }
}

CHECK_MAIN(TEST(every_y_is_taken_and_every_n_refused_in_every_variant),
           TEST(jansson_and_the_scanner_agree_on_made_up_lines),
           TEST(objects_of_many_shapes_keep_their_meaning))
