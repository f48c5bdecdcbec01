# tests/end_to_end/signals.py - what the running program does when it is told to.
# SPDX-License-Identifier: Apache-2.0
"""python3 signals.py AGENT [TEST...]"""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import stand_in as far
from admin import ask, free_port
from harness import check, run_tests, stop, wait_until

TO_FILE = """agent { state = "{state}" admin = "127.0.0.1:{port}" }
input tail { path = "{logs}/*.log" poll = 50ms }
output file { path = "{out}" }
"""

# A trace without an invocation is held for a minute.
SAMPLED = """agent { state = "{state}" admin = "127.0.0.1:{port}" {settings} }
input tail { path = "{logs}/*.log" poll = 50ms filter parse { } }
filter sample { }
output file "all" { path = "{out}" }
"""
SAMPLED_FAR = SAMPLED.replace('output file "all" { path = "{out}" }',
                              'output elasticsearch { url = "{url}" flush = 50ms timeout = 1s }')
FAR = """agent { state = "{state}" admin = "127.0.0.1:{port}" {settings} }
input tail { path = "{logs}/*.log" poll = 50ms filter parse { } }
output elasticsearch { url = "{url}" flush = 50ms timeout = 1s }
"""


def held_lines(count):
    return "".join(json.dumps({"trace_id": f"{number:032x}", "message": f"m{number}"}) + "\n"
                   for number in range(1, count + 1))


def lines(first, count):
    return "".join(f"line {number}\n" for number in range(first, first + count))


def append(place, text):
    with open(place.logs / "a.log", "a") as log:
        log.write(text)


def sigusr1_opens_renamed_output_files_anew(place):
    place.write(TO_FILE, port=PORT)
    append(place, lines(0, 100))
    agent = place.start()
    out, old = place.directory / "out.ndjson", place.directory / "out.old"
    check(wait_until(lambda: len(place.events()) == 100), f"{len(place.events())} of 100 arrived")
    os.rename(out, old)
    agent.send_signal(signal.SIGUSR1)
    check(wait_until(out.exists), "SIGUSR1 did not make the output file anew")
    append(place, lines(100, 50))
    check(wait_until(lambda: len(place.events()) == 50), f"{len(place.events())} of 50 in the new file")
    check(len(place.events("out.old")) == 100, "the renamed file grew")
    stop(agent)
    check(agent.returncode == 0, f"exit {agent.returncode}")


PORT = free_port()


def wait_until_read(count):
    def has_read():
        try:
            inputs = json.loads(ask(PORT, "/api/v1/ledger")[1])["inputs"]
            return sum(row["events"] for row in inputs.values()) == count
        except (OSError, KeyError, ValueError):
            return False

    check(wait_until(has_read), f"{count} events were not read")


def run_until_read(place, count):
    agent = place.start()
    wait_until_read(count)
    return agent


RAW = 'filter parse { } }\noutput file "raw" { path = "{raw}" }\n'  # says from outside what was read


