/* agent/group/places.c - the partitions that a member of a consumer group has.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/group/places.h"

#include <stdio.h>

enum {
    COMMIT_MS = 1000,
    SETTLE_MS = 2000,
    KNOWN_MS = 30000, /* partitions that others have to let go of first come late */
    SYNC_MS = 5000,   /* longest wait for the journal and the group before a partition goes */
};

#define MS INT64_C(1000000)

struct known { /* a partition that the journal remembers */
    struct known *next;
    struct str key, name; /* "cluster/topic/partition#serial", and that without the serial */
    struct str note;      /* the commit that it began with */
};

static void known_add(void *context, struct str key, struct str note, uint64_t resume)
{
    struct places *places = context;
    (void)resume;
    struct known *known = arena_zeroed(host_arena(places->host), sizeof *known);
    if (!known)
        return; /* the group's commit says where to go on */
    known->key = arena_copy(host_arena(places->host), key);
    known->name = str_cut_last(known->key, '#').head;
    known->note = arena_copy(host_arena(places->host), note);
    known->next = places->known;
    places->known = known;
}

/* --- partitions come -----------------------------------------------------------------------------
 */

/* Another member had it since: what our journal says of it is old. */
static void known_leave(struct places *places, const struct known *known)
{
    struct source *source = source_open_shared(places->host, known->key, known->name, NULL);
    if (source)
        source_leave(source);
}

/* Serials are hexadecimal without leading zeros. */
static bool is_newer(const struct known *known, const struct known *than)
{
    struct str a = str_cut_last(known->key, '#').tail, b = str_cut_last(than->key, '#').tail;
    return a.len != b.len ? a.len > b.len : a.len && memcmp(a.at, b.at, a.len) > 0;
}

/* The newest that the journal remembers of a partition; what is older is left. Null: nothing. */
static struct known *known_take(struct places *places, struct str name)
{
    struct known *newest = NULL;
    for (struct known **link = &places->known; *link;) {
        struct known *known = *link;
        if (!str_equal(known->name, name)) {
            link = &known->next;
            continue;
        }
        *link = known->next;
        struct known *older = newest && is_newer(newest, known) ? known : newest;
        newest = older == known ? newest : known;
        if (older)
            known_leave(places, older);
    }
    return newest;
}

static struct source *source_new(struct places *places, struct place *place, const char *name,
                                 const char *prefix)
{
    char key[SOURCE_KEY_BYTES_MAX];
    int len = snprintf(key, sizeof key, "%s#%llx", name,
                       (unsigned long long)host_new_serial(places->host));
    return source_open_shared(places->host, (struct str){key, (size_t)len}, str_from(prefix),
                              place);
}

/* A commit as a source's note. */
static struct str commit_text(const struct broker_place *at, char *to, size_t room)
{
    int len = snprintf(to, room, "%lld %.*s", (long long)at->offset, STR_ARG(at->metadata));
    return (struct str){to, (size_t)len < room ? (size_t)len : room - 1};
}

/* Where our own journal may go on from: the newest commit is ours, or still the one that we began
 * with, because we died before our first. Any other is another member's, or an operator's who set
 * the offsets. */
static struct source *source_own(struct places *places, struct place *place, struct str name,
                                 const char *prefix, const struct broker_place *at)
{
    char text[NOTE_BYTES_MAX];
    struct known *known = known_take(places, name);
    if (!known)
        return NULL;
    if (handover_agent(at->metadata) == host_agent_id(places->host) ||
        str_equal(known->note, commit_text(at, text, sizeof text)))
        return source_open_shared(places->host, known->key, str_from(prefix), place);
    known_leave(places, known);
    return NULL;
}

