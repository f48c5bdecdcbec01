#!/usr/bin/env python3
# tests/services/elasticsearch_standin.py - a strict _bulk server on loopback that misbehaves on demand.
# SPDX-License-Identifier: Apache-2.0
#
# Stricter than the real one: it refuses keys written twice, documents without a valid @timestamp,
# anything but `create` with an _id, and remembers each such violation. Prints its port, then serves.
#
#   POST /_standin/behave {"mode": M, "count": N, ...}   the next N bulk requests are treated so (0: all)
#   POST /_standin/reset                                  forget documents, behaviours, violations
#   GET  /_standin/report                                 {"documents": {index: {id: doc}}, "violations": [], ...}
#
# Beside _bulk it keeps index templates and, by --product, ILM policies (8.11.0) or ISM policies (opensearch), adds to them
# what the real ones add, and refuses what they refuse. --api-key wants that key, --lacks names privileges that it has not.
#
# Modes: status (status, body, retry_after), too_large (bytes), busy_items, poison (text), refuse_all, truncated,
# cut_json, not_json, wrong_count, reset (before anything is stored), reset_after (stored, no answer), silent.
import argparse
import gzip
import json
import re
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")
INDEX = re.compile(r'^(?![-_+])[^A-Z\\/*?"<>| ,#:]{1,255}$')
ID_BYTES_MAX = 512


class Violation(Exception):
    pass


def unique_keys(pairs):
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise Violation("a key is written twice: %s" % [key for key, _ in pairs])
    return seen


def refuse_constant(word):
    raise Violation("%s is no JSON" % word)


def strict_json(line):
    try:
        return json.loads(line.decode("utf-8"), object_pairs_hook=unique_keys, parse_constant=refuse_constant)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Violation("not JSON: %s" % error) from error


class Papers:
    """Index templates and policies, as a server of one kind keeps them."""

    def __init__(self, product, lacks):
        self.product, self.lacks, self.kept, self.sequence = product, lacks, {}, 0
        self.is_opensearch = product == "opensearch"

    def get(self, path):
        if path == "/":
            version = {"number": "2.19.0", "distribution": "opensearch"} if self.is_opensearch else {"number": self.product}
            return 200, {"version": version, "tagline": "You Know, for Search"}
        if "_template" in path and "manage_index_templates" in self.lacks or "_ilm" in path and "manage_ilm" in self.lacks:
            return 403, error(403, "security_exception", "action is unauthorized")
        name = path.rsplit("/", 1)[-1]
        if path == "/_index_template":
            return 200, {"index_templates": [kept for at, kept in self.kept.items() if at.startswith("/_index_template/")]}
        if self.is_unknown(path):
            return 400, {"error": "no handler found for uri [%s] and method [GET]" % path}
        if path not in self.kept:
            return 404, error(404, "resource_not_found_exception", path)
        kept = self.kept[path]
        if path.startswith("/_index_template/"):
            return 200, {"index_templates": [kept]}
        return 200, kept if self.is_opensearch else {name: kept}

    def is_unknown(self, path):
        if path.startswith("/_index_template/"):
            return False
        return not path.startswith("/_plugins/_ism/policies/" if self.is_opensearch else "/_ilm/policy/")

    def put(self, path, query, body):
        if self.is_unknown(path):
            return 400, {"error": "no handler found for uri [%s] and method [PUT]" % path}
        name = path.rsplit("/", 1)[-1]
        if path.startswith("/_index_template/"):
            return self.put_template(path, name, body)
        if self.is_opensearch:
            return self.put_ism(path, name, query, body)
        self.kept[path] = {"version": 1, "modified_date": "2026-01-01T00:00:00Z", "policy": body["policy"], "in_use_by": {}}
        return 200, {"acknowledged": True}

    def put_template(self, path, name, body):
        policy = body["template"]["settings"].pop("index.lifecycle.name", None)
        if policy and "/_ilm/policy/" + policy not in self.kept:
            raise Violation("a template names a policy that is not there yet")
        if "lifecycle" in body["template"] and self.product < "8.14":
            return 400, error(400, "x_content_parse_exception", "[1:9] [template] unknown field [lifecycle]")
        body["template"]["settings"] = {"index": {"lifecycle": {"name": policy}, "mapping": {"ignore_malformed": "true"}}}
        body.update({"composed_of": [], "data_stream": {"hidden": False, "allow_custom_routing": False}})
        self.kept[path] = {"name": name, "index_template": body}
        return 200, {"acknowledged": True}

    def put_ism(self, path, name, query, body):
        is_there = path in self.kept
        wanted = {"if_seq_no": [str(self.sequence)], "if_primary_term": ["1"]} if is_there else {}
        if query != wanted:
            return 409, error(409, "version_conflict_engine_exception", "required %s, got %s" % (wanted, query))
        self.sequence += 1
        policy = dict(body["policy"], policy_id=name, last_updated_time=1700000000000 + self.sequence, schema_version=21,
                      error_notification=None)
        for state in policy["states"]:
            state["actions"] = [dict(action, retry={"count": 3, "backoff": "exponential"}) for action in state["actions"]]
        self.kept[path] = {"_id": name, "_version": self.sequence, "_seq_no": self.sequence, "_primary_term": 1, "policy": policy}
        return 200 if is_there else 201, {"_id": name}

    def privileges(self, body):
        lacks = {one["names"][0]: {name: name not in self.lacks for name in one["privileges"]} for one in body["index"]}
        return 200, {"has_all_requested": not self.lacks, "index": lacks}


