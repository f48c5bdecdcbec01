/* tests/sampling/test_dice.c - mirrors agent/sampling/dice.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/dice.c"

#include <stdlib.h>

#include <jansson.h>

#include "tests/check.h"

static const struct dice plain = {.kind = DICE_XXH64};
static const struct dice refinery = {.kind = DICE_REFINERY};
static const struct dice otel = {.kind = DICE_OTEL};

/* The n-th of a long row of canonical ids. */
static struct str made_id(char to[33], uint64_t n)
{
    (void)snprintf(to, 33, "%016llx%016llx", (unsigned long long)XXH64(&n, sizeof n, 1),
                   (unsigned long long)XXH64(&n, sizeof n, 2));
    return (struct str){to, 32};
}

static void one_in_a_hundred_is_part_of_one_in_ten(void)
{
    const struct dice all[] = {plain, refinery, otel, {.salt = STR("pepper")}};
    char id[33];
    for (size_t kind = 0; kind < COUNT(all); kind++)
        for (uint64_t n = 0; n < 20000; n++) {
            struct str trace = made_id(id, n);
            if (dice_keep(&all[kind], trace, 0, 100))
                CHECK(dice_keep(&all[kind], trace, 0, 10));
        }
}

static void each_kind_keeps_its_share(void)
{
    const struct dice all[] = {plain, refinery, otel};
    char id[33];
    for (size_t kind = 0; kind < COUNT(all); kind++)
        for (uint32_t hops = 0; hops < 2; hops++) {
            int kept = 0;
            for (uint64_t n = 0; n < 100000; n++)
                kept += dice_keep(&all[kind], made_id(id, n), hops, 10);
            CHECK(kept > 9600 && kept < 10400); /* 4 standard deviations are 380 */
        }
}

static void stages_in_series_are_independent(void)
{
    const struct dice all[] = {plain, refinery, otel};
    char id[33];
    for (size_t kind = 0; kind < COUNT(all); kind++) {
        int kept = 0;
        for (uint64_t n = 0; n < 100000; n++) {
            struct str trace = made_id(id, n);
            kept += dice_keep(&all[kind], trace, 0, 10) && dice_keep(&all[kind], trace, 1, 10);
        }
        CHECK(kept > 870 && kept < 1130);
    }
}

static void a_salt_chooses_other_traces(void)
{
    const struct dice salted = {.salt = STR("pepper")};
    char id[33];
    int both = 0;
    for (uint64_t n = 0; n < 100000; n++) {
        struct str trace = made_id(id, n);
        both += dice_keep(&plain, trace, 0, 10) && dice_keep(&salted, trace, 0, 10);
    }
    CHECK(both > 870 && both < 1130);
}

