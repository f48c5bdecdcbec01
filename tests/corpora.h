/* tests/corpora.h - tables lifted from other projects' tests, where they are at hand.
 * SPDX-License-Identifier: Apache-2.0
 *
 * They lie outside the tree: WEIR_CORPORA names the directory, else ../shared/corpora beside the source.
 */
#ifndef WEIR_CORPORA_H
#define WEIR_CORPORA_H

#include <stdlib.h>

#include <jansson.h>

#include "tests/check.h"

static inline json_t *corpus_load(const char *name)
{
    const char *directory = getenv("WEIR_CORPORA");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", directory ? directory : SOURCE_DIR "/../shared/corpora", name);
    return json_load_file(path, JSON_ALLOW_NUL, NULL);
}

/* In a test: loads the table or skips the test aloud. */
#define CORPUS(variable, name)                                                                     \
    json_t *variable = corpus_load(name);                                                          \
    if (!variable)                                                                                 \
    SKIP_TEST("%s is not here (set WEIR_CORPORA)", name)

static inline struct str corpus_str(const json_t *object, const char *key)
{
    const json_t *text = json_object_get(object, key);
    return json_is_string(text) ? (struct str){json_string_value(text), json_string_length(text)}
                                : (struct str){0};
}

#endif
