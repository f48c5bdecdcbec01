/* agent/state/writer.c - the disk writer: output bytes and journal blobs, in order, none lost.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every bundle is one step that may be tried again as a whole. Written bytes stay in memory until
 * their stream was synced: a sync that failed once may lie the second time (the kernel marks lost
 * pages clean), so the second try writes them again.
 */
#include "agent/state/writer.h"

#include <errno.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/state/inside.h"
#include "agent/state/news.h"
#include "agent/state/stream.h"

enum {
    BUNDLES_MAX = 256, /* on their way at once; also the rooms of both mailboxes */
    COMMITS_MAX = 4,   /* a commit waits for its sync; more of them would only wait longer */
    RETRY_MS_FIRST = 100,
    RETRY_MS_MAX = 5000,
    PIPE_MS = 1, /* a reader that is slow is no failure */
    ANSWER_MS = 1,
};

struct writer {
    const struct files *files;
    struct journal *journal;
    uint32_t stream_count;
    struct mailbox inbox, answers;

    /* the lane's */
    struct chain idle, outgoing; /* outgoing: the mailbox was full */
    size_t bytes_max, bytes_out; /* of memory, used or not */
    size_t uncommitted_bytes;
    uint32_t bundles_out, commits_out;
    uint64_t synced;
    bool has_uncommitted, is_ailing;

    /* the disk writer's */
    _Alignas(64) struct bundle *doing;
    struct chain unsynced;          /* written, and not known to be on disk */
    struct chain answering;         /* done, and the mailbox was full */
    bool must_rewrite[STREAMS_MAX]; /* a sync failed since */
    bool stopped;
    int trouble;         /* errno of the failure that is being waited for */
    uint32_t works_at;   /* stream or WRITER_JOURNAL */
    uint32_t trouble_at; /* the same, of what was told */
    bool trouble_told;
    int pause_ms;
    int64_t retry_at_ns;

    /* The last: 270 KB that stay untouched until there are so many. */
    struct stream streams[STREAMS_MAX];
};

struct writer *writer_make(const struct files *files, struct journal *journal, size_t bytes_max)
{
    struct writer *writer = memory_make(sizeof *writer);
    if (!writer)
        return NULL;
    memset(writer, 0, offsetof(struct writer, streams));
    writer->files = files;
    writer->journal = journal;
    writer->bytes_max = bytes_max;
    if (mailbox_init(&writer->inbox, BUNDLES_MAX, NULL) == OK &&
        mailbox_init(&writer->answers, BUNDLES_MAX, NULL) == OK)
        return writer;
    writer_free(writer);
    return NULL;
}

void writer_free(struct writer *writer)
{
    if (!writer)
        return;
    for (uint32_t i = 0; i < writer->stream_count; i++)
        stream_close(&writer->streams[i]);
    struct bundle *bundle;
    while (writer->inbox.slots && (bundle = mailbox_take(&writer->inbox)) != NULL)
        bundle_free(bundle);
    while (writer->answers.slots && (bundle = mailbox_take(&writer->answers)) != NULL)
        bundle_free(bundle);
    chain_free(&writer->idle);
    chain_free(&writer->outgoing);
    chain_free(&writer->unsynced);
    chain_free(&writer->answering);
    bundle_free(writer->doing);
    mailbox_clear(&writer->inbox);
    mailbox_clear(&writer->answers);
    memory_free(writer);
}

uint32_t writer_add_stream(struct writer *writer, struct str label, const struct byte_stream *to)
{
    MUST(writer->stream_count < STREAMS_MAX);
    stream_init(&writer->streams[writer->stream_count], writer->files, label, to);
    return writer->stream_count++;
}

uint32_t writer_add_segments(struct writer *writer, struct str label, struct str prefix)
{
    MUST(writer->stream_count < STREAMS_MAX);
    stream_init_segments(&writer->streams[writer->stream_count], writer->files, label, prefix);
    return writer->stream_count++;
}

struct stream *writer_stream(struct writer *writer, uint32_t stream)
{
    MUST(stream < writer->stream_count);
    return &writer->streams[stream];
}

uint32_t writer_stream_count(const struct writer *writer)
{
    return writer->stream_count;
}

void writer_pack_streams(const struct writer *writer, struct buffer *to)
{
    size_t section = pack_begin(to, SECTION_STREAMS);
    for (uint32_t i = 0; i < writer->stream_count; i++)
        if (writer->streams[i].is_open && !writer->streams[i].is_pipe)
            stream_pack(&writer->streams[i], to);
    pack_end(to, section);
}

struct mailbox *writer_inbox(struct writer *writer)
{
    return &writer->inbox;
}

struct mailbox *writer_answers(struct writer *writer)
{
    return &writer->answers;
}

/* --- the lane's side --------------------------------------------------------------------- */

