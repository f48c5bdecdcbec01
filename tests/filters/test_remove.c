/* tests/filters/test_remove.c - mirrors filters/remove.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/remove.c"

#include "tests/filters/fake_host.h"

static void fields_go_wherever_they_stand(void)
{
    struct host host;
    struct why why;
    host_init(&host);
    struct path *paths[3];
    const char *const names[] = {"password", "user.card", "absent"};
    for (size_t i = 0; i < COUNT(paths); i++)
        CHECK_OK(path_compile(host.names, str_from(names[i]), &paths[i], &why), why);
    struct remove remove = {.fields = {.count = COUNT(paths), .fields = paths}};
    struct event event = {.bytes =
                              STR("{\"password\":\"x\",\"user\":{\"card\":1,\"id\":2},\"a\":3}")};
    struct scanner *scanner = scanner_make(&host.run, host.names);
    size_t wrong_at;
    CHECK_EQ(scan_object(scanner, &event, &host.batch, &wrong_at), SCAN_OK);
    CHECK_OK(filter_remove.open(&remove, &host, &why), why);
    host_pass(&host, &filter_remove, &remove, &event);
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    encode_event(&buffer, &event, &(struct encoding){.names = NAMES_AS_IS}, &host.batch);
    CHECK_STR(buffer_str(&buffer), STR("{\"user\":{\"id\":2},\"a\":3}"));
    buffer_clear(&buffer);
    host_clear(&host);
}

CHECK_MAIN(TEST(fields_go_wherever_they_stand))
