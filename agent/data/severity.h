/* agent/data/severity.h - the words and numbers of every logger to OpenTelemetry's SeverityNumber.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SEVERITY_H
#define WEIR_SEVERITY_H

#include "agent/data/str.h"

enum { /* the smallest number of each range */
    SEVERITY_NONE = 0,
    SEVERITY_TRACE = 1,
    SEVERITY_DEBUG = 5,
    SEVERITY_INFO = 9,
    SEVERITY_WARN = 13,
    SEVERITY_ERROR = 17,
    SEVERITY_FATAL = 21,
    SEVERITY_MAX = 24,
};

/* "INFO", "warning", "SEVERE", "fail", "E", slog's "INFO+2"...; either case. 0: no level word. */
uint8_t severity_from_word(struct str word);
/* The numbers that only pino and bunyan write: 10, 20 ... 60. 0: some other number. */
uint8_t severity_from_number(int64_t number);
/* RFC 5424: 0 emergency to 7 debug; others give 0. */
uint8_t severity_from_syslog(int64_t level);
/* "trace", "debug", "info", "warn", "error", "fatal"; "" for 0 and what is out of range. */
struct str severity_word(uint8_t severity);

#endif