static void send(struct writer *writer, struct bundle *bundle, enum bundle_kind kind)
{
    bundle->kind = (uint8_t)kind;
    bundle->counted = bundle->bytes.room;
    writer->bytes_out += bundle->counted;
    writer->bundles_out++;
    chain_put(&writer->outgoing, bundle);
    (void)chain_send(&writer->outgoing, &writer->inbox); /* the rest follows in writer_collect() */
}

static struct bundle *take_idle(struct writer *writer)
{
    struct bundle *bundle = chain_take(&writer->idle);
    if (!bundle)
        return bundle_make(BUNDLE_BYTES);
    buffer_reset(&bundle->bytes);
    bundle->done = 0;
    bundle->at = 0;
    bundle->is_placed = false;
    return bundle;
}

/* What is waited for comes in waves: memory is kept for the next one, but for no more than that. */
static void put_idle(struct writer *writer, struct bundle *bundle)
{
    if (writer->idle.room + bundle->bytes.room > writer->bytes_max / 2)
        buffer_clear(&bundle->bytes);
    chain_put(&writer->idle, bundle);
}

struct bundle *writer_take(struct writer *writer)
{
    if (writer->bytes_out >= writer->bytes_max || writer->bundles_out >= BUNDLES_MAX - COMMITS_MAX)
        return NULL;
    return take_idle(writer);
}

void writer_give_back(struct writer *writer, struct bundle *bundle)
{
    put_idle(writer, bundle);
}

void writer_append(struct writer *writer, struct bundle *bundle, uint32_t stream)
{
    MUST(stream < writer->stream_count);
    if (!bundle->bytes.len) {
        writer_give_back(writer, bundle);
        return;
    }
    bundle->stream = stream;
    writer->has_uncommitted = true;
    writer->uncommitted_bytes += bundle->bytes.len;
    send(writer, bundle, BUNDLE_BYTES);
}

void writer_append_segment(struct writer *writer, struct bundle *bundle, uint32_t stream,
                           uint64_t base)
{
    bundle->base = base;
    writer_append(writer, bundle, stream);
}

struct bundle *writer_take_commit(struct writer *writer)
{
    return writer->commits_out < COMMITS_MAX ? take_idle(writer) : NULL;
}

void writer_commit(struct writer *writer, struct bundle *bundle, bool is_snapshot)
{
    MUST(!bundle->bytes.full);
    writer->commits_out++;
    writer->has_uncommitted = false;
    writer->uncommitted_bytes = 0;
    bundle->done = bundle->bytes.len;
    send(writer, bundle, is_snapshot ? BUNDLE_SNAPSHOT : BUNDLE_COMMIT);
}

bool writer_has_uncommitted(const struct writer *writer)
{
    return writer->has_uncommitted;
}

size_t writer_uncommitted_bytes(const struct writer *writer)
{
    return writer->uncommitted_bytes;
}

static bool send_order(struct writer *writer, enum bundle_kind kind)
{
    struct bundle *bundle = take_idle(writer);
    if (!bundle)
        return false;
    send(writer, bundle, kind);
    return true;
}

bool writer_reopen(struct writer *writer)
{
    return send_order(writer, BUNDLE_REOPEN);
}

bool writer_close_segment(struct writer *writer, uint32_t stream)
{
    struct bundle *bundle = take_idle(writer);
    if (!bundle)
        return false;
    bundle->stream = stream;
    send(writer, bundle, BUNDLE_CLOSE);
    return true;
}

bool writer_stop(struct writer *writer)
{
    return send_order(writer, BUNDLE_STOP);
}

static bool tell(struct bundle *bundle, struct writer_news *ret)
{
    *ret = *bundle->news;
    bundle_free(bundle);
    return true;
}

bool writer_collect(struct writer *writer, struct writer_news *ret)
{
    struct bundle *bundle;
    while ((bundle = mailbox_take(&writer->answers)) != NULL) {
        if (bundle->kind == BUNDLE_NEWS) {
            writer->is_ailing = !bundle->news->healed;
            return tell(bundle, ret);
        }
        bool is_commit = bundle->kind == BUNDLE_COMMIT || bundle->kind == BUNDLE_SNAPSHOT;
        writer->bytes_out -= bundle->counted;
        writer->bundles_out--;
        if (is_commit) {
            writer->commits_out--;
            writer->synced = bundle->ticket;
        }
        put_idle(writer, bundle);
    }
    (void)chain_send(&writer->outgoing, &writer->inbox);
    return false;
}

uint64_t writer_synced(const struct writer *writer)
{
    return writer->synced;
}

bool writer_is_ailing(const struct writer *writer)
{
    return writer->is_ailing;
}

bool writer_is_idle(const struct writer *writer)
{
    return writer->bundles_out == 0;
}

void writer_rest(struct writer *writer)
{
    chain_free(&writer->idle);
}

