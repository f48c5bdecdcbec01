/* agent/honeycomb/account.c - keys and what they may do, and markers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/honeycomb/account.h"

#include <stdio.h>

enum {
    KEY_BYTES = 64, /* of keys that are made of an id and a secret */
    WORDS_SHOWN = 160,
};

/* --- keys ----------------------------------------------------------------------------------- */

/* hcaik_..., where `kind` says what the key is for: i for ingest, m for management. */
static bool key_is(struct str key, char kind)
{
    return key.len > 6 && str_starts(key, STR("hc")) && key.at[3] == kind &&
           (key.at[4] == 'k' || key.at[4] == 'c') && key.at[5] == '_';
}

const char *account_key_mistake(struct str key)
{
    if (key.len == 0)
        return "it is empty";
    if (key_is(key, 'm'))
        return "this is a management key, which cannot send events: make an ingest key";
    if (key_is(key, 'i') && key.len != KEY_BYTES)
        return "an ingest key is its id and its secret in one, 64 characters";
    return NULL;
}

struct str account_words(const struct reply *reply, struct arena *arena)
{
    struct value body = answer_read(reply->body);
    struct str error = answer_text(body, STR("error"), arena);
    struct str title = answer_text(body, STR("title"), arena),
               detail = answer_text(body, STR("detail"), arena);
    if (error.len == 0 && title.len == 0)
        return answer_status(reply->status, arena);
    char words[WORDS_BYTES_MAX];
    size_t len =
        (size_t)snprintf(words, sizeof words, "%.*s%s%.*s", STR_ARG(error.len ? error : title),
                         detail.len ? ": " : "", STR_ARG(detail));
    return arena_copy(arena, (struct str){words, len < sizeof words ? len : sizeof words - 1});
}

/* --- what may the key do? ----------------------------------------------------------------------
 */

static bool may(struct value access, struct str right, bool unless_said)
{
    struct value value = answer_member(access, right);
    return value.kind == VALUE_BOOL ? value.truth : unless_said;
}

static void who_tell(struct errand *errand, struct value auth)
{
    struct value team = answer_member(auth, STR("team")),
                 environment = answer_member(auth, STR("environment"));
    struct str name = answer_text(environment, STR("name"), errand->arena);
    struct str of = answer_text(team, STR("name"), errand->arena);
    errand_tell(errand, FINDING_GOOD, "lets us in: team %.*s, %s%.*s",
                STR_ARG(str_slice(of, 0, 60)), name.len ? "environment " : "classic",
                STR_ARG(str_slice(name, 0, 60)));
}

static void access_tell(const struct account *account, struct errand *errand, struct value auth)
{
    struct value access = answer_member(auth, STR("api_key_access"));
    bool is_ingest = str_equal(answer_text(auth, STR("type"), errand->arena), STR("ingest"));
    if (!is_ingest && !may(access, STR("events"), false)) {
        errand_tell(errand, FINDING_FAULT,
                    "the key may not send events: give it the permission \"Send Events\"");
        return;
    }
    who_tell(errand, auth);
    if (!may(access, STR("createDatasets"), true))
        errand_tell(errand, FINDING_DOUBT,
                    "the key may not create datasets: those that `dataset` names must be there, or "
                    "give it the permission \"Can create datasets\"");
    if (account->wants_marks && !may(access, STR("markers"), false))
        errand_tell(errand, FINDING_DOUBT,
                    "the key may not set markers: give it the permission \"Manage Markers\", or "
                    "leave `marker` out");
}

static void auth_hear(const struct account *account, struct errand *errand,
                      const struct reply *reply)
{
    struct value auth = answer_read(reply->body);
    struct str words = str_slice(account_words(reply, errand->arena), 0, WORDS_SHOWN);
    if (reply->status == 401 || reply->status == 403)
        errand_tell(errand, FINDING_FAULT,
                    "it refuses our key (%.*s): look at `key`, and at `region` or `url`",
                    STR_ARG(words));
    else if (reply->status == 404)
        errand_tell(errand, FINDING_DOUBT,
                    "it does not say what our key may do: nobody answers /1/auth there");
    else if (reply->status != 200 || auth.kind != VALUE_OBJECT)
        errand_tell(errand, FINDING_FAULT,
                    "answers %d, and not as Honeycomb does (%.*s): is `url` right?", reply->status,
                    STR_ARG(words));
    else
        access_tell(account, errand, auth);
}

/* --- a marker -----------------------------------------------------------------------------------
 */

/* {"type":"weir-config","message":"..."}: it stands where it arrives in time. */
static bool marker_ask(const struct account *account, struct errand *errand, struct request *ret)
{
    struct buffer text;
    buffer_init(&text, LINE_BYTES_DEFAULT);
    buffer_add(&text, STR("/1/markers/"));
    endpoint_write_url_part(&text, account->dataset.len ? account->dataset : STR("__all__"));
    ret->path = arena_copy(errand->arena, buffer_str(&text));
    buffer_reset(&text);
    buffer_add(&text, STR("{\"type\":\"weir-config\",\"message\":"));
    encode_text(&text, account->message);
    buffer_byte(&text, '}');
    ret->body = arena_copy(errand->arena, buffer_str(&text));
    buffer_clear(&text);
    ret->method = "POST";
    ret->content_type = STR("application/json");
    return true;
}

static void marker_hear(struct errand *errand, const struct reply *reply)
{
    if (reply->status == 200 || reply->status == 201)
        return;
    struct str words = str_slice(account_words(reply, errand->arena), 0, WORDS_SHOWN);
    errand_tell(errand, FINDING_DOUBT,
                "set no marker (%.*s): the key needs the permission \"Manage Markers\"",
                STR_ARG(words));
}

/* --- the errand ---------------------------------------------------------------------------------
 */

bool account_ask(const struct account *account, struct errand *errand, struct request *ret)
{
    if (errand->step > 0)
        return false;
    if (errand->kind == ERRAND_PREPARE)
        return account->marks && marker_ask(account, errand, ret);
    ret->path = STR("/1/auth");
    return true;
}

void account_hear(const struct account *account, struct errand *errand, const struct reply *reply)
{
    errand->step++;
    if (errand->kind == ERRAND_PREPARE)
        marker_hear(errand, reply);
    else
        auth_hear(account, errand, reply);
}
