#!/usr/bin/env python3
# tests/services/kafka.py - the real program against a real Kafka broker that stops, refuses, moves and dies.
# SPDX-License-Identifier: Apache-2.0
"""kafka.sh with kafka.py AGENT [NAME...]: each function below is a claim; names choose some of them."""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "end_to_end"))

from harness import check, field, run_tests, stop, wait_until  # noqa: E402

BROKER = os.environ["WEIR_KAFKA"]
BROKER_DIR = pathlib.Path(os.environ["WEIR_KAFKA_DIR"])
numbers = itertools.count(1)
run = f"{int(time.time()) % 100000}"  # topics of an earlier run may still stand in the broker

TO_KAFKA = """
agent { state = "{state}"  admin = off  drain = 5s }
input tail "logs" { path = "{logs}/*.log"  read_from = beginning  filter parse { } }
output kafka "k" { brokers = ["{broker}"]  topic = "{topic}"  {more} }
"""


def tool(*words, text=None):
    program = pathlib.Path(sys.argv[1]).resolve().parent / "tests" / "kafka_tool"
    done = subprocess.run([program, BROKER, *map(str, words)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def new_topic(partitions=1, *settings):
    topic = f"t{run}-{next(numbers)}"
    tool("create", topic, partitions, *settings)
    return topic


def records(topic):
    return [json.loads(line) for line in tool("read", topic).splitlines()]


def write_lines(place, count, name="a", size=0, first=0):
    padding = "x" * size
    with open(place.logs / f"{name}.log", "a") as log:
        for number in range(first, first + count):
            log.write(json.dumps({"timestamp": "2026-11-21T10:00:00Z", "level": "info", "n": number, "pad": padding}) + "\n")


def kafka_broker(verb):
    if verb == "kill":
        os.kill(int((BROKER_DIR / "pid").read_text()), 9)
    else:
        subprocess.run([HERE / "kafka.sh", verb, BROKER_DIR], check=True, stdout=subprocess.DEVNULL)


def numbers_in(topic):
    return Counter(json.loads(record["value"])["n"] for record in records(topic))


def check_all(counts, expected, what, twins=0):
    missing = [n for n in range(expected) if n not in counts]
    extra = sum(counts.values()) - len(counts)
    check(not missing, f"{what}: {len(missing)} of {expected} are missing, the first {missing[:3]}")
    check(extra <= twins, f"{what}: {extra} came twice, at most {twins} may")
    return extra


def check_kills(topic, kills_ms, unanswered, journaled_ms):
    """What came twice, by the broker's clock: each time there was a kill between, and the first copy had no answer then
    (so many records are under way at most), or had it too late for the journal. Returns how often, per kill."""
    copies = {}
    for record in sorted(records(topic), key=lambda record: record["offset"]):
        copies.setdefault(json.loads(record["value"])["n"], []).append(record["time_ms"])
    twins, old = Counter(), Counter()
    for n, times in copies.items():
        for first, second in itertools.pairwise(times):
            kill = next((kill for kill in kills_ms if first <= kill <= second), None)
            if kill is None:  # stored from the dead agent's connection
                kill = max((kill for kill in kills_ms if first - 500 <= kill <= second), default=None)
            if check(kill is not None, f"record {n} came at {first} and {second}: no kill between"):
                twins[kill] += 1
                old[kill] += first < kill - journaled_ms
    for kill, count in old.items():
        check(count <= unanswered, f"{count} records came again that were stored more than {journaled_ms} ms before the "
                                   f"kill, and at most {unanswered} of them had no answer")
    return [twins[kill] for kill in kills_ms]


def every_event_becomes_one_record_with_its_headers(place):
    topic = new_topic(3)
    (place.logs / "a.log").write_text(
        '{"timestamp":"2026-11-21T10:00:00Z","trace_id":"0af7651916cd43dd8448eb211c80319c",'
        '"span_id":"b7ad6b7169203331","n":0}\n{"timestamp":"2026-11-21T10:00:01Z","n":1}\n')
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more="compress = zstd")
    code, _ = place.once()
    check(code == 0, f"agent --once ended with {code}")
    found = {json.loads(record["value"])["n"]: record for record in records(topic)}
    check(sorted(found) == [0, 1], f"records {sorted(found)}")
    check(found[0]["key"] == "0af7651916cd43dd8448eb211c80319c", f"key {found[0]['key']}")
    check(found[0]["headers"].get("traceparent") == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
          f"headers {found[0]['headers']}")
    check(len({record["headers"]["weir-event-id"] for record in found.values()}) == 2, "ids are not apart")
    check(found[1]["key"] is None, f"key {found[1]['key']} of an event without trace and invocation")


def a_broker_that_dies_for_a_while_loses_and_doubles_nothing(place):
    topic = new_topic(2)
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more="")
    agent = place.start()
    written = 0
    for step in range(40):
        write_lines(place, 500, first=written)
        written += 500
        if step == 10:
            kafka_broker("kill")
        if step == 25:
            kafka_broker("resume")
        time.sleep(0.05)
    check(wait_until(lambda: sum(numbers_in(topic).values()) >= written, 60), "the rest did not come within 60 s")
    said = stop(agent)
    check_all(numbers_in(topic), written, "after the broker's death")
    check("no broker" in said, f"nobody told of the broker: {said}")


