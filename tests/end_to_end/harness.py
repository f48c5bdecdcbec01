# tests/end_to_end/harness.py - what the end-to-end tests share: a checked list of claims and runs of the real program.
# SPDX-License-Identifier: Apache-2.0
"""Imported by the scripts beside it. A test is a function that takes a Place; its name is the claim."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print("FAIL", text, flush=True)
    return holds


def field(document, *names):
    """The first of these names that the document has, dotted or nested."""
    for name in names:
        if name in document:
            return document[name]
        value = document
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def read_events(path):
    """The events of a file output; a line that is not strict JSON and UTF-8 is a failure of its own."""
    with open(path, "rb") as lines:
        return [json.loads(line.decode("utf-8")) for line in lines]


def wait_until(holds, seconds=30):
    """Polls a condition; False: it did not come to hold."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


class Place:
    """A directory of one test: its pipeline, state, inputs and outputs."""

    def __init__(self, agent, directory):
        self.agent, self.directory = agent, pathlib.Path(directory)
        self.logs = self.directory / "logs"
        self.logs.mkdir(parents=True)
        self.config = self.directory / "pipeline.conf"
        self.state = self.directory / "state"
        self.ledger = self.directory / "ledger.json"

    def write(self, pipeline, **values):
        """The pipeline, with {logs}, {state}, {out} and what else is given filled in."""
        values = {"logs": self.logs, "state": self.state, "out": self.directory / "out.ndjson", **values}
        for name, value in values.items():
            pipeline = pipeline.replace("{" + name + "}", str(value))
        self.config.write_text(pipeline)

    def start(self, *flags):
        return subprocess.Popen([self.agent, "-c", self.config, *flags], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")

    def once(self, seconds=120):
        """Reads everything to its end. Returns the exit code and what was said."""
        agent = self.start("--once", "--ledger", self.ledger)
        try:
            _, said = agent.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            agent.kill()
            _, said = agent.communicate()
            check(False, f"--once did not end within {seconds} s: {said[-500:]}")
        check(agent.returncode >= 0, f"the agent died of signal {-agent.returncode}: {said[-2000:]}")
        return agent.returncode, said

    def counts(self):
        """The ledger of the last --once; it must balance."""
        ledger = json.loads(self.ledger.read_text())
        check(ledger["balanced"], f"the ledger does not balance: {ledger}")
        return ledger

    def events(self, name="out.ndjson"):
        path = self.directory / name
        return read_events(path) if path.exists() else []


def stop(agent, seconds=20):
    """SIGTERM and wait. Returns what it said."""
    agent.terminate()
    try:
        _, said = agent.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        agent.kill()
        _, said = agent.communicate()
        check(False, f"SIGTERM did not end the agent within {seconds} s")
    return said


def run_tests(agent, tests):
    """Runs each in a place of its own; what failed leaves its place behind."""
    agent = os.path.abspath(agent)
    wanted = sys.argv[2:]
    for test in tests:
        if wanted and test.__name__ not in wanted:
            continue
        directory = tempfile.mkdtemp(prefix="weir-test-")
        os.chmod(directory, 0o755)
        before, begun = len(failures), time.monotonic()
        try:
            test(Place(agent, directory))
        except Exception:  # a broken claim of any kind is a failure of this test, not the end of the others
            check(False, traceback.format_exc())
        good = len(failures) == before
        print(f"{'ok  ' if good else 'FAIL'} {test.__name__.replace('_', ' ')} ({time.monotonic() - begun:.1f} s)"
              + ("" if good else f", left behind: {directory}"), flush=True)
        if good:
            shutil.rmtree(directory, ignore_errors=True)
    return 1 if failures else 0
