/* agent/state/news.h - what the disk writer tells of a failure, and of its end.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_NEWS_H
#define WEIR_NEWS_H

#include <stdbool.h>
#include <stdint.h>

struct writer_news {
    uint32_t stream; /* WRITER_JOURNAL: the journal */
    int sys;         /* errno */
    bool healed;     /* it works again */
    char text[240];  /* one line, what to do included */
};
#define WRITER_JOURNAL UINT32_MAX

/* path: empty for standard output. */
struct writer_news news_of(uint32_t stream, const char *path, int sys, bool healed);

#endif
