#!/usr/bin/env python3
# tests/end_to_end/branches.py - the story's configuration as one file, and what branches promise, against the real program.
# SPDX-License-Identifier: Apache-2.0
"""branches.py AGENT [KAFKA_TOOL]: everything goes to one place, a sample to another; a side arm never changes the main one.

The story runs with a Kafka broker too where WEIR_KAFKA names one (tests/services/kafka.sh with ...).
"""

import collections
import json
import math
import os
import pathlib
import subprocess
import sys

import stand_in as far
from harness import check, field, run_tests

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "services"))
import honeycomb_standin  # noqa: E402  (it is a service, not a test)

REQUESTS = 3000
KEY = "c9945edf5d245834089a1bd6cc9ad01e"
KAFKA_TOOL = None

STORY = """
agent { state = "{state}"  admin = off }

input tail "functions" { path = "{logs}/functions-*.log"  filter parse { format = auto } }
input tail "gateway"   { path = "{logs}/gateway-*.log"    filter parse { format = api_gateway } }
input tail "nginx"     { path = "{logs}/nginx-*.log"      filter parse { format = nginx } }

filter trace { }

filter sample "whole" {                         # rate 1: drops nothing; holds until a trace is whole, stamps its id on every line
  rate = 1
  copy { field = http.request.body.content  when = http.response.status_code >= 400 }
}
filter remove { fields = [http.request.body.content]  when = not (http.response.status_code >= 400) }

output elasticsearch "elk" { url = "{elk}"  flush = 50ms }
{lake}

branch "events" {                               # every error, 1 in 10 successes, health checks 1 in 1000, whole traces
  from = [functions gateway]
  filter sample "tenth" {
    rule "errors" { when = error or http.response.status_code >= 400  rate = 1 }
    rule "health" { when = url.path == "/health"                      rate = 1000 }
    rule "rest"   { rate = 10 }
  }
  output honeycomb "hny" { key = file("{key}")  url = "{hny}"  dataset = "{service.name}"  flush = 50ms }
}
"""
KAFKA = 'output kafka "lake" { brokers = ["{brokers}"]  topic = "{topic}"  key = trace.id }'
FILE = 'output file "lake" { path = "{out}" }'


# --- what is written, and what must come of it: an oracle that knows nothing of the program --------------------------

class Request:
    """One request: a line of the gateway and three of a function, tied by its trace id."""

    def __init__(self, number):
        self.number, self.trace = number, f"{number + 1:08x}{'0123456789abcdef' * 2}"[:32]
        self.status = 502 if number % 97 == 5 else 404 if number % 53 == 7 else 200
        self.is_health = self.status == 200 and number % 3 == 0
        self.fails = number % 71 == 3  # an error in the function's log alone
        self.path = "/health" if self.is_health else f"/orders/{number}"
        self.body = json.dumps({"sku": number})

    def is_error(self):
        return self.status >= 400 or self.fails

    def time(self, step):
        seconds = self.number // 50
        return f"2026-01-02T03:{seconds // 60:02}:{seconds % 60:02}.{self.number % 50 * 20 + step:03}Z"

    def gateway(self):
        return json.dumps({"requestId": f"r-{self.number}", "httpMethod": "POST", "path": self.path, "status": str(self.status),
                           "traceId": self.trace, "time": self.time(9), "service": "gateway"})

    def function(self):
        about = {"service": "checkout", "traceId": self.trace}
        yield json.dumps({"level": "info", "message": f"begin {self.number}", "time": self.time(1),
                          "http.request.body.content": self.body, **about})
        yield json.dumps({"level": "error" if self.fails else "info", "message": f"work {self.number}", "time": self.time(2), **about})
        yield json.dumps({"level": "info", "message": f"end {self.number}", "url.path": self.path, "time": self.time(3), **about})


