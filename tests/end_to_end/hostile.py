#!/usr/bin/env python3
# tests/end_to_end/hostile.py - files, disks and journals as they should not be, against the real program.
# SPDX-License-Identifier: Apache-2.0
"""hostile.py AGENT [TEST...]: nothing crashes, nothing is lost that can be kept, and it is said once."""

import json
import os
import random
import subprocess
import sys
import time

from harness import check, field, read_events, run_tests, stop, wait_until

PLAIN = """
agent { state = "{state}"  admin = off  give_up = 5s }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
output file "out" { path = "{out}" }
"""
SAMPLED = """
agent { state = "{state}"  admin = off }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
filter sample "rare" { rule "errors" { when = error  rate = 1 }  rule "rest" { rate = 1000000 } }
output file "out" { path = "{out}" }
"""


def good_lines(count, start=0):
    return "".join(json.dumps({"level": "info", "message": f"good {i}"}) + "\n" for i in range(start, start + count))


def good_count(events):
    return len({field(event, "body", "message") for event in events
                if str(field(event, "body", "message")).startswith("good ")})


def a_glob_full_of_what_should_not_be_there_costs_nothing_but_itself(place):
    (place.logs / "good.log").write_text(good_lines(1000))
    (place.logs / "empty.log").touch()
    (place.logs / "directory.log").mkdir()
    os.mkfifo(place.logs / "fifo.log")
    (place.logs / "dangling.log").symlink_to("nowhere")
    (place.logs / "loop.log").symlink_to("loop.log")
    (place.logs / "unreadable.log").write_text(good_lines(1, 5000))
    (place.logs / "unreadable.log").chmod(0)
    place.write(PLAIN)
    code, said = place.once(60)
    check(code in (0, 1), f"exit code {code}: {said}")
    check(len(said.splitlines()) < 20, f"too much was said: {said}")
    place.counts()
    expected = 1001 if os.geteuid() == 0 else 1000
    check(good_count(place.events()) == expected, f"{good_count(place.events())} of {expected} good events")


def broken_bytes_become_events_that_any_reader_can_read(place):
    lines = [b'{"level":"info","message":"good 0"}', b'{"level":"error","message":"cut short', b"\x00\x01\x02 nul",
             b'{"message":"invalid \xff\xfe utf-8","level":"error"}', b"\xf0\x9f\x98", b"[1,2", b'"only text"', b"{}",
             b'{"a":1}{"a":2}', b'{"a":1,"a":2}', b'{"n":1e999,"m":-0}', b"{" * 10000, b"[" * 10000, b"\r",
             b'{"message":"good 1"}\r', "\u2028\ufeff".encode(), b'{"\\u0000":"x"}', b'{"s":"\\ud800"}']
    (place.logs / "a.log").write_bytes(b"\n".join(lines) + b"\n")
    place.write(PLAIN)
    code, said = place.once()
    check(code == 0, f"exit code {code}: {said}")
    counted = place.counts()["inputs"]["t"]
    check(counted["lines"] == len(lines), f"{counted} for {len(lines)} lines")
    check(len(place.events()) == counted["events"], f"{len(place.events())} events of {counted}")
    check(good_count(place.events()) == 2, "the good lines are gone")


def no_error_is_sampled_away_because_it_did_not_parse(place):
    errors = [b'{"level":"error","message":"cut sh', b"2026-01-01 ERROR \xff\xfe broken", b"[ERROR] boom", b"FATAL: x",
              b'{"level":"error","message":"\x00"}', b"panic: runtime error: index out of range"]
    (place.logs / "a.log").write_bytes(b"".join(line + b"\n" for line in errors) + good_lines(1000).encode())
    place.write(SAMPLED)
    code, said = place.once()
    check(code == 0, f"exit code {code}: {said}")
    place.counts()
    kept = [event for event in place.events() if good_count([event]) == 0]
    check(len(kept) == len(errors), f"{len(kept)} of {len(errors)} errors were kept: {kept}")


def a_line_of_a_hundred_megabytes_is_cut_and_counted(place):
    with open(place.logs / "a.log", "wb") as to:
        to.write(b"x" * 100_000_000 + b"\n" + good_lines(10).encode())
    place.write(PLAIN)
    code, said = place.once()
    check(code == 0, f"exit code {code}: {said}")
    counted = place.counts()["inputs"]["t"]
    check(counted["cut_bytes"] == 100_000_000 - (1 << 20), f"{counted}")
    check(good_count(place.events()) == 10, "what follows the line is gone")


def a_last_line_without_its_end_is_an_event_under_once(place):
    (place.logs / "a.log").write_text(good_lines(3).rstrip("\n"))
    place.write(PLAIN)
    code, said = place.once()
    check(code == 0 and good_count(place.events()) == 3, f"exit code {code}, {place.events()}: {said}")


def a_state_directory_that_cannot_be_written_stops_the_start(place):
    place.state.write_text("a file stands where the directory should")
    place.write(PLAIN)
    code, said = place.once(20)
    check(code in (2, 3), f"exit code {code}: {said}")
    check(str(place.state) in said, f"it does not name the directory: {said}")


