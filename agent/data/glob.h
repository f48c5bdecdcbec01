/* agent/data/glob.h - path patterns: * and ? within a name, [a-z] and [!a-z], ** for any directories.
 * SPDX-License-Identifier: Apache-2.0
 *
 * As in a shell, * and ? do not match a leading dot, and nothing but ** crosses a slash.
 */
#ifndef WEIR_GLOB_H
#define WEIR_GLOB_H

#include "agent/data/str.h"

bool glob_is_pattern(struct str text);                    /* it has one of * ? [ */
bool glob_name_matches(struct str pattern, struct str name); /* one segment, without slashes */
bool glob_matches(struct str pattern, struct str path);

#endif
