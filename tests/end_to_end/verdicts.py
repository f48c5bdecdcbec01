#!/usr/bin/env python3
# tests/end_to_end/verdicts.py - every row of the tables of answers of Elasticsearch and Honeycomb, against the real program.
# SPDX-License-Identifier: Apache-2.0
"""verdicts.py AGENT [TEST...]: whatever a far end answers, each event is delivered, kept for later, or a dead letter with its words."""

import json
import pathlib
import subprocess
import sys

import stand_in as far
from harness import check, run_tests, stop, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "services"))
import honeycomb_standin  # noqa: E402  (it is a service, not a test)

EVENTS = 60
POISON = "event 17"
KEY = "c9945edf5d245834089a1bd6cc9ad01e"
PIPELINE = """
agent { state = "{state}"  admin = off  give_up = {give_up} }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
output {output}
"""
ELK = 'elasticsearch "far" { url = "{url}"  batch_events = 20  timeout = 1s  flush = 50ms {more} }'
HNY = 'honeycomb "far" { url = "{url}"  key = file("{key}")  batch_events = 20  timeout = 1s  flush = 50ms {more} }'


def lines(count, start=0, service="shop"):
    return "".join(json.dumps({"level": "info", "message": f"event {i}", "service": service,
                               "@timestamp": "2026-01-01T00:00:00Z"}) + "\n" for i in range(start, start + count))


def configure(place, output, url, give_up="60s", more=""):
    key = place.directory / "key"
    key.write_text(KEY + "\n")
    place.write(PIPELINE.replace("{output}", output.replace("{more}", more)), url=url, give_up=give_up, key=key)


def deliver(place, output, url, give_up="60s", more=""):
    """One --once run over what is in the log. Returns exit code, what was said, and the output's ledger row."""
    configure(place, output, url, give_up, more)
    code, said = place.once()
    said = "\n".join(line for line in said.splitlines() if '"far"' in line)
    return code, said, place.counts()["outputs"]["far"]


def dead_letters(place):
    return "".join(path.read_text(errors="replace") for path in place.state.rglob("dead*") if path.is_file())


# --- the far ends -------------------------------------------------------------------------------------------

class Elasticsearch(far.StandIn):
    """Answers a whole request or single items as it is told."""

    def __init__(self):
        super().__init__()
        self.item, self.item_times, self.limit, self.poison_whole = None, 0, None, None

    def whole(self, status, times):
        self.misbehave = lambda number: status if number < times else None

    def well_again(self):
        self.misbehave, self.item = (lambda number: None), None

    def bulk(self, request, body):
        if self.limit and len(body) > self.limit:
            self.requests += 1
            return request.answer(413, b"")
        if self.poison_whole and json.dumps(POISON).encode() in body:
            self.requests += 1
            return request.answer(400, {"error": {"type": "illegal_argument_exception", "reason": self.poison_whole}, "status": 400})
        return super().bulk(request, body)

    def create(self, action, source, path_index, misdeed, at):
        if self.item and self.item_times != 0 and self.item["wants"](source):
            self.item_times -= 1
            return far.refusal(self.item["status"], self.item["type"], self.item["reason"])
        return super().create(action, source, path_index, misdeed, at)

    def texts(self):
        return sorted(document["message"] for document in self.documents.values())


class Honeycomb(honeycomb_standin.Honeycomb):
    def texts(self):
        return sorted(event["data"]["body"] for event in self.events())

    @property
    def complaints(self):
        return self.store.violations


def all_texts(without=()):
    return sorted(text for text in (f"event {i}" for i in range(EVENTS)) if text not in without)


# --- what a row of a table promises ---------------------------------------------------------------------------

def heals(place, output, server, name, copies_allowed=False):
    """It is asked again until it takes everything."""
    code, said, row = deliver(place, output, server.url)
    texts = server.texts()
    check(code == 0 and row["delivered"] == EVENTS, f"{name}: exit {code}, {row}: {said}")
    check(sorted(set(texts)) == all_texts(), f"{name}: {len(set(texts))} of {EVENTS} events are there")
    check(copies_allowed or len(texts) == EVENTS, f"{name}: {len(texts)} copies of {EVENTS} events")
    check(not server.complaints, f"{name}: {server.complaints[:3]}")


