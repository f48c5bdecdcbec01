#!/usr/bin/env python3
# tests/end_to_end/endpoints.py - output http against strict receivers: JSON lines, JSON arrays, OTLP/HTTP logs.
# SPDX-License-Identifier: Apache-2.0
"""endpoints.py AGENT [TEST...]: each body is what its encoding says, to the letter, and each answer has its outcome."""

import gzip
import json
import pathlib
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import check, run_tests

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "services"))
from honeycomb_standin import unzstd  # noqa: E402  (it is a service, not a test)

PIPELINE = """
agent { state = "{state}"  admin = off  give_up = {give_up} }
input tail "t" { path = "{logs}/*.log"  filter parse { } filter trace { } }
output http "far" { url = "{url}"  timeout = 1s  flush = 20ms  batch_events = 20  {more} }
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def unique(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"a key stands twice: {keys}")
    return dict(pairs)


def strict(text):
    return json.loads(text.decode("utf-8"), object_pairs_hook=unique)


# --- OTLP's JSON: Protocol Buffers' mapping, ids in hexadecimal, enumerations as numbers --------------------------

def members(value, known, where):
    if not isinstance(value, dict) or set(value) - set(known):
        raise ValueError(f"{where} has members {sorted(value) if isinstance(value, dict) else value!r}")
    return value


def int64(value, where, low=-(2**63), high=2**63 - 1):
    if not isinstance(value, str) or not re.match(r"^-?(0|[1-9]\d*)$", value) or not low <= int(value) <= high:
        raise ValueError(f"{where} is no 64-bit integer in a string: {value!r}")
    return int(value)


def any_value(value, where):
    kinds = ("stringValue", "boolValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue")
    members(value, kinds, where)
    if len(value) > 1:
        raise ValueError(f"{where} has two values")
    for kind, held in value.items():
        if kind == "intValue":
            return int64(held, where)
        if kind == "arrayValue":
            return [any_value(one, where) for one in members(held, ("values",), where).get("values", [])]
        if kind == "kvlistValue":
            return key_values(members(held, ("values",), where).get("values", []), where)
        wanted = {"stringValue": str, "boolValue": bool, "doubleValue": (int, float)}[kind]
        if not isinstance(held, wanted) or (kind == "doubleValue" and isinstance(held, bool)):
            raise ValueError(f"{where}: {kind} is {held!r}")
        return held
    return None


def key_values(pairs, where):
    seen = {}
    for pair in pairs:
        members(pair, ("key", "value"), where)
        if not isinstance(pair["key"], str) or pair["key"] in seen:
            raise ValueError(f"{where}: the key {pair['key']!r} stands twice or is no text")
        seen[pair["key"]] = any_value(pair["value"], f"{where}.{pair['key']}")
    return seen


def record(one):
    members(one, ("timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "body", "attributes",
                  "droppedAttributesCount", "flags", "traceId", "spanId", "eventName"), "a log record")
    for name in ("timeUnixNano", "observedTimeUnixNano"):
        if name in one:
            int64(one[name], name, 0, 2**64 - 1)
    severity = one.get("severityNumber", 0)
    if isinstance(severity, bool) or not isinstance(severity, int) or not 0 <= severity <= 24:
        raise ValueError(f"severityNumber {severity!r}")
    for name, digits in (("traceId", 32), ("spanId", 16)):
        if name in one and (not re.match(rf"^[0-9a-fA-F]{{{digits}}}$", one[name]) or not int(one[name], 16)):
            raise ValueError(f"{name} {one[name]!r}")
    if not isinstance(one.get("flags", 0), int) or not isinstance(one.get("severityText", ""), str):
        raise ValueError("flags or severityText is of another type")
    return {**one, "body": any_value(one.get("body", {}), "body"), "attributes": key_values(one.get("attributes", []), "attributes")}


def otlp(body):
    """The records of an ExportLogsServiceRequest, each with its resource."""
    taken = []
    for resource_logs in members(strict(body), ("resourceLogs",), "the request").get("resourceLogs", []):
        members(resource_logs, ("resource", "scopeLogs", "schemaUrl"), "resourceLogs")
        resource = members(resource_logs["resource"], ("attributes", "droppedAttributesCount"), "resource")
        about = key_values(resource.get("attributes", []), "resource")
        for scope_logs in resource_logs["scopeLogs"]:
            members(scope_logs, ("scope", "logRecords", "schemaUrl"), "scopeLogs")
            members(scope_logs["scope"], ("name", "version", "attributes"), "scope")
            taken.extend({**record(one), "resource": about} for one in scope_logs["logRecords"])
    return taken


def lines(body):
    if not body.endswith(b"\n"):
        raise ValueError("the last line does not end")
    return [strict(line) for line in body[:-1].split(b"\n")]


class Receiver:
    """Takes what `read` makes of a body; `answers` is a list of (status, body, headers) to give before 200."""

    def __init__(self, read, content_type, path, method="POST"):
        self.read, self.wanted = read, (method, path, content_type)
        self.taken, self.complaints, self.answers, self.encodings, self.headers = [], [], [], set(), {}
        self.requests, self.lock = 0, threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                receiver.take(self)

            do_PUT = do_POST

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def take(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        encoding = request.headers.get("Content-Encoding")
        plain = {"gzip": gzip.decompress, "zstd": unzstd, None: lambda data: data}[encoding](body)
        status, text, headers = 200, b"{}", {}
        with self.lock:
            self.requests += 1
            self.encodings.add(encoding)
            self.headers = dict(request.headers)
            got = (request.command, request.path, request.headers.get("Content-Type"))
            if got != self.wanted:
                self.complaints.append(f"{got}, not {self.wanted}")
            if self.answers:
                status, text, headers = self.answers.pop(0)
            if status == 200:
                try:
                    self.taken.extend(self.read(plain))
                except (ValueError, KeyError, UnicodeDecodeError) as error:
                    self.complaints.append(f"{error!r}: {plain[:300]!r}")
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(text)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(text)


def write_log(place, count=60, name="a.log"):
    with open(place.logs / name, "w", encoding="utf-8") as log:
        for i in range(count):
            log.write(json.dumps({"level": "warn", "message": f"event {i}", "service": ("shop", "till")[i % 2], "n": i, "ratio": 0.5,
                                  "ok": True, "user": {"id": i, "tags": ["a", None, 1.5]}, "trace_id": TRACE, "span_id": "00f067aa0ba902b7",
                                  "empty": None, "time": "2026-01-02T03:04:05.678901234Z"}) + "\n")
        log.write("no JSON at all \\ \"quoted\"\n")


def deliver(place, receiver, more, give_up="60s"):
    place.write(PIPELINE, url=receiver.url, more=more, give_up=give_up)
    code, said = place.once()
    check(not receiver.complaints, f"{receiver.complaints[:3]}")
    return code, said, place.counts()["outputs"]["far"]


def json_lines_and_arrays_hold_each_event_once(place):
    for number, (encoding, read, content_type) in enumerate([("json_lines", lines, "application/x-ndjson"),
                                                             ("json_array", strict, "application/json")]):
        below = type(place)(place.agent, place.directory / f"{number}")
        write_log(below)
        with Receiver(read, content_type, "/base/in?x=1", "PUT") as receiver:
            receiver.url += "/base"
            code, said, row = deliver(below, receiver, f'encoding = {encoding}  path = "/in?x=1"  method = put  headers = {{ "X-Tenant" = "blue" }}')
            check(code == 0 and row["delivered"] == 61 == len(receiver.taken), f"{encoding}: exit {code}, {row}: {said}")
            check({event["body"] for event in receiver.taken} >= {f"event {i}" for i in range(60)}, f"{encoding}: events are missing")
            check(receiver.taken[0]["user"]["tags"] == ["a", None, 1.5], f"{encoding}: {receiver.taken[0]}")
            check(receiver.headers.get("X-Tenant") == "blue", f"{receiver.headers}")


def otlp_logs_are_what_the_protocol_says(place):
    for compress in ("none", "gzip", "zstd"):
        below = type(place)(place.agent, place.directory / compress)
        write_log(below)
        with Receiver(otlp, "application/json", "/v1/logs") as receiver:
            code, said, row = deliver(below, receiver, f"encoding = otlp_json  compress = {compress}")
            check(code == 0 and row["delivered"] == 61 == len(receiver.taken), f"{compress}: exit {code}, {row}: {said}")
            check(receiver.encodings == {None if compress == "none" else compress}, f"{receiver.encodings}")
            one = next(taken for taken in receiver.taken if taken["body"] == "event 7")
            check(one["timeUnixNano"] == "1767323045678901234" and one["severityNumber"] == 13 and one["severityText"] == "warn", f"{one}")
            check(one["traceId"] == TRACE and one["spanId"] == "00f067aa0ba902b7", f"{one}")
            check(one["resource"] == {"service.name": "till"} and "service.name" not in one["attributes"], f"{one}")
            about = one["attributes"]
            check(about["n"] == 7 and about["ratio"] == 0.5 and about["ok"] is True and about["empty"] is None, f"{about}")
            check(about["user"] == {"id": 7, "tags": ["a", None, 1.5]} and about["weir.event_id"], f"{about}")
            text = next(taken for taken in receiver.taken if taken["resource"] == {"service.name": "unknown_service"})
            check(text["body"] == 'no JSON at all \\ "quoted"', f"{text}")


def answers_of_a_collector_have_their_outcome(place):
    partial = b'{"partialSuccess":{"rejectedLogRecords":"%d","errorMessage":"%s"}}'
    cases = [("busy", [(429, b"", {"Retry-After": "1"}), (503, b"", {}), (502, b"", {}), (504, b"", {})], 0, {"delivered": 61}, None),
             ("warning", [(200, partial % (0, b"please use gzip"), {})], 0, {"delivered": 61}, "please use gzip"),
             ("partial", [(200, partial % (1, b"too old"), {})], 0, {"delivered": 61}, "too old"),
             ("bad", [(400, b'{"code":3,"message":"bad record"}', {})] * 400, 1, {"dead_lettered": 61}, "bad record"),
             ("all rejected", [(200, partial % (20, b"all too old"), {})], 1, {"dead_lettered": 20}, "all too old")]
    for name, answers, wanted, outcome, words in cases:
        below = type(place)(place.agent, place.directory / name)
        write_log(below)
        with Receiver(otlp, "application/json", "/v1/logs") as receiver:
            receiver.answers = list(answers)
            code, said, row = deliver(below, receiver, "encoding = otlp_json  in_flight = 1")
            check(code == wanted and outcome.items() <= row.items(), f"{name}: exit {code}, {row}: {said}")
            check(words is None or words in said, f"{name}: {words!r} is not said: {said}")


def a_collector_that_wants_an_operator_is_held(place):
    for status in (401, 403, 404, 405, 415, 301):
        below = type(place)(place.agent, place.directory / str(status))
        write_log(below)
        with Receiver(otlp, "application/json", "/v1/logs") as receiver:
            receiver.answers = [(status, b'{"message":"ask an operator"}', {})] * 1000
            code, said, row = deliver(below, receiver, "encoding = otlp_json", give_up="1s")
            check(code == 1 and row["delivered"] == 0 == row["dead_lettered"] and "ask an operator" in said, f"{status}: {code}, {row}: {said}")
            receiver.answers = []
            code, said, row = deliver(below, receiver, "encoding = otlp_json")
            check(code == 0 and len(receiver.taken) == 61, f"{status}: exit {code}, {len(receiver.taken)} afterwards: {said}")


def check_connect_asks_without_sending_a_record(place):
    (place.logs / "a.log").touch()
    for answers, wanted, words in [([], 0, "takes OTLP logs at /v1/logs"), ([(401, b'{"message":"no such tenant"}', {})], 1, "no such tenant"),
                                   ([(404, b"", {})], 1, "look at `url` and `path`")]:
        with Receiver(otlp, "application/json", "/v1/logs") as receiver:
            receiver.answers = answers
            place.write(PIPELINE, url=receiver.url, more="encoding = otlp_json", give_up="1s")
            run = subprocess.run([place.agent, "check", "-c", place.config, "--connect"], capture_output=True, text=True, timeout=30)
            said = run.stdout + run.stderr
            check(run.returncode == wanted and words in said and receiver.requests == 1, f"{words!r}: exit {run.returncode}: {said}")
            check(not receiver.taken and not receiver.complaints, f"{receiver.taken} {receiver.complaints}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [
        json_lines_and_arrays_hold_each_event_once,
        otlp_logs_are_what_the_protocol_says,
        answers_of_a_collector_have_their_outcome,
        a_collector_that_wants_an_operator_is_held,
        check_connect_asks_without_sending_a_record,
    ]))
