#!/usr/bin/env python3
# tests/end_to_end/destinations.py - every destination at once, each down for a third of the run, the agent killed meanwhile.
# SPDX-License-Identifier: Apache-2.0
"""Everything goes to Elasticsearch and to Kafka, a sample of whole traces to Honeycomb and to OpenSearch.

    destinations.py --agent build/agent --tools build/tests [--lines N] [--seconds N] [--kills N] [--seed N]
                    [--delay-max SECONDS] [--keep DIR]

Real servers, but for Honeycomb's strict stand-in; WEIR_ES_URL, WEIR_OPENSEARCH_URL and WEIR_KAFKA_DIR say where they are (the
`with` commands of tests/services). Log files grow, are rotated and deleted meanwhile. Afterwards nothing may be missing
anywhere, Elasticsearch and OpenSearch hold each event once, Kafka and Honeycomb twice only what was in flight at a kill,
the sample is the same in both its places and its weights add up, and the ledger balances. How soon the others had each
new event while one was down is printed, and judged on a machine that is quiet enough for --delay-max.
"""

import argparse
import json
import math
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections import Counter, defaultdict

from gate import Gate
from harness import check, failures, field, wait_until
from kill import ask

RATE, TICK_S, GRACE_S, MEMORY_MIB = 10, 1.0, 4.0, 128
LINES_PER_REQUEST = 11.7  # of the shop: its log must not say other times than those at which it is written
# Of this run alone: the servers may have seen others.
NAMES = {name: f"{name.replace('_', '-')}-{os.getpid()}" for name in ("weir_all", "weir_few", "lake_topic")}
SERVICES = pathlib.Path(__file__).resolve().parent.parent / "services"
PIPELINE = """
agent {{ state = "{work}/state"  admin = "127.0.0.1:{admin}"  memory = {memory}MiB }}
input tail "shop" {{ path = "{work}/logs/*.log*"  read_from = beginning  filter parse {{ }} }}
filter trace {{ }}
filter sample "whole" {{ rate = 1 }}
output elasticsearch "elk" {{ url = "http://127.0.0.1:{elk}"  index = "{weir_all}"  flush = 200ms }}
output kafka "lake" {{ brokers = ["{kafka}"]  topic = "{lake_topic}"  key = trace.id }}
branch "events" {{
  filter sample "tenth" {{
    rule "errors" {{ when = error or http.response.status_code >= 400  rate = 1 }}
    rule "rest" {{ rate = {rate} }}
  }}
  output honeycomb "hny" {{ url = "http://127.0.0.1:{hny}"  key = "{key}"  dataset = "shop"  flush = 200ms }}
  output elasticsearch "few" {{ url = "http://127.0.0.1:{few}"  index = "{weir_few}"  flush = 200ms }}
}}
"""
KEY = "abcdefghij0123456789ab"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agent", required=True)
    parser.add_argument("--tools", required=True, help="where weir-demo and kafka_tool were built")
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delay-max", type=float, default=math.inf, help="seconds")
    parser.add_argument("--keep", help="work there and leave everything behind")
    return parser.parse_args()


class Feed:
    """The log files: written second by second, some renamed, the renamed ones deleted once they were read."""

    def __init__(self, wishes, work, dice):
        self.logs, self.dice, self.wishes = work / "logs", dice, wishes
        self.logs.mkdir()
        self.staged = work / "staged"
        self.staged.mkdir()
        requests = wishes.lines / LINES_PER_REQUEST / wishes.seconds
        subprocess.run([wishes.tools + "/weir-demo", "--lines", str(wishes.lines), "--seed", str(wishes.seed), "--rate",
                        str(requests), "--start", str(int(time.time())), self.staged], check=True)
        made = json.loads((self.staged / "truth.json").read_text())["requests"] / requests
        check(abs(made / wishes.seconds - 1) < 0.1, f"the log is of {made:.0f} s, but written in {wishes.seconds:.0f} s")
        self.files = {}
        for path in self.staged.glob("*.log"):
            with open(path, "rb") as log:
                self.files[path.name] = list(log)  # splitlines() would cut at a lone carriage return as well
        self.written, self.rotated, self.markers = Counter(), [], {}
        self.deletions = 0

    def tick(self, share):
        """Everything up to this share of each file."""
        for name, lines in self.files.items():
            until = len(lines) if share >= 1 else int(len(lines) * share)
            with open(self.logs / name, "ab") as log:
                log.writelines(lines[self.written[name]:until])
            self.written[name] = max(self.written[name], until)
        number = len(self.markers)
        self.markers[number] = time.monotonic()
        with open(self.logs / "marker.log", "a") as log:
            log.write(json.dumps({"level": "error", "message": f"marker-{number:06}-"}) + "\n")

    def rotate(self):
        name = self.dice.choice(sorted(self.files))
        old = self.logs / f"{name}.{len(self.rotated) + self.deletions + 1}"
        (self.logs / name).rename(old)
        self.rotated.append((time.monotonic(), old))

    def delete(self):
        """What was renamed a while ago; True: something went."""
        ready = [entry for entry in self.rotated if time.monotonic() - entry[0] > GRACE_S]
        for entry in ready:
            entry[1].unlink()
            self.rotated.remove(entry)
            self.deletions += 1
        return bool(ready)

    def lines(self):
        return sum(map(len, self.files.values())) + len(self.markers)