def refuses_one(place, output, server, name, words):
    """The poisonous event becomes a dead letter with these words, the others arrive once."""
    code, said, row = deliver(place, output, server.url)
    check(code == 1 and row["dead_lettered"] == 1, f"{name}: exit {code}, {row}: {said}")
    check(server.texts() == all_texts([POISON]), f"{name}: {len(server.texts())} events are there")
    letters = dead_letters(place)
    check(POISON in letters and words in letters, f"{name}: no dead letter says {words!r}: {letters[:300]}")


def holds(place, output, server, name, words):
    """Nothing is lost while an operator is waited for, and everything arrives afterwards."""
    code, said, row = deliver(place, output, server.url, give_up="1s")
    check(code == 1 and row["dead_lettered"] == 0, f"{name}: exit {code}, {row}")
    check(words in said and "holding" in said, f"{name}: {words!r} and what is done about it are not said: {said!r}")
    check(len(said.splitlines()) < 6, f"{name}: it said too much: {said}")
    before = row["delivered"]
    server.well_again()
    code, said, row = deliver(place, output, server.url)
    check(code == 0 and before + row["delivered"] >= EVENTS, f"{name}: exit {code} afterwards, {before} before, {row}: {said}")
    check(server.texts() == all_texts(), f"{name}: {len(server.texts())} of {EVENTS} events afterwards")


def each_row(place, rows, begin, promise):
    """A fresh far end, state and log for every row."""
    for number, row in enumerate(rows):
        below = type(place)(place.agent, place.directory / f"row{number}")
        (below.logs / "a.log").write_text(lines(EVENTS))
        with begin(row) as server:
            promise(below, server, row)


# --- Elasticsearch ------------------------------------------------------------------------------------------------

def an_elasticsearch_that_is_overloaded_or_failing_is_asked_again(place):
    def begin(status):
        server = Elasticsearch()
        server.whole(status, 2)
        return server

    each_row(place, [408, 429, 500, 502, 503, 504, far.TRUNCATED, far.NOT_JSON, far.TOO_FEW_ITEMS, far.RESET, far.RESET_AFTER_STORING],
             begin, lambda below, server, status: heals(below, ELK, server, f"Elasticsearch answers {status}"))


def an_elasticsearch_that_wants_an_operator_is_held(place):
    def begin(status):
        server = Elasticsearch()
        server.whole(status, 10**9)
        return server

    each_row(place, [401, 403, 404, 405, 406, 501, 301], begin,
             lambda below, server, status: holds(below, ELK, server, f"Elasticsearch answers {status}", "misdeed: on demand"))


def elasticsearch_item(row, times):
    server = Elasticsearch()
    wants = (lambda source: json.dumps(POISON).encode() in source) if times == "poison" else (lambda source: True)
    server.item = {"status": row[0], "type": row[1], "reason": row[2], "wants": wants}
    server.item_times = -1 if times == "poison" else times
    return server


def items_of_elasticsearch_that_heal_are_sent_again_alone(place):
    each_row(place, [(429, "es_rejected_execution_exception", "queue full"),
                     (429, "circuit_breaking_exception", "[parent] Data too large"),
                     (429, "cluster_block_exception", "disk usage exceeded flood-stage watermark"),
                     (500, "illegal_state_exception", "x"), (502, "x", "y"),
                     (503, "unavailable_shards_exception", "primary shard is not active"),
                     (503, "process_cluster_event_timeout_exception", "x"),
                     (504, "timeout_exception", "x")],
             lambda row: elasticsearch_item(row, 25),
             lambda below, server, row: heals(below, ELK, server, f"Elasticsearch's item {row}"))