def error(status, kind, reason):
    return {"error": {"type": kind, "reason": reason}, "status": status}


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.documents, self.violations, self.behaviours = {}, [], []
        self.requests, self.bulks, self.most_items = 0, 0, 0

    def behaviour(self):
        if not self.behaviours:
            return {}
        behaviour = self.behaviours[0]
        if behaviour.get("count", 0) > 0:
            behaviour["count"] -= 1
            if behaviour["count"] == 0:
                self.behaviours.pop(0)
        return behaviour


def read_actions(index, body):
    if not body.endswith(b"\n"):
        raise Violation("the bulk request must be terminated by a newline [\\n]")
    lines = body[:-1].split(b"\n")
    if len(lines) % 2:
        raise Violation("an action without its source")
    for number in range(0, len(lines), 2):
        action = strict_json(lines[number])
        if list(action) != ["create"]:
            raise Violation("only create is expected, not %s" % list(action))
        meta = action["create"]
        unknown = set(meta) - {"_index", "_id", "pipeline"}
        if unknown:
            raise Violation("unexpected action metadata %s" % unknown)
        target, identity = meta.get("_index", index), meta.get("_id")
        if not identity or len(identity.encode()) > ID_BYTES_MAX:
            raise Violation("_id is missing or too long")
        if not target or not INDEX.match(target):
            raise Violation("invalid index name %r" % target)
        yield target, identity, lines[number + 1]


def item(status, error_type=None, reason=None):
    answer = {"status": status}
    if error_type:
        answer["error"] = {"type": error_type, "reason": reason}
    return {"create": answer}


