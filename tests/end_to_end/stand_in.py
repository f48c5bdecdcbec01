# tests/end_to_end/stand_in.py - a strict stand-in for Elasticsearch that misbehaves on demand.
# SPDX-License-Identifier: Apache-2.0
"""It stores what _bulk creates, answers 409 for an id it has, and refuses what the real one would refuse: a body without
a last newline, a wrong content type, a key that stands twice, a data stream's document without @timestamp.

A test gives it `misbehave`, a function of the number of the bulk request (from 0) that returns None or one of the
misdeeds below. What arrived is in `documents`, by id.
"""

import gzip
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Misdeeds. A number is an HTTP status for the whole request, which then stores nothing.
TRUNCATED, NOT_JSON, TOO_FEW_ITEMS, RESET, RESET_AFTER_STORING, SILENCE, HALF_LATER, ALL_TRANSIENT = (
    "truncated", "not json", "too few items", "reset", "reset after storing", "silence", "half later", "all transient")


def strict_object(pairs):
    keys = [key for key, _ in pairs]
    if len(keys) != len(set(keys)):
        raise ValueError(f"Duplicate field in {keys}")
    return dict(pairs)


class StandIn:
    def __init__(self, misbehave=lambda number: None, refuse=lambda document: None):
        self.misbehave, self.refuse = misbehave, refuse
        self.documents, self.complaints, self.templates = {}, [], {}
        self.requests, self.twins, self.largest = 0, 0, 0
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, status, body, cut=0):
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("X-elastic-product", "Elasticsearch")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) - cut])
                if cut:
                    self.close_connection = True

            def do_GET(self):
                path = self.path.split("?")[0]
                if path == "/":
                    self.answer(200, {"version": {"number": "8.19.21"}, "tagline": "You Know, for Search"})
                elif path == "/_index_template":
                    self.answer(200, {"index_templates": list(stand_in.templates.values())})
                elif path in stand_in.templates:
                    self.answer(200, {"index_templates": [stand_in.templates[path]]})
                else:
                    self.answer(404, refusal(404, "resource_not_found_exception", path))

            def do_PUT(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.templates[self.path] = {"name": self.path.split("/")[-1], "index_template": body}
                self.answer(200, {"acknowledged": True})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                stand_in.bulk(self, body)

            def reset(self):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True

        return Handler

    # --- one bulk request --------------------------------------------------------------------------------

    def bulk(self, request, body):
        with self.lock:
            number = self.requests
            self.requests += 1
            self.largest = max(self.largest, len(body))
        misdeed = self.misbehave(number)
        if isinstance(misdeed, int):
            return request.answer(misdeed, {"error": {"type": "misdeed", "reason": "on demand"}, "status": misdeed})
        if misdeed == RESET:
            return request.reset()
        if misdeed == SILENCE:
            time.sleep(60)
            return request.reset()
        reply = self.store(request, body, misdeed)
        if misdeed == RESET_AFTER_STORING:
            return request.reset()
        if misdeed == NOT_JSON:
            return request.answer(200, b"<html>proxy</html>")
        if misdeed == TOO_FEW_ITEMS:
            reply["items"] = reply["items"][:-1]
        return request.answer(200, reply, cut=9 if misdeed == TRUNCATED else 0)

    def store(self, request, body, misdeed):
        if request.headers.get("Content-Type", "").split(";")[0] not in ("application/x-ndjson", "application/json"):
            self.complaints.append(f"content type {request.headers.get('Content-Type')}")
        if not body.endswith(b"\n"):
            self.complaints.append("a body without its last newline")
        lines = body.split(b"\n")[:-1]
        path_index = request.path.split("/")[1] if request.path.count("/") > 1 else None
        items = []
        with self.lock:
            for at in range(0, len(lines) - 1, 2):
                items.append({"create": self.create(lines[at], lines[at + 1], path_index, misdeed, at // 2)})
        return {"took": 1, "errors": any(item["create"]["status"] > 299 for item in items), "items": items}

    def create(self, action, source, path_index, misdeed, at):
        """One item's answer. The caller holds the lock."""
        try:
            meta = json.loads(action, object_pairs_hook=strict_object)["create"]
            document = json.loads(source.decode("utf-8"), object_pairs_hook=strict_object)
        except (ValueError, KeyError) as error:
            self.complaints.append(f"{error}: {action[:200]} {source[:200]}")
            return refusal(400, "document_parsing_exception", str(error))
        index, name = meta.get("_index", path_index), meta.get("_id")
        if misdeed == ALL_TRANSIENT or (misdeed == HALF_LATER and at % 2):
            return refusal(429, "es_rejected_execution_exception", "busy")
        if self.refuse(document):
            return refusal(400, "document_parsing_exception", self.refuse(document))
        if index.startswith("logs-") and "@timestamp" not in document:
            self.complaints.append(f"no @timestamp: {source[:200]}")
        if not name or len(name.encode()) > 512:
            self.complaints.append(f"id {name!r}")
        if name in self.documents:
            self.twins += 1
            return refusal(409, "version_conflict_engine_exception", "document already exists")
        self.documents[name] = document
        return {"_index": index, "_id": name, "status": 201, "result": "created"}


def refusal(status, kind, reason):
    return {"status": status, "error": {"type": kind, "reason": reason}}
