/* tests/sampling/test_key.c - mirrors agent/sampling/key.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/key.c"

#include "tests/check.h"

static void a_canonical_trace_id_is_its_own_key(void)
{
    struct key key = key_of_trace(STR("0af7651916cd43dd8448eb211c80319c"));
    CHECK(key.hi == UINT64_C(0x0af7651916cd43dd) && key.lo == UINT64_C(0x8448eb211c80319c));
    char text[33];
    CHECK_STR(key_text(key, text), STR("0af7651916cd43dd8448eb211c80319c"));
}

static void lower_case_hex_and_nothing_else_is_canonical(void)
{
    for (int place = 0; place < 32; place++)
        for (int code = 0; code < 256; code++) {
            char text[33] = "0123456789abcdef0123456789abcdef", back[33];
            bool is_hex = (code >= '0' && code <= '9') || (code >= 'a' && code <= 'f');
            text[place] = (char)code;
            struct str id = {text, 32};
            CHECK_EQ(str_equal(key_text(key_of_trace(id), back), id), is_hex);
        }
}

static void other_shapes_are_hashed_and_do_not_meet(void)
{
    static const char *const ids[] = {"0AF7651916CD43DD8448EB211C80319C", "0af7651916cd43dd", "",
                                      "1-5e34a614-10bd", "0af7651916cd43dd8448eb211c80319g"};
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 5; j++)
            CHECK(key_equal(key_of_trace(str_from(ids[i])), key_of_trace(str_from(ids[j]))) ==
                  (i == j));
}

static void an_invocation_never_meets_a_trace_of_the_same_text(void)
{
    struct str id = STR("8286a188-ba32-4475-8077-530cd35c09a9");
    CHECK(!key_equal(key_of_trace(id), key_of_invocation(id)));
}

static void a_name_that_is_too_long_is_no_name(void)
{
    char text[TRACE_NAME_BYTES_MAX + 1] = {0};
    struct trace_name name = trace_name((struct str){text, TRACE_NAME_BYTES_MAX});
    CHECK_EQ(trace_name_str(&name).len, TRACE_NAME_BYTES_MAX);
    name = trace_name((struct str){text, TRACE_NAME_BYTES_MAX + 1});
    CHECK_EQ(name.len, 0);
}

CHECK_MAIN(TEST(a_canonical_trace_id_is_its_own_key),
           TEST(lower_case_hex_and_nothing_else_is_canonical),
           TEST(other_shapes_are_hashed_and_do_not_meet),
           TEST(an_invocation_never_meets_a_trace_of_the_same_text),
           TEST(a_name_that_is_too_long_is_no_name))