def kill_9_of_the_agent_doubles_only_what_was_in_flight(place):
    topic, rate, kills = new_topic(1, "message.timestamp.type=LogAppendTime"), 4000, []
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more="batch_events = 200  in_flight = 2  flush = 100ms")
    written = 0
    for _ in range(6):
        agent = place.start()
        begun = time.monotonic()
        while time.monotonic() - begun < 1.0 + 0.07 * len(kills):
            write_lines(place, rate // 50, first=written)
            written += rate // 50
            time.sleep(0.02)
        kills.append(int(time.time() * 1000))
        agent.kill()
        agent.communicate()
    code, _ = place.once()
    check(code == 0, f"agent --once ended with {code}")
    check_all(numbers_in(topic), written, f"after {len(kills)} kills", twins=written)
    # Without an answer: two batches of 200. Answered and not in the journal: the last group commit (200 ms) and its sync.
    twins = check_kills(topic, kills, 2 * 200, 300)
    print(f"     {written} lines, {len(kills)} kills, records twice: {twins}")


def a_record_over_the_brokers_limit_becomes_a_dead_letter(place):
    topic = new_topic(1, "max.message.bytes=20000")
    write_lines(place, 300)
    write_lines(place, 1, size=50000, first=300)
    write_lines(place, 300, first=301)
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more='compress = none')
    code, said = place.once()
    counts = numbers_in(topic)
    check(300 not in counts and len(counts) == 600, f"{len(counts)} records of 600, the giant among them: {300 in counts}")
    check(code == 1, f"agent --once ended with {code}: something was refused")
    check("too large" in said.lower(), f"the broker's words are missing: {said}")
    ledger = place.counts()
    check(json.dumps(ledger).count('"dead_lettered":1') or json.dumps(ledger).count('"dead_lettered": 1'), f"{ledger}")


def a_missing_topic_is_held_until_it_is_there(place):
    topic = f"late{run}-{next(numbers)}"
    write_lines(place, 1000)
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more="")
    agent = place.start()
    time.sleep(9)
    check(agent.poll() is None, "the agent gave up")
    tool("create", topic, 1)
    check(wait_until(lambda: len(numbers_in(topic)) >= 1000, 90), "it did not heal within 90 s")
    said = stop(agent)
    check_all(numbers_in(topic), 1000, "after the topic was made")
    check(f'"{topic}" needs an operator' in said and "takes events again" in said, f"said: {said}")


def check_connect_says_what_is_missing(place):
    topic = new_topic(3)
    write_lines(place, 1)  # input tail misses nothing
    cases = [(topic, BROKER, "3 partitions", 0), ("nowhere", BROKER, "waits until somebody makes it", 0),
             (topic, "127.0.0.1:1", "see `brokers`", 1)]
    for name, broker, words, code in cases:
        place.write(TO_KAFKA, broker=broker, topic=name, more="")
        done = subprocess.run([place.agent, "check", "--connect", "-c", place.config], capture_output=True, text=True)
        said = done.stdout + done.stderr
        check(words in said and done.returncode == code, f"{name} at {broker}: {done.returncode}, {said}")


