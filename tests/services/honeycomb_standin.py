#!/usr/bin/env python3
# tests/services/honeycomb_standin.py - a strict Honeycomb API on loopback that misbehaves on demand.
# SPDX-License-Identifier: Apache-2.0
"""Stricter than the real one: it refuses keys written twice, nested data, times that are not RFC 3339 in UTC, members that
the API does not know, and remembers each such violation. Run as a program it prints its port, then serves; a Python test
can use the class Honeycomb instead.

  POST /1/batch/<dataset>  POST /1/events/<dataset>  GET /1/auth  POST /1/markers/<dataset|__all__>

  POST /_standin/behave {"mode": M, "count": N, ...}  the next N batches are treated so (0: all)
  POST /_standin/set {...}                            "keys": [], "deleted": [datasets], "access": {...}
  POST /_standin/reset                                forget events, markers, behaviours, violations
  GET  /_standin/report                               {"events": {dataset: [event]}, "markers": [], "violations": [], ...}
  GET  /_standin/counts                               the same without the events
  --log FILE                                          appends each event that it takes as a line of JSON

Modes: status (status, error, headers), storm (429 with Retry-After and RateLimit headers; seconds), item (status, error, every),
poison (text: such an event is refused), poison_whole (text: a batch with such an event is refused whole), poison_reset (text: a
batch with such an event kills its connection), too_large (bytes, status), short (one status too few), long, html, redirect,
truncated, cut_json, reset (before anything is stored), reset_after (stored, no answer), silent (seconds), well (seconds before the
answer, headers).
"""
import argparse
import collections
import ctypes
import ctypes.util
import gzip
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
KEY = re.compile(r"^([a-f0-9]{32}|[a-zA-Z0-9]{20,23}|hc[a-z][a-z]{2}_[a-z0-9]{58})$")
CLASSIC_KEY = re.compile(r"^([a-f0-9]{32}|hc[a-z]ic_[0-9a-z]{58})$")
FIELDS_MAX, TEXT_MAX, EVENT_MAX, BATCH_MAX, NAME_MAX = 2000, 65535, 1000000, 5000000, 255
UNKNOWN_KEY, NO_DATASET = "unknown API key - check your credentials", "dataset not found"
TOO_LARGE, MALFORMED = "Request body is too large.", "Request body is malformed and cannot be read."
EMPTY, COLUMNS = "Request body should not be empty.", "Event has too many columns."


class Refusal(Exception):
    """The answer to a request, or to one event of it, that the API does not take."""

    def __init__(self, status, error, is_violation=False):
        super().__init__(error)
        self.status, self.error, self.is_violation = status, error, is_violation


def violation(text, status=400):
    return Refusal(status, text, True)


# --- bodies ---------------------------------------------------------------------------------------------

def unzstd(data):
    name = ctypes.util.find_library("zstd") or "libzstd.so.1"
    zstd = ctypes.CDLL(name)
    zstd.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    size = zstd.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
    if size > 4 * BATCH_MAX:
        raise Refusal(400, TOO_LARGE)
    to = ctypes.create_string_buffer(max(size, 1))
    got = zstd.ZSTD_decompress(to, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
    if got != size:
        raise violation("the body is no zstd")
    return to.raw[:size]


def decode(data, encoding):
    try:
        if encoding == "gzip":
            return gzip.decompress(data)
        if encoding == "zstd":
            return unzstd(data)
    except (OSError, EOFError, zlib.error) as error:
        raise violation(f"the body is no {encoding}: {error}") from error
    if encoding:
        raise violation(f"Content-Encoding {encoding} is not taken", 415)
    return data


def unique_keys(pairs):
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise violation(f"a key is written twice: {[key for key, _ in pairs][:20]}")
    return seen


def refuse_constant(word):
    raise violation(f"{word} is no JSON")


def strict_json(data):
    if not data:
        raise Refusal(400, EMPTY)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=unique_keys, parse_constant=refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Refusal(400, MALFORMED, True) from error


def check_data(data):
    if not isinstance(data, dict):
        raise violation("data is no object")
    if len(data) > FIELDS_MAX:
        raise Refusal(400, COLUMNS)
    for key, value in data.items():
        if isinstance(value, (dict, list)):
            raise violation(f"{key} is nested")
        if isinstance(value, str) and len(value.encode()) > TEXT_MAX:
            raise violation(f"{key} has {len(value.encode())} bytes")
        if isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise violation(f"{key} is a number that no double holds")


def check_event(event):
    """One element of a batch; returns it as it is kept."""
    if not isinstance(event, dict):
        raise violation("an event is no object")
    unknown = set(event) - {"time", "samplerate", "data"}
    if unknown or "data" not in event:
        raise violation(f"an event has members {sorted(event)}")
    if "time" in event and not TIME.match(str(event["time"])):
        raise violation(f"time {event['time']!r} is not RFC 3339 in UTC")
    rate = event.get("samplerate", 1)
    if isinstance(rate, bool) or not isinstance(rate, int) or rate < 1:
        raise violation(f"samplerate {rate!r}")
    check_data(event["data"])
    if len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) > EVENT_MAX:
        raise violation("an event is larger than 1 MB")
    return {"time": event.get("time"), "samplerate": rate, "data": event["data"]}


