#!/usr/bin/env python3
# tests/end_to_end/queue.py - one of two destinations is away for long; logs rotate and go, the agent is killed.
# SPDX-License-Identifier: Apache-2.0
"""queue.py AGENT [TEST...]: the healthy one never notices, and afterwards everything is everywhere, once."""

import json
import os
import random
import signal
import sys
import time

import stand_in as far
from harness import check, field, run_tests, stop, wait_until

PIPELINE = """
agent { state = "{state}"  admin = off  memory = 32MiB  drain = 1s }
input tail "t" { path = "{logs}/*"  read_from = beginning  filter parse { } }
output elasticsearch "healthy" { url = "{healthy}"  timeout = 2s  flush = 20ms  names = otel }
output elasticsearch "away" { url = "{away}"  timeout = 2s  flush = 20ms  names = otel }
output file "all" { path = "{out}" }
"""
PAD = "." * 900


class Log:
    """A function's log that rotates; what was rotated twice is deleted."""

    def __init__(self, place):
        self.place, self.written, self.rotations = place, 0, 0
        self.open()

    def open(self):
        self.file = open(self.place.logs / "app.log", "a", encoding="utf-8")

    def write(self, count):
        for _ in range(count):
            self.file.write(json.dumps({"message": f"event {self.written}", "pad": PAD,
                                        "@timestamp": "2026-01-01T00:00:00Z"}) + "\n")
            self.written += 1
        self.file.flush()

    def rotate(self):
        self.file.close()
        self.rotations += 1
        os.rename(self.place.logs / "app.log", self.place.logs / f"app.log.{self.rotations}")
        self.open()

    def delete_old(self):
        for number in range(1, self.rotations + 1):
            path = self.place.logs / f"app.log.{number}"
            if path.exists():
                path.unlink()


def numbers(server):
    return [int(field(document, "body", "message").split()[1]) for document in list(server.documents.values())]


def all_once(place, server, log, name):
    check(sorted(numbers(server)) == list(range(log.written)),
          f"{name} has {len(set(numbers(server)))} of {log.written} events, {len(server.documents)} documents")
    check(not server.complaints, f"{name} complains: {server.complaints[:3]}")


def kill(agent):
    agent.send_signal(signal.SIGKILL)
    agent.wait()


def the_healthy_one_is_not_delayed_and_nothing_is_lost_through_kills_rotation_and_deletion(place):
    dice = random.Random(7)
    down = {"away": True}
    with far.StandIn() as healthy, far.StandIn(lambda number: far.RESET if down["away"] else None) as away:
        place.write(PIPELINE, healthy=healthy.url, away=away.url)
        log = Log(place)
        agent, slowest = place.start(), 0.0
        for turn in range(24):
            log.write(dice.randrange(200, 1500))
            if not check(wait_until(lambda: len(healthy.documents) == log.written, 20), "the healthy one waits"):
                break
            begun = time.monotonic()
            log.write(1)
            wait_until(lambda: len(healthy.documents) == log.written, 20)
            slowest = max(slowest, time.monotonic() - begun)
            if turn % 4 == 1:
                log.rotate()
            if turn % 6 == 5:
                kill(agent)
                log.write(50)
                agent = place.start()
            if turn % 4 == 3:
                time.sleep(7)  # what waits in memory has gone to the queue as well
                log.delete_old()
        check(slowest < 2, f"the healthy destination waited for {slowest:.1f} s")
        check(len(list(place.state.glob("queue-away.*.seg"))) > 0 and not away.documents, "the queue was used")
        kill(agent)
        agent = place.start()
        down["away"] = False
        check(wait_until(lambda: len(away.documents) >= log.written, 60), "what waited arrives")
        time.sleep(1)
        said = stop(agent)
        all_once(place, healthy, log, "the healthy one")
        all_once(place, away, log, "the one that was away")
        there = sorted(int(field(event, "body").split()[1]) for event in place.events())
        check(there == list(range(log.written)), f"the file has {len(there)} of {log.written}: {said[-500:]}")
        code, said = place.once()
        row = place.counts()["outputs"]["away"]
        check(code == 0 and row["delivered"] == log.written and row["queued"] == 0 == row["abandoned"], f"{code}: {row}")


def what_is_unfinished_at_the_stop_deadline_goes_into_the_queue(place):
    down = {"away": True}
    with far.StandIn() as healthy, far.StandIn(lambda number: far.RESET if down["away"] else None) as away:
        place.write(PIPELINE, healthy=healthy.url, away=away.url)
        log = Log(place)
        agent = place.start()
        log.write(500)
        check(wait_until(lambda: len(healthy.documents) == 500), "the healthy one has all")
        stop(agent)
        log.rotate()
        log.delete_old()
        down["away"] = False
        code, said = place.once()
        check(code == 0, f"{code}: {said}")
        all_once(place, away, log, "the one that was away")


def a_sole_output_writes_no_queue_and_its_source_waits(place):
    pipeline = """
agent { state = "{state}"  admin = off  memory = 32MiB  drain = 1s }
input tail "t" { path = "{logs}/*"  read_from = beginning  filter parse { } }
output elasticsearch "away" { url = "{away}"  flush = 20ms  names = otel }
"""
    down = {"away": True}
    with far.StandIn(lambda number: far.RESET if down["away"] else None) as away:
        place.write(pipeline, away=away.url)
        log = Log(place)
        log.write(30000)
        agent = place.start()
        time.sleep(8)
        check(not list(place.state.glob("queue-*")), "nobody waits for it, so nothing is copied")
        kill(agent)
        down["away"] = False
        code, said = place.once()
        check(code == 0, f"{code}: {said}")
        all_once(place, away, log, "the sole output")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        the_healthy_one_is_not_delayed_and_nothing_is_lost_through_kills_rotation_and_deletion,
        what_is_unfinished_at_the_stop_deadline_goes_into_the_queue,
        a_sole_output_writes_no_queue_and_its_source_waits,
    ]))
