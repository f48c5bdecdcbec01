/* tests/indexing/test_sameness.c - mirrors agent/indexing/sameness.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/sameness.c"

#include "agent/delivery/answer.h"
#include "agent/must.h"
#include "tests/check.h"

static uint64_t number_of(const char *text)
{
    return sameness_of(answer_read(str_from(text)), " _meta version ");
}

static void what_says_the_same_has_the_same_number(void)
{
    static const char *const same[] = {
        "{\"a\":{\"b\":[1,2],\"c\":true}}",
        "{ \"a\" : { \"c\":true, \"b\" : [ 1, 2 ] } }",
        "{\"_meta\":{\"x\":1},\"a\":{\"version\":9,\"b\":[1,2],\"c\":true}}",
    };
    static const char *const other[] = {
        "{\"a\":{\"b\":[2,1],\"c\":true}}",     "{\"a\":{\"b\":[1,2],\"c\":false}}",
        "{\"a\":{\"b\":[1,2],\"c\":\"true\"}}", "{\"a\":{\"b\":[\"1\",2],\"c\":true}}",
        "{\"a\":{\"b\":[1,2]},\"c\":true}",     "{\"a\":{\"b\":[1,2],\"c\":true,\"d\":{}}}",
        "{\"a\":{\"b\":[[1],2],\"c\":true}}",   "{\"a\":{\"c\":[1,2],\"b\":true}}",
        "{\"a\":{\"b\":[1,2],\"c\":null}}",
    };
    for (size_t i = 1; i < COUNT(same); i++)
        CHECK(number_of(same[i]) == number_of(same[0]));
    for (size_t i = 0; i < COUNT(other); i++)
        CHECK(number_of(other[i]) != number_of(same[0]));
}

CHECK_MAIN(TEST(what_says_the_same_has_the_same_number))