def pipe_into(place, pipeline, text, **values):
    """Runs a pipeline on a pipe that stays open; returns when all of it was read."""
    pipeline = pipeline.replace('tail { path = "{logs}/*.log" poll = 50ms', "stdin {")
    place.write(pipeline.replace("filter parse { } }\n", RAW), raw=place.directory / "raw.ndjson", port=PORT, **values)
    agent = subprocess.Popen([place.agent, "-c", place.config], stdin=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    agent.stdin.write(text)
    agent.stdin.flush()
    count = len(text.splitlines())
    check(wait_until(lambda: len(place.events("raw.ndjson")) == count), f"{count} events were not read")
    return agent


def a_stop_keeps_held_traces_for_the_next_start(place):
    place.write(SAMPLED, settings="", port=PORT)
    append(place, held_lines(20))
    agent = run_until_read(place, 20)
    begun = time.monotonic()
    said = stop(agent)
    check(agent.returncode == 0, f"exit {agent.returncode}")
    check(time.monotonic() - begun < 5, "a stop with nothing to deliver took long")
    check("20 events without an outcome wait for the next start" in said, said)
    check(len(place.events()) == 0, "held events were put out")
    code, said = place.once()
    check(code == 0 and len(place.events()) == 20, f"exit {code}, {len(place.events())} of 20: {said}")


def a_stop_decides_held_traces_when_told_to(place):
    place.write(SAMPLED, settings="at_stop = decide", port=PORT)
    append(place, held_lines(20))
    agent = run_until_read(place, 20)
    stop(agent)
    check(agent.returncode == 0 and len(place.events()) == 20, f"exit {agent.returncode}, {len(place.events())} of 20")
    place.once()
    check(len(place.events()) == 20, "the next start put them out again")


def what_is_decided_at_the_stop_is_delivered_before_it(place):
    with far.StandIn() as server:
        place.write(SAMPLED_FAR, settings="at_stop = decide", port=PORT, url=server.url)
        append(place, held_lines(500))
        agent = run_until_read(place, 500)
        begun = time.monotonic()
        said = stop(agent)
        check(agent.returncode == 0 and len(server.documents) == 500,
              f"exit {agent.returncode}, {len(server.documents)} of 500: {said}")
        check(time.monotonic() - begun < 5, "it waited though all was delivered")
        code, said = place.once()
        check(code == 0 and server.twins == 0, f"exit {code}, {server.twins} were sent twice")


def a_pipe_is_decided_at_the_stop(place):
    agent = pipe_into(place, SAMPLED, held_lines(20), settings="")
    agent.send_signal(signal.SIGTERM)
    check(wait_until(lambda: agent.poll() is not None), "SIGTERM did not end it")
    agent.stdin.close()
    check(agent.returncode == 0 and len(place.events()) == 20, f"exit {agent.returncode}, {len(place.events())} of 20")


def a_stop_waits_for_a_dead_server_as_long_as_drain_says(place):
    with far.StandIn() as server:
        url = server.url
    place.write(FAR, settings="drain = 2s", port=PORT, url=url)
    append(place, lines(0, 30))
    agent = run_until_read(place, 30)
    begun = time.monotonic()
    said = stop(agent)
    took = time.monotonic() - begun
    check(agent.returncode == 0 and 1.5 < took < 6, f"exit {agent.returncode} after {took:.1f} s")
    check("30 events without an outcome wait for the next start" in said, said)
    with far.StandIn() as server:
        place.write(FAR, settings="", port=PORT, url=server.url)
        code, said = place.once()
        check(code == 0 and len(server.documents) == 30, f"exit {code}, {len(server.documents)} of 30: {said}")


def a_second_signal_stops_at_once(place):
    with far.StandIn() as server:
        url = server.url
    place.write(FAR, settings="drain = 1h", port=PORT, url=url)
    append(place, lines(0, 30))
    agent = run_until_read(place, 30)
    agent.terminate()
    check(not wait_until(lambda: agent.poll() is not None, 1), "one SIGTERM ended it before drain")
    begun = time.monotonic()
    agent.terminate()
    check(wait_until(lambda: agent.poll() is not None, 10), "two SIGTERM did not end it")
    check(time.monotonic() - begun < 3, "the second SIGTERM took long")
    check(agent.returncode == 0, f"exit {agent.returncode}: what is left is safe at its source")


def a_pipe_that_cannot_be_delivered_is_said_to_be_lost(place):
    with far.StandIn() as server:
        url = server.url
    agent = pipe_into(place, FAR, lines(0, 7), settings="drain = 1s", url=url)
    agent.send_signal(signal.SIGTERM)
    check(wait_until(lambda: agent.poll() is not None), "SIGTERM did not end it")
    said = agent.stderr.read()
    check(agent.returncode == 1 and "7 events without an outcome are lost" in said, f"exit {agent.returncode}: {said}")


def once_gives_up_without_progress_and_keeps_the_rest(place):
    with far.StandIn() as server:
        url = server.url
    place.write(FAR, settings="give_up = 1s", port=PORT, url=url)
    append(place, lines(0, 30))
    begun = time.monotonic()
    code, said = place.once()
    check(code == 1 and time.monotonic() - begun < 10, f"exit {code}: {said}")
    row = place.counts()["outputs"]["elasticsearch"]
    check(row["queued"] + row["in_flight"] == 30, f"{row}")
    with far.StandIn() as server:
        place.write(FAR, settings="", port=PORT, url=server.url)
        code, said = place.once()
        check(code == 0 and len(server.documents) == 30, f"exit {code}, {len(server.documents)} of 30: {said}")


def a_refused_event_makes_one_run_fail_not_the_next(place):
    with far.StandIn(refuse=lambda document: "no" if "line 3" in json.dumps(document) else None) as server:
        place.write(FAR, settings="", port=PORT, url=server.url)
        append(place, lines(0, 10))
        code, said = place.once()
        check(code == 1, f"exit {code}: {said}")
        code, said = place.once()
        check(code == 0, f"exit {code} though nothing was refused: {said}")


def exit_codes_tell_mistakes_from_trouble(place):
    place.write(TO_FILE, port=PORT)
    append(place, lines(0, 3))
    agent = run_until_read(place, 3)
    code, said = place.once()
    check(code == 3 and "another agent" in said, f"a second agent on one state: exit {code}: {said}")
    stop(agent)
    place.write(TO_FILE.replace("poll", "pol"), port=PORT)
    code, said = place.once()
    check(code == 2, f"a misspelt setting: exit {code}")


def a_crash_leaves_no_core(place):
    place.write(TO_FILE, port=PORT)
    append(place, lines(0, 3))
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    agent = run_until_read(place, 3)
    agent.send_signal(signal.SIGABRT)
    _, status = os.waitpid(agent.pid, 0)
    agent.returncode = -os.WTERMSIG(status)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    check(os.WIFSIGNALED(status) and not os.WCOREDUMP(status), f"a core was written: status {status:#x}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        sigusr1_opens_renamed_output_files_anew,
        a_stop_keeps_held_traces_for_the_next_start,
        a_stop_decides_held_traces_when_told_to,
        what_is_decided_at_the_stop_is_delivered_before_it,
        a_pipe_is_decided_at_the_stop,
        a_stop_waits_for_a_dead_server_as_long_as_drain_says,
        a_second_signal_stops_at_once,
        a_pipe_that_cannot_be_delivered_is_said_to_be_lost,
        once_gives_up_without_progress_and_keeps_the_rest,
        a_refused_event_makes_one_run_fail_not_the_next,
        exit_codes_tell_mistakes_from_trouble,
        a_crash_leaves_no_core,
    ]))
