/* agent/config/agent_block.c - the settings of the agent block.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/config.h"

static const struct choice stops[] = {{"keep", AT_STOP_KEEP}, {"decide", AT_STOP_DECIDE}, {0}};
static const struct choice off[] = {{"off", 0}, {0}};

const struct setting agent_settings[] = {
    TEXT_SETTING(struct agent_block, state, .example = "\"/var/lib/weir\"",
                 .help = "Directory of everything that must survive a restart. Without it: "
                         "$STATE_DIRECTORY of a systemd service, /var/lib/weir as root, else "
                         "below $XDG_STATE_HOME; in AWS Lambda /tmp/weir."),
    SIZE_SETTING(struct agent_block, memory, .def = "128MiB", .min = "16MiB", .max = "1TiB",
                 .help = "Bound of all memory, shared out at start."),
    DURATION_SETTING(struct agent_block, drain, .def = "10s", .min = "0s", .max = "1h",
                     .help = "Longest time to deliver what is under way when told to stop."),
    CHOICE_SETTING(
        struct agent_block, at_stop, stops,
        .help =
            "What a stop does with held traces: keep them for the next start, or decide them now. "
            "Without it: keep, but decide where nothing could be kept (stdin, no state)."),
    DURATION_SETTING(
        struct agent_block, give_up, .def = "60s", .min = "1s", .max = "1d",
        .help = "With --once: how long without progress until the rest stays where it is safe."),
    TEXT_SETTING(struct agent_block, admin, .def = "127.0.0.1:4319", .choices = off,
                 .example = "\"127.0.0.1:4319\"",
                 .help = "Address and port of metrics, health and the ledger, or off."),
    LIST_SETTING(
        struct agent_block, admin_hosts, SETTING_TEXT, .example = "[\"weir.example.org\"]",
        .help =
            "Names under which the admin address may be asked, beside IP addresses and localhost."),
    {0},
};