def dataset_of(raw):
    if "%2f" in raw.lower() or "/" in raw:
        raise violation(f"a slash in the dataset's name {raw!r}", 404)
    if re.search("%(?![0-9a-fA-F]{2})", raw):
        raise violation(f"the dataset's name {raw!r} is not escaped")
    try:
        name = urllib.parse.unquote(raw, errors="strict").strip()
    except UnicodeDecodeError as error:
        raise violation(f"the dataset's name {raw!r} is no UTF-8") from error
    if not name or len(name) > NAME_MAX:
        raise violation(f"the dataset's name has {len(name)} characters")
    return name


# --- what it holds ----------------------------------------------------------------------------------------

class Store:
    def __init__(self, log=None):
        self.lock = threading.RLock()
        self.log = log
        self.keys, self.deleted, self.access = None, set(), {"events": True, "markers": True, "createDatasets": True}
        self.reset()

    def reset(self):
        self.events, self.markers, self.violations, self.behaviours = {}, [], [], []
        self.encodings, self.answers, self.statuses = collections.Counter(), collections.Counter(), collections.Counter()
        self.requests, self.taken, self.largest, self.most_events = 0, 0, 0, 0
        self.seen, self.active = [], 0  # of each batch: when it came, how many were under way, its dataset

    def set(self, values):
        self.keys = values.get("keys", self.keys)
        self.deleted = set(values.get("deleted", self.deleted))
        self.access = {**self.access, **values.get("access", {})}

    def behave(self, behaviour):
        self.behaviours.append(dict(behaviour))

    def behaviour(self):
        if not self.behaviours:
            return {}
        behaviour = self.behaviours[0]
        if behaviour.get("count", 0) > 0:
            behaviour["count"] -= 1
            if behaviour["count"] == 0:
                self.behaviours.pop(0)
        return dict(behaviour)

    def keep(self, dataset, event):
        self.taken += 1
        self.events.setdefault(dataset, []).append(event)
        if self.log:
            self.log.write(json.dumps({"dataset": dataset, **event}) + "\n")
            self.log.flush()

    def counts(self):
        return {"markers": self.markers, "violations": self.violations, "requests": self.requests, "taken": self.taken,
                "encodings": self.encodings, "answers": self.answers, "statuses": self.statuses, "largest": self.largest,
                "most_events": self.most_events, "datasets": {name: len(held) for name, held in self.events.items()}}

    def check_access(self, key, right):
        if not key or not (key in self.keys if self.keys is not None else KEY.match(key)):
            raise Refusal(401, UNKNOWN_KEY)
        if not self.access.get(right):
            raise Refusal(401, f"the key may not use {right}")

    def check_dataset(self, dataset):
        if dataset in self.deleted or (dataset not in self.events and not self.access["createDatasets"]):
            raise Refusal(404, NO_DATASET)

    def take(self, dataset, event, behaviour, position):
        """The status of one event of a batch."""
        mode = behaviour.get("mode")
        if mode == "item" and position % behaviour.get("every", 1) == 0:
            return refused(behaviour["status"], behaviour.get("error", "told to"))
        if mode == "poison" and behaviour["text"] in json.dumps(event, ensure_ascii=False):
            return refused(400, behaviour.get("error", "poison"))
        try:
            self.keep(dataset, check_event(event))
        except Refusal as refusal:
            if refusal.is_violation:
                self.violations.append(refusal.error)
            return refused(refusal.status, refusal.error)
        return {"status": 202}


