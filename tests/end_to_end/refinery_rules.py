#!/usr/bin/env python3
# tests/end_to_end/refinery_rules.py - Honeycomb's Refinery and this sampler come to the same decision about the same traces.
# SPDX-License-Identifier: Apache-2.0
"""refinery_rules.py AGENT: the cases of $WEIR_CORPORA/honeycomb/refinery_rules.json, each rule said in our language.

A condition of trace scope is any(...), one of span scope stands as it is; a rule that drops is a rate of a thousand million.
Every case runs over so many copies of its trace that some are kept. Skips aloud (77) where the table is absent.
"""

import json
import os
import pathlib
import re
import sys

from harness import Place, check, failures, run_tests

NEVER = 1000000000
ROOT = ".is_root == true"


class NotSayable(Exception):
    """What our language has no word for."""


def corpus():
    root = os.environ.get("WEIR_CORPORA", pathlib.Path(__file__).parents[2].parent / "shared" / "corpora")
    path = pathlib.Path(root) / "honeycomb" / "refinery_rules.json"
    if not path.exists():
        print(f"skipped: {path} is not here (set WEIR_CORPORA)")
        sys.exit(77)
    return json.loads(path.read_text())


# --- a rule in our language --------------------------------------------------------------------------------------

def text(value):
    return json.dumps(value, ensure_ascii=False)


def operand(fields, datatype, operator):
    """The first of these fields that is there, as the type that is asked for."""
    if any(field.startswith("?.") for field in fields):
        raise NotSayable("computed fields")
    paths = ["." + field for field in fields]
    found = paths[0] if len(paths) == 1 else f"coalesce({', '.join(paths)})"
    if operator in ("matches", "contains", "does-not-contain", "starts-with"):
        datatype = "string"
    return found if datatype in (None, "bool") else f"{datatype}({found})"


def comparison(fields, condition):
    operator, value = condition["Operator"], condition.get("Value")
    left = operand(fields, condition.get("Datatype"), operator)
    if operator in ("exists", "not-exists"):
        present = " or ".join(f".{field} exists" for field in fields)
        return f"({present})" if operator == "exists" else f"not ({present})"
    if operator in ("=", "!=", "<", "<=", ">", ">="):
        return f"{left} {'==' if operator == '=' else operator} {text(value)}"
    pattern = value if operator == "matches" else re.escape(value)
    if operator == "starts-with":
        pattern = "^" + pattern
    return f"{'not ' if operator == 'does-not-contain' else ''}({left} =~ {text(pattern)})"


def condition_text(condition, scope):
    if condition["Operator"] == "has-root-span":
        return f"{'' if condition['Value'] else 'not '}any({ROOT})"
    fields = condition.get("Fields") or [condition["Field"]]
    plain = [field for field in fields if not field.startswith("root.")]
    of_root = [field[len("root."):] for field in fields if field.startswith("root.")]
    ways = []
    if plain:
        said = comparison(plain, condition)
        ways.append(f"({said})" if scope == "span" else f"any({said})")
    if of_root:
        ways.append(f"any({ROOT} and {comparison(of_root, condition)})")
        if condition["Operator"] == "not-exists":
            ways.append(f"not any({ROOT})")
    return f"({' or '.join(ways)})"


def rule_text(number, rule):
    said = [condition_text(one, rule.get("Scope", "trace")) for one in rule.get("Conditions") or []]
    when = f"when = {' and '.join(said)}  " if said else ""
    rate = NEVER if rule.get("Drop") or rule.get("SampleRate") == 0 else rule["SampleRate"]
    return f'    rule "r{number}" {{ {when}rate = {rate} }}'


PIPELINE = """
agent { state = "{state}"  admin = off }
input tail "t" { path = "{logs}/t.log"  filter parse { format = json } }
filter trace { }
filter sample "s" {
{rules}
}
output file "f" { path = "{out}" }
"""


# --- a case ------------------------------------------------------------------------------------------------------

def write_traces(place, case, count):
    with open(place.logs / "t.log", "w", encoding="utf-8") as log:
        for number in range(count):
            for span in case["spans"]:
                data = {key: value for key, value in span["data"].items() if key != "trace.trace_id"}
                log.write(json.dumps({"traceId": f"{number + 1:032x}", "time": "2026-01-02T03:04:05Z",
                                      "is_root": bool(span.get("is_root")), **data}) + "\n")


def decide(place, case):
    """What our sampler says: the rate of the rule that matched and its number; None: everything was dropped."""
    rules = case["config"]["Rules"]
    place.write(PIPELINE.replace("{rules}", "\n".join(rule_text(i, rule) for i, rule in enumerate(rules))))
    write_traces(place, case, 40 * max(case["expected_rate"], 1))
    code, said = place.once()
    if code == 2:
        return "config error", said
    events = place.events()
    decisions = {(event["sampling.weight"], event.get("sampling.rule")) for event in events}
    if not check(code == 0 and len(decisions) <= 1, f"exit {code}, {len(decisions)} decisions {decisions}: {said}"):
        return "several", None
    return decisions.pop() if decisions else (None, None)


def wanted_of(case):
    """The rate that Refinery decides, and the number of the rule it names; the table names one that did not match too."""
    rules, reason = case["config"]["Rules"], case.get("expected_reason_contains")
    named = [i for i, rule in enumerate(rules) if rule["Name"] == reason and rule.get("SampleRate", 1) == case["expected_rate"]]
    return case["expected_rate"], named[0] if named else None


def check_case(place, case):
    name = case.get("name") or case["config"]["Rules"][0]["Name"]
    rate, rule = decide(place, case)
    if case.get("config_error"):
        check(rate == "config error", f"{name}: a pattern that is none was taken")
        return
    wanted, matched = wanted_of(case)
    is_dropped = case.get("expected_keep") is False and case.get("keep_asserted") and (
        wanted == 0 or (matched is not None and case["config"]["Rules"][matched].get("Drop")) or "TestRuleMatches" in case["suite"])
    if is_dropped:
        check(rate is None, f"{name}: kept at {rate} by {rule}, Refinery drops it")
        return
    check(rate == wanted, f"{name}: rate {rate}, Refinery says {wanted}: {(place.config).read_text()}")
    check(matched is None or rule == f"r{matched}", f"{name}: rule {rule}, Refinery says {matched}")


def decisions_are_those_of_refinery(place):
    decided, left_out = 0, []
    for number, case in enumerate(corpus()):
        name = case.get("name") or case["config"]["Rules"][0]["Name"]
        below = Place(place.agent, place.directory / f"{number}")
        try:
            if case["config"].get("CheckNestedFields") is False:
                raise NotSayable("fields inside objects are always found")
            check_case(below, case)
            decided += 1
        except NotSayable as why:
            left_out.append(f"{name} ({why})")
    print(f"     refinery: {decided} rule cases decided, {len(failures)} otherwise; not sayable here: {'; '.join(left_out)}")
    check(decided > 65, f"only {decided} cases were decided")


if __name__ == "__main__":
    corpus()
    sys.exit(run_tests(sys.argv[1], [decisions_are_those_of_refinery]))
