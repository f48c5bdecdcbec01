/* agent/sampling/verdicts.c - what was decided, for late events and restarts.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/verdicts.h"

#include <string.h>

#include "agent/memory.h"
#include "agent/must.h"

enum {
    VERSION = 1,
    KEPT = 'K',
    DROPPED = 'D',
    FIRST_ROOM = 256,
    KEYS_PER_ENTRY = 4, /* most traces have two ids; the bound of all keys together */
    TEXTS_CHUNK = 4096,
};

#define SECOND_NS INT64_C(1000000000)

/* Both are written as they stand in memory: the journal is read on the machine that wrote it. */
struct kept_record { /* then name, reason, rule and the keys */
    uint8_t kind, name_len, reason_len, rule_len;
    uint32_t weight;
    int64_t last_ns;
    uint32_t key_count, spare;
};
struct dropped_record {
    uint8_t kind, spare[3];
    uint32_t last_s;
    uint64_t print;
};
_Static_assert(sizeof(struct kept_record) == 24 && sizeof(struct dropped_record) == 16,
               "no padding: it would leak memory into the journal");
_Static_assert(1 + sizeof(struct kept_record) + TRACE_NAME_BYTES_MAX + 2 * UINT8_MAX +
                       VERDICT_KEYS_MAX * sizeof(struct key) <=
                   VERDICT_BLOB_BYTES_MAX,
               "the largest verdict fits into one blob");

bool verdicts_init(struct verdicts *verdicts, int64_t remember_ns, struct journal journal)
{
    *verdicts = (struct verdicts){.journal = journal,
                                  .remember_ns = remember_ns,
                                  .kept_max = VERDICTS_KEPT_MAX,
                                  .dropped = {.max = VERDICTS_DROPPED_MAX}};
    arena_init(&verdicts->arena, TEXTS_CHUNK, VERDICT_TEXTS_MAX * (UINT8_MAX + TEXTS_CHUNK / 16));
    verdicts->texts = memory_make(VERDICT_TEXTS_MAX * sizeof *verdicts->texts);
    verdicts->blob = memory_make(VERDICT_BLOB_BYTES_MAX);
    if (!verdicts->texts || !verdicts->blob)
        return false;
    verdicts->texts[verdicts->text_count++] =
        STR("remembered"); /* when there is no room for more */
    return true;
}

void verdicts_clear(struct verdicts *verdicts)
{
    memory_free(verdicts->entries);
    memory_free(verdicts->keys);
    memory_free(verdicts->texts);
    dropped_clear(&verdicts->dropped);
    memory_free(verdicts->blob);
    arena_clear(&verdicts->arena);
    *verdicts = (struct verdicts){0};
}

size_t verdicts_bytes(const struct verdicts *verdicts)
{
    return verdicts->room * sizeof *verdicts->entries +
           verdicts->key_room * sizeof *verdicts->keys + dropped_bytes(&verdicts->dropped) +
           verdicts->arena.used;
}

uint64_t verdicts_forgotten(const struct verdicts *verdicts)
{
    return verdicts->forgotten + verdicts->dropped.forgotten;
}

uint16_t verdicts_text(struct verdicts *verdicts, struct str text)
{
    text = str_slice(text, 0, UINT8_MAX);
    for (uint16_t i = 0; i < verdicts->text_count; i++)
        if (str_equal(verdicts->texts[i], text))
            return i;
    if (verdicts->text_count == VERDICT_TEXTS_MAX)
        return 0;
    struct str copy = arena_copy(&verdicts->arena, text);
    if (!copy.at)
        return 0;
    verdicts->texts[verdicts->text_count] = copy;
    return verdicts->text_count++;
}

struct str verdicts_text_str(const struct verdicts *verdicts, uint16_t text)
{
    return verdicts->texts[text];
}

/* --- the table of kept ids --------------------------------------------------------------- */

static uint32_t slot_of(const struct verdicts *verdicts, struct key key)
{
    uint32_t mask = verdicts->key_room - 1;
    uint32_t at = (uint32_t)key_hash(key) & mask;
    while (verdicts->keys[at].entry && !key_equal(verdicts->keys[at].key, key))
        at = (at + 1) & mask;
    return at;
}

