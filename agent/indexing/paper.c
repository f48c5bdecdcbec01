/* agent/indexing/paper.c - a document of ours on the server: looked at, written, sealed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/paper.h"

#include <inttypes.h>
#include <stdlib.h>

#include "agent/indexing/sameness.h"

/* --- marks --------------------------------------------------------------------------------- */

#define MARK_WORDS "managed by weir, version "

struct str mark_json(const struct turn *turn, const struct mark *mark)
{
    return turn_format(turn,
                       "{\"managed_by\":\"weir\",\"version\":%" PRIu64 ",\"written\":\"%016" PRIx64
                       "\",\"stored\":\"%016" PRIx64 "\"}",
                       mark->version, mark->written, mark->stored);
}

struct str mark_text(const struct turn *turn, const struct mark *mark)
{
    return turn_format(
        turn, "\"" MARK_WORDS "%" PRIu64 ", written %016" PRIx64 ", stored %016" PRIx64 "\"",
        mark->version, mark->written, mark->stored);
}

static uint64_t hex_read(struct str text)
{
    char digits[20];
    return strtoull(str_z(text, digits, sizeof digits), NULL, 16);
}

static struct mark text_read(struct str text)
{
    struct mark mark = {0};
    if (!str_starts(text, STR(MARK_WORDS)))
        return mark;
    struct cut version = str_cut_str(str_skip(text, sizeof MARK_WORDS - 1), STR(", written "));
    struct cut written = str_cut_str(version.tail, STR(", stored "));
    mark.is_ours = str_to_uint(version.head, &mark.version) && written.found;
    mark.written = hex_read(written.head);
    mark.stored = hex_read(written.tail);
    return mark;
}

static struct mark mark_read(const struct turn *turn, struct value document)
{
    struct arena *arena = turn->errand->arena;
    struct value marked = turn->paper->marked(turn, document);
    struct mark mark = {0};
    if (marked.kind != VALUE_OBJECT)
        return text_read(marked.text);
    mark.is_ours = str_equal(answer_text(marked, STR("managed_by"), arena), STR("weir")) &&
                   str_to_uint(answer_text(marked, STR("version"), arena), &mark.version);
    mark.written = hex_read(answer_text(marked, STR("written"), arena));
    mark.stored = hex_read(answer_text(marked, STR("stored"), arena));
    return mark;
}

/* What we would write now, without its mark, on a server that knows everything in it: what this one
 * lacks is not found out before it refuses. */
static uint64_t written_now(const struct turn *turn)
{
    const struct mark none = {0};
    struct indexing_errand able = *turn->talk;
    able.lacks_match_only_text = able.lacks_lifecycle = able.lacks_policies = false;
    struct turn wish = *turn;
    wish.talk = &able;
    return sameness_of(answer_read(turn->paper->body(&wish, &none)), turn->paper->skip);
}

/* --- looking ------------------------------------------------------------------------------- */

static bool look_ask(const struct turn *turn, struct request *ret)
{
    if (!turn->paper->is_wanted(turn) || turn->paper->note(turn)->state != PAPER_UNKNOWN)
        return false;
    turn_send(ret, "GET", turn->paper->path(turn), (struct str){0});
    return true;
}

static void good_look(const struct turn *turn, const char *what)
{
    if (turn->errand->kind == ERRAND_LOOK)
        errand_tell(turn->errand, FINDING_GOOD, "the %s \"%.*s\" %s", turn->paper->what,
                    STR_ARG(turn->indexing->name), what);
}

static void sequence_read(struct paper_note *note, struct value answer)
{
    int64_t sequence, term;
    note->has_sequence = value_integer(answer_member(answer, STR("_seq_no")), &sequence) &&
                         value_integer(answer_member(answer, STR("_primary_term")), &term);
    if (note->has_sequence) {
        note->sequence = (uint64_t)sequence;
        note->term = (uint64_t)term;
    }
}

static enum paper_state found(const struct turn *turn, struct value document)
{
    struct mark mark = mark_read(turn, document);
    const char *what = turn->paper->what;
    struct str name = turn->indexing->name;
    if (!mark.is_ours) {
        errand_tell(turn->errand, FINDING_DOUBT,
                    "the %s \"%.*s\" is not weir's and stays as it is: delete it to have it "
                    "written anew, or set `bootstrap` = off",
                    what, STR_ARG(name));
        return PAPER_DONE;
    }
    if (mark.stored && sameness_of(document, turn->paper->skip) != mark.stored) {
        errand_tell(turn->errand, FINDING_DOUBT,
                    "somebody changed the %s \"%.*s\", so it stays as it is: delete it to have it "
                    "written anew, or set `bootstrap` = off",
                    what, STR_ARG(name));
        return PAPER_DONE;
    }
    bool is_newer = mark.version > PAPER_VERSION;
    if (is_newer ||
        (mark.stored && mark.version == PAPER_VERSION && mark.written == written_now(turn))) {
        good_look(turn, is_newer ? "is of a later weir" : "is in place");
        return PAPER_DONE;
    }
    good_look(turn, "is there, and will be brought up to date before the first event");
    return PAPER_WANTED;
}

