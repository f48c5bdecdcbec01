/* agent/tailing/rescue.h - what is still needed of a file that was unlinked, kept in the state directory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An unlinked file lives as long as our descriptor, but what was read of it may have no outcome for much longer: a trace
 * is held, an output is away. So from a second after the deletion on, the bytes that the next start would read again
 * are copied: to the same offsets of a sparse file named for the serial, with the head that identifies it. The next start
 * reads the copy under the old serial, so ids, times and traces are the same. It goes when nothing of it is open
 * and the journal on disk says so.
 */
#ifndef WEIR_RESCUE_H
#define WEIR_RESCUE_H

#include "agent/tailing/tailing.h"

/* Copies what came since the last call, RESCUE_STEP_BYTES at most. True: there is more to copy. */
bool rescue_step(struct tailing *tailing, struct follow *follow);
/* A remembered file that is gone is its copy from now on. False: there is none. */
bool rescue_recall(struct tailing *tailing, struct follow *follow, struct file_facts *ret);
void rescue_forget(struct tailing *tailing, struct follow *follow); /* removes the copy, if there is one */
/* At the start, before anything is copied: removes copies that a crash cut short, and those of files that no input
 * remembers. */
void rescue_tidy(struct tailing *tailing);

#endif
