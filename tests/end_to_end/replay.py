#!/usr/bin/env python3
# tests/end_to_end/replay.py - dead letters and archives to an output again, with the real program.
# SPDX-License-Identifier: Apache-2.0
"""replay.py AGENT [TEST...]: ids and weights are kept, exactly what is left is sent, also beside a running agent."""

import json
import subprocess
import sys

import stand_in as far
from harness import check, field, run_tests, stop, wait_until

PIPELINE = """
agent { state = "{state}"  admin = off  give_up = 2s  drain = 1s }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
output elasticsearch "elk" { url = "{url}"  batch_events = 200  timeout = 1s  flush = 50ms  refused_hold = off  names = otel }
output file "all" { path = "{out}" }
"""


def lines(count, start=0):
    return "".join(json.dumps({"level": "info", "message": f"event {i}", "@timestamp": "2026-01-01T00:00:00Z"}) + "\n"
                   for i in range(start, start + count))


def replay(place, *files, to="elk"):
    done = subprocess.run([place.agent, "replay", "-c", place.config, "--to", to, *files], capture_output=True,
                          text=True, timeout=60)
    check(done.returncode >= 0, f"the replay died of signal {-done.returncode}: {done.stderr}")
    return done.returncode, done.stderr


def numbers(server):
    return sorted(int(field(document, "message", "body").split()[1]) for document in server.documents.values())


def odd(document):
    number = int(field(document, "message", "body").split()[1])
    return "the poison it is" if number % 2 else None


def dead_letters_are_sent_again_with_their_ids_and_removed(place):
    with far.StandIn(refuse=odd) as server:
        (place.logs / "a.log").write_text(lines(300))
        place.write(PIPELINE, url=server.url)
        code, said = place.once()
        check(code == 1 and place.counts()["outputs"]["elk"]["dead_lettered"] == 150, f"{code}: {said}")
        code, said = replay(place)
        check(code == 1 and "150 refused again" in said, f"what is refused again is kept: {code}: {said}")
        check(not list(place.state.glob("dead-elk.*")), "the letters of the agent are done with")
        check(len(list(place.state.glob("replay-elk/dead-elk.*"))) == 1, "and stand in those of the replay")
        server.refuse = lambda document: None
        code, said = replay(place)
        check(code == 0 and "150 delivered" in said, f"{code}: {said}")
        check(numbers(server) == list(range(300)), f"{len(server.documents)} documents")
        ids = {field(event, "weir.event_id") for event in place.events()}
        check(set(server.documents) == ids, "the ids are not those of the first reading")
        check(not list(place.state.glob("**/dead-elk.*")), "nothing is left")
        code, said = replay(place)
        check(code == 0 and "no dead letters" in said, f"{code}: {said}")


def after_a_partial_success_exactly_the_rest_is_sent(place):
    with far.StandIn(refuse=lambda document: "no") as server:
        (place.logs / "a.log").write_text(lines(1000))
        place.write(PIPELINE, url=server.url)
        place.once()
        server.refuse = lambda document: None
        begun = server.requests
        server.misbehave = lambda number: None if number < begun + 2 else 503
        code, said = replay(place)
        there = len(server.documents)
        check(code == 1 and 0 < there < 1000, f"{there} arrived: {code}: {said}")
        server.misbehave = lambda number: None
        code, said = replay(place)
        check(code == 0 and f"{1000 - there} delivered" in said, f"{there} before: {code}: {said}")
        check(numbers(server) == list(range(1000)) and server.twins == 0, f"{server.twins} were sent twice")


def beside_a_running_agent_only_closed_files_are_taken(place):
    with far.StandIn(refuse=odd) as server:
        (place.logs / "a.log").write_text(lines(100))
        place.write(PIPELINE, url=server.url)
        agent = place.start()
        check(wait_until(lambda: len(server.documents) == 50), "the agent delivers")
        check(wait_until(lambda: list(place.state.glob("dead-elk.*"))), "and keeps what was refused")
        server.refuse = lambda document: None
        code, said = replay(place)
        check(code == 1 and "still being written" in said, f"{code}: {said}")
        check(wait_until(lambda: replay(place)[0] == 0, 30), "the agent closes its file soon")
        check(numbers(server) == list(range(100)), f"{len(server.documents)} documents")
        with open(place.logs / "a.log", "a", encoding="utf-8") as log:
            log.write(lines(10, 100))
        check(wait_until(lambda: len(server.documents) == 110), "the agent never noticed")
        stop(agent)


def an_archive_is_sent_with_its_ids_and_weights_and_never_twice(place):
    pipeline = """
agent { state = "{state}"  admin = off }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
filter sample "some" { rule "half" { rate = 2 } }
output file "archive" { path = "{out}" }
output elasticsearch "elk" { url = "{url}"  when = .never == 1  flush = 50ms  names = otel }
"""
    with far.StandIn() as server:
        (place.logs / "a.log").write_text(lines(400))
        place.write(pipeline, url=server.url)
        place.once()
        archived = place.events()
        check(100 < len(archived) < 300 and not server.documents, f"{len(archived)} archived")
        with open(place.directory / "out.ndjson", "a", encoding="utf-8") as archive:
            archive.write("this is no event\n")
        code, said = replay(place, place.directory / "out.ndjson")
        check(code == 1 and "1 places could not be read" in said, f"{code}: {said}")
        for event in archived:
            document = server.documents.get(field(event, "weir.event_id"), {})
            for names in (("body", "message"), ("sampling.weight",), ("sampling.reason",), ("sampling.rule",)):
                if not check(field(document, *names) == field(event, *names), f"{names}: {document} of {event}"):
                    return
        check(len(server.documents) == len(archived), f"{len(server.documents)} of {len(archived)}")
        code, said = replay(place, place.directory / "out.ndjson")
        check(": 0 delivered" in said and server.twins == 0, f"sent twice: {code}: {said}")


def a_wrong_command_line_says_what_was_meant(place):
    place.write(PIPELINE, url="http://127.0.0.1:9")
    for arguments, words in ((["--to", "elx"], "did you mean \"elk\""), ([], "name it with --to")):
        done = subprocess.run([place.agent, "replay", "-c", place.config, *arguments], capture_output=True, text=True,
                              timeout=20)
        check(done.returncode == 2 and words in done.stderr, f"{arguments}: {done.returncode}: {done.stderr}")
    code, said = replay(place, place.directory / "absent")
    check(code == 3 and "No such file" in said, f"{code}: {said}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        dead_letters_are_sent_again_with_their_ids_and_removed,
        after_a_partial_success_exactly_the_rest_is_sent,
        beside_a_running_agent_only_closed_files_are_taken,
        an_archive_is_sent_with_its_ids_and_weights_and_never_twice,
        a_wrong_command_line_says_what_was_meant,
    ]))
