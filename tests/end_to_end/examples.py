#!/usr/bin/env python3
# tests/end_to_end/examples.py - what stands in agent/examples is a pipeline that the agent takes without a word.
# SPDX-License-Identifier: Apache-2.0
"""examples.py AGENT"""

import os
import pathlib
import subprocess
import sys

from harness import check, run_tests

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "agent/examples"
WORLD = {"ES_API_KEY": "c2VjcmV0", "HONEYCOMB_API_KEY": "abcdefghij0123456789ab"}


def placed(place, example):
    """The example with a state of its own: what an agent of this machine left behind is none of its business."""
    text, state = example.read_text(), f'state = "{place.state}"'
    default = 'state = "/var/lib/weir"'
    copy = place.directory / example.name
    copy.write_text(text.replace(default, state) if default in text else f"agent {{ {state} }}\n{text}")
    return copy


def every_example_passes_the_check(place):
    examples = sorted(EXAMPLES.glob("*.conf"))
    check(len(examples) >= 4, f"only {len(examples)} examples in {EXAMPLES}")
    for example in examples:
        done = subprocess.run([place.agent, "check", "-c", placed(place, example)], capture_output=True, text=True,
                              env={**os.environ, **WORLD})
        check(done.returncode == 0 and done.stdout + done.stderr == "",
              f"{example.name}: {done.returncode}\n{done.stdout}{done.stderr}")


def an_example_names_what_it_needs_from_outside(place):
    """Without the variable the check says so, and still says nothing of the secret."""
    world = {name: value for name, value in os.environ.items() if name not in WORLD}
    example = placed(place, EXAMPLES / "functions-to-elasticsearch.conf")
    done = subprocess.run([place.agent, "check", "-c", example], capture_output=True, text=True, env=world)
    check("ES_API_KEY" in done.stderr, f"the variable is not named: {done.returncode} {done.stderr}")


if __name__ == "__main__":
    sys.exit(run_tests(sys.argv[1], [every_example_passes_the_check, an_example_names_what_it_needs_from_outside]))