class Agent:
    def __init__(self, wishes, work, config):
        self.wishes, self.work, self.config = wishes, work, config
        self.process, self.started, self.killed = None, 0, []
        self.largest_mib = 0
        self.start()

    def start(self, *flags):
        with open(self.work / "agent.log", "ab") as log:
            self.process = subprocess.Popen([self.wishes.agent, "-c", self.config, *flags], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.started = time.monotonic()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.killed.append(time.monotonic())
        self.start()

    def measure(self):
        """What it takes of its own: not its program, nor pages of files."""
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return
        kib = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0)
        self.largest_mib = max(self.largest_mib, kib / 1024)

    def has_uncopied_files(self):
        """A deleted file lives in this process alone until what is open of it is copied into the state directory."""
        fds = pathlib.Path(f"/proc/{self.process.pid}/fd")
        try:
            names = [os.readlink(fd) for fd in list(fds.iterdir())]
        except OSError:
            return True
        deleted = sum("/logs/" in name and name.endswith("(deleted)") for name in names)
        return deleted > len(list((self.work / "state").glob("tail-*.copy")))

    def finish(self, ledger):
        self.process.send_signal(signal.SIGTERM)
        check(wait_until(lambda: self.process.poll() is not None, 60), "SIGTERM did not end the agent within 60 s")
        self.start("--once", "--ledger", ledger)
        deadline = time.monotonic() + 600
        while self.process.poll() is None and time.monotonic() < deadline:
            self.measure()
            time.sleep(0.2)
        code = self.process.returncode
        if code is None:
            self.process.kill()
            code = "nothing within 600 s"
        check(code == 0, f"agent --once ended with {code}, see {self.work}/agent.log")


class Outages:
    """Each destination is down once, for a third of the run that begins at a random moment of it."""

    def __init__(self, seconds, switches, dice):
        self.switches, self.down = switches, {}
        third = seconds / 3
        self.plan = {}
        for name in switches:
            begins = dice.uniform(0.05 * seconds, 0.95 * seconds - third)
            self.plan[name] = (begins, begins + third)
        self.times = defaultdict(list)

    def step(self, elapsed):
        for name, (begins, ends) in self.plan.items():
            wanted = begins <= elapsed < ends
            if wanted != self.down.get(name, False):
                self.down[name] = wanted
                self.times[name].append(time.monotonic())
                print(f"  {elapsed:5.0f} s  {name} is {'down' if wanted else 'back'}", flush=True)
                threading.Thread(target=self.switches[name][0 if wanted else 1], daemon=True).start()

    def was_down(self, name, moment, until):
        begins, ends = (self.times[name] + [math.inf, math.inf])[:2]
        return begins - 0.5 < until and moment < ends


def gate_to(url):
    address = urllib.parse.urlsplit(url)
    return Gate(address.hostname, address.port)


def kafka_kill(directory):
    os.kill(int((directory / "pid").read_text()), signal.SIGKILL)


def kafka_resume(directory):
    subprocess.run([SERVICES / "kafka.sh", "resume", directory], check=True, stdin=subprocess.DEVNULL)


def disturb(wishes, feed, agent, outages, dice):
    """Feeds the logs in real time and breaks what there is to break."""
    begun = time.monotonic()
    kills = sorted(dice.uniform(0.05, 0.95) * wishes.seconds for _ in range(wishes.kills))
    rotate_at = begun + 5
    while (elapsed := time.monotonic() - begun) < wishes.seconds:
        feed.tick(elapsed / wishes.seconds)
        outages.step(elapsed)
        agent.measure()
        if time.monotonic() > rotate_at:
            feed.rotate()
            rotate_at += wishes.seconds / 30
        if time.monotonic() - agent.started > GRACE_S and (not kills or kills[0] > elapsed + GRACE_S):
            feed.delete()
        if kills and elapsed > kills[0] and not agent.has_uncopied_files():
            agent.kill()
            kills.pop(0)
        time.sleep(max(0, TICK_S - (time.monotonic() - begun) % TICK_S))
    feed.tick(1)
    outages.step(math.inf)
    check(not kills, f"{len(kills)} kills found no moment without a deleted file that only the agent still had")
    print(f"  {len(agent.killed)} kills, {feed.deletions} rotated files deleted", flush=True)


