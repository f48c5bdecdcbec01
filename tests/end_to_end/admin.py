#!/usr/bin/env python3
# tests/end_to_end/admin.py - what the running agent says about itself over HTTP.
# SPDX-License-Identifier: Apache-2.0
"""admin.py AGENT [TEST...]: metrics that promtool accepts, health, readiness, the ledger, and who may ask."""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys

from harness import check, run_tests, stop, wait_until

HERE = pathlib.Path(__file__).parent
PIPELINE = """
agent { state = "{state}"  admin = "127.0.0.1:{port}" }
input tail "t" { path = "{logs}/*.log"  filter parse { } }
filter trace { }
filter sample "tenth" { rate = 10 }
output file "out" { path = "{out}" }
"""
LINES = 1000


def ask(port, path, host=None, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"127.0.0.1:{port}")
    connection.endheaders()
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    return reply.status, body


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run_agent(place):
    """A running agent that has read everything, and its port."""
    port = free_port()
    (place.logs / "a.log").write_text("".join(
        f'{{"level":"info","message":"event {i}","trace_id":"{i + 1:032x}"}}\n' for i in range(LINES)))
    place.write(PIPELINE, port=port)
    agent = place.start()

    def has_read():
        try:
            return json.loads(ask(port, "/api/v1/ledger")[1])["inputs"]["t"]["lines"] == LINES
        except (OSError, KeyError, ValueError):
            return False

    check(wait_until(has_read), "the ledger does not tell of all lines")
    return agent, port


def metrics_are_what_prometheus_accepts(place):
    debs = os.environ.get("WEIR_PROMETHEUS_DEBS", "prometheus").split()
    root = subprocess.run([HERE / "../services/debs.sh", "prometheus", *debs], capture_output=True, text=True)
    agent, port = run_agent(place)
    status, body = ask(port, "/metrics")
    stop(agent)
    check(status == 200 and "weir_" in body, f"{status}: {body[:300]}")
    if root.returncode:
        print(root.stdout.strip())
        return
    promtool = pathlib.Path(root.stdout.strip()) / "usr/bin/promtool"
    said = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, text=True)
    check(said.returncode == 0, f"promtool: {said.stdout}{said.stderr}")


def health_readiness_and_ledger_answer(place):
    agent, port = run_agent(place)
    for path in ("/health", "/ready"):
        status, body = ask(port, path)
        check(status == 200, f"{path}: {status} {body}")
    ledger = json.loads(ask(port, "/api/v1/ledger")[1])
    row = ledger["outputs"]["out"]
    check(ledger["balanced"] and row["in"] == LINES, f"{ledger}")
    check(ask(port, "/no-such-page")[0] == 404, "an unknown path")
    stop(agent)


def a_foreign_host_is_turned_away(place):
    agent, port = run_agent(place)
    for path in ("/metrics", "/api/v1/ledger"):
        status, body = ask(port, path, host="evil.example")
        check(status == 403 and "event" not in body, f"{path}: {status} {body[:200]}")
    check(ask(port, "/metrics", host="localhost")[0] == 200, "localhost is turned away")
    stop(agent)


def no_answer_holds_a_log_line(place):
    agent, port = run_agent(place)
    for path in ("/metrics", "/health", "/ready", "/api/v1/ledger"):
        check("event 7" not in ask(port, path)[1], f"{path} shows event text")
    stop(agent)


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        metrics_are_what_prometheus_accepts,
        health_readiness_and_ledger_answer,
        a_foreign_host_is_turned_away,
        no_answer_holds_a_log_line,
    ]))
