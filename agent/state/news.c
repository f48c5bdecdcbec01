/* agent/state/news.c - what the disk writer tells of a failure, and of its end.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/news.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *what_to_do(int sys)
{
    switch (sys) {
    case ENOSPC:
    case EDQUOT:
        return "free some space; nothing is lost, inputs wait";
    case EROFS:
        return "the file system became read-only; nothing is lost, inputs wait";
    case EPIPE:
        return "its reader has gone";
    default:
        return "trying again; nothing is lost, inputs wait";
    }
}

struct writer_news news_of(uint32_t stream, const char *path, int sys, bool healed)
{
    struct writer_news news = {.stream = stream, .sys = sys, .healed = healed};
    const char *name = path[0] ? path : "standard output";
    char why[96];
    if (healed)
        snprintf(news.text, sizeof news.text, "writing %.120s works again", name);
    else
        snprintf(news.text, sizeof news.text, "cannot write %.100s: %s (%s)", name,
                 strerror_r(sys, why, sizeof why), what_to_do(sys));
    return news;
}
