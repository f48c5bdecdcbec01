#!/usr/bin/env python3
# tests/services/bootstrap_standin.py - bootstrap and check --connect where no obtainable server has it: ILM, ISM, privileges.
# SPDX-License-Identifier: Apache-2.0
"""bootstrap_standin.py AGENT: against elasticsearch_standin.py, which keeps policies as Elasticsearch 8.11 and OpenSearch do."""

import json
import os
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
KEY = "c3RhbmQ6aW4="
agent = os.path.abspath(sys.argv[1])
failures = 0


def claim(is_true, what):
    global failures
    failures += not is_true
    print(f"{'ok  ' if is_true else 'FAIL'} {what}", flush=True)


class StandIn:
    def __init__(self, *options):
        self.process = subprocess.Popen([sys.executable, HERE + "/elasticsearch_standin.py", *options],
                                        stdout=subprocess.PIPE, text=True)
        self.url = "http://127.0.0.1:" + self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def config(self, settings):
        return f'input stdin {{ }} output elasticsearch {{ url = "{self.url}" {settings} }}'

    def run(self, settings):
        return subprocess.run([agent, "-e", self.config(settings)], input='{"a":1}\n', text=True, capture_output=True,
                              timeout=60, check=False).stderr

    def connect(self, settings):
        done = subprocess.run([agent, "check", "--connect", "-e", self.config(settings)], text=True, capture_output=True,
                              timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def is_fine(self):
        with urllib.request.urlopen(self.url + "/_standin/report", timeout=30) as answer:
            report = json.load(answer)
        return report["violations"] == [] and len(report["documents"].get("logs-weir-default", {})) > 0


def policies_are_written_once_and_replaced(product):
    with StandIn("--product", product) as far:
        said = far.run("retention = 30d")
        claim('wrote the lifecycle policy "weir-logs-weir-default"' in said and "wrote the index template" in said,
              f"{product}: a policy and a template are written: {said}")
        said = far.run("retention = 30d")
        claim("wrote" not in said and "changed" not in said, f"{product}: a second run finds both in place: {said}")
        said = far.run("retention = 7d")
        claim("wrote the lifecycle policy" in said, f"{product}: another retention replaces the policy: {said}")
        code, said = far.connect("retention = 7d")
        claim(code == 0 and said.count("is in place") == 2, f"{product}: a check finds both: {said}")
        claim(far.is_fine(), f"{product}: the events are there, and nothing was asked that a real one refuses")


def credentials_and_privileges_are_told():
    with StandIn("--api-key", KEY) as far:
        code, said = far.connect(f'api_key = "{KEY}"')
        claim(code == 0 and "events may be stored" in said, f"the right key gets in: {said}")
        code, said = far.connect('api_key = "d3Jvbmc6a2V5"')
        claim(code == 1 and "refuses our credentials" in said and "d3Jvbmc6a2V5" not in said,
              "a wrong key is a fault, and is not printed")
        code, said = far.connect("")
        claim(code == 1 and "it wants credentials" in said, f"no key is a fault: {said}")
    with StandIn("--lacks", "create_doc,manage_index_templates") as far:
        code, said = far.connect("")
        claim(code == 1 and 'grant the index privilege "create_doc"' in said, f"a missing privilege is named: {said}")
        claim('grant the cluster privilege "manage_index_templates"' in said, "and that for templates, as a doubt")
    with StandIn("--lacks", "manage_index_templates") as far:
        said = far.run("")
        claim(said.count("manage_index_templates") == 1, f"delivery warns once of it, and goes on: {said}")
        claim(far.is_fine(), "the events are there all the same")


def main():
    for product in ("8.11.0", "opensearch"):
        policies_are_written_once_and_replaced(product)
    credentials_and_privileges_are_told()
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