def store_one(store, behaviour, position, action):
    target, identity, source = action
    mode = behaviour.get("mode")
    if mode == "busy_items" and position % 2:
        return item(429, "es_rejected_execution_exception", "rejected execution of coordinating operation")
    if mode == "refuse_all":
        return item(400, "strict_dynamic_mapping_exception", "mapping set to strict, dynamic introduction is not allowed")
    if mode == "poison" and behaviour["text"].encode() in source:
        return item(400, "document_parsing_exception", "[1:20] failed to parse field [a] of type [long]")
    try:
        document = strict_json(source)
        if not isinstance(document, dict) or not TIME.match(str(document.get("@timestamp"))):
            raise Violation("[@timestamp] is missing or malformed in %r" % source[:200])
    except Violation as violation:
        store.violations.append(str(violation))
        return item(400, "document_parsing_exception", str(violation))
    index = store.documents.setdefault(target, {})
    if identity in index:
        return item(409, "version_conflict_engine_exception", "version conflict, document already exists")
    index[identity] = document
    return item(201)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store = papers = key = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(data) > 200:
            data, headers = gzip.compress(data, 1), [*headers, ("Content-Encoding", "gzip")]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def hang_up(self, with_reset):
        if with_reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        store = self.store
        if self.path == "/_standin/report":
            with store.lock:
                report = {"documents": store.documents, "violations": store.violations,
                          "requests": store.requests, "bulks": store.bulks, "most_items": store.most_items}
                self.answer(200, report)
        elif self.may_enter():
            with store.lock:
                self.answer(*self.papers.get(self.path.split("?")[0]))

    def may_enter(self):
        if self.key and self.headers.get("Authorization") != "ApiKey " + self.key:
            self.answer(401, error(401, "security_exception", "unable to authenticate with provided credentials"))
            return False
        return True

    def do_PUT(self):
        body, path = self.body(), urllib.parse.urlsplit(self.path)
        if not self.may_enter():
            return
        with self.store.lock:
            try:
                if self.headers.get("Content-Type") != "application/json":
                    raise Violation("Content-Type is %s" % self.headers.get("Content-Type"))
                self.answer(*self.papers.put(path.path, urllib.parse.parse_qs(path.query), strict_json(body)))
            except Violation as violation:
                self.store.violations.append(str(violation))
                self.answer(400, error(400, "illegal_argument_exception", str(violation)))

    def body(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(data) if self.headers.get("Content-Encoding") == "gzip" else data

    def do_POST(self):
        store, body = self.store, self.body()
        path = urllib.parse.urlsplit(self.path)
        if path.path == "/_standin/reset":
            with store.lock:
                store.reset()
            self.answer(200, {})
        elif path.path == "/_standin/behave":
            with store.lock:
                store.behaviours.append(json.loads(body))
            self.answer(200, {})
        elif not self.may_enter():
            return
        elif path.path == "/_security/user/_has_privileges" and not self.papers.is_opensearch:
            self.answer(*self.papers.privileges(strict_json(body)))
        elif path.path.endswith("/_bulk"):
            self.bulk(urllib.parse.unquote(path.path[1:-len("/_bulk")]), body)
        else:
            self.answer(405, {"error": "Incorrect HTTP method", "status": 405})

    def bulk(self, index, body):
        store = self.store
        with store.lock:
            store.requests += 1
            behaviour = dict(store.behaviour())
        if self.refuse_whole(behaviour, body):
            return
        with store.lock:
            try:
                actions = list(read_actions(index, body))
                if self.headers.get("Content-Type") != "application/x-ndjson":
                    raise Violation("Content-Type is %s" % self.headers.get("Content-Type"))
            except Violation as violation:
                store.violations.append(str(violation))
                self.answer(400, {"error": {"type": "illegal_argument_exception", "reason": str(violation)}, "status": 400})
                return
            items = [store_one(store, behaviour, i, action) for i, action in enumerate(actions)]
            store.bulks += 1
            store.most_items = max(store.most_items, len(items))
        self.reply(behaviour, items)

    def refuse_whole(self, behaviour, body):
        mode = behaviour.get("mode")
        if mode == "status":
            headers = [("Retry-After", str(behaviour["retry_after"]))] if "retry_after" in behaviour else []
            error = {"error": {"type": behaviour.get("type", "stand_in_exception"),
                               "reason": behaviour.get("reason", "told to")}, "status": behaviour["status"]}
            self.answer(behaviour["status"], error, headers)
        elif mode == "too_large" and len(body) > behaviour["bytes"]:
            self.answer(413, b"")
        elif mode == "reset":
            self.hang_up(True)
        else:
            return False
        return True

    def reply(self, behaviour, items):
        mode = behaviour.get("mode")
        errors = any("error" in one["create"] for one in items)
        data = json.dumps({"took": 1, "errors": errors, "items": items}).encode()
        if mode == "reset_after":
            self.hang_up(True)
        elif mode == "silent":
            threading.Event().wait(behaviour.get("seconds", 600))
        elif mode == "truncated":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:len(data) // 2])
            self.hang_up(False)
        elif mode == "cut_json":
            self.answer(200, data[:len(data) // 2])
        elif mode == "not_json":
            self.answer(200, b"<html><body>Welcome to our proxy</body></html>")
        elif mode == "wrong_count":
            self.answer(200, {"took": 1, "errors": errors, "items": items[1:]})
        else:
            self.answer(200, data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # resets are our own doing


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--api-key")
    parser.add_argument("--product", default="8.19.0")
    parser.add_argument("--lacks", default="")
    options = parser.parse_args()
    Handler.store, Handler.key = Store(), options.api_key
    Handler.papers = Papers(options.product, options.lacks.split(",") if options.lacks else [])
    server = Server(("127.0.0.1", options.port), Handler)
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
