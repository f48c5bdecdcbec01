#!/usr/bin/env python3
# tests/end_to_end/patience.py - how the real program paces itself before a far end that is busy, dead, or wants an operator.
# SPDX-License-Identifier: Apache-2.0
"""patience.py AGENT [TEST...]: pauses grow, as much is under way as is good for the far end, one target never holds up another."""

import json
import pathlib
import sys
import time

from harness import check, run_tests, stop, wait_until

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "services"))
from honeycomb_standin import NO_DATASET, Honeycomb  # noqa: E402  (it is a service, not a test)

PIPELINE = """
agent { state = "{state}"  admin = off  give_up = {give_up} }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
output honeycomb "far" { url = "{url}"  key = file("{key}")  timeout = 1s  flush = 20ms {more} }
"""


def write_log(place, count, service="shop", name="a.log"):
    with open(place.logs / name, "a", encoding="utf-8") as log:
        for i in range(count):
            log.write(json.dumps({"level": "info", "message": f"{service} {i}", "service": service,
                                  "@timestamp": f"2026-01-01T00:00:{i * 59 // count:02}Z"}) + "\n")


def configure(place, server, more="", give_up="60s"):
    key = place.directory / "key"
    key.write_text("c9945edf5d245834089a1bd6cc9ad01e\n")
    place.write(PIPELINE, url=server.url, key=key, more=more, give_up=give_up)


def gaps(server):
    times = [when for when, _, _ in server.store.seen]
    return [after - before for before, after in zip(times, times[1:])]


def texts(server, dataset=None):
    return [event["data"]["body"] for event in server.events(dataset)]


def a_far_end_that_says_when_to_come_again_is_not_asked_before(place):
    write_log(place, 40)
    with Honeycomb() as server:
        server.behave("storm", 1, seconds=2)
        configure(place, server, "batch_events = 20  in_flight = 1")
        code, said = place.once()
        check(code == 0 and gaps(server)[0] >= 2, f"exit {code}, asked again after {gaps(server)}: {said}")
        check(len(texts(server)) == 40, f"{len(texts(server))} events")


def a_rate_limit_that_is_used_up_is_waited_for_before_it_refuses(place):
    write_log(place, 60)
    with Honeycomb() as server:
        server.behave("well", 1, headers={"RateLimit": "limit=100, remaining=0, reset=2"})
        configure(place, server, "batch_events = 20  in_flight = 1")
        code, said = place.once()
        check(code == 0 and gaps(server)[0] >= 2, f"exit {code}, asked again after {gaps(server)}: {said}")
        check(max(gaps(server)[1:]) < 1, f"it waited without need: {gaps(server)}")
        check(server.store.answers["429"] == 0, "it was refused all the same")


def a_failing_far_end_is_left_alone_for_longer_and_longer(place):
    write_log(place, 200)
    with Honeycomb() as server:
        server.behave("status", status=500)
        configure(place, server, "batch_events = 10  in_flight = 4")
        agent = place.start()
        check(wait_until(lambda: len(server.store.seen) >= 5, 10), "it was not asked five times")
        opened = len(server.store.seen)
        time.sleep(9)
        probes = gaps(server)[opened:]
        check(2 <= len(probes) <= 5, f"{len(probes)} probes in 9 s: {probes}")
        check(all(active == 1 for _, active, _ in server.store.seen[opened + 4:]), "more than one probe at once")
        check(all(after > before * 0.9 for before, after in zip(probes, probes[1:])), f"pauses do not grow: {probes}")
        server.well_again()
        check(wait_until(lambda: server.store.taken == 200, 20), f"{server.store.taken} of 200 afterwards")
        said = stop(agent)
        check(said.count("pausing") == 1 and said.count("answers again") == 1, f"each change is to be said once: {said}")


def as_much_is_under_way_as_the_far_end_bears(place):
    write_log(place, 16000)
    with Honeycomb() as server:
        server.behave("well", seconds=0.05)
        configure(place, server, "batch_events = 20  in_flight = 8")
        agent = place.start()
        check(wait_until(lambda: len(server.store.seen) > 40, 20), "nothing was sent")
        most = max(active for _, active, _ in server.store.seen)
        check(most == 8, f"at most {most} of 8 were under way")
        server.well_again()
        server.behave("item", 12, status=429, every=2)
        server.behave("well", 60, seconds=0.05)
        at = len(server.store.seen)
        check(wait_until(lambda: len(server.store.seen) > at + 30, 20), "it stopped")
        least = min(active for _, active, _ in server.store.seen[at + 12:])
        check(least <= 2, f"at least {least} were under way before a busy far end")
        server.behave("well", seconds=0.05)
        check(wait_until(lambda: any(active >= 6 for _, active, _ in server.store.seen[at + 40:]), 30), "it did not dare more again")
        server.well_again()
        check(wait_until(lambda: server.store.taken == 16000, 60), f"{server.store.taken} of 16000 in the end")
        stop(agent)
        check(len(set(texts(server))) == 16000 == len(texts(server)), "an event is missing, or there twice")


