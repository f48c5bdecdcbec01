#!/usr/bin/env python3
# tests/end_to_end/lying.py - an Elasticsearch that is slow, full, broken or lies, against the real program.
# SPDX-License-Identifier: Apache-2.0
"""lying.py AGENT [TEST...]: whatever it answers, each event ends up there once, or among the dead letters with its words."""

import json
import sys

import stand_in as far
from harness import check, field, run_tests, stop, wait_until

EVENTS = 2000
PIPELINE = """
agent { state = "{state}"  admin = off  give_up = {give_up} }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
output elasticsearch "elk" { url = "{url}"  batch_events = 200  timeout = 1s  flush = 50ms }
"""


def words(document):
    return field(document, "message", "body")


def lines(count, start=0):
    return "".join(json.dumps({"level": "info", "message": f"event {i}", "@timestamp": "2026-01-01T00:00:00Z"}) + "\n"
                   for i in range(start, start + count))


def deliver(place, server, give_up="60s", count=EVENTS):
    """One --once run of that many events. Returns exit code, what was said, and the output's ledger row."""
    (place.logs / "a.log").write_text(lines(count))
    place.write(PIPELINE, url=server.url, give_up=give_up)
    code, said = place.once()
    check(not server.complaints, f"the stand-in complains: {server.complaints[:3]}")
    return code, said, place.counts()["outputs"]["elk"]


def all_arrive_once(place, misbehave, said_max=8):
    with far.StandIn(misbehave) as server:
        code, said, row = deliver(place, server)
        there = {words(document) for document in server.documents.values()}
        check(code == 0, f"exit code {code}: {said}")
        check(len(server.documents) == EVENTS and there == {f"event {i}" for i in range(EVENTS)},
              f"{len(server.documents)} documents, {len(there)} different ones, of {EVENTS}")
        check(row["delivered"] == EVENTS, f"{row}")
        check(len(said.splitlines()) <= said_max, f"it said too much: {said}")
        return server


def first(count, misdeed):
    return lambda number: misdeed if number < count else None


def a_well_behaved_server_gets_each_event_once(place):
    server = all_arrive_once(place, lambda number: None)
    check(server.twins == 0, f"{server.twins} were sent twice")


def a_server_that_answers_500_is_asked_again(place):
    all_arrive_once(place, first(6, 500))


def a_server_that_is_busy_is_asked_again(place):
    all_arrive_once(place, lambda number: 429 if number % 2 else None)


def busy_items_are_sent_again_alone(place):
    server = all_arrive_once(place, lambda number: far.HALF_LATER if number % 2 == 0 and number < 12 else None)
    check(server.twins == 0, f"{server.twins} that were stored were sent again")


def an_answer_that_is_cut_short_loses_nothing(place):
    all_arrive_once(place, first(4, far.TRUNCATED))


def an_answer_that_is_no_json_loses_nothing(place):
    all_arrive_once(place, first(4, far.NOT_JSON))


def an_answer_with_too_few_items_loses_nothing(place):
    all_arrive_once(place, first(4, far.TOO_FEW_ITEMS))


def a_connection_that_is_reset_loses_nothing(place):
    all_arrive_once(place, lambda number: (far.RESET, far.RESET_AFTER_STORING)[number % 2] if number < 8 else None)


def an_answer_that_never_comes_loses_nothing(place):
    all_arrive_once(place, first(2, far.SILENCE))


def a_request_that_is_too_large_is_split(place):
    limit = 20_000

    class Small(far.StandIn):
        def bulk(self, request, body):
            if len(body) > limit:
                self.requests += 1
                return request.answer(413, b"")
            return super().bulk(request, body)

    with Small() as server:
        code, said, _ = deliver(place, server)
        check(code == 0 and len(server.documents) == EVENTS, f"exit {code}, {len(server.documents)} documents: {said}")


def dead_letters(place):
    text = "".join(path.read_bytes().decode(errors="replace") for path in place.state.glob("dead*"))
    return text


