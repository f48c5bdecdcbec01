/* tests/config/test_value.c - mirrors agent/config/value.c: the shape of values.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/value.c"

#include "tests/config/loading.h"

#include "tests/check.h"

/* A value as a tree in brackets: (or a (and b c)). */
static void show(struct buffer *to, const struct syntax *value)
{
    static const char *const ops[] = {"",       "not", "neg", "exists", "or", "and", "==",
                                      "!=",     "<",   "<=",  ">",      ">=", "=~",  "in",
                                      "not in", "+",   "-",   "*",      "/",  "%"};
    bool is_leaf = value->kind <= SYNTAX_VARIABLE;
    if (value->key.len)
        buffer_format(to, "%.*s=", STR_ARG(value->key));
    if (is_leaf) {
        buffer_add(to, value->kind == SYNTAX_BROKEN ? STR("?") : value->text);
        return;
    }
    buffer_byte(to, '(');
    buffer_add(to, value->kind == SYNTAX_LIST   ? STR("list")
                   : value->kind == SYNTAX_MAP  ? STR("map")
                   : value->kind == SYNTAX_CALL ? value->text
                                                : str_from(ops[value->op]));
    for (const struct syntax *item = value->items; item; item = item->next) {
        buffer_byte(to, ' ');
        show(to, item);
    }
    buffer_byte(to, ')');
}

static void values_have_the_shape_that_the_grammar_says(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"a or b and not c == 1", "(or a (and b (not (== c 1))))"},
        {"a + b * c - d", "(- (+ a (* b c)) d)"},
        {"(a + b) * c", "(* (+ a b) c)"},
        {"a or b or c", "(or a b c)"},
        {"a not in [1 2]", "(not in a (list 1 2))"},
        {"not a in [1, 2,]", "(not (in a (list 1 2)))"},
        {"a exists and b exists", "(and (exists a) (exists b))"},
        {"if(a > 1, \"x\", 'y')", "(if (> a 1) x y)"},
        {"[a -1 b - 1]", "(list a -1 (- b 1))"},
        {"-a", "(neg a)"},
        {"- 5", "-5"},
        {"{ a = 1 \"b c\" = [x], d.e = f(1) }", "(map a=1 b c=(list x) d.e=(f 1))"},
        {"$x", "x"},
        {"[]", "(list)"},
        {"{}", "(map)"},
        {"a < b < c", "?"},
        {"x or a = b", "(or x (== a b))"},
        {"5 mb", "?"},
        {"a && b", "(and a b)"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loading loading;
        loading_init(&loading);
        struct context context = {.arena = &loading.arena, .diagnostics = &loading.diagnostics};
        const struct source_text *source =
            source_add(&loading.diagnostics, "-e", str_from(cases[i].text));
        show(&loading.said, parse_value_text(&context, source));
        if (!str_equal(buffer_str(&loading.said), str_from(cases[i].want)))
            fail_msg("%s is %.*s", cases[i].text, STR_ARG(buffer_str(&loading.said)));
        loading_clear(&loading);
    }
}

CHECK_MAIN(TEST(values_have_the_shape_that_the_grammar_says))
