#!/usr/bin/env python3
# tests/end_to_end/kill.py - kill -9 at random moments, then compare with a run that nobody disturbed.
# SPDX-License-Identifier: Apache-2.0
"""Simulated function logs go through tail -> parse -> trace -> sample into files, or into a real Elasticsearch.

    kill.py --agent build/agent --demo build/tests/weir-demo [--lines N] [--kills N] [--seed N] [--live SECONDS]
            [--elasticsearch URL] [--keep DIR]

Both runs begin with the same state directory, so that they mint the same ids. Afterwards the disturbed run must hold
the same documents, none missing and none twice, no trace may be split, and per log file the weights must add up to the
lines that were written, within the error that sampling has.
"""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict

from harness import check, failures, field

RATE = 10
PIPELINE = """
agent {{ state = "{run}/state"  admin = off }}
input tail "shop" {{ path = "{logs}/*.log"  read_from = beginning  filter parse {{ }} }}
filter trace {{ }}
branch "everything" {{
  filter sample "whole" {{ rate = 1 }}
  output file "all" {{ path = "{run}/all.ndjson" }}
}}
branch "few" {{
  filter sample "tenth" {{
    rule "errors" {{ when = error or http.response.status_code >= 400  rate = 1 }}
    rule "rest" {{ rate = {rate} }}
  }}
  {output}
}}
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", required=True)
    parser.add_argument("--demo", required=True)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", type=float, default=0, help="the logs grow meanwhile, for that many seconds")
    parser.add_argument("--elasticsearch", help="its URL, or `real`: WEIR_ES_URL or WEIR_OPENSEARCH_URL; without it the few go into a file")
    parser.add_argument("--keep", help="work there and leave everything behind")
    wishes = parser.parse_args()
    if wishes.elasticsearch == "real":
        wishes.elasticsearch = os.environ.get("WEIR_ES_URL") or os.environ["WEIR_OPENSEARCH_URL"]
    return wishes


class Run:
    """One life of the agent's state and outputs, however many processes it takes."""

    def __init__(self, wishes, work, name):
        self.wishes, self.name, self.directory = wishes, name, work / name
        self.index = f"weir-{name}-{wishes.seed}"
        self.directory.mkdir(parents=True)
        self.config = self.directory / "pipeline.conf"
        output = f'output file "events" {{ path = "{self.directory}/events.ndjson" }}'
        if wishes.elasticsearch:
            output = f'output elasticsearch "events" {{ url = "{wishes.elasticsearch}"  index = "{self.index}" }}'
        self.config.write_text(PIPELINE.format(run=self.directory, logs=work / "logs", rate=RATE, output=output))

    def start(self, *flags):
        with open(self.directory / "agent.log", "ab") as log:
            return subprocess.Popen([self.wishes.agent, "-c", self.config, *flags], stdin=subprocess.DEVNULL,
                                    stdout=log, stderr=log)

    def finish(self):
        """Reads everything to its end; the ledger must balance."""
        ledger = self.directory / "ledger.json"
        begun = time.monotonic()
        code = self.start("--once", "--ledger", ledger).wait(timeout=900)
        check(code == 0, f"{self.name}: agent --once ended with {code}, see {self.directory}/agent.log")
        check(json.loads(ledger.read_text())["balanced"], f"{self.name}: the ledger does not balance")
        return time.monotonic() - begun

    def kill_after(self, seconds, *flags):
        """True: it was still alive then."""
        agent = self.start(*flags)
        try:
            agent.wait(timeout=seconds)
            return False
        except subprocess.TimeoutExpired:
            agent.kill()
            agent.wait()
            return True

    def events(self):
        if not self.wishes.elasticsearch:
            return read_lines(self.directory / "events.ndjson")
        return list(read_index(self.wishes.elasticsearch, self.index))

    def everything(self):
        return read_lines(self.directory / "all.ndjson")


def short(document):
    """What the checks need of a document."""
    return {
        "id": document.get("_id") or field(document, "weir.event_id"),
        "weight": field(document, "sampling.weight") or 1,
        "reason": field(document, "sampling.reason"),
        "trace": field(document, "trace_id", "trace.id", "faas.invocation_id", "faas.execution"),
        "file": os.path.basename(field(document, "log.file.path") or "?"),
    }


def read_lines(path):
    with open(path, "rb") as lines:
        return [short(json.loads(line)) for line in lines]


def ask(url, body=None):
    """POST; Elasticsearch refuses a body where it expects none."""
    data = json.dumps(body).encode() if body else b""
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as reply:
        return json.load(reply)