def sasl(user, password):
    return (f'settings = {{ security.protocol = "sasl_plaintext"  sasl.mechanism = "PLAIN"  sasl.username = "{user}" }}  '
            f'secrets = {{ sasl.password = env("WEIR_TEST_PASSWORD") }}'), password


def run_with_password(place, topic, user, password, seconds):
    more, secret = sasl(user, password)
    os.environ["WEIR_TEST_PASSWORD"] = secret
    place.write(TO_KAFKA, broker=(BROKER_DIR / "sasl").read_text().strip(), topic=topic, more=more)
    agent = place.start()
    time.sleep(seconds)
    said = stop(agent)
    check(secret not in said, "a password was printed")
    return said


def wrong_credentials_hold_everything_and_right_ones_go_on(place):
    topic = new_topic(1)
    write_lines(place, 500)
    said = run_with_password(place, topic, "weir", "wrong-password", 3)
    check("holding everything" in said, f"a wrong password: {said}")
    said = run_with_password(place, topic, "guest", "guest", 3)
    check("holding" in said and "uthoriz" in said, f"a user without rights: {said}")
    check(not records(topic), "something was written without a right")
    run_with_password(place, topic, "weir", "right", 4)
    check_all(numbers_in(topic), 500, "with the right password")


def a_full_local_queue_only_waits(place):
    topic = new_topic(2)
    write_lines(place, 30000)
    place.write(TO_KAFKA, broker=BROKER, topic=topic, more='settings = { queue.buffering.max.messages = "50" }')
    code, _ = place.once()
    check(code == 0, f"agent --once ended with {code}")
    check_all(numbers_in(topic), 30000, "with a queue of 50")


AGGREGATOR = """
agent { state = "{state}{id}"  admin = off  drain = 5s }
input kafka "in" { brokers = ["{broker}"]  topics = ["{topic}"]  group = "{topic}"
                   settings = { session.timeout.ms = "{session}"  heartbeat.interval.ms = "500" }  filter parse { } }
output file "all" { path = "{state}{id}.ndjson" }
"""


def aggregators(place, topic, count, session):
    made = []
    for number in range(count):
        config = place.directory / f"agg{number}.conf"
        text = AGGREGATOR
        for name, value in {"state": place.state, "id": number, "broker": BROKER, "topic": topic,
                            "session": session}.items():
            text = text.replace("{" + name + "}", str(value))
        config.write_text(text)
        made.append(config)
    return made