static void tell_forbidden(const struct turn *turn)
{
    errand_tell(turn->errand, FINDING_DOUBT,
                "the %s \"%.*s\" may not be looked after: grant the cluster privilege \"%s\", or "
                "set `bootstrap` = off",
                turn->paper->what, STR_ARG(turn->indexing->name), turn->paper->privilege(turn));
}

static void look_hear(const struct turn *turn, const struct reply *reply)
{
    struct paper_note *note = turn->paper->note(turn);
    struct value answer = answer_read(reply->body);
    struct value document = turn->paper->document(turn, answer);
    note->state = PAPER_DONE;
    if (reply->status == 403) {
        tell_forbidden(turn);
    } else if (reply->status == 200 && document.kind == VALUE_OBJECT) {
        sequence_read(note, answer);
        note->state = found(turn, document);
    } else if (reply->status == 404 || reply->status == 200) {
        good_look(turn, "will be written before the first event");
        note->state = PAPER_WANTED;
    } else if (turn->paper->is_unknown(turn, reply)) {
        turn_again(turn);
    }
}

const struct step paper_look = {look_ask, look_hear};

/* --- writing, reading back, sealing -------------------------------------------------------- */

static struct str put_path(const struct turn *turn)
{
    const struct paper_note *note = turn->paper->note(turn);
    struct str path = turn->paper->path(turn);
    if (!note->has_sequence)
        return path;
    return turn_format(turn, "%.*s?if_seq_no=%" PRIu64 "&if_primary_term=%" PRIu64, STR_ARG(path),
                       note->sequence, note->term);
}

static bool put_ask(const struct turn *turn, enum paper_state state, struct request *ret)
{
    const struct paper_note *note = turn->paper->note(turn);
    if (turn->errand->kind != ERRAND_PREPARE || note->state != state ||
        !turn->paper->is_wanted(turn))
        return false;
    const struct mark mark = {
        .version = PAPER_VERSION, .written = written_now(turn), .stored = note->stored};
    turn_send(ret, "PUT", put_path(turn), turn->paper->body(turn, &mark));
    return true;
}

static bool write_ask(const struct turn *turn, struct request *ret)
{
    return put_ask(turn, PAPER_WANTED, ret);
}

static bool is_taken(const struct reply *reply)
{
    return reply->status == 200 || reply->status == 201;
}

static void write_hear(const struct turn *turn, const struct reply *reply)
{
    struct paper_note *note = turn->paper->note(turn);
    if (is_taken(reply)) {
        note->state = PAPER_WRITTEN;
        errand_tell(turn->errand, FINDING_GOOD, "wrote the %s \"%.*s\"", turn->paper->what,
                    STR_ARG(turn->indexing->name));
        return;
    }
    note->state = PAPER_DONE;
    if (reply->status == 403)
        tell_forbidden(turn);
    else if (reply->status == 409)
        return; /* another agent was quicker */
    else if (turn->paper->is_unknown(turn, reply)) {
        note->state = PAPER_WANTED;
        turn_again(turn);
    } else {
        errand_tell(
            turn->errand, FINDING_DOUBT,
            "the %s \"%.*s\" was refused, so write your own and set `bootstrap` = off: %.*s",
            turn->paper->what, STR_ARG(turn->indexing->name), STR_ARG(turn_words(turn, reply)));
    }
}

const struct step paper_write = {write_ask, write_hear};

static bool read_ask(const struct turn *turn, struct request *ret)
{
    if (turn->paper->note(turn)->state != PAPER_WRITTEN)
        return false;
    turn_send(ret, "GET", turn->paper->path(turn), (struct str){0});
    return true;
}

static void read_hear(const struct turn *turn, const struct reply *reply)
{
    struct paper_note *note = turn->paper->note(turn);
    struct value answer = answer_read(reply->body);
    struct value document = turn->paper->document(turn, answer);
    note->state = PAPER_DONE; /* unsealed, it is written again at the next start */
    if (reply->status != 200 || document.kind != VALUE_OBJECT)
        return;
    sequence_read(note, answer);
    note->stored = sameness_of(document, turn->paper->skip);
    note->state = PAPER_READ;
}

const struct step paper_read = {read_ask, read_hear};

static bool seal_ask(const struct turn *turn, struct request *ret)
{
    return put_ask(turn, PAPER_READ, ret);
}

static void seal_hear(const struct turn *turn, const struct reply *reply)
{
    (void)reply;
    turn->paper->note(turn)->state = PAPER_DONE;
}

const struct step paper_seal = {seal_ask, seal_hear};