/* --- the disk writer's side -------------------------------------------------------------- */

static void answer(struct writer *writer, struct bundle *bundle)
{
    chain_put(&writer->answering, bundle);
}

static int write_rest(struct stream *stream, struct bundle *bundle)
{
    while (bundle->done < bundle->bytes.len) {
        int wrong = stream_write(stream, buffer_str(&bundle->bytes), bundle->at, &bundle->done);
        if (wrong)
            return wrong;
    }
    return 0;
}

/* Syncs a stream and sends home what of it is on disk. */
static int sync_stream(struct writer *writer, uint32_t number)
{
    struct stream *stream = &writer->streams[number];
    int wrong = 0;
    for (struct bundle *bundle = writer->unsynced.first; bundle && writer->must_rewrite[number];
         bundle = bundle->next) {
        if (bundle->stream != number)
            continue;
        bundle->done = 0;
        wrong = write_rest(stream, bundle);
        if (wrong)
            return wrong;
    }
    wrong = stream_sync(stream);
    writer->must_rewrite[number] = wrong != 0;
    if (wrong)
        return wrong;
    struct chain others = {0};
    struct bundle *bundle;
    while ((bundle = chain_take(&writer->unsynced)) != NULL) {
        if (bundle->stream == number)
            answer(writer, bundle);
        else
            chain_put(&others, bundle);
    }
    writer->unsynced = others;
    return 0;
}

/* Goes on in another file. The journal names it before a byte goes in, so that a crash before the
 * next commit finds it and cuts it back to what it was. */
static int go_on_in(struct writer *writer, struct stream *stream, struct stream *next)
{
    struct buffer record;
    buffer_init(&record, RECORD_BYTES_MAX);
    size_t begun = record_begin(&record);
    size_t section = pack_begin(&record, SECTION_STREAM);
    stream_pack(next, &record);
    pack_end(&record, section);
    int wrong = record.full ? ENOMEM : 0;
    if (!wrong) {
        record_end(&record, begun);
        wrong = journal_append(writer->journal, buffer_str(&record));
    }
    buffer_clear(&record);
    if (wrong) {
        stream_close(next);
        return wrong;
    }
    stream_close(stream);
    next->is_changed = true;
    *stream = *next;
    return 0;
}

/* To the file that stands at the path now. */
static int change_file(struct writer *writer, uint32_t number)
{
    struct stream *stream = &writer->streams[number], next;
    int wrong = stream_open_next(stream, &next);
    return wrong ? wrong : go_on_in(writer, stream, &next);
}

static int change_segment(struct writer *writer, uint32_t number, uint64_t base)
{
    struct stream *stream = &writer->streams[number], next;
    int wrong = stream->is_open ? sync_stream(writer, number) : 0;
    if (!wrong)
        wrong = stream_open_segment(stream, base, &next);
    return wrong ? wrong : go_on_in(writer, stream, &next);
}

static int rotate(struct writer *writer, uint32_t number)
{
    int wrong = sync_stream(writer, number);
    if (!wrong)
        wrong = stream_rotate(&writer->streams[number]);
    return wrong ? wrong : change_file(writer, number);
}

static int do_bytes(struct writer *writer, struct bundle *bundle)
{
    struct stream *stream = &writer->streams[bundle->stream];
    int wrong = 0;
    if (stream->is_segmented && (!stream->is_open || stream->base != bundle->base))
        wrong = change_segment(writer, bundle->stream, bundle->base);
    else if (!bundle->is_placed && stream_must_rotate(stream, bundle->bytes.len))
        wrong = rotate(writer, bundle->stream);
    if (wrong)
        return wrong;
    if (!bundle->is_placed) {
        bundle->at = stream->length;
        bundle->is_placed = true;
        stream->length += bundle->bytes.len;
        stream->is_changed = true;
    }
    wrong = write_rest(stream, bundle);
    if (wrong)
        return wrong;
    if (stream->is_pipe)
        answer(writer, bundle);
    else
        chain_put(&writer->unsynced, bundle);
    return 0;
}

static int write_journal(struct writer *writer, const struct bundle *bundle)
{
    struct journal *journal = writer->journal;
    struct str records = buffer_str(&bundle->bytes);
    if (bundle->kind == BUNDLE_COMMIT)
        return journal_append(journal, records);
    int wrong = journal_new_begin(journal);
    if (!wrong)
        wrong = journal_new_add(journal, records);
    if (!wrong)
        wrong = journal_new_finish(journal);
    if (wrong)
        journal_new_drop(journal);
    return wrong;
}