# --- what arrived -----------------------------------------------------------------------------------------

def short(document, identity):
    return {
        "id": identity,
        "weight": field(document, "sampling.weight", "samplerate") or 1,
        "reason": field(document, "sampling.reason"),
        "trace": field(document, "trace_id", "trace.id", "trace.trace_id", "faas.invocation_id", "faas.execution"),
        "file": os.path.basename(field(document, "log.file.path") or "?").split(".log")[0],
        "text": field(document, "body", "message") or "",
    }


def read_index(url, index):
    ask(f"{url}/{index}/_refresh")
    page = ask(f"{url}/{index}/_search?scroll=2m", {"size": 5000, "sort": ["_doc"]})
    while page["hits"]["hits"]:
        for hit in page["hits"]["hits"]:
            yield short(hit["_source"], hit["_id"])
        page = ask(f"{url}/_search/scroll", {"scroll": "2m", "scroll_id": page["_scroll_id"]})


def read_topic(wishes, brokers):
    reader = subprocess.Popen([wishes.tools + "/kafka_tool", brokers, "read", NAMES["lake_topic"]], stdout=subprocess.PIPE)
    for line in reader.stdout:
        record = json.loads(line)
        event = json.loads(record["value"])
        yield {**short(event, record["headers"]["weir-event-id"]), "time_ms": record["time_ms"]}
    check(reader.wait() == 0, "the topic could not be read to its end")


def read_honeycomb(path):
    with open(path, "rb") as lines:
        for line in lines:
            event = json.loads(line)
            data = event["data"]
            yield {**short(data, data["meta.weir.event_id"]), "weight": event.get("samplerate", 1)}


def check_once(what, events):
    twice = [name for name, count in Counter(event["id"] for event in events).items() if count > 1]
    check(not twice, f"{what}: {len(twice)} events twice, such as {twice[:3]}")


def once_each(what, events, kills):
    """The events by id; those that came again are counted: only what was in flight at a kill may."""
    unique = {}
    for event in events:
        unique.setdefault(event["id"], event)
    again = len(events) - len(unique)
    print(f"  {what}: {len(unique)} events, {again} of them came again, {again / max(1, kills):.0f} per kill")
    return unique


def check_same(what, ids, wanted):
    missing, foreign = wanted - ids, ids - wanted
    check(not missing, f"{what}: {len(missing)} events missing, such as {sorted(missing)[:3]}")
    check(not foreign, f"{what}: {len(foreign)} events that Elasticsearch has not, such as {sorted(foreign)[:3]}")


def check_files(feed, everything):
    came = Counter(event["file"] for event in everything)
    for name, lines in feed.files.items():
        stem = name.split(".log")[0]
        check(came[stem] == len(lines), f"{name}: {len(lines)} lines were written, {came[stem]} came through")
    check(came["marker"] == len(feed.markers), f"markers: {len(feed.markers)} written, {came['marker']} came through")


def check_sample(everything, few):
    whole = Counter(event["trace"] for event in everything if event["trace"])
    kept = Counter(event["trace"] for event in few if event["trace"])
    late = sum(event["reason"] == "late" for event in few)
    split = [trace for trace, count in kept.items() if count != whole[trace]]
    check(len(split) <= late, f"{len(split)} traces split though {late} events came late, such as {split[:3]}")
    sizes = Counter(event["trace"] or event["id"] for event in everything)
    sigma = math.sqrt((RATE - 1) * sum(count * count for count in sizes.values()))
    stands_for = sum(event["weight"] for event in few)
    off = stands_for - len(everything)
    print(f"  {len(few)} of {len(everything)} events kept, they stand for {stands_for} "
          f"({off / len(everything):+.2%}, one sigma is {sigma / len(everything):.2%}), {late} late")
    check(abs(off) < 4.5 * sigma, f"the weights are {off:+} off, beyond 4.5 sigma ({sigma:.0f})")


def since_kill(agent, moment):
    return min((moment - kill for kill in agent.killed if kill < moment), default=math.inf)


def check_delays(feed, agent, outages, answered, delay_max_s):
    """Of markers written while this destination was up, another down, and no kill was near."""
    worst = {}
    for name, times in answered.items():
        delays = []
        for number, written in feed.markers.items():
            near_kill = any(moment - GRACE_S < written < moment + GRACE_S for moment in agent.killed + [agent.first])
            other_down = any(outages.was_down(other, written, written) for other in answered if other != name)
            begins = (outages.times[name] + [math.inf])[0]
            if near_kill or not other_down or written + GRACE_S > begins:
                continue
            delays.append((times.get(number, math.inf) - written, written))
        if delays:
            worst[name] = max(delays)[0]
            late = [f"{delay:.1f} s, written {since_kill(agent, written):.0f} s after a kill"
                    for delay, written in delays if delay > 2]
            said = f", {len(late)} of them after more than 2 s: {'; '.join(late[:6])}" if late else ""
            print(f"  {name}: {len(delays)} markers while another was down, each there within {worst[name]:.2f} s{said}")
    for name, delay in worst.items():
        check(delay < delay_max_s, f"{name}: an event took {delay:.2f} s while another destination was down")
    check(worst, "no destination was up while another was down: nothing was measured")


