/* agent/indexing/paper.h - a document of ours on the server: looked at, written, sealed. For this room alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Servers do not give back what they were given: they add defaults and spell settings anew. So a paper is written,
 * read back, and written again with a mark that holds the number (sameness.h) of what was read: whoever changes it
 * later changes that number. Decision 0010.
 */
#ifndef WEIR_PAPER_H
#define WEIR_PAPER_H

#include "agent/indexing/talk.h"

enum { PAPER_VERSION = 1 }; /* of what we write; a higher one replaces a lower one */

struct mark { /* what stands in a paper about it */
    bool is_ours;
    uint64_t version;
    uint64_t written, stored; /* what we wrote, what the server made of it; 0: not sealed */
};

struct paper {
    const char *what;
    const char *skip;                      /* members that do not count, for sameness_of() */
    struct paper_note *(*note)(const struct turn *turn);
    bool (*is_wanted)(const struct turn *turn);
    struct str (*path)(const struct turn *turn);
    struct str (*body)(const struct turn *turn, const struct mark *mark);
    struct value (*document)(const struct turn *turn, struct value answer); /* the paper in an answer to GET */
    struct value (*marked)(const struct turn *turn, struct value document); /* where mark_json() or mark_text() was put */
    const char *(*privilege)(const struct turn *turn);
    /* The server does not know the kind of paper at all, or (on writing) something in it. True: ask again. */
    bool (*is_unknown)(const struct turn *turn, const struct reply *reply);
};
extern const struct paper paper_policy, paper_template;
extern const struct step paper_look, paper_write, paper_read, paper_seal;

/* A mark as a JSON object, and as words for papers that have no room for one (in JSON quotes). */
struct str mark_json(const struct turn *turn, const struct mark *mark);
struct str mark_text(const struct turn *turn, const struct mark *mark);

#endif
