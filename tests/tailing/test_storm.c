/* tests/tailing/test_storm.c - a writer that rotates, copies, truncates and deletes at random;
 * an agent that restarts. SPDX-License-Identifier: Apache-2.0
 *
 * Every complete line is an event exactly once. The agent looks once before a file is cut or
 * deleted without a copy, between two cuts, and at a new file with bytes before it or its copy gets
 * a name outside of the globs: more is not promised.
 */
#include "tests/inputs/tail_host.h"

enum { SEEDS = 25, STEPS = 120, LOGS = 3, LINES_MAX = 4000 };

struct writer {
    uint64_t dice;
    unsigned line, names;
    unsigned seen[LINES_MAX];
    bool is_open[LOGS];  /* its last line has no end yet */
    bool is_known[LOGS]; /* the agent saw some of it */
    bool sees_copies;
};

static struct writer writer;

static unsigned roll(unsigned sides)
{
    writer.dice = writer.dice * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(writer.dice >> 33) % sides;
}

static const char *log_name(unsigned log)
{
    static char name[16];
    snprintf(name, sizeof name, "f%u", log);
    return name;
}

static void look(void)
{
    fake_step(&host, roll(4) ? 100 * MILLISECOND : 20000 * MILLISECOND, false);
    for (unsigned log = 0; log < LOGS; log++) {
        struct stat facts;
        writer.is_known[log] = stat(at(log_name(log)), &facts) == 0 && facts.st_size > 0;
    }
}

static void write_some(unsigned log)
{
    char text[512];
    writer.is_known[log] &= access(at(log_name(log)), F_OK) == 0;
    if (writer.is_open[log]) {
        append(log_name(log), "the rest\n");
        writer.is_open[log] = false;
        return;
    }
    for (unsigned i = roll(20) + 1; i > 0 && writer.line + 1 < LINES_MAX; i--) {
        bool is_open = i == 1 && roll(3) == 0;
        int room = (int)roll(300);
        snprintf(text, sizeof text, "%u %0*d%s", writer.line++, room, 7, is_open ? "" : "\n");
        append(log_name(log), text);
        writer.is_open[log] = is_open;
    }
}

static void finish_line(unsigned log)
{
    if (writer.is_open[log])
        write_some(log);
}

static void rotate(unsigned log)
{
    char name[32];
    finish_line(log);
    if (access(at(log_name(log)), F_OK) != 0)
        return;
    if (!writer.is_known[log] && !writer.sees_copies)
        look();
    snprintf(name, sizeof name, "%s.%u", log_name(log), writer.names++);
    move(log_name(log), name);
    if (roll(2))
        write_some(log);
}

static void copy_and_cut(unsigned log)
{
    char command[1200];
    finish_line(log);
    if (access(at(log_name(log)), F_OK) != 0)
        return;
    if (!writer.is_known[log] && !writer.sees_copies)
        look();
    snprintf(command, sizeof command, "cp %s %s.%u", at(log_name(log)), at(log_name(log)),
             writer.names++);
    CHECK_EQ(system(command), 0);
    if (roll(2))
        look();
    CHECK_EQ(truncate(at(log_name(log)), 0), 0);
    if (roll(2))
        write_some(log);
    look();
}

static void cut_or_delete(unsigned log, bool is_cut)
{
    finish_line(log);
    look();
    if (is_cut)
        write_text(log_name(log), "");
    else
        (void)unlink(at(log_name(log)));
    if (roll(2))
        write_some(log);
    if (is_cut)
        look();
}

static void act(void)
{
    unsigned log = roll(LOGS), what = roll(20);
    if (what < 9)
        write_some(log);
    else if (what < 13)
        look();
    else if (what < 15)
        rotate(log);
    else if (what < 16)
        copy_and_cut(log);
    else if (what < 18)
        cut_or_delete(log, what == 16);
    else {
        fake_stop(&host);
        if (what == 18)
            write_some(log);
        configure();
        fake_start(&host);
    }
}

static void count_events(void)
{
    for (const struct seen *seen = host.first; seen; seen = seen->next) {
        unsigned line = (unsigned)strtoul(seen->text, NULL, 10);
        CHECK(line < writer.line);
        writer.seen[line]++;
    }
}

static void storm(uint64_t seed, bool sees_copies)
{
    writer = (struct writer){.dice = seed * 2 + 1, .sees_copies = sees_copies};
    begin(sees_copies ? "f*" : "f?");
    write_some(0);
    look(); /* at the very first look a copy would be a file of its own */
    for (int i = 0; i < STEPS; i++)
        act();
    for (unsigned log = 0; log < LOGS; log++)
        finish_line(log);
    for (int i = 0; i < 6; i++)
        fake_step(&host, 20000 * MILLISECOND, false);
    count_events();
    for (unsigned i = 0; i < writer.line; i++)
        if (writer.seen[i] != 1)
            fail_msg("seed %llu, copies %s: line %u was seen %u times\n%s",
                     (unsigned long long)seed, sees_copies ? "seen" : "not seen", i, writer.seen[i],
                     host.alarms);
    end();
}

static void every_line_is_seen_once_where_copies_match_the_globs(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        storm(seed, true);
}

static void every_line_is_seen_once_where_copies_do_not_match(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        storm(seed, false);
}

CHECK_MAIN(TEST(every_line_is_seen_once_where_copies_match_the_globs),
           TEST(every_line_is_seen_once_where_copies_do_not_match))
