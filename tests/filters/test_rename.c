/* tests/filters/test_rename.c - mirrors filters/rename.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/rename.c"

#include "tests/filters/fake_host.h"

static void fields_take_new_names_and_impossible_ones_are_counted(void)
{
    struct host host;
    struct why why;
    host_init(&host);
    struct path *from[3], *to[3];
    const char *const old[] = {"userId", "absent", "deep"}, *const new[] = {"user.id", "x", "a.b"};
    for (size_t i = 0; i < COUNT(from); i++) {
        CHECK_OK(path_compile(host.names, str_from(old[i]), &from[i], &why), why);
        CHECK_OK(path_compile(host.names, str_from(new[i]), &to[i], &why), why);
    }
    struct rename rename = {.fields = {.count = COUNT(from), .paths = from, .fields = to}};
    struct event event = {.bytes = STR("{\"userId\":7,\"a\":1,\"deep\":2}")};
    struct scanner *scanner = scanner_make(&host.run, host.names);
    size_t wrong_at;
    CHECK_EQ(scan_object(scanner, &event, &host.batch, &wrong_at), SCAN_OK);
    CHECK_OK(filter_rename.open(&rename, &host, &why), why);
    host_pass(&host, &filter_rename, &rename, &event);
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    encode_event(&buffer, &event, &(struct encoding){.names = NAMES_AS_IS}, &host.batch);
    CHECK_STR(buffer_str(&buffer), STR("{\"user.id\":7,\"a\":1,\"deep\":2}"));
    CHECK_EQ(host_count_of(&host, "failed"), 1);
    buffer_clear(&buffer);
    host_clear(&host);
}

CHECK_MAIN(TEST(fields_take_new_names_and_impossible_ones_are_counted))
