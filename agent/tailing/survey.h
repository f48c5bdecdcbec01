/* agent/tailing/survey.h - what globs lead to now, for `agent check --connect`.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SURVEY_H
#define WEIR_SURVEY_H

#include "agent/config/setting.h"

struct errand;
struct files;

/* A finding for each glob: how many files it matches that can be read, and the first that cannot. */
void survey_tell(const struct list *paths, const struct list *excludes, const struct files *files,
                 struct errand *errand);

#endif
