/* agent/delivery/endpoint.c - the addresses, TLS files and credentials that HTTP outputs have in
 * common. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/endpoint.h"

#include <string.h>

#include "agent/data/arena.h"
#include "agent/data/buffer.h"
#include "agent/must.h"

const struct choice endpoint_compress_words[] = {
    {"auto", COMPRESS_AUTO}, {"none", COMPRESS_NONE}, {"gzip", COMPRESS_GZIP}, {0}};
const struct choice endpoint_zstd_words[] = {{"auto", COMPRESS_AUTO},
                                             {"none", COMPRESS_NONE},
                                             {"gzip", COMPRESS_GZIP},
                                             {"zstd", COMPRESS_ZSTD},
                                             {0}};
const struct choice endpoint_switch_words[] = {{"on", 1}, {"off", 0}, {0}};

struct address { /* the parts of a URL */
    struct str scheme, host, port;
    bool has_user, is_valid;
};

static struct address address_read(struct str url)
{
    struct address address = {0};
    struct cut scheme = str_cut_str(url, STR("://"));
    if (!scheme.found) {
        address.has_user = str_find(url, '@') != SIZE_MAX;
        return address;
    }
    address.scheme = scheme.head;
    struct str authority = str_cut(str_cut(str_cut(scheme.tail, '/').head, '?').head, '#').head;
    struct cut user = str_cut_last(authority, '@');
    address.has_user = user.found;
    if (user.found)
        authority = user.tail;
    struct cut port = str_cut_last(authority, ':');
    if (str_starts(authority, STR("["))) {
        struct cut closing = str_cut(authority, ']');
        address.host = str_slice(authority, 0, closing.head.len + 1);
        port = str_cut(closing.tail, ':');
    } else {
        address.host = port.head;
    }
    uint64_t number = 0;
    address.port = port.tail;
    address.is_valid =
        address.host.len > 0 &&
        (!port.found || (str_to_uint(port.tail, &number) && number && number < 65536));
    return address;
}

/* 127.a.b.c in digits: "127.evil.example" is somebody else's name. */
static bool is_loopback_v4(struct str host)
{
    unsigned parts = 0;
    struct cut cut = {.tail = host, .found = true};
    while (cut.found) {
        uint64_t number = 0;
        cut = str_cut(cut.tail, '.');
        if (!str_to_uint(cut.head, &number) || number > 255 || (parts == 0 && number != 127))
            return false;
        parts++;
    }
    return parts == 4;
}

bool endpoint_is_loopback(struct str url)
{
    if (str_starts(url, STR("unix:")))
        return true;
    struct str host = address_read(url).host;
    return str_equal_case(host, STR("localhost")) || str_equal(host, STR("[::1]")) ||
           is_loopback_v4(host);
}

static enum code url_check(struct str *url, bool has_credentials, const char *where,
                           struct why *why)
{
    while (str_ends(*url, STR("/")) && !str_ends(*url, STR("://")))
        url->len--;
    if (str_starts(*url, STR("unix:/")))
        return OK;
    struct address address = address_read(*url);
    if (str_find(*url, '?') != SIZE_MAX || str_find(*url, '#') != SIZE_MAX)
        return fail(why, BAD_CONFIG,
                    "%s: `url` holds more than an address and a path: a query stands in the "
                    "`path` of output http, nowhere else",
                    where);
    bool is_plain = str_equal(address.scheme, STR("http"));
    if (address.has_user)
        return fail(why, BAD_CONFIG,
                    "%s: `url` holds a user name: write `user` and `password` as settings", where);
    if (!is_plain && !str_equal(address.scheme, STR("https")))
        return fail(why, BAD_CONFIG,
                    "%s: `url` \"%.*s\" should start with https://, http:// or unix:/", where,
                    STR_ARG(str_slice(*url, 0, 80)));
    if (!address.is_valid)
        return fail(why, BAD_CONFIG, "%s: `url` \"%.*s\" has no valid host and port", where,
                    STR_ARG(str_slice(*url, 0, 80)));
    if (is_plain && has_credentials && !endpoint_is_loopback(*url))
        return fail(why, BAD_CONFIG,
                    "%s: credentials would travel readable over \"%.*s\": use https:// (plain http "
                    "is for loopback only)",
                    where, STR_ARG(str_slice(*url, 0, 80)));
    return OK;
}

static size_t base64(struct str from, char *to)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0;
    for (size_t i = 0; i < from.len; i += 3) {
        uint32_t bits = 0;
        for (size_t j = 0; j < 3; j++)
            bits = bits << 8 | (i + j < from.len ? (unsigned char)from.at[i + j] : 0);
        for (size_t j = 0; j < 4; j++)
            to[len++] = i + j > from.len ? '=' : letters[bits >> (18 - 6 * j) & 63];
    }
    return len;
}

struct str endpoint_auth(struct arena *arena, const char *scheme, struct str secret,
                         bool is_encoded)
{
    struct str head = STR("Authorization: ");
    size_t scheme_len = strlen(scheme);
    size_t room = head.len + scheme_len + 1 + (is_encoded ? (secret.len + 2) / 3 * 4 : secret.len);
    char *to = arena_take(arena, room);
    if (!to)
        return (struct str){0};
    memcpy(to, head.at, head.len);
    memcpy(to + head.len, scheme, scheme_len);
    size_t len = head.len + scheme_len;
    to[len++] = ' ';
    if (is_encoded)
        len += base64(secret, to + len);
    else if (secret.len) {
        memcpy(to + len, secret.at, secret.len);
        len += secret.len;
    }
    MUST(len == room);
    return (struct str){to, len};
}

