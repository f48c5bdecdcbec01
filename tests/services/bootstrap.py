#!/usr/bin/env python3
# tests/services/bootstrap.py - what the elasticsearch output writes into a real server, and leaves alone there.
# SPDX-License-Identifier: Apache-2.0
"""bootstrap.py AGENT, with WEIR_ES_URL or WEIR_OPENSEARCH_URL set (elasticsearch.sh with, opensearch.sh with)."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

NAME = "weir-logs-boot-default"
EVENTS = [
    {"level": "info", "msg": "first", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "when": "2026-01-02"},
    {"level": "error", "msg": "second", "when": "not a date at all", "status": 502},
]
agent, url = os.path.abspath(sys.argv[1]), os.environ.get("WEIR_ES_URL") or os.environ["WEIR_OPENSEARCH_URL"]
failures = 0


def claim(is_true, what):
    global failures
    failures += not is_true
    print(f"{'ok  ' if is_true else 'FAIL'} {what}", flush=True)


def ask(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def config(settings="", address=url, index="logs-boot-default"):
    return f'input stdin {{ filter parse {{ }} }} output elasticsearch {{ url = "{address}" index = "{index}" {settings} }}'


def run(settings="", index="logs-boot-default"):
    lines = "".join(json.dumps(event) + "\n" for event in EVENTS)
    done = subprocess.run([agent, "-e", config(settings, index=index)], input=lines, text=True, capture_output=True, timeout=120,
                          cwd=tempfile.gettempdir(), check=False)
    return done.returncode, done.stderr


def connect(settings="", address=url):
    done = subprocess.run([agent, "check", "--connect", "-e", config(settings, address)], text=True,
                          capture_output=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def template(name=NAME):
    return ask("GET", f"/_index_template/{name}")["index_templates"][0]["index_template"]


def first_run_writes():
    code, said = connect()
    claim(code == 0 and "will be written before the first event" in said, f"a check says what the first run will do: {said}")
    code, said = run()
    claim(code == 0 and f'wrote the index template "{NAME}"' in said, f"the first run writes the template: {said}")
    ask("POST", "/logs-boot-default/_refresh")
    claim(ask("GET", "/logs-boot-default/_count").get("count") == 2, "a text that looks like a date refuses no other")
    mapping = next(iter(ask("GET", "/logs-boot-default/_mapping").values()))["mappings"]["properties"]
    claim(mapping["message"]["type"] in ("text", "match_only_text"), "message is a text")
    claim(mapping["trace"]["properties"]["id"]["type"] == "keyword", "trace.id is a keyword")
    claim(mapping["sampling"]["properties"]["weight"]["type"] == "long", "sampling.weight is a number")
    claim(ask("GET", "/_alias/logs-boot-default") is not None and "data_stream" in template(), "it is a data stream")


def later_runs_leave_it():
    _, said = run()
    claim("index template" not in said, f"a second run finds it in place: {said}")
    code, said = connect()
    claim(code == 0 and "is in place" in said, f"and so does a check: {said}")
    _, said = run("names = otel")
    claim("wrote the index template" in said, f"other settings write it anew: {said}")
    claim("body" in json.dumps(template()), "with the other names")


def what_a_user_changed_stays():
    changed = template()
    changed["priority"] = 777
    if "data_stream" in changed:
        changed["data_stream"] = {}
    ask("PUT", f"/_index_template/{NAME}", changed)
    _, said = run("names = otel")
    claim("somebody changed the index template" in said, f"a changed template is told: {said}")
    claim(template()["priority"] == 777, "and stays")
    ask("PUT", "/_index_template/theirs", {"index_patterns": ["logs-theirs-*"], "priority": 300})
    _, said = run(index="logs-theirs-default")
    claim('"theirs" looks after' in said, f"a template of somebody else is left to do its work: {said}")
    claim("error" in ask("GET", "/_index_template/weir-logs-theirs-default"), "and none of ours is beside it")


def retention_is_kept_or_told():
    _, said = run("retention = 30d", "logs-aging-default")
    has_lifecycle = "data_retention" in json.dumps(template("weir-logs-aging-default")["template"])
    is_told = "`retention` is not kept" in said
    claim(has_lifecycle != is_told, f"retention is kept, or it is told that it is not: {said}")


def faults_have_exit_codes():
    code, said = connect(address="http://127.0.0.1:1")
    claim(code == 1 and "nothing listens there" in said, f"a dead port is a fault: {said}")
    code, said = connect('pipeline = "missing"')
    claim(code in (0, 1) and "ingest pipeline" in said, f"a missing pipeline is told: {said}")
    code, _ = connect("batch_events = 0")
    claim(code == 2, "a wrong configuration is none of the far end's")


def main():
    for test in (first_run_writes, later_runs_leave_it, what_a_user_changed_stays, retention_is_kept_or_told,
                 faults_have_exit_codes):
        test()
    print(f"{failures} failures against {url}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