def write_logs(place, requests):
    with open(place.logs / "functions-a.log", "w", encoding="utf-8") as functions, \
            open(place.logs / "gateway-a.log", "w", encoding="utf-8") as gateway, \
            open(place.logs / "nginx-a.log", "w", encoding="utf-8") as nginx:
        for request in requests:
            functions.write("".join(line + "\n" for line in request.function()))
            gateway.write(request.gateway() + "\n")
            if request.number % 10 == 0:
                nginx.write(f'10.0.0.1 - - [02/Jan/2026:03:00:{request.number // 60 % 60:02} +0000] "GET /static/{request.number} HTTP/1.1" '
                            f'500 12 "-" "curl/8"\n')


def by_trace(events, trace_of):
    traces = collections.defaultdict(list)
    for event in events:
        traces[trace_of(event)].append(event)
    return traces


def check_everything(documents, requests, name, *spelling):
    """The place that gets everything has every line once, and bodies on the lines of a 4xx or 5xx only."""
    check(len(documents) == 4 * len(requests) + len(requests) // 10, f"{name}: {len(documents)} events")
    traces = by_trace(documents, lambda one: field(one, "trace.id", "trace_id"))
    for request in requests:
        lines = traces[request.trace]
        bodies = [field(one, *spelling) for one in lines]
        status = [field(one, "http.response.status_code") for one in lines]
        if not check(len(lines) == 4, f"{name}: {len(lines)} lines of request {request.number}"):
            return
        wanted = [request.body if request.status >= 400 and one == request.status else None for one in status]
        if not check(bodies == wanted, f"{name}: bodies {bodies} beside {status} of request {request.number}"):
            return


def check_sample(events, requests):
    traces = by_trace(events, lambda one: one["data"].get("trace.trace_id"))
    check(None not in traces, "an event without a trace came into the branch: what nginx wrote is not from its inputs")
    estimate = 0
    for request in requests:
        kept = traces.get(request.trace, [])
        if not check(len(kept) in (0, 4), f"{len(kept)} of the 4 lines of request {request.number}"):
            return
        rate = 1 if request.is_error() else 1000 if request.is_health else 10
        if request.is_error():
            check(len(kept) == 4, f"request {request.number} has an error and was sampled away")
        if not check(all(one["samplerate"] == rate for one in kept), f"{[one['samplerate'] for one in kept]}, not {rate}"):
            return
        estimate += sum(one["samplerate"] for one in kept)
    rest = [request for request in requests if not request.is_error() and not request.is_health]
    health = [request for request in requests if not request.is_error() and request.is_health]
    sigma = 4 * math.sqrt(9 * len(rest) + 999 * len(health))  # four lines each, variance of a weight is N-1
    truth = 4 * len(requests)
    check(abs(estimate - truth) < 5 * sigma, f"weights sum up to {estimate}, not {truth} +- {sigma:.0f}")
    print(f"     {len(events)} of {truth} events kept, they stand for {estimate} (sigma {sigma:.0f})")


def the_story_runs_as_one_file(place):
    requests = [Request(number) for number in range(REQUESTS)]
    write_logs(place, requests)
    (place.directory / "key").write_text(KEY + "\n")
    brokers, topic = os.environ.get("WEIR_KAFKA"), f"story-{os.getpid()}"
    if brokers and KAFKA_TOOL:
        subprocess.run([KAFKA_TOOL, brokers, "create", topic, "4"], check=True, timeout=60)
    else:
        print("     skipped: no Kafka broker (WEIR_KAFKA): a file takes its place")
    with far.StandIn() as elk, honeycomb_standin.Honeycomb() as hny:
        place.write(STORY.replace("{lake}", KAFKA if brokers and KAFKA_TOOL else FILE), elk=elk.url, hny=hny.url,
                    key=place.directory / "key", brokers=brokers, topic=topic)
        code, said = place.once()
        check(code == 0, f"exit code {code}: {said}")
        check(not elk.complaints and not hny.store.violations, f"{elk.complaints[:3]} {hny.store.violations[:3]}")
        check_everything(list(elk.documents.values()), requests, "Elasticsearch", "http.request.body.content")
        if brokers and KAFKA_TOOL:
            text = subprocess.run([KAFKA_TOOL, brokers, "read", topic], check=True, timeout=60, capture_output=True, text=True).stdout
            lake = [json.loads(json.loads(line)["value"]) for line in text.splitlines()]
        else:
            lake = place.events()
        check_everything(lake, requests, "the lake", "http.request.body.content")
        check_sample(hny.events(), requests)
        check(set(hny.store.events) == {"checkout", "gateway"}, f"datasets {sorted(hny.store.events)}")
        outputs = place.counts()["outputs"]
        check(outputs["hny"]["in"] == 4 * REQUESTS and outputs["elk"]["in"] == 4 * REQUESTS + REQUESTS // 10, f"{outputs}")


# --- what branches promise -----------------------------------------------------------------------------------------

ARMS = """
agent { state = "{state}"  admin = off }
input tail "a" { path = "{logs}/a.log"  filter parse { } }
input tail "b" { path = "{logs}/b.log"  filter parse { } }
output file "before" { path = "{dir}/before" }
branch "outer" {
  from = [a]
  filter set { fields = { changed = "outer"  n = n + 1000 } }
  branch "inner" {
    when = not (n < 1010)
    filter rename { fields = { "message" = note } }
    filter remove { fields = [trace.id] }
    output file "inner" { path = "{dir}/inner" }
    branch "innermost" {
      filter drop { when = n >= 1050 }
      filter set { fields = { changed = "innermost" } }
      output file "innermost" { path = "{dir}/innermost" }
    }
    output file "inner_after" { path = "{dir}/inner_after" }
  }
  output file "outer" { path = "{dir}/outer" }
}
filter set { fields = { main = true } }
output file "after" { path = "{dir}/after" }
output file "only_b" { path = "{dir}/only_b"  from = [b] }
"""


def write_numbers(place, name, count):
    with open(place.logs / f"{name}.log", "w", encoding="utf-8") as log:
        for i in range(count):
            log.write(json.dumps({"level": "info", "message": f"{name} {i}", "n": i, "time": "2026-01-02T03:04:05Z",
                                  "traceId": f"{i // 4 + 1:032x}"}) + "\n")


def an_edit_in_a_branch_stays_in_it_at_every_depth(place):
    write_numbers(place, "a", 100)
    write_numbers(place, "b", 50)
    place.write(ARMS, dir=place.directory)
    code, said = place.once()
    check(code == 0, f"exit code {code}: {said}")

    def numbers(name):
        return sorted((event["n"], event.get("changed"), event.get("main")) for event in place.events(name))

    both = sorted([(i, None, None) for i in range(100)] + [(i, None, None) for i in range(50)])
    check(numbers("before") == both, "what stands above the branch is changed")
    check(numbers("outer") == [(i + 1000, "outer", None) for i in range(100)], f"{numbers('outer')[:3]}")
    check(numbers("inner") == [(i + 1000, "outer", None) for i in range(10, 100)], f"{numbers('inner')[:3]}")
    check(numbers("innermost") == [(i + 1000, "innermost", None) for i in range(10, 50)], f"{numbers('innermost')[:3]}")
    check(numbers("inner_after") == numbers("inner"), "the side arm of a branch changes what comes below it")
    check(numbers("after") == sorted((n, None, True) for n, _, _ in both), "a branch changes what comes below it")
    check(len(numbers("only_b")) == 50, f"{len(numbers('only_b'))} events from b")
    check(all("note" in event and "trace_id" not in event for event in place.events("inner")), f"{place.events('inner')[:1]}")
    check(all("trace_id" in event for event in place.events("outer")), "a branch of a branch took a field away from it")
    check(all(event["body"].startswith(("a ", "b ")) for event in place.events("after")), "the main arm lost its text")
    rows = place.counts()["outputs"]
    check(rows["inner"]["in"] == 90 and rows["innermost"]["dropped"] == 50 and rows["outer"]["in"] == 100, f"{rows}")


SAMPLES = """
agent { state = "{state}"  admin = off }
input tail "a" { path = "{logs}/a.log"  filter parse { } }
filter trace { }
output file "all" { path = "{dir}/all" }
branch "tenth" {
  filter sample "tenth" { rate = 10 }
  output file "one" { path = "{dir}/one" }
  branch "again" {
    filter sample "fifth" { rate = 5 }
    output file "both" { path = "{dir}/both" }
  }
  output file "two" { path = "{dir}/two"  names = as_is }
}
branch "hundredth" {
  filter sample "hundredth" { rate = 100 }
  output file "rare" { path = "{dir}/rare" }
}
"""


def two_outputs_of_a_branch_get_the_same_sample_and_each_branch_its_own(place):
    write_numbers(place, "a", 40000)
    place.write(SAMPLES, dir=place.directory)
    code, said = place.once()
    check(code == 0, f"exit code {code}: {said}")

    def kept(name):
        return {event["n"] for event in place.events(name)}

    check(len(kept("all")) == 40000, f"{len(kept('all'))} in all")
    check(kept("one") == kept("two") and 3000 < len(kept("one")) < 5000, f"{len(kept('one'))} and {len(kept('two'))}")
    check(kept("rare") < kept("one"), "1 in 100 is no part of 1 in 10")
    check(kept("both") < kept("one") and 500 < len(kept("both")) < 1100, f"{len(kept('both'))} behind two samplers")
    check({event["sampling.weight"] for event in place.events("both")} == {50}, "weights do not multiply")
    for name in ("one", "rare", "both"):
        check(all(len(lines) == 4 for lines in by_trace(place.events(name), lambda one: one["n"] // 4).values()),
              f"{name}: a trace is not whole")


MARKS = """
agent { state = "{state}"  admin = off  give_up = 1s }
input tail "a" { path = "{logs}/a.log"  filter parse { } }
filter trace { }
output file "all" { path = "{dir}/all" }
branch "tenth" {
  filter sample "tenth" { rate = 2 }
  output honeycomb "hny" { key = file("{key}")  url = "{hny}"  dataset = "d"  flush = 20ms  batch_events = 100 }
  output file "same" { path = "{dir}/same" }
}
"""


def each_output_has_marks_of_its_own(place):
    write_numbers(place, "a", 2000)
    (place.directory / "key").write_text(KEY + "\n")
    with honeycomb_standin.Honeycomb() as hny:
        hny.behave("status", status=401, error="ask an operator")
        place.write(MARKS, dir=place.directory, hny=hny.url, key=place.directory / "key")
        code, said = place.once()
        kept = {event["n"] for event in place.events("same")}
        check(code == 1 and len(place.events("all")) == 2000 and 700 < len(kept) < 1300, f"exit {code}: {len(kept)} kept: {said}")
        check(not hny.events(), "a far end that refuses the key has events")
        hny.well_again()
        code, said = place.once()
        sent = [event["data"]["n"] for event in hny.events()]
        check(code == 0 and sorted(sent) == sorted(kept), f"exit {code}: {len(sent)} sent, {len(set(sent) - kept)} others: {said}")
        check(len(place.events("all")) == 2000 and len(place.events("same")) == len(kept), "the others got something twice")


if __name__ == "__main__":
    KAFKA_TOOL = sys.argv.pop(2) if len(sys.argv) > 2 and os.path.exists(sys.argv[2]) else None
    sys.exit(run_tests(sys.argv[1], [
        the_story_runs_as_one_file,
        an_edit_in_a_branch_stays_in_it_at_every_depth,
        two_outputs_of_a_branch_get_the_same_sample_and_each_branch_its_own,
        each_output_has_marks_of_its_own,
    ]))