def one_dataset_that_is_gone_holds_up_no_other_and_is_asked_with_its_newest_event(place):
    write_log(place, 50, "ghost")
    write_log(place, 500, "shop", "b.log")
    with Honeycomb() as server:
        server.store.set({"deleted": ["ghost"]})
        configure(place, server, "batch_events = 20")
        agent = place.start()
        check(wait_until(lambda: len(texts(server, "shop")) == 500, 20), f"{len(texts(server, 'shop'))} of 500 of the other")
        check(wait_until(lambda: server.store.answers["404"] >= 3, 20), "the dataset is not asked for again")
        check(not texts(server, "ghost"), "a deleted dataset has events")
        server.store.set({"deleted": []})
        check(wait_until(lambda: len(texts(server, "ghost")) == 50, 20), f"{len(texts(server, 'ghost'))} of 50 afterwards")
        check(texts(server, "ghost")[0] == "ghost 49", f"it was asked with {texts(server, 'ghost')[0]!r}, not with the newest event")
        said = stop(agent)
        check(said.count(NO_DATASET) == 1 and said.count("takes events again") == 1, f"each change is to be said once: {said}")


def a_dataset_that_refuses_most_is_held_instead_of_drained(place):
    write_log(place, 600)
    with Honeycomb() as server:
        server.behave("item", status=400, error="Dataset has too many columns.")
        configure(place, server, "batch_events = 60  in_flight = 1", give_up="1s")
        code, said = place.once()
        row = place.counts()["outputs"]["far"]
        check(code == 1 and 0 < row["dead_lettered"] < 100, f"exit {code}, {row}")
        check("Dataset has too many columns." in said and "refused_hold = off" in said, f"{said}")
        dead = row["dead_lettered"]
        server.well_again()
        code, said = place.once()
        check(len(texts(server)) == 600 - dead == len(set(texts(server))), f"{len(texts(server))} and {dead} of 600: {said}")


def refusals_drain_into_dead_letters_where_that_is_wished(place):
    write_log(place, 300)
    with Honeycomb() as server:
        server.behave("item", status=400, error="Dataset has too many columns.")
        configure(place, server, "batch_events = 60  refused_hold = off")
        code, said = place.once()
        row = place.counts()["outputs"]["far"]
        check(code == 1 and row["dead_lettered"] == 300, f"exit {code}, {row}: {said}")


def one_event_that_kills_every_connection_stands_alone_in_the_end_and_is_kept(place):
    write_log(place, 400)
    with Honeycomb() as server:
        server.behave("poison_reset", text='"shop 123"')
        configure(place, server, "batch_events = 40  in_flight = 2")
        agent = place.start()
        check(wait_until(lambda: len(texts(server)) == 399, 50), f"{len(texts(server))} of the 399 others came through")
        said = stop(agent)
        server.well_again()
        code, more = place.once()
        row = place.counts()["outputs"]["far"]
        check(code == 0 and row["dead_lettered"] == 0, f"exit {code}, {row}: {said}{more}")
        check(sorted(texts(server)) == sorted(f"shop {i}" for i in range(400)), f"{len(texts(server))} events in the end")


def markers_tell_of_starts_and_of_changes(place):
    write_log(place, 10)
    with Honeycomb() as server:
        for more, said in [('dataset = "shop"', []), ('dataset = "shop"  marker = start', ["shop"]), ('dataset = "shop"  marker = start', ["shop"] * 2),
                           ("marker = change", ["shop"] * 2 + ["__all__"]), ("marker = change", ["shop"] * 2 + ["__all__"]),
                           ("marker = change  batch_events = 7", ["shop"] * 2 + ["__all__"] * 2)]:
            configure(place, server, more)
            write_log(place, 1)
            code, told = place.once()
            check(code == 0 and [one["dataset"] for one in server.store.markers] == said, f"{more}: {server.store.markers}: {told}")
        check(all(one["type"] == "weir-config" for one in server.store.markers), f"{server.store.markers}")
        check("changed" in server.store.markers[-1]["message"], f"{server.store.markers}")
        server.store.set({"access": {"markers": False}})
        configure(place, server, "marker = start")
        write_log(place, 1)
        code, told = place.once()
        check(code == 0 and "Manage Markers" in told, f"a marker that is refused must be told, and hold up nothing: exit {code}: {told}")
        check(server.store.taken == 17 and not server.store.violations, f"{server.store.taken} events, {server.store.violations}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        a_far_end_that_says_when_to_come_again_is_not_asked_before,
        a_rate_limit_that_is_used_up_is_waited_for_before_it_refuses,
        a_failing_far_end_is_left_alone_for_longer_and_longer,
        as_much_is_under_way_as_the_far_end_bears,
        one_dataset_that_is_gone_holds_up_no_other_and_is_asked_with_its_newest_event,
        a_dataset_that_refuses_most_is_held_instead_of_drained,
        refusals_drain_into_dead_letters_where_that_is_wished,
        one_event_that_kills_every_connection_stands_alone_in_the_end_and_is_kept,
        markers_tell_of_starts_and_of_changes,
    ]))
