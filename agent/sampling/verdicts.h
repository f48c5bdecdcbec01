/* agent/sampling/verdicts.h - what was decided, for late events and restarts.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A verdict outranks the configuration and the dice: whoever edits a rate, or is killed between a
 * verdict and the events it lets go, must not split a trace. So every verdict is written down
 * (decisions/0006) before anything of its trace leaves, and kept until `remember` of stream time
 * has passed since the trace's last event. Both memories are bounded; the oldest is forgotten
 * first, is counted, and then the dice decide again.
 */
#ifndef WEIR_VERDICTS_H
#define WEIR_VERDICTS_H

#include "agent/data/arena.h"
#include "agent/sampling/dropped.h"
#include "agent/sampling/key.h"

#define TICKET_PENDING UINT64_MAX /* not handed to the journal yet: never synced */

enum { VERDICT_KEYS_MAX = 128 }; /* ids under one remembered verdict; a trace with more has several */

struct kept {        /* a trace that was kept */
    int64_t last_ns; /* stream time of its last event */
    uint64_t ticket; /* of the journal; what leaves waits for it. Set by verdicts_flush() */
    uint32_t weight;
    uint16_t reason, rule;  /* texts */
    uint32_t first;         /* its keys, the table's own */
    bool is_loaded;         /* from a run before this one */
    struct trace_name name; /* to stamp on events without a trace id */
};

struct kept_key { /* open addressing; entry 0: empty */
    struct key key;
    uint32_t entry, next; /* + 1 each: of entries, of the entry's next key */
};

struct journal { /* where blobs go; returns a ticket */
    uint64_t (*remember)(void *context, struct str blob);
    void *context;
};

struct verdicts {
    struct journal journal;
    int64_t remember_ns;
    struct kept *entries; /* oldest first */
    struct kept_key *keys;
    uint32_t count, room;         /* of entries */
    uint32_t key_count, key_room; /* of keys */
    uint32_t kept_max;
    struct dropped dropped;
    char *blob;           /* not yet given to the journal */
    size_t blob_size;
    uint32_t written;   /* entries before this one have their ticket */
    uint64_t last_ticket;
    uint64_t forgotten;
    struct arena arena; /* texts that came from the journal */
    struct str *texts;
    uint16_t text_count;
};

/* The bounds are those of limits.h unless the caller lowers kept_max and dropped.max afterwards. */
bool verdicts_init(struct verdicts *verdicts, int64_t remember_ns, struct journal journal);
void verdicts_clear(struct verdicts *verdicts);
size_t verdicts_bytes(const struct verdicts *verdicts);
uint64_t verdicts_forgotten(const struct verdicts *verdicts);

/* The number of a reason or rule; text is copied. */
uint16_t verdicts_text(struct verdicts *verdicts, struct str text);
struct str verdicts_text_str(const struct verdicts *verdicts, uint16_t text);

/* What is known of a key and not yet over; null if nothing. Valid until the next verdict. */
struct kept *verdicts_kept(const struct verdicts *verdicts, struct key key, int64_t now_ns);
bool verdicts_dropped(const struct verdicts *verdicts, struct key key, int64_t now_ns);
/* A late event came: its verdict lives on from here. */
void verdicts_renew_dropped(struct verdicts *verdicts, struct key key, int64_t now_ns);

/* A verdict on up to VERDICT_KEYS_MAX ids; last_ns, weight, reason, rule and name of `what` count. */
void verdicts_keep(struct verdicts *verdicts, const struct kept *what, const struct key *keys,
                   size_t count);
void verdicts_drop(struct verdicts *verdicts, struct key key, int64_t last_ns);
/* What a verdict given so far must wait for, if nothing better is known. */
uint64_t verdicts_ticket(const struct verdicts *verdicts);
/* Hands what was decided to the journal; the ticket that covers everything so far. */
uint64_t verdicts_flush(struct verdicts *verdicts);

/* One blob of an earlier run: bad bytes end it, what stood before them counts. */
void verdicts_load(struct verdicts *verdicts, struct str blob);
/* Gives all that is still worth keeping to the journal again. */
void verdicts_save(struct verdicts *verdicts, int64_t now_ns);

#endif
