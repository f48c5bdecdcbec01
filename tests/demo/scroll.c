/* tests/demo/scroll.c - lines of several files that wait until it is their time to be written.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/demo/scroll.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_before(const struct waiting *a, const struct waiting *b)
{
    return a->time_us != b->time_us ? a->time_us < b->time_us : a->order < b->order;
}

static void push(struct scroll *scroll, struct waiting new)
{
    if (scroll->count == scroll->room) {
        scroll->room = scroll->room ? scroll->room * 2 : 1024;
        scroll->heap = realloc(scroll->heap, scroll->room * sizeof *scroll->heap);
        if (!scroll->heap)
            abort();
    }
    size_t at = scroll->count++;
    for (; at > 0 && is_before(&new, &scroll->heap[(at - 1) / 2]); at = (at - 1) / 2)
        scroll->heap[at] = scroll->heap[(at - 1) / 2];
    scroll->heap[at] = new;
}

static struct waiting pop(struct scroll *scroll)
{
    struct waiting first = scroll->heap[0], last = scroll->heap[--scroll->count];
    size_t at = 0, child;
    while ((child = at * 2 + 1) < scroll->count) {
        if (child + 1 < scroll->count && is_before(&scroll->heap[child + 1], &scroll->heap[child]))
            child++;
        if (!is_before(&scroll->heap[child], &last))
            break;
        scroll->heap[at] = scroll->heap[child];
        at = child;
    }
    scroll->heap[at] = last;
    return first;
}

void scroll_add(struct scroll *scroll, FILE *file, int64_t time_us, const char *text, size_t len)
{
    struct waiting new = {time_us, scroll->order++, malloc(len + 1), len + 1, file};
    if (!new.text)
        abort();
    memcpy(new.text, text, len);
    new.text[len] = '\n';
    push(scroll, new);
}

void scroll_write(struct scroll *scroll, int64_t until_us)
{
    while (scroll->count > 0 && scroll->heap[0].time_us < until_us) {
        struct waiting line = pop(scroll);
        fwrite(line.text, 1, line.len, line.file);
        free(line.text);
    }
}

void scroll_clear(struct scroll *scroll)
{
    while (scroll->count > 0)
        free(pop(scroll).text);
    free(scroll->heap);
}