static int do_commit(struct writer *writer, struct bundle *bundle)
{
    for (uint32_t i = 0; i < writer->stream_count; i++) {
        if (!writer->streams[i].is_changed)
            continue;
        writer->works_at = i;
        int wrong = sync_stream(writer, i);
        if (wrong)
            return wrong;
        writer->streams[i].is_changed = false;
    }
    writer->works_at = WRITER_JOURNAL;
    bundle->bytes.len = bundle->done; /* an earlier try added this too */
    writer_pack_streams(writer, &bundle->bytes);
    if (bundle->bytes.full) {
        bundle->bytes.full = false;
        return ENOMEM;
    }
    record_end(&bundle->bytes, (size_t)bundle->at);
    int wrong = write_journal(writer, bundle);
    if (!wrong)
        answer(writer, bundle);
    return wrong;
}

static int do_reopen(struct writer *writer, struct bundle *bundle)
{
    for (uint32_t i = 0; i < writer->stream_count; i++) {
        writer->works_at = i;
        if (writer->streams[i].is_segmented || stream_is_at_path(&writer->streams[i]))
            continue;
        int wrong = sync_stream(writer, i);
        if (!wrong)
            wrong = change_file(writer, i);
        if (wrong)
            return wrong;
    }
    answer(writer, bundle);
    return 0;
}

static int do_close(struct writer *writer, struct bundle *bundle)
{
    struct stream *stream = &writer->streams[bundle->stream];
    int wrong = stream->is_open ? sync_stream(writer, bundle->stream) : 0;
    if (wrong)
        return wrong;
    stream_close(stream);
    stream->is_changed = false;
    answer(writer, bundle);
    return 0;
}

static int do_bundle(struct writer *writer, struct bundle *bundle)
{
    switch ((enum bundle_kind)bundle->kind) {
    case BUNDLE_BYTES:
        writer->works_at = bundle->stream;
        return do_bytes(writer, bundle);
    case BUNDLE_COMMIT:
    case BUNDLE_SNAPSHOT:
        return do_commit(writer, bundle);
    case BUNDLE_REOPEN:
        return do_reopen(writer, bundle);
    case BUNDLE_CLOSE:
        writer->works_at = bundle->stream;
        return do_close(writer, bundle);
    case BUNDLE_STOP:
        writer->stopped = true;
        answer(writer, bundle);
        return 0;
    case BUNDLE_NEWS:
        break;
    }
    MUST(bundle->kind != BUNDLE_NEWS); /* that goes the other way */
    return 0;
}

/* --- failures: told once, tried again until they heal ------------------------------------ */

static void send_news(struct writer *writer, int sys, bool healed)
{
    struct bundle *bundle = bundle_make(BUNDLE_NEWS);
    struct writer_news *news = memory_make(sizeof *news);
    if (!bundle || !news) {
        bundle_free(bundle);
        memory_free(news);
        return; /* what is written goes on; only this line is missing */
    }
    const char *path = writer->journal->path;
    if (writer->trouble_at != WRITER_JOURNAL)
        path = writer->streams[writer->trouble_at].path;
    *news = news_of(writer->trouble_at, path, sys, healed);
    bundle->news = news;
    answer(writer, bundle);
}

static void meet_trouble(struct writer *writer, int sys, int64_t mono_ns)
{
    if (sys == EAGAIN) {
        writer->pause_ms = PIPE_MS;
    } else if (!writer->trouble_told) {
        writer->trouble_told = true;
        writer->trouble_at = writer->works_at;
        writer->pause_ms = RETRY_MS_FIRST;
        send_news(writer, sys, false);
    } else {
        writer->pause_ms *= 2;
        if (writer->pause_ms > RETRY_MS_MAX)
            writer->pause_ms = RETRY_MS_MAX;
    }
    writer->trouble = sys;
    writer->retry_at_ns = mono_ns + (int64_t)writer->pause_ms * 1000000;
}

static void end_trouble(struct writer *writer)
{
    if (writer->trouble_told)
        send_news(writer, writer->trouble, true);
    writer->trouble = 0;
    writer->trouble_told = false;
}

static int result(struct writer *writer)
{
    bool all_told = chain_send(&writer->answering, &writer->answers);
    if (writer->trouble)
        return writer->pause_ms;
    if (!all_told)
        return ANSWER_MS;
    return writer->stopped ? WRITER_STOPPED : WRITER_IDLE;
}

int writer_step(struct writer *writer, int64_t mono_ns)
{
    if (writer->trouble && mono_ns < writer->retry_at_ns)
        return result(writer);
    while (!writer->stopped) {
        if (!writer->doing)
            writer->doing = mailbox_take(&writer->inbox);
        if (!writer->doing)
            break;
        int wrong = do_bundle(writer, writer->doing);
        if (wrong) {
            meet_trouble(writer, wrong, mono_ns);
            break;
        }
        writer->doing = NULL;
        if (writer->trouble)
            end_trouble(writer);
        (void)chain_send(&writer->answering, &writer->answers);
    }
    return result(writer);
}