static void place_begin(struct places *places, struct broker_place *at, struct str cluster)
{
    char name[SOURCE_KEY_BYTES_MAX - 32], prefix[SOURCE_KEY_BYTES_MAX - 32];
    char note[NOTE_BYTES_MAX];
    struct place *place = &places->at[at->slot];
    snprintf(name, sizeof name, "%.*s/%s/%d", STR_ARG(cluster), at->topic, (int)at->partition);
    snprintf(prefix, sizeof prefix, "%.*s-%s-%d-", STR_ARG(cluster), at->topic, (int)at->partition);
    *place = (struct place){.slot = at->slot};
    places->count = at->slot < places->count ? places->count : at->slot + 1;
    place->source = source_own(places, place, str_from(name), prefix, at);
    if (!place->source) {
        place->source = source_new(places, place, name, prefix);
        uint64_t from = at->offset > 0 ? (uint64_t)at->offset : 0;
        if (place->source && !source_take_over(place->source, from, at->metadata))
            host_alarm(places->host, "memory", "no memory for what %s has open", name);
        if (place->source)
            source_note(place->source, commit_text(at, note, sizeof note));
    }
    if (!place->source) {
        host_alarm(places->host, "places", "%s is not read: too many partitions", name);
        return;
    }
    place->stage = PLACE_READING;
    place->next = place->kept_next = source_resume(place->source);
    at->offset = place->next || at->offset >= 0 ? (int64_t)place->next : -1;
}

static void places_begin(struct places *places, struct broker_event *event)
{
    size_t count = 0;
    for (size_t i = 0; i < event->count; i++) {
        if (event->places[i].slot < PLACES_MAX)
            place_begin(places, &event->places[i], event->cluster);
        else
            host_alarm(places->host, "places", "more than %d partitions", PLACES_MAX);
        event->places[count++] = event->places[i];
    }
    places->consumer->begin(places->consumer->self, event->places, count);
    places->was_assigned = true;
    host_recovered(places->host, "again", "has partitions again");
}

/* What was not assigned by now is with other members. */
static void known_leave_all(struct places *places)
{
    for (; places->known; places->known = places->known->next)
        known_leave(places, places->known);
}

/* --- partitions go -------------------------------------------------------------------------------
 */

static void place_end(struct places *places, struct place *place)
{
    if (place->source)
        source_leave(place->source);
    places->again += place->next - place->kept_next;
    places->consumer->end(places->consumer->self, &place->slot, 1);
    *place = (struct place){0};
}

static void again_tell(struct places *places)
{
    if (places->again)
        host_alarm(places->host, "again",
                   "lost partitions before the group took the last commit: up to %llu records that "
                   "were read here are given out again by whoever has them now",
                   (unsigned long long)places->again);
    places->again = 0;
}

static void places_revoke(struct places *places, const struct broker_event *event, int64_t mono_ns)
{
    for (size_t i = 0; i < event->count; i++) {
        uint32_t slot = event->places[i].slot;
        struct place *place = slot < PLACES_MAX ? &places->at[slot] : NULL;
        if (!place || place->stage == PLACE_FREE) {
            places->consumer->end(places->consumer->self, &slot, 1);
        } else if (event->kind == BROKER_LOST) {
            place_end(places, place);
        } else {
            source_ready(place->source, false);
            place->stage = PLACE_LEAVING;
            place->until_ns = mono_ns + places->handover_ns;
        }
    }
    again_tell(places);
}

static bool said_is_safe(struct places *places, const struct place *place)
{
    return host_is_synced(places->host, place->said.ticket);
}

static void place_commit(struct places *places, struct place *place)
{
    places->consumer->commit(places->consumer->self, place->slot, (int64_t)place->said.resume,
                             (struct str){place->said.text, place->said.len});
    place->is_said = true;
}

static bool place_is_committing(const struct places *places, const struct place *place)
{
    const struct consumer *consumer = places->consumer;
    return consumer->committed(consumer->self, place->slot) == BROKER_COMMIT_UNDER_WAY;
}

/* One that failed (the group was busy with a rebalance) is tried again. */
static bool place_is_committed(struct places *places, struct place *place)
{
    const struct consumer *consumer = places->consumer;
    enum broker_commit commit = consumer->committed(consumer->self, place->slot);
    if (commit == BROKER_COMMIT_FAILED)
        place_commit(places, place);
    if (commit == BROKER_COMMIT_DONE)
        place->kept_next = place->said_next;
    return commit == BROKER_COMMIT_DONE;
}

