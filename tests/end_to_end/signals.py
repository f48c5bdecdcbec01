# tests/end_to_end/signals.py - what the running program does when it is told to.
# SPDX-License-Identifier: Apache-2.0
"""python3 signals.py AGENT [TEST...]"""

import os
import signal
import sys

from harness import check, run_tests, stop, wait_until

TO_FILE = """agent { state = "{state}" admin = off }
input tail { path = "{logs}/*.log" poll = 50ms }
output file { path = "{out}" }
"""


def lines(first, count):
    return "".join(f"line {number}\n" for number in range(first, first + count))


def append(place, text):
    with open(place.logs / "a.log", "a") as log:
        log.write(text)


def sigusr1_opens_renamed_output_files_anew(place):
    place.write(TO_FILE)
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


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        sigusr1_opens_renamed_output_files_anew,
    ]))
