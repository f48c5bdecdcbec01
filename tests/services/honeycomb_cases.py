#!/usr/bin/env python3
# tests/services/honeycomb_cases.py - the Honeycomb stand-in answers as other projects' tests expect of the API.
# SPDX-License-Identifier: Apache-2.0
"""honeycomb_cases.py: posts the cases of $WEIR_CORPORA/honeycomb to the stand-in. Skips aloud (77) where they are absent."""

import gzip
import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

import honeycomb_standin

failures = []


def check(holds, text):
    if not holds:
        failures.append(text)
        print("FAIL", text)


def corpus(name):
    root = os.environ.get("WEIR_CORPORA", pathlib.Path(__file__).parents[2].parent / "shared" / "corpora")
    path = pathlib.Path(root) / "honeycomb" / name
    if not path.exists():
        print(f"skipped: {path} is not here (set WEIR_CORPORA)")
        sys.exit(77)
    return json.loads(path.read_text())


def post(url, body, headers):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def body_of(case):
    if "body" in case:
        return json.dumps(case["body"]).encode()
    return (case.get("body_raw") or case.get("body_plain", "")).encode()


def api_case(case):
    """One request as the case describes it, to a fresh stand-in."""
    headers = dict(case["headers"])
    body = body_of(case)
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.compress(body)
    with honeycomb_standin.Honeycomb() as hny:
        hny.store.keys = [headers["X-Honeycomb-Team"]]
        status, answer = post(hny.url + case["path"], body, headers)
        check(status == case["status"], f"{case['name']}: {status} {answer[:200]}")
        if "response" in case:
            check(json.loads(answer) == case["response"], f"{case['name']}: {answer[:200]}")
        want = case.get("expect_event")
        if want:
            event = hny.events(want["dataset"])[0]
            rate = want.get("samplerate", want.get("original_sample_rate", 1))
            check(event["data"] == want["data"] and event["samplerate"] == rate, f"{case['name']}: {event}")
            check("time" not in want or event["time"] == want["time"], f"{case['name']}: {event}")
        check(not hny.store.violations, f"{case['name']}: {hny.store.violations}")


def dataset_case(case):
    try:
        name = honeycomb_standin.dataset_of(case["url_dataset"])
    except honeycomb_standin.Refusal:
        name = None
    is_slash = "/" in (case["expected"] or "")  # the API takes none, the proxy that the case is from does
    check(name == (None if is_slash else case["expected"]), f"{case['name']}: {name!r}, not {case['expected']!r}")


def main():
    api = [case for case in corpus("api_cases.json") if case.get("method") == "POST" and isinstance(case.get("status"), int)]
    names = corpus("dataset_names_decode.json")
    for case in api:
        api_case(case)
    for case in names:
        dataset_case(case)
    print(f"honeycomb: {len(api)} requests and {len(names)} names of datasets answered alike")
    return 1 if failures or not api else 0


if __name__ == "__main__":
    sys.exit(main())
