/* filters/formats/nginx.c - common log format, combined, and what nginx and its ingress add behind
 * it. SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.h"

#include <string.h>

enum { CLF_TIME_LEN = 26, CLAIM_BYTES = 160, NS_PER_S = 1000000000 };

/* Where the quote stands that ends the one at the start; behind the text where none does. */
static size_t quote_at(struct str text)
{
    struct str inside = str_skip(text, 1);
    size_t end = str_find(inside, '"');
    if (end != SIZE_MAX && str_find(str_slice(inside, 0, end), '\\') == SIZE_MAX)
        return end + 1;
    for (end = 1; end < text.len && text.at[end] != '"'; end++)
        end += text.at[end] == '\\';
    return end;
}

/* A quoted text, backslashes kept; the quote behind it is taken too. A null at: none is there. */
static struct str take_quoted(struct str *rest)
{
    struct str text = str_trim(*rest);
    if (!text.len || *text.at != '"')
        return (struct str){0};
    size_t end = quote_at(text);
    *rest = str_skip(text, end + 1);
    return str_slice(text, 1, end - 1);
}

static bool is_dash(struct str text)
{
    return str_equal(text, STR("-"));
}

static void word_put(struct reader *reader, const char *key, struct str text)
{
    if (text.len && !is_dash(text))
        reader_extra(reader, key, (struct value){.kind = VALUE_TEXT, .text = text});
}

static void number_put(struct reader *reader, enum slot slot, struct str text)
{
    int64_t number;
    if (str_to_int(text, &number) && number >= 0)
        reader_integer(reader, slot, VALUE_INTEGER, number);
}

/* `GET /cart?item=1 HTTP/1.1`; whatever else a client sent is kept as it is. */
static void request_read(struct reader *reader, struct str request)
{
    struct cut method = str_cut(request, ' ');
    struct cut protocol = str_cut_last(method.tail, ' ');
    reader_text(reader, SLOT_BODY, request);
    if (!method.found || !protocol.found)
        return;
    struct cut url = str_cut(protocol.head, '?');
    reader_text(reader, SLOT_HTTP_METHOD, method.head);
    if (str_find(protocol.head, ' ') != SIZE_MAX || !str_starts(url.head, STR("/")))
        reader_text(reader, SLOT_HTTP_ROUTE, protocol.head);
    else
        reader_text(reader, SLOT_URL_PATH, url.head);
    reader_text(reader, SLOT_URL_QUERY, url.tail);
    word_put(reader, "network.protocol.name", protocol.tail);
}

struct access { /* the parts of a line */
    struct str address, identity, user, time, request, status, size, rest;
};

static bool access_split(struct str text, struct access *ret)
{
    struct str rest = text;
    ret->address = take_until(&rest, ' ');
    ret->identity = take_until(&rest, ' ');
    struct cut user = str_cut_str(rest, STR(" [")), time = str_cut(user.tail, ']');
    ret->user = user.head;
    ret->time = time.head;
    rest = time.tail;
    ret->request = take_quoted(&rest);
    rest = str_trim(rest);
    ret->status = take_until(&rest, ' ');
    ret->size = take_until(&rest, ' ');
    ret->rest = rest;
    return user.found && time.found && ret->request.at && ret->time.len == CLF_TIME_LEN &&
           ret->status.len == 3 && is_digit(*ret->status.at);
}

static bool access_line_read(struct reader *reader, struct str text, struct str *ret_rest)
{
    struct access access;
    if (!access_split(text, &access) || !reader_time(reader, access.time))
        return false;
    reader_text(reader, SLOT_CLIENT_ADDRESS, access.address);
    word_put(reader, "client.identity", access.identity);
    word_put(reader, "user.name", access.user);
    request_read(reader, access.request);
    number_put(reader, SLOT_HTTP_STATUS, access.status);
    number_put(reader, SLOT_HTTP_RESPONSE_SIZE, access.size);
    *ret_rest = access.rest;
    return true;
}

/* `512 0.042 [upstream] ...` of ingress-nginx */
static void ingress_read(struct reader *reader, struct str rest)
{
    struct str size = take_until(&rest, ' '), time = take_until(&rest, ' ');
    int64_t ns;
    number_put(reader, SLOT_HTTP_REQUEST_SIZE, size);
    if (duration_read(time, NS_PER_S, &ns))
        reader_integer(reader, SLOT_DURATION, VALUE_DURATION, ns);
    word_put(reader, "nginx.upstream", rest);
}

static bool nginx_claims(struct str line)
{
    struct str head = str_slice(line, 0, CLAIM_BYTES);
    size_t open = str_find(head, '[');
    if (open == SIZE_MAX || open < 5 || open + CLF_TIME_LEN + 3 > line.len ||
        line.at[open - 1] != ' ')
        return false;
    const char *time = line.at + open + 1;
    return time[2] == '/' && time[6] == '/' && time[11] == ':' && time[CLF_TIME_LEN] == ']' &&
           time[CLF_TIME_LEN + 1] == ' ' && !memchr("{[( \t", *line.at, 5) &&
           str_find(str_slice(line, 0, open), '=') == SIZE_MAX && !format_lambda.claims(line);
}

static enum format_result nginx_read(struct reader *reader, struct str text)
{
    struct str rest;
    if (!access_line_read(reader, text, &rest)) {
        reader->wrong = "no line of the common log format";
        reader->wrong_at = 0;
        return reader->is_guessed ? FORMAT_FOREIGN : FORMAT_BROKEN;
    }
    struct str referer = take_quoted(&rest), agent = take_quoted(&rest),
               forwarded = take_quoted(&rest);
    word_put(reader, "http.request.header.referer", referer);
    if (!is_dash(agent))
        reader_text(reader, SLOT_USER_AGENT, agent);
    word_put(reader, "http.request.header.x-forwarded-for", forwarded);
    rest = str_trim(rest);
    if (agent.at && rest.len && is_digit(*rest.at)) {
        ingress_read(reader, rest);
    } else if (rest.len) { /* a gateway's two request ids */
        word_put(reader, "http.request.id", take_until(&rest, ' '));
        word_put(reader, "http.request.extended_id", rest);
    }
    return FORMAT_READ;
}

const struct format format_nginx = {.name = "nginx", .claims = nginx_claims, .read = nginx_read};
