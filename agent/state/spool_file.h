/* agent/state/spool_file.h - one segment file of a spool; for the files of the spool only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SPOOL_FILE_H
#define WEIR_SPOOL_FILE_H

#include "agent/state/spool.h"

/* Fills in size and first ordinal; false: it holds no entry, and was removed. */
bool spool_file_look(struct spool *spool, struct spool_file *file);
/* The ordinal behind its last whole entry. */
uint64_t spool_file_last_ordinal(struct spool *spool, const struct spool_file *file);
void spool_file_close(struct spool *spool); /* what was being read */

#endif