def begin(place, config):
    return subprocess.Popen([place.agent, "-c", config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)


def read_numbers(place, members):
    counts = Counter()
    for number in range(members):
        path = place.directory / f"state{number}.ndjson"
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    counts[json.loads(line)["n"]] += 1
                except ValueError:
                    pass  # the last line of a file that still grows
    return counts


def feed(topic, lines, seconds):
    """Writes lines over so many seconds, in a thread of its own."""
    def work():
        for first in range(0, lines, 500):
            tool("write", topic, text="".join(f'k{n % 97}\t{{"n":{n}}}\n' for n in range(first, first + 500)))
            time.sleep(seconds * 500 / lines)
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def members_of_a_group_share_the_partitions_and_hand_them_over(place):
    topic, lines = new_topic(6), 30000
    configs = aggregators(place, topic, 3, 15000)
    feeder = feed(topic, lines, 12)
    one = begin(place, configs[0])
    time.sleep(3)
    two = begin(place, configs[1])
    time.sleep(3)
    three = begin(place, configs[2])
    time.sleep(3)
    said = stop(one)
    feeder.join()
    check(wait_until(lambda: len(read_numbers(place, 3)) == lines, 60), f"{len(read_numbers(place, 3))} of {lines} came")
    said += stop(two) + stop(three)
    counts = read_numbers(place, 3)
    # librdkafka takes a commit that meets a rebalance for the loss of every partition: rare, and then the agent says how
    # many records it had read since the commit before. Else nothing comes again.
    bound = sum(int(number) for number in re.findall(r"up to (\d+) records", said))
    twins = check_all(counts, lines, "through two joins and a leave", twins=bound)
    print(f"     {lines} lines, two joins, two leaves: {twins} given out twice, of {bound} that the agents told of")
    for number in range(3):
        mine = len((place.directory / f"state{number}.ndjson").read_text().splitlines())
        check(mine > 0, f"member {number} read nothing")


def a_member_that_is_killed_comes_back_and_gives_out_nothing_twice(place):
    topic, lines = new_topic(4), 20000
    config = aggregators(place, topic, 1, 3000)[0]
    feeder = feed(topic, lines, 10)
    for _ in range(4):
        agent = begin(place, config)
        time.sleep(2.5)
        agent.kill()
        agent.communicate()
    feeder.join()
    agent = begin(place, config)
    check(wait_until(lambda: len(read_numbers(place, 1)) == lines, 60), f"{len(read_numbers(place, 1))} of {lines} came")
    stop(agent)
    check_all(read_numbers(place, 1), lines, "after four kills")


SIDECAR = """
agent { state = "{state}"  admin = off }
input tail "logs" { path = "{logs}/*.log"  read_from = beginning  filter parse { } }
filter trace { }
filter sample "first" { rule "e" { when = error  rate = 1 }  rule "r" { rate = 4 } }
output kafka "k" { brokers = ["{broker}"]  topic = "{topic}" }
"""
SECOND = """
agent { state = "{state}"  admin = off }
input kafka "in" { brokers = ["{broker}"]  topics = ["{topic}"]  group = "{topic}"  filter parse { } }
filter trace { }
filter sample "second" { rule "e" { when = error  rate = 1 }  rule "r" { rate = 5 } }
output file "out" { path = "{out}" }
"""


def two_agents_in_series_multiply_weights_and_keep_ids(place):
    topic, traces, lines = new_topic(4), 20000, 3
    with open(place.logs / "a.log", "w") as log:
        for number in range(traces * lines):
            trace = number // lines
            level = "error" if trace % 50 == 0 else "info"
            log.write(json.dumps({"timestamp": "2026-11-21T10:00:00Z", "level": level, "trace_id": f"{trace * 7919:032x}",
                                  "n": number}) + "\n")
    place.write(SIDECAR, broker=BROKER, topic=topic)
    code, said = place.once()
    check(code == 0, f"the sidecar ended with {code}: {said}")
    ids = {json.loads(r["value"])["n"]: r["headers"]["weir-event-id"] for r in records(topic)}
    place.write(SECOND, broker=BROKER, topic=topic, state=place.directory / "second")
    code, said = place.once()
    check(code == 0, f"the aggregator ended with {code}: {said}")
    events = place.events()
    weights = Counter(field(e, "sampling.weight") or 1 for e in events)
    check(set(weights) == {1, 20}, f"weights {dict(weights)}")
    total = sum(field(e, "sampling.weight") or 1 for e in events)
    # The errors of each fiftieth trace stand for themselves; of the rest one trace in 20 is kept.
    traces_rest = traces - traces // 50
    sigma = (traces_rest * 19) ** 0.5 * lines
    check(abs(total - traces * lines) < 4 * sigma, f"the weights add up to {total}, not {traces * lines} +- {4 * sigma:.0f}")
    check(all(field(e, "weir.event_id") == ids[e["n"]] for e in events), "ids changed on the way")
    whole = Counter(field(e, "trace_id") for e in events)
    check(set(whole.values()) == {lines}, f"split traces: {Counter(whole.values())}")
    print(f"     {traces * lines} lines, {len(ids)} through Kafka, {len(events)} kept, their weights {total} "
          f"({(total / (traces * lines) - 1) * 100:+.2f} %)")


TESTS = [
    every_event_becomes_one_record_with_its_headers,
    a_broker_that_dies_for_a_while_loses_and_doubles_nothing,
    kill_9_of_the_agent_doubles_only_what_was_in_flight,
    a_record_over_the_brokers_limit_becomes_a_dead_letter,
    a_missing_topic_is_held_until_it_is_there,
    check_connect_says_what_is_missing,
    wrong_credentials_hold_everything_and_right_ones_go_on,
    a_full_local_queue_only_waits,
    members_of_a_group_share_the_partitions_and_hand_them_over,
    a_member_that_is_killed_comes_back_and_gives_out_nothing_twice,
    two_agents_in_series_multiply_weights_and_keep_ids,
]

if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], TESTS))
