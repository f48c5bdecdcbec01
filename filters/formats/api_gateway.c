/* filters/formats/api_gateway.c - Amazon API Gateway: access logs in JSON and CLF, execution logs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The request id here is the gateway's, not that of an invocation, and `body` is what the client
 * sent.
 */
#include "filters/formats/format.h"

enum { UUID_LEN = 36, NS_PER_MS = 1000000 };

bool gateway_event_read(struct reader *reader)
{
    struct event *event = reader->event;
    const struct field *method = event_slot(event, SLOT_HTTP_METHOD);
    if (!method ||
        !(str_equal(method->key, STR("httpMethod")) || reader_find(reader, STR("routeKey"))))
        return false;
    struct field *id = reader_find(reader, STR("requestId")),
                 *body = reader_find(reader, STR("body"));
    if (id && id->slot == SLOT_FAAS_INVOCATION_ID)
        field_leave(event, id);
    if (body && (body->slot == SLOT_BODY || body->slot == SLOT_NONE)) {
        field_leave(event, body);
        if (!event->slots[SLOT_HTTP_REQUEST_BODY])
            slot_give(event, SLOT_HTTP_REQUEST_BODY, (uint16_t)(body - event->fields));
    }
    return true;
}

/* `(ID) Method completed with status: 502`, `(ID) Received response. Status: 200, Integration
 * latency: 371 ms` */
static bool execution_read(struct reader *reader, struct str text)
{
    struct str rest = str_skip(text, 1), id = take_until(&rest, ')');
    if (!text.len || *text.at != '(' || !is_uuid(id))
        return false;
    struct str said = str_trim(rest);
    struct cut status = str_cut_str(said, STR("tatus: "));
    struct str code = str_slice(status.tail, 0, 3);
    int64_t number;
    reader_extra(reader, "http.request.id", (struct value){.kind = VALUE_TEXT, .text = id});
    if (status.found && code.len == 3 && str_to_int(code, &number))
        reader_integer(reader, SLOT_HTTP_STATUS, VALUE_INTEGER, number);
    if (str_starts(said, STR("Execution failed")))
        reader_failed(reader);
    reader_text(reader, SLOT_BODY, said);
    return true;
}

static bool api_gateway_claims(struct str line)
{
    return line.len > UUID_LEN + 2 && *line.at == '(' && line.at[UUID_LEN + 1] == ')' &&
           is_uuid(str_slice(line, 1, UUID_LEN));
}

static enum format_result api_gateway_read(struct reader *reader, struct str text)
{
    if (format_json.claims(text))
        return format_json.read(reader, text);
    if (execution_read(reader, text))
        return FORMAT_READ;
    enum format_result result = format_nginx.read(reader, text);
    if (result == FORMAT_BROKEN)
        reader->wrong = "no access log of an API gateway in JSON or CLF";
    return result;
}

const struct format format_api_gateway = {
    .name = "api_gateway", .claims = api_gateway_claims, .read = api_gateway_read};