struct str endpoint_secret_header(struct arena *arena, const char *name, struct str secret)
{
    size_t name_len = strlen(name);
    char *to = arena_take(arena, name_len + 2 + secret.len);
    if (!to)
        return (struct str){0};
    memcpy(to, name, name_len);
    memcpy(to + name_len, ": ", 2);
    if (secret.len)
        memcpy(to + name_len + 2, secret.at, secret.len);
    return (struct str){to, name_len + 2 + secret.len};
}

/* A secret that came out of a file often ends with a line end, and a header cannot hold one. */
static bool is_header_text(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.at[i] < ' ' || text.at[i] == 127)
            return false;
    return true;
}

static struct str basic_auth(const struct endpoint *endpoint, struct arena *arena)
{
    struct str user = endpoint->user, password = endpoint->password;
    char *pair = arena_take(arena, user.len + 1 + password.len);
    if (!pair)
        return (struct str){0};
    memcpy(pair, user.at, user.len);
    pair[user.len] = ':';
    if (password.len)
        memcpy(pair + user.len + 1, password.at, password.len);
    return endpoint_auth(arena, "Basic", (struct str){pair, user.len + 1 + password.len}, true);
}

static enum code auth_make(struct endpoint *endpoint, struct arena *arena, const char *where,
                           struct why *why)
{
    bool has_own = endpoint->auth_header.len > 0;
    if (has_own + (endpoint->bearer.len > 0) + (endpoint->user.len > 0) > 1)
        return fail(why, BAD_CONFIG, "%s: only one way to log in can be used: leave the others out",
                    where);
    if (endpoint->password.len && !endpoint->user.len)
        return fail(why, BAD_CONFIG, "%s: `password` is set, `user` is not", where);
    if (str_find(endpoint->user, ':') != SIZE_MAX)
        return fail(why, BAD_CONFIG,
                    "%s: `user` holds a colon, which basic authentication cannot say", where);
    struct str bearer = endpoint->bearer = str_trim(endpoint->bearer);
    if (bearer.len)
        endpoint->auth_header = endpoint_auth(arena, "Bearer", bearer, false);
    else if (endpoint->user.len)
        endpoint->auth_header = basic_auth(endpoint, arena);
    bool is_wanted = has_own || bearer.len || endpoint->user.len;
    if (is_wanted && !endpoint->auth_header.len)
        return fail(why, OVER_LIMIT, "%s: no memory for the credentials", where);
    if (!is_header_text(endpoint->auth_header))
        return fail(why, BAD_CONFIG, "%s: the credentials hold a control byte, which no header can",
                    where);
    return OK;
}

static enum code headers_check(const struct endpoint *endpoint, const char *where, struct why *why)
{
    for (size_t i = 0; i < endpoint->headers.count; i++) {
        struct str name = endpoint->headers.keys[i];
        if (!name.len || str_find(name, ':') != SIZE_MAX || str_find(name, ' ') != SIZE_MAX ||
            !is_header_text(name) || !is_header_text(endpoint->headers.texts[i]))
            return fail(why, BAD_CONFIG,
                        "%s: `headers` has an entry (%.*s) that no request can carry", where,
                        STR_ARG(str_slice(name, 0, 40)));
    }
    return OK;
}

static bool headers_hold_credentials(const struct endpoint *endpoint)
{
    static const char *const names[] = {"authorization", "cookie", "proxy-authorization",
                                        "x-api-key"};
    for (size_t i = 0; i < endpoint->headers.count; i++)
        for (size_t j = 0; j < COUNT(names); j++)
            if (str_equal_case(endpoint->headers.keys[i], str_from(names[j])))
                return true;
    return false;
}

enum code endpoint_open(struct endpoint *endpoint, struct arena *arena, const char *where,
                        struct why *why)
{
    enum code code = auth_make(endpoint, arena, where, why);
    if (code == OK)
        code = headers_check(endpoint, where, why);
    if (code != OK)
        return code;
    if (endpoint->urls.count == 0)
        return fail(why, BAD_CONFIG, "%s: `url` is empty: say where to send to", where);
    if (endpoint->cert_file.len && !endpoint->key_file.len)
        return fail(why, BAD_CONFIG, "%s: `cert` is set, `cert_key` is not", where);
    bool has_credentials = endpoint->auth_header.len > 0 || headers_hold_credentials(endpoint);
    for (size_t i = 0; i < endpoint->urls.count && code == OK; i++)
        code = url_check(&endpoint->urls.texts[i], has_credentials, where, why);
    return code;
}

void endpoint_write_url_part(struct buffer *to, struct str part)
{
    for (size_t i = 0; i < part.len; i++) {
        unsigned char byte = (unsigned char)part.at[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || memchr("-_.~", byte, 4);
        if (is_plain)
            buffer_byte(to, (char)byte);
        else
            buffer_format(to, "%%%02X", byte);
    }
}