static void the_vectors_of_refinery_and_opentelemetry_hold(void)
{
    struct str first = STR("0af7651916cd43dd8448eb211c80319c");
    struct str second = STR("4bf92f3577b34da6a3ce929d0e0e4736");
    static const struct {
        uint32_t rate;
        bool refinery_first, refinery_second, otel_first, otel_second;
    } cases[] = {{1, true, true, true, true},
                 {2, true, false, false, true},
                 {4, true, false, false, true},
                 {10, false, false, false, false},
                 {100, false, false, false, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(dice_keep(&refinery, first, 0, cases[i].rate), cases[i].refinery_first);
        CHECK_EQ(dice_keep(&refinery, second, 0, cases[i].rate), cases[i].refinery_second);
        CHECK_EQ(dice_keep(&otel, first, 0, cases[i].rate), cases[i].otel_first);
        CHECK_EQ(dice_keep(&otel, second, 0, cases[i].rate), cases[i].otel_second);
    }
}

static void otel_thresholds_are_rounded_as_opentelemetry_rounds_them(void)
{
    static const struct {
        uint32_t rate;
        uint64_t threshold;
    } cases[] = {{2, UINT64_C(0x80000000000000)},      {3, UINT64_C(0xaaab0000000000)},
                 {4, UINT64_C(0xc0000000000000)},      {5, UINT64_C(0xcccd0000000000)},
                 {8, UINT64_C(0xe0000000000000)},      {10, UINT64_C(0xe6660000000000)},
                 {16, UINT64_C(0xf0000000000000)},     {100, UINT64_C(0xfd70a000000000)},
                 {1000, UINT64_C(0xffbe7700000000)},   {10000, UINT64_C(0xfff97240000000)},
                 {1000000, UINT64_C(0xffffef39000000)}};
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(otel_threshold(cases[i].rate) == cases[i].threshold);
}

static void a_very_long_id_is_decided_too(void)
{
    char id[5000];
    memset(id, 'x', sizeof id);
    for (size_t len = 250; len < 260; len++)
        (void)dice_keep(&refinery, (struct str){id, len}, UINT32_MAX, 10);
    CHECK(dice_keep(&refinery, (struct str){id, sizeof id}, 0, 7) ==
          dice_keep(&refinery, (struct str){id, sizeof id}, 0, 7));
}

/* --- the corpora: decisions of the real Refinery -------------------------------------------------
 */

static FILE *open_corpus(const char *name)
{
    const char *root = getenv("WEIR_CORPORA");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/honeycomb/%s",
                   root ? root : SOURCE_DIR "/../shared/corpora", name);
    return fopen(path, "r");
}

static void refinery_decides_as_its_official_vectors_say(void)
{
    FILE *file = open_corpus("sampler_refinery_official.json");
    if (!file)
        SKIP_TEST("corpora/honeycomb/sampler_refinery_official.json is absent (WEIR_CORPORA)");
    json_t *root = json_loadf(file, 0, NULL);
    (void)fclose(file);
    CHECK(root != NULL);
    size_t i;
    json_t *vector;
    json_array_foreach(json_object_get(root, "vectors"), i, vector)
    {
        struct str id = str_from(json_string_value(json_object_get(vector, "trace_id")));
        uint32_t rate = (uint32_t)json_integer_value(json_object_get(vector, "rate"));
        CHECK_EQ(dice_keep(&refinery, id, 0, rate), json_is_true(json_object_get(vector, "keep")));
    }
    print_message("%zu official vectors\n", json_array_size(json_object_get(root, "vectors")));
    json_decref(root);
}

static void refinery_decides_as_the_derived_table_says(void)
{
    static const uint32_t rates[] = {2, 5, 10, 17, 50, 100, 1000};
    FILE *file = open_corpus("sampler_refinery_derived.csv");
    if (!file)
        SKIP_TEST("corpora/honeycomb/sampler_refinery_derived.csv is absent (WEIR_CORPORA)");
    char line[512];
    int decisions = 0;
    CHECK(fgets(line, sizeof line, file) != NULL); /* the heading */
    while (fgets(line, sizeof line, file)) {
        struct cut cut = str_cut(str_trim(str_from(line)), ',');
        struct str id = cut.head;
        for (size_t i = 0; i < COUNT(rates); i++, decisions++) {
            cut = str_cut(cut.tail, ',');
            CHECK_EQ(dice_keep(&refinery, id, 0, rates[i]), str_equal(cut.head, STR("1")));
        }
    }
    (void)fclose(file);
    print_message("%d derived decisions\n", decisions);
    CHECK(decisions > 14000);
}

CHECK_MAIN(TEST(one_in_a_hundred_is_part_of_one_in_ten), TEST(each_kind_keeps_its_share),
           TEST(stages_in_series_are_independent), TEST(a_salt_chooses_other_traces),
           TEST(the_vectors_of_refinery_and_opentelemetry_hold),
           TEST(otel_thresholds_are_rounded_as_opentelemetry_rounds_them),
           TEST(a_very_long_id_is_decided_too), TEST(refinery_decides_as_its_official_vectors_say),
           TEST(refinery_decides_as_the_derived_table_says))