def one_poisonous_document_among_thousands_stands_alone(place):
    with far.StandIn(refuse=lambda document: words(document) == "event 777" and "poison it is") as server:
        code, said, row = deliver(place, server)
        check(code == 1, f"exit code {code}: a refused event must not look like success")
        check(len(server.documents) == EVENTS - 1, f"{len(server.documents)} documents")
        check(row["dead_lettered"] == 1, f"{row}")
        check("event 777" in dead_letters(place) and "poison it is" in dead_letters(place),
              f"the dead letter with the destination's words is missing: {dead_letters(place)[:300]}")


def a_request_that_is_refused_whole_is_bisected(place):
    class Whole(far.StandIn):
        def bulk(self, request, body):
            if b'"event 777"' in body:
                self.requests += 1
                return request.answer(400, {"error": {"type": "illegal_argument_exception", "reason": "poison"},
                                            "status": 400})
            return super().bulk(request, body)

    with Whole() as server:
        code, said, row = deliver(place, server)
        check(code == 1 and len(server.documents) == EVENTS - 1, f"exit {code}, {len(server.documents)}: {said}")
        check(row["dead_lettered"] == 1 and server.requests < 60, f"{row} after {server.requests} requests")


def a_mapping_that_refuses_everything_holds_instead_of_draining(place):
    with far.StandIn(refuse=lambda document: "mapping is broken") as server:
        code, said, row = deliver(place, server, give_up="4s", count=5000)
        check(code == 1, f"exit code {code}: {said}")
        check(row["dead_lettered"] < 1000, f"the stream was drained into dead letters: {row}")
        check("mapping is broken" in said, f"the destination's words are missing: {said}")
        server.refuse = lambda document: None
        code, said = place.once()
        row = place.counts()["outputs"]["elk"]
        check(len(server.documents) + row["dead_lettered"] == 5000, f"{len(server.documents)} documents, {row}: {said}")


def wrong_credentials_lose_nothing(place):
    with far.StandIn(lambda number: 401) as server:
        code, said, row = deliver(place, server, give_up="3s")
        check(code == 1 and row["delivered"] == 0 and row["dead_lettered"] == 0, f"exit {code}: {row}")
        check("401" in said and len(said.splitlines()) < 10, f"{said}")
        server.misbehave = lambda number: None
        code, said = place.once()
        check(code == 0 and len(server.documents) == EVENTS, f"exit {code}, {len(server.documents)} afterwards: {said}")


def a_server_that_is_away_is_waited_for(place):
    with far.StandIn() as server:
        url = server.url
    (place.logs / "a.log").write_text(lines(EVENTS))
    place.write(PIPELINE, url=url, give_up="60s")
    agent = place.start()
    check(not wait_until(lambda: agent.poll() is not None, 2), "the agent ended because its server is away")
    said = stop(agent)
    check(0 < len(said.splitlines()) < 8, f"a dead server is to be said once: {said}")
    with far.StandIn() as server:
        code, said, row = deliver(place, server)
        check(code == 0 and len(server.documents) == EVENTS, f"exit {code}, {len(server.documents)}: {said}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        a_well_behaved_server_gets_each_event_once,
        a_server_that_answers_500_is_asked_again,
        a_server_that_is_busy_is_asked_again,
        busy_items_are_sent_again_alone,
        an_answer_that_is_cut_short_loses_nothing,
        an_answer_that_is_no_json_loses_nothing,
        an_answer_with_too_few_items_loses_nothing,
        a_connection_that_is_reset_loses_nothing,
        an_answer_that_never_comes_loses_nothing,
        a_request_that_is_too_large_is_split,
        one_poisonous_document_among_thousands_stands_alone,
        a_request_that_is_refused_whole_is_bisected,
        a_mapping_that_refuses_everything_holds_instead_of_draining,
        wrong_credentials_lose_nothing,
        a_server_that_is_away_is_waited_for,
    ]))
