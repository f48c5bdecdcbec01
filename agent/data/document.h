/* agent/data/document.h - small JSON documents, such as a far end's answers, read by key.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_DOCUMENT_H
#define WEIR_DOCUMENT_H

#include "agent/data/scan.h"

/* The one JSON object that a text holds, blanks around it left out; missing where it is anything else. */
struct value document_read(struct str text);
/* A member by its key, or missing. Anything but an object has none. */
struct value document_member(struct value object, struct str key);
/* The same along "a/b/c". */
struct value document_at(struct value object, const char *path);
/* As value_text(); empty where nothing is. */
struct str document_text(struct value value, struct arena *arena);

/* The same for documents that say the same: blanks, the order of keys and the members that `skip` names, at any depth
 * (separated by blanks, with one at both ends) do not count. */
uint64_t document_hash(struct value value, const char *skip);

#endif
