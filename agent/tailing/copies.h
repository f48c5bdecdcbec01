/* agent/tailing/copies.h - copytruncate: a file is copied, then cut to nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The copy has all that the file had, so it takes over the file's serial and marks, and the file begins anew as
 * another one. Until the cut happens a copy only looks like a new file that begins like one we follow.
 */
#ifndef WEIR_COPIES_H
#define WEIR_COPIES_H

#include "agent/tailing/follow.h"

/* Looks in the directory of a truncated file (whose descriptor was given away) for its copy. True: the follow is
 * the copy now, open and renamed. A follow without a source that was that copy is removed. */
bool copies_take(struct follows *follows, struct follow *truncated);

/* Might this new file be a copy in the making? It is as long as another's head at least, and alike at both ends; or
 * the other was cut already, which its is_truncated then says. */
bool copies_suspect(struct follows *follows, struct follow *young);

#endif