static bool is_over(const struct verdicts *verdicts, const struct kept *kept, int64_t now_ns)
{
    return kept->last_ns < now_ns - verdicts->remember_ns;
}

struct kept *verdicts_kept(const struct verdicts *verdicts, struct key key, int64_t now_ns)
{
    if (!verdicts->key_count)
        return NULL;
    const struct kept_key *slot = &verdicts->keys[slot_of(verdicts, key)];
    if (!slot->entry)
        return NULL;
    struct kept *kept = &verdicts->entries[slot->entry - 1];
    return is_over(verdicts, kept, now_ns) ? NULL : kept;
}

/* The key's slot leaves the chain of the older verdict that it still belongs to. */
static void unchain(struct verdicts *verdicts, struct kept_key *slot)
{
    uint32_t *link = &verdicts->entries[slot->entry - 1].first;
    while (*link != (uint32_t)(slot - verdicts->keys) + 1)
        link = &verdicts->keys[*link - 1].next;
    *link = slot->next;
}

static void chain(struct verdicts *verdicts, struct key key, uint32_t entry)
{
    uint32_t at = slot_of(verdicts, key);
    struct kept_key *slot = &verdicts->keys[at];
    if (slot->entry)
        unchain(verdicts, slot);
    else
        verdicts->key_count++;
    struct kept *kept = &verdicts->entries[entry];
    *slot = (struct kept_key){.key = key, .entry = entry + 1, .next = kept->first};
    kept->first = at + 1;
}

/* Copies the living entries from `from` on to the front, and their keys into a new table. */
static bool rebuild(struct verdicts *verdicts, uint32_t key_room, uint32_t from, int64_t now_ns)
{
    struct kept_key *old = verdicts->keys;
    struct kept_key *keys = memory_make(key_room * sizeof *keys);
    if (!keys)
        return false;
    memset(keys, 0, key_room * sizeof *keys);
    verdicts->keys = keys;
    verdicts->key_room = key_room;
    verdicts->key_count = 0;
    uint32_t count = 0, written = 0;
    for (uint32_t i = from; i < verdicts->count; i++) {
        struct kept kept = verdicts->entries[i];
        if (is_over(verdicts, &kept, now_ns) || !kept.first)
            continue;
        uint32_t next = kept.first;
        kept.first = 0;
        verdicts->entries[count] = kept;
        written += i < verdicts->written;
        for (; next; next = old[next - 1].next)
            chain(verdicts, old[next - 1].key, count);
        count++;
    }
    verdicts->count = count;
    verdicts->written = written;
    memory_free(old);
    return true;
}

static uint32_t count_living(const struct verdicts *verdicts, int64_t now_ns)
{
    uint32_t living = 0;
    for (uint32_t i = 0; i < verdicts->count; i++)
        living += !is_over(verdicts, &verdicts->entries[i], now_ns);
    return living;
}

