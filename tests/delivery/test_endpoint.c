/* tests/delivery/test_endpoint.c - mirrors agent/delivery/endpoint.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/endpoint.c"

#include "tests/check.h"

static enum code open_with(struct endpoint *endpoint, const char *url, struct arena *arena,
                           struct why *why)
{
    static struct str urls[1];
    urls[0] = str_from(url);
    endpoint->urls = (struct list){.count = 1, .texts = urls};
    return endpoint_open(endpoint, arena, "a.conf:1:1", why);
}

static void loopback_is_told_from_names_that_look_like_it(void)
{
    static const char *const near[] = {"http://localhost:9200", "http://127.0.0.1",
                                       "http://LOCALHOST/x",    "https://127.255.0.9:1/p",
                                       "http://[::1]:9200",     "unix:/run/es"};
    static const char *const far[] = {"http://127.0.0.1.evil.example",
                                      "http://127.evil.example",
                                      "http://localhost.example",
                                      "http://1.2.3.4",
                                      "http://127.1",
                                      "http://127.0.0.1@evil.example",
                                      "http://[::2]",
                                      "http://"};
    for (size_t i = 0; i < COUNT(near); i++)
        CHECK(endpoint_is_loopback(str_from(near[i])));
    for (size_t i = 0; i < COUNT(far); i++)
        CHECK(!endpoint_is_loopback(str_from(far[i])));
}

static void credentials_over_plain_http_go_to_loopback_only(void)
{
    static const struct {
        const char *url;
        bool is_good;
    } cases[] = {
        {"http://127.0.0.1:9200", true}, {"https://es.example", true},
        {"http://es.example", false},    {"http://127.0.0.1.es.example", false},
        {"unix:/run/es.sock", true},
    };
    struct arena arena;
    arena_init(&arena, 4096, 1 << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct endpoint endpoint = {.bearer = STR("s3cret\n")};
        struct why why = {0};
        CHECK_EQ(open_with(&endpoint, cases[i].url, &arena, &why) == OK, cases[i].is_good);
        CHECK(strstr(why.text, "s3cret") == NULL);
        CHECK_TEXT(endpoint.auth_header, "Authorization: Bearer s3cret");
        struct endpoint bare = {0};
        CHECK_EQ(open_with(&bare, cases[i].url, &arena, &why), OK);
    }
    arena_clear(&arena);
}

static void a_header_can_be_a_credential_too(void)
{
    static struct str keys[] = {{"AUTHORIZATION", 13}}, plain[] = {{"X-Tenant", 8}},
                      texts[] = {{"Bearer s3cret", 13}};
    struct arena arena;
    struct why why;
    arena_init(&arena, 4096, 1 << 16);
    struct endpoint endpoint = {.headers = {.count = 1, .keys = keys, .texts = texts}};
    CHECK_EQ(open_with(&endpoint, "http://es.example", &arena, &why), BAD_CONFIG);
    CHECK(strstr(why.text, "s3cret") == NULL);
    endpoint.headers.keys = plain;
    CHECK_OK(open_with(&endpoint, "http://es.example", &arena, &why), why);
    arena_clear(&arena);
}

static void mistakes_are_named_without_the_secret(void)
{
    static const struct {
        const char *url, *user, *password, *bearer, *says;
    } cases[] = {
        {"es.example:9200", "", "", "", "should start with https://"},
        {"http://", "", "", "", "no valid host"},
        {"http://h:0", "", "", "", "no valid host"},
        {"http://h:99999", "", "", "", "no valid host"},
        {"https://me:pw-in-url@es.example", "", "", "", "holds a user name"},
        {"me:pw-in-url@es.example", "", "", "", "holds a user name"},
        {"https://es.example/?token=pw-in-url", "", "", "", "holds more than an address"},
        {"https://h", "", "pw-secret", "", "`user` is not"},
        {"https://h", "me", "pw-secret", "tok-secret", "only one way"},
        {"https://h", "", "", "tok\r\nX: secret", "control byte"},
        {"https://h", "a:b", "pw-secret", "", "colon"},
    };
    struct arena arena;
    arena_init(&arena, 4096, 1 << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct endpoint endpoint = {.user = str_from(cases[i].user),
                                    .password = str_from(cases[i].password),
                                    .bearer = str_from(cases[i].bearer)};
        struct why why = {0};
        CHECK_EQ(open_with(&endpoint, cases[i].url, &arena, &why), BAD_CONFIG);
        CHECK(strstr(why.text, cases[i].says) != NULL);
        CHECK(strstr(why.text, "secret") == NULL && strstr(why.text, "pw-in-url") == NULL);
    }
    arena_clear(&arena);
}

static void base64_is_that_of_rfc_4648(void)
{
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfd", "//79"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        char to[16];
        CHECK_TEXT(((struct str){to, base64(str_from(cases[i][0]), to)}), cases[i][1]);
    }
    struct arena arena;
    arena_init(&arena, 4096, 1 << 16);
    struct endpoint endpoint = {.user = STR("Aladdin"), .password = STR("open sesame")};
    struct why why;
    CHECK_OK(open_with(&endpoint, "https://h/", &arena, &why), why);
    CHECK_TEXT(endpoint.auth_header, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK_TEXT(endpoint.urls.texts[0], "https://h");
    arena_clear(&arena);
}

CHECK_MAIN(TEST(loopback_is_told_from_names_that_look_like_it),
           TEST(credentials_over_plain_http_go_to_loopback_only),
           TEST(a_header_can_be_a_credential_too), TEST(mistakes_are_named_without_the_secret),
           TEST(base64_is_that_of_rfc_4648))
