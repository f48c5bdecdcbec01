/* agent/config/outside.h - what a configuration brings in: files, the environment.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_OUTSIDE_H
#define WEIR_OUTSIDE_H

#include "agent/config/context.h"

/* The whole file, in the arena; at most CONFIG_BYTES_MAX. */
enum code outside_read(struct context *context, const char *path, struct str *ret, struct why *why) CHECK_RESULT;
/* path, seen from the directory of the file `from` unless it begins with a slash. */
const char *outside_path(struct context *context, const char *from, struct str path);

/* A let sees only those above it, so none can go round in a circle. */
void lets_check(struct context *context);

#endif