static bool grow_entries(struct verdicts *verdicts)
{
    uint32_t room = verdicts->room ? verdicts->room * 2 : FIRST_ROOM;
    room = room < verdicts->kept_max ? room : verdicts->kept_max;
    struct kept *grown =
        memory_resize(verdicts->entries, verdicts->count * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    verdicts->entries = grown;
    verdicts->room = room;
    return true;
}

/* The oldest eighth goes before its time. */
static bool forget_some(struct verdicts *verdicts, int64_t now_ns)
{
    uint32_t from = verdicts->count / 8 + 1;
    uint32_t forgotten = 0;
    for (uint32_t i = 0; i < from && i < verdicts->count; i++)
        forgotten += !is_over(verdicts, &verdicts->entries[i], now_ns);
    if (!rebuild(verdicts, verdicts->key_room, from, now_ns))
        return false;
    verdicts->forgotten += forgotten;
    return true;
}

/* Room for one more entry with `keys` keys. */
static bool make_room(struct verdicts *verdicts, uint32_t keys, int64_t now_ns)
{
    uint32_t keys_max = KEYS_PER_ENTRY * verdicts->kept_max;
    if (verdicts->count == verdicts->room) {
        bool grows = count_living(verdicts, now_ns) > verdicts->room / 4 * 3 || !verdicts->room;
        if (grows && verdicts->room < verdicts->kept_max) {
            if (!grow_entries(verdicts))
                return false;
        } else if (grows ? !forget_some(verdicts, now_ns)
                         : !rebuild(verdicts, verdicts->key_room, 0, now_ns)) {
            return false;
        }
    }
    while (verdicts->count && verdicts->key_count + keys > keys_max)
        if (!forget_some(verdicts, now_ns))
            return false;
    uint32_t key_room = verdicts->key_room ? verdicts->key_room : FIRST_ROOM;
    while (verdicts->key_count + keys > key_room / 4 * 3)
        key_room *= 2;
    return key_room == verdicts->key_room || rebuild(verdicts, key_room, 0, now_ns);
}

static bool add_entry(struct verdicts *verdicts, const struct kept *what, const struct key *keys,
                      size_t count)
{
    MUST(count <= VERDICT_KEYS_MAX);
    if (!make_room(verdicts, (uint32_t)count, what->last_ns)) {
        verdicts->forgotten++;
        return false;
    }
    struct kept *kept = &verdicts->entries[verdicts->count++];
    *kept = *what;
    kept->first = 0;
    kept->ticket = TICKET_PENDING;
    for (size_t i = 0; i < count; i++)
        chain(verdicts, keys[i], verdicts->count - 1);
    return true;
}

/* --- dropped ids ------------------------------------------------------------------------- */

static uint32_t seconds(int64_t ns)
{
    int64_t s = ns / SECOND_NS;
    return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/* Entries before this second are over. */
static uint32_t since(const struct verdicts *verdicts, int64_t now_ns)
{
    return seconds(now_ns - verdicts->remember_ns);
}

bool verdicts_dropped(const struct verdicts *verdicts, struct key key, int64_t now_ns)
{
    const uint32_t *last_s = dropped_find(&verdicts->dropped, key_hash(key));
    return last_s && *last_s >= since(verdicts, now_ns);
}

void verdicts_renew_dropped(struct verdicts *verdicts, struct key key, int64_t now_ns)
{
    uint32_t *last_s = dropped_find(&verdicts->dropped, key_hash(key));
    if (last_s && *last_s < seconds(now_ns))
        *last_s = seconds(now_ns);
}

/* --- the journal ------------------------------------------------------------------------- */

uint64_t verdicts_ticket(const struct verdicts *verdicts)
{
    return verdicts->blob_size ? TICKET_PENDING : verdicts->last_ticket;
}

uint64_t verdicts_flush(struct verdicts *verdicts)
{
    if (verdicts->blob_size) {
        struct str blob = {verdicts->blob, verdicts->blob_size};
        verdicts->last_ticket = verdicts->journal.remember(verdicts->journal.context, blob);
        verdicts->blob_size = 0;
    }
    for (; verdicts->written < verdicts->count; verdicts->written++)
        verdicts->entries[verdicts->written].ticket = verdicts->last_ticket;
    return verdicts->last_ticket;
}

static void write_bytes(struct verdicts *verdicts, const void *from, size_t size)
{
    MUST(size <= VERDICT_BLOB_BYTES_MAX - verdicts->blob_size);
    if (size)
        memcpy(verdicts->blob + verdicts->blob_size, from, size);
    verdicts->blob_size += size;
}

/* Room for a record in the blob. */
static void open_blob(struct verdicts *verdicts, size_t size)
{
    static const char version = VERSION;
    if (verdicts->blob_size + size > VERDICT_BLOB_BYTES_MAX)
        verdicts_flush(verdicts);
    if (!verdicts->blob_size)
        write_bytes(verdicts, &version, 1);
}

static void write_kept(struct verdicts *verdicts, const struct kept *kept, const struct key *keys,
                       size_t count)
{
    struct str reason = verdicts->texts[kept->reason], rule = verdicts->texts[kept->rule];
    struct kept_record record = {.kind = KEPT,
                                 .name_len = kept->name.len,
                                 .reason_len = (uint8_t)reason.len,
                                 .rule_len = (uint8_t)rule.len,
                                 .weight = kept->weight,
                                 .last_ns = kept->last_ns,
                                 .key_count = (uint32_t)count};
    open_blob(verdicts,
              sizeof record + kept->name.len + reason.len + rule.len + count * sizeof *keys);
    write_bytes(verdicts, &record, sizeof record);
    write_bytes(verdicts, kept->name.at, kept->name.len);
    write_bytes(verdicts, reason.at, reason.len);
    write_bytes(verdicts, rule.at, rule.len);
    write_bytes(verdicts, keys, count * sizeof *keys);
}

static void write_dropped(struct verdicts *verdicts, uint64_t print, uint32_t last_s)
{
    struct dropped_record record = {.kind = DROPPED, .last_s = last_s, .print = print};
    open_blob(verdicts, sizeof record);
    write_bytes(verdicts, &record, sizeof record);
}

void verdicts_keep(struct verdicts *verdicts, const struct kept *what, const struct key *keys,
                   size_t count)
{
    write_kept(verdicts, what, keys, count);
    (void)add_entry(verdicts, what, keys, count);
}

void verdicts_drop(struct verdicts *verdicts, struct key key, int64_t last_ns)
{
    uint64_t print = key_hash(key);
    write_dropped(verdicts, print, seconds(last_ns));
    dropped_add(&verdicts->dropped, print, seconds(last_ns), since(verdicts, last_ns));
}

/* --- load and save ----------------------------------------------------------------------- */

static bool read_bytes(struct str *from, void *to, size_t size)
{
    if (from->len < size)
        return false;
    memcpy(to, from->at, size);
    *from = str_skip(*from, size);
    return true;
}

static bool read_text(struct str *from, size_t len, struct str *ret)
{
    *ret = str_slice(*from, 0, len);
    *from = str_skip(*from, len);
    return ret->len == len;
}

static bool load_kept(struct verdicts *verdicts, struct str *blob)
{
    struct kept_record record;
    struct str name, reason, rule;
    struct key keys[VERDICT_KEYS_MAX];
    if (!read_bytes(blob, &record, sizeof record) || record.key_count > VERDICT_KEYS_MAX ||
        record.weight == 0 || !read_text(blob, record.name_len, &name) ||
        !read_text(blob, record.reason_len, &reason) || !read_text(blob, record.rule_len, &rule) ||
        !read_bytes(blob, keys, record.key_count * sizeof *keys))
        return false;
    struct kept kept = {.last_ns = record.last_ns,
                        .weight = record.weight,
                        .reason = verdicts_text(verdicts, reason),
                        .rule = verdicts_text(verdicts, rule),
                        .is_loaded = true,
                        .name = trace_name(name)};
    if (add_entry(verdicts, &kept, keys, record.key_count)) {
        verdicts->entries[verdicts->count - 1].ticket = 0; /* it is in the journal already */
        verdicts->written = verdicts->count;
    }
    return true;
}

static bool load_dropped(struct verdicts *verdicts, struct str *blob)
{
    struct dropped_record record;
    if (!read_bytes(blob, &record, sizeof record))
        return false;
    dropped_add(&verdicts->dropped, record.print, record.last_s,
                since(verdicts, record.last_s * SECOND_NS));
    return true;
}

static bool load_record(struct verdicts *verdicts, struct str *blob)
{
    if (blob->at[0] == KEPT)
        return load_kept(verdicts, blob);
    return blob->at[0] == DROPPED && load_dropped(verdicts, blob);
}

void verdicts_load(struct verdicts *verdicts, struct str blob)
{
    if (!blob.len || blob.at[0] != VERSION)
        return;
    blob = str_skip(blob, 1);
    while (blob.len && load_record(verdicts, &blob))
        continue;
}

void verdicts_save(struct verdicts *verdicts, int64_t now_ns)
{
    for (uint32_t i = 0; i < verdicts->count; i++) {
        const struct kept *kept = &verdicts->entries[i];
        struct key keys[VERDICT_KEYS_MAX];
        size_t count = 0;
        for (uint32_t next = kept->first; next; next = verdicts->keys[next - 1].next)
            keys[count++] = verdicts->keys[next - 1].key;
        if (count && !is_over(verdicts, kept, now_ns))
            write_kept(verdicts, kept, keys, count);
    }
    const struct dropped *dropped = &verdicts->dropped;
    for (uint32_t i = 0; i < dropped->room; i++)
        if (dropped->prints[i] && dropped->last_s[i] >= since(verdicts, now_ns))
            write_dropped(verdicts, dropped->prints[i], dropped->last_s[i]);
    verdicts_flush(verdicts);
}
