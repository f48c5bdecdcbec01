/* tests/demo/scroll.h - lines of several files that wait until it is their time to be written.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_DEMO_SCROLL_H
#define WEIR_DEMO_SCROLL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct waiting { /* a line that is not written yet */
    int64_t time_us;
    uint64_t order;
    char *text;
    size_t len;
    FILE *file;
};

struct scroll { /* a heap, the oldest line first */
    struct waiting *heap;
    size_t count, room;
    uint64_t order; /* of all lines ever added: equal times keep it */
};

/* Copies the text and ends it with a newline. */
void scroll_add(struct scroll *scroll, FILE *file, int64_t time_us, const char *text, size_t len);
/* Writes every line that is older than this moment. */
void scroll_write(struct scroll *scroll, int64_t until_us);
void scroll_clear(struct scroll *scroll);

#endif