/* Flush what is in flight, commit, forget what is held: the next member reads it again. */
static void place_leave(struct places *places, struct place *place, int64_t mono_ns)
{
    if (place->stage == PLACE_LEAVING &&
        (!source_has_open(place->source) || mono_ns >= place->until_ns)) {
        source_hand_over(place->source, &place->said);
        place->said_next = place->next;
        place->stage = PLACE_SYNCING;
        place->until_ns = mono_ns + SYNC_MS * MS;
    }
    if (place->stage == PLACE_SYNCING && said_is_safe(places, place) &&
        !place_is_committing(places, place)) {
        place_commit(places, place);
        place->stage = PLACE_GOING;
    }
    if (place->stage == PLACE_GOING && place_is_committed(places, place))
        place_end(places, place);
    else if (place->stage != PLACE_LEAVING && mono_ns >= place->until_ns)
        place_end(places, place); /* what it did since its last commit is done again */
}

/* --- commits -------------------------------------------------------------------------------------
 */

/* What was said before is committed once it is safe, and only then something new is looked for. */
static void place_say(struct places *places, struct place *place)
{
    struct handover now;
    if (place->is_said && !place_is_committed(places, place))
        return;
    if (place->said.len && !place->is_said) {
        if (said_is_safe(places, place))
            place_commit(places, place);
        return;
    }
    source_hand_over(place->source, &now);
    if (place->said.len == now.len && place->said.resume == now.resume &&
        memcmp(place->said.text, now.text, now.len) == 0)
        return;
    place->said = now;
    place->said_next = place->next;
    place->is_said = false;
}

/* True while some partition is on its way out. */
bool places_step(struct places *places, int64_t mono_ns)
{
    bool says = mono_ns >= places->commit_at_ns, is_leaving = false;
    if (says)
        places->commit_at_ns = mono_ns + COMMIT_MS * MS;
    if (places->known && places->was_assigned && mono_ns >= places->known_until_ns)
        known_leave_all(places);
    for (uint32_t slot = 0; slot < places->count; slot++) {
        struct place *place = &places->at[slot];
        if (place->stage == PLACE_FREE)
            continue;
        if (place->stage != PLACE_READING) {
            is_leaving = true;
            places->commit_at_ns = mono_ns + SETTLE_MS * MS;
            place_leave(places, place, mono_ns);
            continue;
        }
        if (says)
            place_say(places, place);
        if (places->consumer->has(places->consumer->self, slot))
            source_ready(place->source, true);
    }
    again_tell(places);
    return is_leaving;
}

/* After each change members join anew, and librdkafka takes a commit that is refused meanwhile for
 * the loss of every partition: nothing is committed for a while, but what leaves. */
void places_hear(struct places *places, struct broker_event *event, int64_t mono_ns)
{
    places->commit_at_ns = mono_ns + SETTLE_MS * MS;
    if (!places->was_assigned)
        places->known_until_ns = mono_ns + KNOWN_MS * MS;
    if (event->kind == BROKER_ASSIGNED)
        places_begin(places, event);
    else
        places_revoke(places, event, mono_ns);
}

void places_init(struct places *places, struct host *host, int64_t handover_ns)
{
    *places = (struct places){.host = host, .handover_ns = handover_ns};
    host_each_known(host, known_add, places);
}

void places_drop(struct places *places)
{
    for (uint32_t slot = 0; slot < places->count; slot++) {
        if (places->at[slot].stage != PLACE_FREE)
            source_leave(places->at[slot].source);
        places->at[slot] = (struct place){0};
    }
    places->was_assigned = false;
}

void places_finish(struct places *places)
{
    for (uint32_t slot = 0; slot < places->count; slot++) {
        struct place *place = &places->at[slot];
        if (place->stage == PLACE_FREE)
            continue;
        source_hand_over(place->source, &place->said);
        if (said_is_safe(places, place))
            place_commit(places, place);
    }
}

bool places_are_waiting(const struct places *places)
{
    if (!places->was_assigned)
        return true;
    for (uint32_t slot = 0; slot < places->count; slot++)
        if (places->at[slot].stage == PLACE_READING &&
            !places->consumer->at_end(places->consumer->self, slot))
            return true;
    return false;
}