# --- the run ------------------------------------------------------------------------------------------------

def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(wishes, work):
    dice = random.Random(wishes.seed)
    kafka_dir = pathlib.Path(os.environ["WEIR_KAFKA_DIR"])
    brokers = (kafka_dir / "brokers").read_text().strip()
    subprocess.run([wishes.tools + "/kafka_tool", brokers, "create", NAMES["lake_topic"], "4", "message.timestamp.type=LogAppendTime"],
                   check=True)
    honeycomb = subprocess.Popen([sys.executable, "-u", SERVICES / "honeycomb_standin.py", "--log", work / "honeycomb.ndjson"],
                                 stdout=subprocess.PIPE, text=True)
    gates = {"elk": gate_to(os.environ["WEIR_ES_URL"]), "few": gate_to(os.environ["WEIR_OPENSEARCH_URL"]),
             "hny": Gate("127.0.0.1", int(honeycomb.stdout.readline()))}
    config = work / "pipeline.conf"
    config.write_text(PIPELINE.format(work=work, rate=RATE, memory=MEMORY_MIB, kafka=brokers, key=KEY, admin=free_port(), **NAMES,
                                      **{name: gate.port for name, gate in gates.items()}))
    switches = {name: (gate.shut, gate.open) for name, gate in gates.items()}
    switches["lake"] = (lambda: kafka_kill(kafka_dir), lambda: kafka_resume(kafka_dir))
    feed = Feed(wishes, work, dice)
    agent = Agent(wishes, work, config)
    agent.first = agent.started
    outages = Outages(wishes.seconds, switches, dice)
    try:
        disturb(wishes, feed, agent, outages, dice)
        wait_until(lambda: "Kafka Server started" in (kafka_dir / "log").read_text(), 60)
        check(wait_until(lambda: not agent.has_uncopied_files(), 60), "deleted files were not copied within 60 s")
        agent.finish(work / "ledger.json")
    finally:
        agent.process.kill()
        honeycomb.terminate()
    judge(wishes, work, feed, agent, outages, gates, brokers)


def judge(wishes, work, feed, agent, outages, gates, brokers):
    everything = list(read_index(os.environ["WEIR_ES_URL"], NAMES["weir_all"]))
    few = list(read_index(os.environ["WEIR_OPENSEARCH_URL"], NAMES["weir_few"]))
    lake = once_each("Kafka", list(read_topic(wishes, brokers)), len(agent.killed))
    hny = once_each("Honeycomb", list(read_honeycomb(work / "honeycomb.ndjson")), len(agent.killed))
    check_once("Elasticsearch", everything)
    check_once("OpenSearch", few)
    check_files(feed, everything)
    check_same("Kafka", set(lake), {event["id"] for event in everything})
    check_same("Honeycomb", set(hny), {event["id"] for event in few})
    check_sample(everything, few)
    ledger = json.loads((work / "ledger.json").read_text())
    check(ledger["balanced"], f"the ledger does not balance: {ledger}")
    for name, row in ledger["outputs"].items():
        check(row["in"] == feed.lines(), f"{name}: {feed.lines()} lines, but in is {row['in']}: {row}")
    print(f"  the agent took {agent.largest_mib:.0f} MiB at most, of the {MEMORY_MIB} that it may")
    check(agent.largest_mib <= MEMORY_MIB, f"the agent took {agent.largest_mib:.0f} MiB, memory = {MEMORY_MIB}MiB")
    answered = {name: gate.answered for name, gate in gates.items()}
    shift = time.time() - time.monotonic()
    answered["lake"] = {int(event["text"].split("-")[1]): event["time_ms"] / 1000 - shift
                        for event in lake.values() if event["text"].startswith("marker-")}
    check_delays(feed, agent, outages, answered, wishes.delay_max)
    print(f"{feed.lines()} lines, {len(failures)} failures (seed {wishes.seed})")


def main():
    wishes = arguments()
    missing = [name for name in ("WEIR_ES_URL", "WEIR_OPENSEARCH_URL", "WEIR_KAFKA_DIR") if name not in os.environ]
    if missing:
        print("skipped: not told where the servers are:", *missing)
        return 77
    work = pathlib.Path(wishes.keep or tempfile.mkdtemp(prefix="weir-destinations-")).absolute()
    work.mkdir(parents=True, exist_ok=True)
    run(wishes, work)
    if failures:
        print("left behind:", work)
    elif not wishes.keep:
        shutil.rmtree(work)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