def items_of_elasticsearch_that_are_bad_become_dead_letters(place):
    each_row(place, [(400, "mapper_parsing_exception", "failed to parse"),
                     (400, "document_parsing_exception", "failed to parse field [a]"),
                     (400, "strict_dynamic_mapping_exception", "mapping set to strict"),
                     (400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded"),
                     (400, "invalid_index_name_exception", "must be lowercase"),
                     (400, "x_content_parse_exception", "[1:20]")],
             lambda row: elasticsearch_item(row, "poison"),
             lambda below, server, row: refuses_one(below, ELK, server, f"Elasticsearch's item {row}", row[2]))


def items_of_elasticsearch_that_want_an_operator_hold_their_index(place):
    each_row(place, [(400, "validation_exception", "cluster currently has [1000]/[1000] maximum normal shards open"),
                     (403, "cluster_block_exception", "index read-only"),
                     (403, "security_exception", "action is unauthorized"),
                     (404, "index_not_found_exception", "no such index")],
             lambda row: elasticsearch_item(row, 10**9),
             lambda below, server, row: holds(below, ELK, server, f"Elasticsearch's item {row}", row[1]))


def a_bulk_request_that_is_too_large_is_split(place):
    def begin(limit):
        server = Elasticsearch()
        server.limit = limit
        return server

    each_row(place, [3000, 600], begin, lambda below, server, limit: heals(below, ELK, server, f"at most {limit} bytes"))


def a_bulk_request_that_is_refused_whole_is_bisected(place):
    def begin(words):
        server = Elasticsearch()
        server.poison_whole = words
        return server

    each_row(place, ["no such pipeline"], begin,
             lambda below, server, words: refuses_one(below, ELK, server, "refused whole", words))


# --- Honeycomb ----------------------------------------------------------------------------------------------------

def honeycomb_told(row):
    server = Honeycomb()
    server.behave(**row)
    return server


def a_honeycomb_that_is_overloaded_or_lies_is_asked_again(place):
    nothing_stored = [{"mode": "status", "status": status, "count": 2} for status in (408, 500, 502, 503, 504)] + [
        {"mode": "storm", "seconds": 1, "count": 1}, {"mode": "reset", "count": 2}]
    each_row(place, nothing_stored, honeycomb_told, lambda below, server, row: heals(below, HNY, server, f"Honeycomb: {row}"))
    stored = [{"mode": mode, "count": 2} for mode in ("short", "long", "html", "truncated", "cut_json", "reset_after")]
    stored.append({"mode": "silent", "seconds": 3, "count": 1})
    each_row(type(place)(place.agent, place.directory / "stored"), stored, honeycomb_told,
             lambda below, server, row: heals(below, HNY, server, f"Honeycomb: {row}", copies_allowed=True))


def a_honeycomb_that_wants_an_operator_is_held(place):
    each_row(place, [{"mode": "status", "status": 401, "error": honeycomb_standin.UNKNOWN_KEY},
                     {"mode": "status", "status": 400, "error": honeycomb_standin.UNKNOWN_KEY},
                     {"mode": "status", "status": 403, "error": "Event dropped due to administrative throttling"},
                     {"mode": "status", "status": 404, "error": honeycomb_standin.NO_DATASET},
                     {"mode": "status", "status": 501, "error": "not implemented"},
                     {"mode": "redirect", "error": "302"}],
             honeycomb_told, lambda below, server, row: holds(below, HNY, server, f"Honeycomb: {row}", row["error"]))


def statuses_of_honeycomb_that_heal_are_sent_again_alone(place):
    each_row(place, [{"mode": "item", "status": status, "every": 2, "count": 3, "error": "later"} for status in (429, 408, 500, 503)],
             honeycomb_told, lambda below, server, row: heals(below, HNY, server, f"Honeycomb: {row}"))


def statuses_of_honeycomb_that_refuse_become_dead_letters(place):
    each_row(place, [{"mode": "poison", "text": f'"{POISON}"', "error": honeycomb_standin.COLUMNS},
                     {"mode": "poison", "text": f'"{POISON}"', "error": "Dataset has too many columns."},
                     {"mode": "poison_whole", "text": f'"{POISON}"', "error": honeycomb_standin.MALFORMED}],
             honeycomb_told, lambda below, server, row: refuses_one(below, HNY, server, f"Honeycomb: {row}", row["error"]))


def statuses_of_honeycomb_that_want_an_operator_hold_their_dataset(place):
    each_row(place, [{"mode": "item", "status": status, "error": "ask an operator"} for status in (401, 403, 404)],
             honeycomb_told, lambda below, server, row: holds(below, HNY, server, f"Honeycomb: {row}", row["error"]))


def a_batch_that_is_too_large_is_split(place):
    each_row(place, [{"mode": "too_large", "bytes": 3000, "status": 413}, {"mode": "too_large", "bytes": 3000, "status": 400}],
             honeycomb_told, lambda below, server, row: heals(below, HNY, server, f"Honeycomb: {row}"))


def an_unknown_key_and_a_deleted_dataset_are_told_and_mended_while_it_runs(place):
    with Honeycomb() as server:
        server.store.set({"keys": ["another"]})
        (place.logs / "a.log").write_text(lines(EVENTS))
        configure(place, HNY, server.url)
        agent = place.start()
        check(wait_until(lambda: server.store.answers["401"], 10), "nothing was sent")
        server.store.set({"keys": [KEY], "deleted": ["shop"]})
        check(wait_until(lambda: server.store.answers["404"], 20), "it was not asked again")
        server.store.set({"deleted": []})
        check(wait_until(lambda: server.store.taken >= EVENTS, 20), f"{server.store.taken} of {EVENTS} after it was mended")
        said = stop(agent)
        check(honeycomb_standin.UNKNOWN_KEY in said and honeycomb_standin.NO_DATASET in said and "lets us in again" in said,
              f"what was wrong and that it is well again is not said: {said}")
        check(server.texts() == all_texts(), f"{len(server.texts())} events")


def check_connect_says_what_the_key_may_do(place):
    (place.logs / "a.log").touch()
    cases = [({}, 0, ["lets us in: team Team, classic"]),
             ({"keys": ["another"]}, 1, [honeycomb_standin.UNKNOWN_KEY, "`key`"]),
             ({"access": {"events": False}}, 1, ["Send Events"]),
             ({"access": {"createDatasets": False}}, 0, ["may not create datasets"])]
    for values, wanted, words in cases:
        with Honeycomb() as server:
            server.store.set(values)
            configure(place, HNY, server.url)
            run = subprocess.run([place.agent, "check", "-c", place.config, "--connect"], capture_output=True, text=True, timeout=30)
            said = run.stdout + run.stderr
            check(run.returncode == wanted and all(word in said for word in words), f"{values}: exit {run.returncode}: {said}")
            check(KEY not in said and server.store.requests == 0, f"{values}: it sent events, or told the key: {said}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        an_elasticsearch_that_is_overloaded_or_failing_is_asked_again,
        an_elasticsearch_that_wants_an_operator_is_held,
        items_of_elasticsearch_that_heal_are_sent_again_alone,
        items_of_elasticsearch_that_are_bad_become_dead_letters,
        items_of_elasticsearch_that_want_an_operator_hold_their_index,
        a_bulk_request_that_is_too_large_is_split,
        a_bulk_request_that_is_refused_whole_is_bisected,
        a_honeycomb_that_is_overloaded_or_lies_is_asked_again,
        a_honeycomb_that_wants_an_operator_is_held,
        statuses_of_honeycomb_that_heal_are_sent_again_alone,
        statuses_of_honeycomb_that_refuse_become_dead_letters,
        statuses_of_honeycomb_that_want_an_operator_hold_their_dataset,
        a_batch_that_is_too_large_is_split,
        an_unknown_key_and_a_deleted_dataset_are_told_and_mended_while_it_runs,
        check_connect_says_what_the_key_may_do,
    ]))
