/* agent/pipeline/letters.c - the dead letters of an output: what its far end refused for good.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/letters.h"

#include "agent/limits.h"
#include "agent/state/pack.h"
#include "agent/state/state.h"

enum { SEGMENTS_MIN = 4 };

static const int64_t QUIET_NS =
    INT64_C(10) * 1000000000; /* no letter for so long: the file is closed */
static const int64_t AGE_NS = INT64_C(60) * 1000000000; /* and after so long in any case */
static const int64_t LOOK_NS = INT64_C(1000000000);

enum code letters_name(struct letters *letters, struct writer *writer, struct str directory,
                       struct why *why)
{
    const struct host *host = letters->host;
    spool_init(&letters->spool, host->engine->files, writer, SEGMENT_DEAD, host->label);
    enum code code = spool_name(&letters->spool, directory, why);
    if (code != OK)
        return code;
    if (letters->spool.segment_bytes > letters->size_max / SEGMENTS_MIN)
        letters->spool.segment_bytes = letters->size_max / SEGMENTS_MIN;
    spool_add(&letters->spool);
    return OK;
}

enum code letters_open(struct letters *letters, struct why *why)
{
    enum code code = spool_open(&letters->spool, 0, why);
    letters->is_open = code == OK;
    return code;
}

void letters_close(struct letters *letters)
{
    spool_close(&letters->spool);
    letters->is_open = false;
}

/* --- beside the record ------------------------------------------------------------------- */

void letter_write(struct buffer *to, const struct letter *letter)
{
    pack_text(to, letter->words);
    pack_number(to, (uint64_t)letter->time_ns);
}

bool letter_read(struct str about, struct letter *ret)
{
    struct unpack from = {.rest = about};
    ret->words = unpack_text(&from);
    ret->time_ns = (int64_t)unpack_number(&from);
    return !from.failed;
}

/* --- keeping ----------------------------------------------------------------------------- */

static int64_t mono_of(const struct letters *letters)
{
    const struct clock *clock = letters->host->engine->clock;
    return clock->mono_ns(clock->self);
}

bool letters_have_room(struct letters *letters)
{
    struct host *host = letters->host;
    int64_t now_ns = mono_of(letters);
    if (spool_bytes(&letters->spool) >= letters->size_max &&
        now_ns - letters->looked_ns >= LOOK_NS) {
        letters->looked_ns = now_ns;
        spool_refresh(&letters->spool);
    }
    if (spool_bytes(&letters->spool) >= letters->size_max) {
        host_alarm(host, "letters",
                   "its dead letters fill their %llu bytes: it holds until some were sent again "
                   "(agent replay) or removed from %s*",
                   (unsigned long long)letters->size_max, letters->spool.prefix);
        return false;
    }
    host_recovered(host, "letters", "there is room for its dead letters again");
    return spool_has_room(&letters->spool);
}

static struct buffer *begin(struct letters *letters, struct str words)
{
    char about[WORDS_BYTES_MAX + 64];
    const int64_t now_ns = letters->host->engine->now_ns;
    struct buffer packed;
    buffer_init(&packed, sizeof about);
    letter_write(&packed, &(struct letter){str_slice(words, 0, WORDS_BYTES_MAX), now_ns});
    struct buffer *to =
        packed.full ? NULL : spool_begin(&letters->spool, buffer_str(&packed), now_ns);
    buffer_clear(&packed);
    return to;
}

static bool end(struct letters *letters)
{
    if (!spool_end(&letters->spool))
        return false;
    letters->newest_ns = mono_of(letters);
    return true;
}

bool letters_keep(struct letters *letters, struct str record, struct str words)
{
    struct buffer *to = begin(letters, words);
    if (!to)
        return false;
    buffer_add(to, record);
    return end(letters);
}

void letters_flush(struct letters *letters)
{
    if (letters->is_open)
        spool_flush(&letters->spool);
}

void letters_step(struct letters *letters, int64_t mono_ns)
{
    if (!letters->is_open || !letters->spool.takes_more)
        return;
    int64_t wall_ns = letters->host->engine->now_ns;
    if (mono_ns - letters->newest_ns >= QUIET_NS || wall_ns - letters->spool.made_ns >= AGE_NS)
        spool_close_segment(&letters->spool);
}

uint64_t letters_bytes(const struct letters *letters)
{
    return letters->is_open ? spool_bytes(&letters->spool) : 0;
}
