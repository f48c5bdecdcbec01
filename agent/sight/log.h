/* agent/sight/log.h - the operator's log: one line per change of state on standard error, never per event.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/data/str.h"

enum log_level { LOG_INFO = 0, LOG_WARN, LOG_ERROR };

/* "12:03:11 warn  tail \"gateway\": ..." Control bytes in the text are shown as '?': what a file is called is
 * chosen by strangers. component may be null. Any thread. */
void log_line(enum log_level level, const char *component, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tests: lines go here instead of standard error; null turns that off. */
void log_capture(void (*sink)(void *context, const char *line), void *context);

/* Which alarms are raised now, so that each is told once when it comes and once when it goes. */
struct alarms {
    uint64_t few[32];  /* hashes of component and key: without memory the first ones are told once, too */
    uint64_t *more;
    uint32_t count, room; /* room: of more */
};

void alarms_clear(struct alarms *alarms);
/* True when the alarm was not raised before (or the table is full of others: then it is told each time). */
bool alarms_raise(struct alarms *alarms, struct str component, struct str key);
bool alarms_lower(struct alarms *alarms, struct str component, struct str key);

#endif
