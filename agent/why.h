/* agent/why.h - how a function says that it failed, and why.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fallible functions return enum code and take struct why * last; library code never logs. The text
 * is one line: what was attempted, on what, what happened, what the operator can do.
 */
#ifndef WEIR_WHY_H
#define WEIR_WHY_H

enum code { OK = 0, BAD_CONFIG, OVER_LIMIT, REMOTE_FAILED, SYSTEM_FAILED };

struct why {
    enum code code;
    int sys; /* errno of the failed call, 0 if none */
    char text[240];
};

#define CHECK_RESULT __attribute__((warn_unused_result))

/* Fills why (cut at its size) and returns code. A null why is allowed. */
enum code fail(struct why *why, enum code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: appends ": " and the text of sys. Returns SYSTEM_FAILED. */
enum code fail_sys(struct why *why, int sys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