def a_second_agent_on_the_same_state_is_refused(place):
    (place.logs / "a.log").write_text(good_lines(10))
    place.write(PLAIN)
    first = place.start()
    check(wait_until(lambda: good_count(place.events()) == 10), "the first agent did not deliver")
    code, said = place.once(20)
    check(code in (2, 3), f"exit code {code}: {said}")
    check(str(place.state) in said, f"it does not name the directory: {said}")
    stop(first)
    check(good_count(place.events()) == 10, "the second agent harmed the first one's output")


def a_damaged_journal_mends_itself(place):
    dice = random.Random(7)
    for round_ in range(12):
        with open(place.logs / "a.log", "a") as to:
            to.write(good_lines(200, round_ * 200))
        place.write(PLAIN)
        code, said = place.once()
        check(code == 0, f"round {round_}: exit code {code}: {said}")
        check(good_count(place.events()) == (round_ + 1) * 200, f"round {round_}: {good_count(place.events())} events")
        for journal in (path for path in place.state.rglob("*journal*") if path.is_file()):
            damage(journal, round_, dice)


def damage(path, round_, dice):
    """In turn: a torn tail, garbage behind the end, a flipped bit in the middle."""
    bytes_ = bytearray(path.read_bytes())
    if round_ % 3 == 0 and len(bytes_) > 64:
        del bytes_[-dice.randrange(1, 32):]
    elif round_ % 3 == 1:
        bytes_ += dice.randbytes(50)
    elif bytes_:
        bytes_[dice.randrange(len(bytes_))] ^= 1 << dice.randrange(8)
    path.write_bytes(bytes_)


def a_full_disk_is_waited_for(place):
    disk = place.directory / "disk"
    disk.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk],
                                      stderr=subprocess.DEVNULL).returncode:
        print("skipped: mounting a small disk takes root")
        return
    try:
        (place.logs / "a.log").write_text(good_lines(20_000))
        place.write(PLAIN, out=disk / "out.ndjson")
        agent = place.start()
        full = wait_until(lambda: (disk / "out.ndjson").exists() and os.statvfs(disk).f_bavail == 0)
        check(full, "the disk did not fill")
        time.sleep(1)
        check(agent.poll() is None, "the agent ended on a full disk")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        done = wait_until(lambda: (disk / "out.ndjson").read_bytes().count(b"\n") == 20_000)
        said = stop(agent)
        check(done, f"{(disk / 'out.ndjson').read_bytes().count(10)} of 20000 events after the disk healed: {said}")
        check(0 < len(said.splitlines()) < 12, f"a full disk is to be said once: {said}")
        check(good_count(read_events(disk / "out.ndjson")) == 20_000, "not each event once")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def rotation_and_truncation_lose_nothing_that_was_seen(place):
    log = place.logs / "a.log"
    place.write(PLAIN)
    log.write_text(good_lines(100))
    agent = place.start()
    check(wait_until(lambda: good_count(place.events()) == 100), "the first lines")
    log.rename(place.logs / "a.1")
    log.write_text(good_lines(100, 100))
    check(wait_until(lambda: good_count(place.events()) == 200), "after rename and create")
    with open(log, "a") as to:
        to.truncate(0)
    log.write_text(good_lines(50, 200))
    check(wait_until(lambda: good_count(place.events()) == 250), "after truncation")
    stop(agent)
    events = place.events()
    check(len(events) == 250 == good_count(events), f"{len(events)} events of 250")


def sigterm_drains_and_ends(place):
    (place.logs / "a.log").write_text(good_lines(5000))
    place.write(PLAIN)
    agent = place.start()
    check(wait_until(lambda: good_count(place.events()) == 5000), "not all was delivered")
    begun = time.monotonic()
    said = stop(agent)
    check(agent.returncode == 0, f"exit code {agent.returncode}: {said}")
    check(time.monotonic() - begun < 5, "an idle agent took more than 5 s to end")


def a_pipe_is_read_to_its_end(place):
    pipeline = "input stdin { } filter parse { } output stdout { }"
    run = subprocess.run([place.agent, "-e", pipeline], input=good_lines(500), text=True, capture_output=True,
                         timeout=30)
    check(run.returncode == 0, f"exit code {run.returncode}: {run.stderr}")
    check(good_count([json.loads(line) for line in run.stdout.splitlines()]) == 500, run.stdout[:300])


def a_mistake_in_the_configuration_starts_nothing(place):
    place.write('input tail "t" { pathh = "x" }\noutput file "out" { path = "{out}"\n')
    code, said = place.once(10)
    check(code == 2, f"exit code {code}")
    check("pathh" in said and ":1:" in said and "^" in said, f"no caret under the mistake: {said}")
    check(not place.state.exists(), "a state directory was made")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        a_glob_full_of_what_should_not_be_there_costs_nothing_but_itself,
        broken_bytes_become_events_that_any_reader_can_read,
        no_error_is_sampled_away_because_it_did_not_parse,
        a_line_of_a_hundred_megabytes_is_cut_and_counted,
        a_last_line_without_its_end_is_an_event_under_once,
        a_state_directory_that_cannot_be_written_stops_the_start,
        a_second_agent_on_the_same_state_is_refused,
        a_damaged_journal_mends_itself,
        a_full_disk_is_waited_for,
        rotation_and_truncation_lose_nothing_that_was_seen,
        sigterm_drains_and_ends,
        a_pipe_is_read_to_its_end,
        a_mistake_in_the_configuration_starts_nothing,
    ]))
