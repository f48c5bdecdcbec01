/* agent/state/glance.c - whose state a directory holds, without opening it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/glance.h"

#include "agent/state/inside.h"
#include "agent/state/pack.h"

static uint32_t labels_read(struct unpack *from, struct glance_label *labels, uint32_t room)
{
    uint64_t count = unpack_number(from);
    uint32_t kept = 0;
    for (uint64_t i = 0; i < count && !from->failed; i++) {
        struct str label = unpack_text(from);
        if (kept == room || label.len > LABEL_BYTES_MAX)
            continue;
        str_z(label, labels[kept].text, sizeof labels[kept].text);
        kept++;
    }
    return kept;
}

static void table_read(struct glance *glance, struct unpack *from)
{
    glance->input_count = labels_read(from, glance->inputs, INPUTS_MAX);
    glance->output_count = labels_read(from, glance->outputs, OUTPUTS_MAX);
}

/* As save.c writes it: the inputs' totals, then the outputs'. */
static void ledger_read(struct glance *glance, struct unpack *from)
{
    enum { INPUT_NUMBERS = 6, OUTCOMES = 6 };
    for (uint32_t i = 0; i < glance->input_count * INPUT_NUMBERS; i++)
        (void)unpack_number(from);
    for (uint32_t i = 0; i < glance->output_count; i++) {
        uint64_t in = unpack_number(from), out = 0;
        for (unsigned j = 0; j < OUTCOMES; j++)
            out += unpack_number(from);
        glance->outputs[i].waiting = from->failed || out > in ? 0 : in - out;
    }
}

static void record_glance(void *context, struct str payload)
{
    struct unpack record = {.rest = payload}, body;
    uint8_t tag;
    while (unpack_section(&record, &tag, &body)) {
        if (tag == SECTION_TABLE)
            table_read(context, &body);
        else if (tag == SECTION_LEDGER)
            ledger_read(context, &body);
    }
}

bool glance_at(const struct files *files, struct str directory, struct glance *ret)
{
    struct journal journal;
    char path[JOURNAL_PATH_BYTES];
    struct why why;
    *ret = (struct glance){0};
    if (journal_open(&journal, files, str_z(directory, path, sizeof path), &why) != OK)
        return false;
    bool is_read = journal.had_file && journal_read(&journal, record_glance, ret, &why) == OK;
    journal_close(&journal);
    return is_read;
}
