/* agent/state/moments.c - which time it was at some offsets of a source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A restart begins at one of them, so that lines without a time get the same one as before. There
 * are few: where many batches are held at once, some are let go, and the restart reads a little
 * more.
 */
#include "agent/state/source.h"

/* Lets go the one that is missed least: its neighbours are the closest. The first stays, for the
 * rewind may be there. */
static void thin_out(struct source *source)
{
    struct moment *moments = source->moments;
    uint32_t least = 1;
    for (uint32_t i = 2; i + 1 < source->moment_count; i++)
        if (moments[i + 1].offset - moments[i - 1].offset <
            moments[least + 1].offset - moments[least - 1].offset)
            least = i;
    source->moment_count--;
    memmove(moments + least, moments + least + 1, (source->moment_count - least) * sizeof *moments);
}

void source_note_moment(struct source *source, uint64_t offset, int64_t time_ns)
{
    uint32_t count = source->moment_count;
    for (uint32_t i = count; i > 0 && !source->moments[i - 1].time_ns; i--)
        source->moments[i - 1].time_ns = time_ns; /* no event came since: it will begin with this */
    if (count && source->moments[count - 1].offset >= offset)
        return;
    if (count == SOURCE_MOMENTS)
        thin_out(source);
    source->moments[source->moment_count++] = (struct moment){offset, time_ns};
}

struct moment source_moment_before(struct source *source, uint64_t offset)
{
    uint32_t found = source->moment_count;
    while (found > 0 && source->moments[found - 1].offset > offset)
        found--;
    if (found == 0)
        return (struct moment){.offset = offset};
    source->moment_count -= found - 1;
    memmove(source->moments, source->moments + found - 1,
            source->moment_count * sizeof *source->moments);
    return source->moments[0];
}
