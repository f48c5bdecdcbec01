/* tests/check.h - our few macros over cmocka.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     static void a_sentence_is_a_test_name(void) { CHECK_EQ(1 + 1, 2); }
 *     CHECK_MAIN(TEST(a_sentence_is_a_test_name))
 */
#ifndef WEIR_CHECK_H
#define WEIR_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/data/str.h"

#define CHECK(claim) assert_true(claim)
#define CHECK_EQ(got, want) assert_int_equal((intmax_t)(got), (intmax_t)(want))

static inline void check_str(struct str got, struct str want, const char *file, int line)
{
    if (str_equal(got, want))
        return;
    print_error("got  \"%.*s\"\nwant \"%.*s\"\n", STR_ARG(got), STR_ARG(want));
    _fail(file, line);
}
#define CHECK_STR(got, want)   check_str(got, want, __FILE__, __LINE__)
#define CHECK_TEXT(got, want)  check_str(got, str_from(want), __FILE__, __LINE__)
#define CHECK_OK(call, why)                                                                        \
    do {                                                                                           \
        if ((call) != OK) {                                                                        \
            print_error("%s\n", (why).text);                                                       \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

/* A test that needs something absent: say so and skip. */
#define SKIP_TEST(...)                                                                             \
    do {                                                                                           \
        print_message("skipped: " __VA_ARGS__);                                                    \
        print_message("\n");                                                                       \
        skip();                                                                                    \
    } while (0)

#define TEST(name)                                                                                 \
    {#name, check_run, NULL, NULL, (void *)(uintptr_t)&(struct check_test){name}}
struct check_test {
    void (*run)(void);
};
static inline void check_run(void **state)
{
    ((struct check_test *)*state)->run();
}
#define CHECK_MAIN(...)                                                                            \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {__VA_ARGS__};                                           \
        return cmocka_run_group_tests(tests, NULL, NULL);                                          \
    }

#endif