def read_index(url, index):
    ask(f"{url}/{index}/_refresh")
    page = ask(f"{url}/{index}/_search?scroll=2m", {"size": 5000, "sort": ["_doc"]})
    while page["hits"]["hits"]:
        for hit in page["hits"]["hits"]:
            yield short({**hit["_source"], "_id": hit["_id"]})
        page = ask(f"{url}/_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]})


def place_of(event):
    """Its id without the agent's own and the file's serial: files that grow are not always met in the same order."""
    return event["file"] + "-" + event["id"].split("-", 2)[2]


def compare(what, calm, disturbed):
    calm_ids, ids = Counter(map(place_of, calm)), Counter(map(place_of, disturbed))
    twice = [name for name, count in ids.items() if count > 1]
    missing, foreign = calm_ids.keys() - ids.keys(), ids.keys() - calm_ids.keys()
    check(not twice, f"{what}: {len(twice)} documents twice, such as {twice[:3]}")
    check(not missing, f"{what}: {len(missing)} documents missing, such as {sorted(missing)[:3]}")
    check(not foreign, f"{what}: {len(foreign)} documents that the calm run has not, such as {sorted(foreign)[:3]}")


def check_traces(everything, events):
    whole = Counter(event["trace"] for event in everything if event["trace"])
    kept = Counter(event["trace"] for event in events if event["trace"])
    late = sum(event["reason"] == "late" for event in events)
    split = [trace for trace, count in kept.items() if count != whole[trace]]
    check(not split, f"{len(split)} traces split ({late} late events), such as "
          + ", ".join(f"{trace} {kept[trace]} of {whole[trace]}" for trace in split[:3]))


def check_weights(truth, everything, events):
    """Of a trace with n lines in a file, n times the rate is kept with chance 1 / rate: variance n^2 (rate - 1)."""
    sizes, stands_for = defaultdict(Counter), Counter()
    for event in everything:
        sizes[event["file"]][event["trace"] or event["id"]] += 1
    for event in events:
        stands_for[event["file"]] += event["weight"]
    for name, source in truth["sources"].items():
        file = name + ".log"
        lines = sum(sizes[file].values())
        error = math.sqrt((RATE - 1) * sum(n * n for n in sizes[file].values()))
        off = stands_for[file] - source["lines"]
        print(f"  {name:14} {source['lines']:8} lines, kept events stand for {stands_for[file]:8}"
              f"  {off / max(1, source['lines']):+7.2%} (one sigma is {error / max(1, source['lines']):.2%})")
        check(lines == source["lines"], f"{file}: {source['lines']} lines were written, {lines} came through")
        check(abs(off) <= 4.5 * error, f"{file}: the weights are {off:+} off, beyond 4.5 sigma ({error:.0f})")


def mint_state(wishes, work):
    """A state directory that has its id and nothing else, for both runs."""
    (work / "logs").mkdir()
    fresh = Run(wishes, work, "fresh")
    fresh.finish()
    return fresh.directory / "state"


def disturb(run, seconds, kills, dice, *flags):
    """Each life is short enough that most kills meet the agent at work: what it has done, the next life goes on from."""
    alive = sum(run.kill_after(dice.uniform(0, 2 * seconds / kills), *flags) for _ in range(kills))
    print(f"  {kills} kills, {alive} of them while it ran")
    run.finish()


def past(wishes, work, calm, disturbed, dice):
    generate = [wishes.demo, "--lines", str(wishes.lines), "--seed", str(wishes.seed), work / "logs"]
    subprocess.run(generate, check=True)
    took = calm.finish()
    print(f"  undisturbed: {took:.2f} s")
    disturb(disturbed, took * 0.7, wishes.kills, dice, "--once")


def live(wishes, work, calm, disturbed, dice):
    generate = [wishes.demo, "--live", "--rate", "300", "--seed", str(wishes.seed), work / "logs"]
    with subprocess.Popen(generate) as writer:
        time.sleep(0.2)
        ends = time.monotonic() + wishes.live
        for _ in range(wishes.kills):
            disturbed.kill_after(dice.uniform(0, 2 * wishes.live / wishes.kills))
        time.sleep(max(0, ends - time.monotonic()))
        writer.terminate()
    disturbed.finish()
    calm.finish()


def main():
    wishes = arguments()
    work = pathlib.Path(wishes.keep or tempfile.mkdtemp(prefix="weir-kill-")).absolute()
    work.mkdir(parents=True, exist_ok=True)
    dice = random.Random(wishes.seed)
    state = mint_state(wishes, work)
    calm, disturbed = Run(wishes, work, "calm"), Run(wishes, work, "disturbed")
    for run in (calm, disturbed):
        shutil.copytree(state, run.directory / "state")
    (live if wishes.live else past)(wishes, work, calm, disturbed, dice)
    truth = json.loads((work / "logs/truth.json").read_text())
    everything, events, calm_events = disturbed.everything(), disturbed.events(), calm.events()
    if wishes.live:  # what has no trace is decided by its id, and so by its file's serial
        calm_events = [event for event in calm_events if event["trace"]]
    compare("all", calm.everything(), everything)
    compare("few", calm_events, [event for event in events if event["trace"] or not wishes.live])
    check_traces(everything, events)
    check_weights(truth, everything, events)
    print(f"{len(everything)} events, {len(events)} kept, {len(failures)} failures (seed {wishes.seed})")
    if not wishes.keep and not failures:
        shutil.rmtree(work)
    elif failures:
        print("left behind:", work)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
