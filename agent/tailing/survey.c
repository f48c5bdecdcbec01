/* agent/tailing/survey.c - what globs lead to now, for `agent check --connect`.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/survey.h"

#include "agent/tailing/finder.h"
#include "agent/weir.h"

struct survey {
    const struct files *files;
    unsigned readable, refused;
    struct why first; /* what is wrong with the first that cannot be read */
};

static void refuse(struct survey *survey, const struct why *why)
{
    if (survey->refused++ == 0)
        survey->first = *why;
}

static void look_at(void *context, struct str path, bool matches)
{
    struct survey *survey = context;
    struct file_facts facts;
    struct why why;
    int fd;
    const char *refusal = matches ? finder_refusal(survey->files, path.at, &facts) : "";
    if (refusal && !*refusal)
        return; /* nothing is there */
    int wrong =
        refusal ? 0
                : survey->files->open(survey->files->self, path.at, FILE_READ | FILE_FOLLOW, &fd);
    if (!refusal && !wrong) {
        survey->files->close(survey->files->self, fd);
        survey->readable++;
        return;
    }
    if (refusal)
        (void)fail(&why, SYSTEM_FAILED, "%.150s %s", path.at, refusal);
    else
        (void)fail_sys(&why, wrong, "%.150s", path.at);
    refuse(survey, &why);
}

static void meet_trouble(void *context, struct str path, int sys)
{
    struct why why;
    (void)fail_sys(&why, sys, "the directory %.150s", path.at);
    refuse(context, &why);
}

static void say(const struct survey *survey, struct str glob, struct errand *errand)
{
    unsigned count = survey->readable;
    glob = str_slice(glob, 0, 150);
    if (count && survey->refused)
        errand_tell(errand, FINDING_DOUBT,
                    "%u readable file%s match%s \"%.*s\", %u cannot be read, such as: %s", count,
                    count == 1 ? "" : "s", count == 1 ? "es" : "", STR_ARG(glob), survey->refused,
                    survey->first.text);
    else if (count)
        errand_tell(errand, FINDING_GOOD, "%u readable file%s match%s \"%.*s\"", count,
                    count == 1 ? "" : "s", count == 1 ? "es" : "", STR_ARG(glob));
    else if (survey->refused)
        errand_tell(errand, FINDING_FAULT, "nothing that \"%.*s\" leads to can be read: %s",
                    STR_ARG(glob), survey->first.text);
    else
        errand_tell(errand, FINDING_FAULT,
                    "no file matches \"%.*s\": see whether the path is right, or whether they are "
                    "still to come",
                    STR_ARG(glob));
}

void survey_tell(const struct list *paths, const struct list *excludes, const struct files *files,
                 struct errand *errand)
{
    for (size_t i = 0; i < paths->count; i++) {
        const struct list one = {.count = 1, .texts = &paths->texts[i]};
        struct survey survey = {.files = files};
        struct finder finder = {.paths = &one, .excludes = excludes};
        finder_init(
            &finder, files,
            (struct finder_sink){.context = &survey, .found = look_at, .trouble = meet_trouble});
        finder_pass(&finder, false);
        finder_clear(&finder);
        say(&survey, paths->texts[i], errand);
    }
}