def refused(status, error):
    return {"status": status, "error": error}


# --- HTTP -------------------------------------------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=(), content_type="application/json", cut=0):
        data = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        self.store.answers[str(status)] += 1
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:len(data) - cut])
        self.close_connection |= cut > 0

    def refuse(self, refusal):
        if refusal.is_violation:
            self.store.violations.append(refusal.error)
        self.answer(refusal.status, {"error": refusal.error})

    def hang_up(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def key(self):
        return self.headers.get("X-Honeycomb-Team", "")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):
        store = self.store
        with store.lock:
            if self.path == "/_standin/report":
                self.answer(200, {**store.counts(), "events": store.events})
            elif self.path == "/_standin/counts":
                self.answer(200, store.counts())
            elif self.path == "/1/auth":
                self.auth()
            else:
                self.answer(404, {"error": "not found"})

    def auth(self):
        try:
            self.store.check_access(self.key(), "events")
        except Refusal as refusal:
            if self.store.access["events"]:
                self.refuse(refusal)
                return
        is_classic = bool(CLASSIC_KEY.match(self.key()))
        environment = {"name": "", "slug": ""} if is_classic else {"name": "Test", "slug": "test"}
        self.answer(200, {"id": "hcaik_0123", "type": "configuration", "api_key_access": self.store.access,
                          "environment": environment, "team": {"name": "Team", "slug": "team"}})

    def do_POST(self):
        store, raw = self.store, self.body()
        path = urllib.parse.urlsplit(self.path).path
        try:
            if path.startswith("/_standin/"):
                self.control(path[len("/_standin/"):], raw)
            elif path.startswith("/1/batch/"):
                self.batch(path[len("/1/batch/"):], raw)
            elif path.startswith("/1/events/"):
                self.single(path[len("/1/events/"):], raw)
            elif path.startswith("/1/markers/"):
                self.marker(path[len("/1/markers/"):], raw)
            else:
                raise violation(f"there is no {path}", 404)
        except Refusal as refusal:
            with store.lock:
                self.refuse(refusal)

    def control(self, verb, raw):
        store = self.store
        with store.lock:
            if verb == "reset":
                store.reset()
            elif verb == "behave":
                store.behave(json.loads(raw))
            elif verb == "set":
                store.set(json.loads(raw))
        self.answer(200, {})

    def plain(self, raw):
        encoding = self.headers.get("Content-Encoding", "")
        content_type = self.headers.get("Content-Type", "").split(";")[0].strip()
        if content_type != "application/json":
            raise violation(f"Content-Type is {content_type!r}", 415)
        self.store.encodings[encoding or "none"] += 1
        body = decode(raw, encoding)
        self.store.largest = max(self.store.largest, len(body))
        if len(body) > BATCH_MAX:
            raise Refusal(400, TOO_LARGE)
        return body

    def batch(self, dataset, raw):
        store = self.store
        with store.lock:
            store.requests += 1
            store.active += 1
            store.seen.append((time.monotonic(), store.active, dataset))
        try:
            self.batch_taken(dataset, raw)
        finally:
            with store.lock:
                store.active -= 1

    def batch_taken(self, dataset, raw):
        store = self.store
        with store.lock:
            behaviour = store.behaviour()
            store.check_access(self.key(), "events")
            dataset, body = dataset_of(dataset), self.plain(raw)
            if self.misbehaves_before(behaviour, body):
                return
            events = strict_json(body)
            if not isinstance(events, list):
                raise violation("a batch is no array")
            store.check_dataset(dataset)
            items = [store.take(dataset, event, behaviour, i) for i, event in enumerate(events)]
            store.most_events = max(store.most_events, len(events))
            store.statuses.update(str(item["status"]) for item in items)
        self.reply(behaviour, items)

    def misbehaves_before(self, behaviour, body):
        mode, text = behaviour.get("mode"), behaviour.get("text", "\0").encode()
        if mode == "status":
            self.answer(behaviour["status"], {"error": behaviour.get("error", "told to")},
                        list(behaviour.get("headers", {}).items()))
        elif mode == "storm":
            seconds = behaviour.get("seconds", 1)
            self.answer(429, {"error": "Request dropped due to rate limiting."},
                        [("Retry-After", str(seconds)), ("RateLimit", f"limit=100, remaining=0, reset={seconds}"),
                         ("RateLimit-Policy", "100;w=60")])
        elif mode == "redirect":
            self.answer(302, b"", [("Location", "http://127.0.0.1:9/elsewhere")])
        elif mode == "too_large" and len(body) > behaviour["bytes"]:
            self.answer(behaviour.get("status", 413), {"error": TOO_LARGE})
        elif mode == "poison_whole" and text in body:
            self.answer(400, {"error": behaviour.get("error", MALFORMED)})
        elif mode == "reset" or (mode == "poison_reset" and text in body):
            self.hang_up()
        else:
            return False
        return True

    def reply(self, behaviour, items):
        mode = behaviour.get("mode")
        if mode == "well" and "seconds" in behaviour:
            time.sleep(behaviour["seconds"])
        if mode == "reset_after":
            self.hang_up()
        elif mode == "silent":
            threading.Event().wait(behaviour.get("seconds", 600))
        elif mode == "html":
            self.answer(200, b"<html><body>Welcome to our proxy</body></html>", content_type="text/html")
        elif mode in ("truncated", "cut_json"):
            data = json.dumps(items).encode()
            keep = len(data) // 2
            self.answer(200, data if mode == "truncated" else data[:keep], cut=len(data) - keep if mode == "truncated" else 0)
        else:
            more = {"short": items[:-1], "long": [*items, {"status": 202}]}
            headers = list(behaviour.get("headers", {}).items()) if mode is not None else []
            self.answer(200, more.get(mode, items), headers)

    def single(self, dataset, raw):
        store = self.store
        with store.lock:
            store.requests += 1
            store.check_access(self.key(), "events")
            dataset, body = dataset_of(dataset), self.plain(raw)
            event = {"data": strict_json(body), "samplerate": int(self.headers.get("X-Honeycomb-Samplerate", "1"))}
            if self.headers.get("X-Honeycomb-Event-Time"):
                event["time"] = self.headers["X-Honeycomb-Event-Time"]
            store.check_dataset(dataset)
            store.keep(dataset, check_event(event))
        self.answer(200, b"")

    def marker(self, dataset, raw):
        store = self.store
        with store.lock:
            store.check_access(self.key(), "markers")
            dataset, marker = dataset_of(dataset), strict_json(self.plain(raw))
            unknown = set(marker) - {"start_time", "end_time", "message", "type", "url"}
            if unknown:
                raise violation(f"a marker has members {sorted(unknown)}")
            if not isinstance(marker.get("start_time", 0), int):
                raise violation("start_time is no Unix time")
            if dataset != "__all__":
                store.check_dataset(dataset)
            store.markers.append({"dataset": dataset, **marker})
            self.answer(201, {"id": f"{len(store.markers):08x}", "created_at": "2026-01-01T00:00:00Z", **marker})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # resets are our own doing


class Honeycomb:
    """The stand-in inside a Python test: `with Honeycomb() as hny`, then hny.url, hny.store, hny.behave(...)."""

    def __init__(self, port=0, log=None):
        self.store = Store(log)
        self.server = Server(("127.0.0.1", port), type("Bound", (Handler,), {"store": self.store}))
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def behave(self, mode, count=0, **more):
        with self.store.lock:
            self.store.behave({"mode": mode, "count": count, **more})

    def well_again(self):
        with self.store.lock:
            self.store.behaviours.clear()

    def events(self, dataset=None):
        with self.store.lock:
            return [event for name, held in self.store.events.items() if dataset in (None, name) for event in held]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", action="append", help="a known key; default: whatever looks like one")
    parser.add_argument("--log", help="file to append taken events to")
    parser.add_argument("--cert")
    parser.add_argument("--tls-key")
    options = parser.parse_args()
    log = open(options.log, "a", encoding="utf-8") if options.log else None  # noqa: SIM115 (for as long as it serves)
    standin = Honeycomb(options.port, log)
    standin.store.keys = options.key
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.tls_key)
        standin.server.socket = context.wrap_socket(standin.server.socket, server_side=True)
    print(standin.port, flush=True)
    try:
        standin.server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
