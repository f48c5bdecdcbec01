/* tests/filters/test_set.c - mirrors filters/set.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/set.c"

#include "tests/filters/fake_host.h"

/* Expressions are the configuration's; here each is a value. */
struct expr {
    struct value value;
};

struct value expr_value(const struct expr *expr, const struct event *event, struct arena *scratch)
{
    (void)event;
    (void)scratch;
    return expr->value;
}

static void fields_are_set_and_impossible_ones_counted(void)
{
    static struct expr text = {{.kind = VALUE_TEXT, .text = {"shop", 4}}},
                       missing = {{.kind = VALUE_MISSING}},
                       number = {{.kind = VALUE_INTEGER, .integer = 7}};
    struct expr *exprs[] = {&text, &missing, &number, &number};
    const char *const names[] = {"service", "kept", "a.b", "c.d"};
    struct path *paths[COUNT(names)];
    struct host host;
    struct why why;
    host_init(&host);
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK_OK(path_compile(host.names, str_from(names[i]), &paths[i], &why), why);
    struct set set = {.fields = {.count = COUNT(names), .paths = paths, .exprs = exprs}};
    struct event event = {.bytes = STR("{\"kept\":1,\"a\":{\"x\":1},\"c\":\"no object\"}")};
    struct scanner *scanner = scanner_make(&host.run, host.names);
    size_t wrong_at;
    CHECK_EQ(scan_object(scanner, &event, &host.batch, &wrong_at), SCAN_OK);
    CHECK_OK(filter_set.open(&set, &host, &why), why);
    host_pass(&host, &filter_set, &set, &event);
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    encode_event(&buffer, &event, &(struct encoding){.names = NAMES_AS_IS}, &host.batch);
    CHECK_STR(buffer_str(&buffer),
              STR("{\"kept\":1,\"a\":{\"x\":1,\"b\":7},\"c\":\"no object\",\"service\":\"shop\"}"));
    CHECK_EQ(host_count_of(&host, "failed"), 1);
    buffer_clear(&buffer);
    host_clear(&host);
}

CHECK_MAIN(TEST(fields_are_set_and_impossible_ones_counted))
