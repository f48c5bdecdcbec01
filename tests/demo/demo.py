#!/usr/bin/env python3
# tests/demo/demo.py - simulated function logs, the agent on them, and a table of what it made of them.
# SPDX-License-Identifier: Apache-2.0
"""On a terminal the logs grow and the table is refreshed until Ctrl-C; elsewhere 20,000 lines are read and it ends."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict

DEMO = pathlib.Path("build/demo")
NO_FUNCTIONS = ("gateway", "nginx")
CONFIG = DEMO / "pipeline.conf"
NEXT = """next:
  build/agent check -c build/demo/pipeline.conf
  build/agent help sample
  head -20 build/demo/logs/checkout.log | build/agent -e 'input stdin {} filter parse {} output stdout { format = pretty }'
  less build/demo/out/events.ndjson"""


def find(document, *names):
    for name in names:
        if name in document:
            return document[name]
    return None


class Function:
    """What the outputs say about one function."""

    def __init__(self):
        self.took_ms, self.failed, self.cold = [], set(), 0
        self.kept, self.stands_for = 0, 0
        self.bytes, self.kept_bytes = 0, 0

    def add(self, event, size):
        self.bytes += size
        run = find(event, "faas.invocation_id")
        if run and is_error(event):
            self.failed.add(run)
        if is_report(event):
            self.took_ms.append(float(find(event, "aws.lambda.metrics.duration_ms", "duration_ms")))
            self.cold += bool(find(event, "faas.coldstart")) or "aws.lambda.metrics.init_duration_ms" in event

    def add_kept(self, event, size):
        self.kept_bytes += size
        if is_report(event):
            self.kept += 1
            self.stands_for += find(event, "sampling.weight") or 1

    def percentile(self, share):
        ordered = sorted(self.took_ms)
        return ordered[round((len(ordered) - 1) * share)] if ordered else 0


def is_report(event):
    return "aws.lambda.metrics.billed_duration_ms" in event


def is_error(event):
    return bool(event.get("error")) or (event.get("severity_number") or 0) >= 17 or "exception.type" in event


def name_of(event):
    return pathlib.Path(find(event, "log.file.path") or "?").stem


class Followed:
    """An output file, read on from where the last look ended."""

    def __init__(self, path, take):
        self.path, self.take, self.at = path, take, 0

    def look(self):
        if not self.path.exists():
            return
        with open(self.path, "rb") as lines:
            lines.seek(self.at)
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                self.at += len(line)
                self.take(json.loads(line), len(line))


class Table:
    def __init__(self):
        self.functions = defaultdict(Function)
        self.files = [
            Followed(DEMO / "out/all.ndjson", lambda event, size: self.functions[name_of(event)].add(event, size)),
            Followed(DEMO / "out/events.ndjson", lambda event, size: self.functions[name_of(event)].add_kept(event, size)),
        ]

    def look(self):
        for file in self.files:
            file.look()
        return self

    def lines(self):
        yield "function       invocations  errors   p50 ms   p95 ms  cold    kept  stand for           saved"
        for name, function in sorted(self.functions.items()):
            count = len(function.took_ms)
            if count == 0:
                continue
            off = function.stands_for / count - 1
            saved = 1 - function.kept_bytes / max(1, function.bytes)
            yield (f"{name:14} {grouped(count):>11} {len(function.failed):7} {function.percentile(0.5):8.0f}"
                   f" {function.percentile(0.95):8.0f} {function.cold:5} {grouped(function.kept):>7}"
                   f" {grouped(function.stands_for):>10} ({off:+6.1%})  {saved:5.0%}")
        others = [name for name in NO_FUNCTIONS if name in self.functions]
        if others:
            yield f"and {' and '.join(others)}, which are no functions"


def grouped(number):
    return f"{number:,}".replace(",", " ")


def ledger_line(ledger):
    sums = defaultdict(int)
    for output in ledger["outputs"].values():
        for name, count in output.items():
            sums[name] += count
    parts = [f"{name.replace('_', ' ')} {grouped(sums[name])}" for name in sums if name != "in" and
             (sums[name] or name in ("delivered", "held", "queued", "in_flight"))]
    return (f"ledger  in {grouped(sums['in'])} over {len(ledger['outputs'])} outputs = {' + '.join(parts)}: "
            + ("balanced" if ledger["balanced"] else "NOT BALANCED"))


def truth_lines(table):
    """The simulator knows what it wrote."""
    truth = json.loads((DEMO / "logs/truth.json").read_text())
    wrong = []
    for name, source in truth["sources"].items():
        function = table.functions[name]
        if "invocations" in source:
            seen = (len(function.took_ms), len(function.failed), function.cold)
            if seen != (source["invocations"], source["errors"], source["cold_starts"]):
                wrong.append(f"  {name}: invocations, errors, cold starts were {source['invocations']},"
                             f" {source['errors']}, {source['cold_starts']}, but {seen} came through")
    yield f"truth   {grouped(truth['lines'])} lines, {grouped(truth['invocations'])} invocations were written: " + (
        "the counts differ" if wrong else "every function's count agrees")
    yield from wrong


def prepare():
    shutil.rmtree(DEMO, ignore_errors=True)
    for directory in ("logs", "out"):
        (DEMO / directory).mkdir(parents=True)
    shutil.copy("tests/demo/pipeline.conf", CONFIG)


INTRODUCTION = """weir  the logs of a simulated shop, build/demo/logs/*.log  ->  build/demo/out/all.ndjson (everything)
      and build/demo/out/events.ndjson (whole traces: every error, 1 in 10 of the others)
"""


def once():
    subprocess.run(["build/tests/weir-demo", "--lines", "20000", DEMO / "logs"], check=True)
    ledger = DEMO / "ledger.json"
    code = subprocess.run(["build/agent", "-c", CONFIG, "--once", "--ledger", ledger], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode
    table = Table().look()
    print("\n".join(table.lines()))
    print(ledger_line(json.loads(ledger.read_text())))
    print("\n".join(truth_lines(table)))
    print(NEXT)
    return code


def redraw(lines, shown):
    """Over what the last call drew. Returns how many lines it drew itself."""
    sys.stdout.write(f"\x1b[{shown}F" * (shown > 0) + "".join(f"\x1b[K{line}\n" for line in lines) + "\x1b[J")
    sys.stdout.flush()
    return len(lines)


def live():
    table, shown, ledger = Table(), 0, DEMO / "ledger.json"
    # The terminal sends Ctrl-C to everybody: in sessions of their own the two are stopped one after the other.
    writer = subprocess.Popen(["build/tests/weir-demo", "--live", "--rate", "200", DEMO / "logs"], start_new_session=True)
    with open(DEMO / "agent.log", "w") as log:
        agent = subprocess.Popen(["build/agent", "-c", CONFIG, "--ledger", ledger], stdin=subprocess.DEVNULL,
                                 stderr=log, start_new_session=True)
    try:
        while agent.poll() is None:
            shown = redraw([*table.look().lines(), "Ctrl-C stops; a trace appears when it has ended and 5 s have passed"],
                           shown)
            time.sleep(1)
    except KeyboardInterrupt:
        pass
    writer.terminate()
    writer.wait()
    agent.send_signal(signal.SIGTERM)
    code = agent.wait()
    print("\n".join(table.look().lines()))
    said = (DEMO / "agent.log").read_text().splitlines()
    print("\n".join(line for line in said if not line.startswith("weir ")), end="\n" if said[1:] else "")
    if ledger.exists():
        print(ledger_line(json.loads(ledger.read_text())))
        print("        what is held are traces that had not ended: the next start goes on with them")
    print(NEXT)
    return code


if __name__ == "__main__":
    prepare()
    print(INTRODUCTION)
    sys.exit(live() if os.isatty(1) and not os.environ.get("CI") else once())
