#!/usr/bin/env python3
# tests/bench/bench.py - how much input a second of processor time carries, beside rsyslog on the same lines.
# SPDX-License-Identifier: Apache-2.0
"""Every measured program reads the same files to their end; what counts is its user and system time.

    bench.py [--lines N] [--small N] [--repeat N] [--rsyslog DIRECTORY] [--only WORD]

json: the logs of the JSON functions and the gateway in one file, which rsyslog can parse too. mixed: all ten logs.
The best of the repeats counts, less what the same program takes for an empty file. Instructions come from callgrind.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).parent
JSON_LOGS = ["payment", "notify", "inventory", "recommend", "gateway"]
END_LINE = '{"bench":"end"}\n'


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--small", type=int, default=20_000, help="lines under callgrind")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rsyslog", default="", help="where its package was unpacked")
    parser.add_argument("--only", default="", help="measure what has this word in its name")
    return parser.parse_args()


class Measured:
    """One process, run to its end: processor seconds and the most anonymous memory it held."""

    def __init__(self, command, environment, is_done=None):
        self.anonymous_kb = 0
        with open(os.environ["BENCH_LOG"], "ab") as log:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        begun = time.monotonic()
        watcher = threading.Thread(target=self.watch, args=(process.pid,))
        watcher.start()
        if is_done:
            wait_until(lambda: is_done() or not os.path.exists(f"/proc/{process.pid}"))
            process.send_signal(signal.SIGTERM)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        self.code = process.returncode
        self.wall_s = time.monotonic() - begun
        self.cpu_s = usage.ru_utime + usage.ru_stime

    def watch(self, pid):
        while (now_kb := anonymous_kb(pid)) is not None:
            self.anonymous_kb = max(self.anonymous_kb, now_kb)
            time.sleep(0.005)


def anonymous_kb(pid):
    """None: the process is over."""
    try:
        found = re.search(r"RssAnon:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) if found else None
    except OSError:
        return None


def wait_until(holds, seconds=300):
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise TimeoutError("a measured program did not come to its end")
        time.sleep(0.02)


class Server:
    """The server that discards, while inside `with`."""

    def __init__(self, build, save=None):
        self.command = [build / "tests/discard_server"] + (["--save", save] if save else [])

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.took = json.loads(self.process.stdout.read())
        self.process.wait()


class Broker:
    """A real Kafka broker with one topic of one partition, while inside `with`; None where it cannot be had."""

    def __init__(self, build, work):
        self.script, self.directory = HERE.parent / "services/kafka.sh", work / "kafka"
        self.tool = build / "tests/kafka_tool"

    def __enter__(self):
        started = subprocess.run([self.script, "start", self.directory], stdout=subprocess.PIPE, text=True)
        if started.returncode:
            print(started.stdout.strip() or "the broker did not start", flush=True)
            return None
        address = (self.directory / "brokers").read_text().strip()
        subprocess.run([self.tool, address, "create", "bench", "1"], check=True)
        return address

    def __exit__(self, *_):
        subprocess.run([self.script, "stop", self.directory], stdout=subprocess.DEVNULL)


class Bench:
    def __init__(self, wishes):
        self.wishes, self.build = wishes, wishes.build.absolute()
        self.work = self.build / "bench"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)
        os.environ["BENCH_LOG"] = str(self.work / "log")
        self.inputs = {name: self.make_input(name, wishes.lines) for name in ("json", "mixed")}
        self.small = {name: self.make_input(name, wishes.small) for name in ("json", "mixed")}
        self.empty = self.work / "empty.log"
        self.empty.write_text(END_LINE)

    def make_input(self, name, lines):
        """The demo's logs; for json those that are, one after the other, until there are as many lines."""
        logs = self.work / f"logs-{lines}"
        if not logs.exists():
            logs.mkdir()
            subprocess.run([self.build / "tests/weir-demo", "--lines", str(lines), logs], check=True)
        if name == "mixed":
            return logs / "*.log"
        path = self.work / f"json-{lines}.log"
        with open(path, "wb") as to:
            for log in JSON_LOGS:
                to.write((logs / f"{log}.log").read_bytes())
            to.write(END_LINE.encode())
        return path

    @staticmethod
    def size(path):
        files = path.parent.glob(path.name)
        return sum(file.stat().st_size for file in files)

    @staticmethod
    def lines(path):
        return sum(file.read_bytes().count(b"\n") for file in path.parent.glob(path.name))

    def environment(self, given):
        state = self.work / "state"
        shutil.rmtree(state, ignore_errors=True)
        state.mkdir()
        for name in ("done", "output"):
            (self.work / name).unlink(missing_ok=True)
        return {**os.environ, "BENCH_WORK": str(state), "BENCH_INPUT": str(given), "BENCH_DONE": str(self.work / "done"),
                "BENCH_OUTPUT": str(self.work / "output"), "BENCH_COMPRESS": "none",
                "BENCH_KEY": "c9945edf5d245834089a1bd6cc9ad01e"}

    # --- the programs ----------------------------------------------------------------------------------------

    def weir(self, given, config, wrapper=(), **more):
        environment = {**self.environment(given), **more}
        command = [*wrapper, self.build / "agent", "-c", HERE / f"weir_{config}.conf", "--once", "--ledger",
                   self.work / "ledger.json"]
        run = Measured(command, environment)
        if run.code != 0:
            sys.exit(f"agent ended with {run.code}, see {os.environ['BENCH_LOG']}")
        return run

    def rsyslog(self, given, config, **more):
        root = pathlib.Path(self.wishes.rsyslog)
        libraries = next(root.glob("usr/lib/*-linux-gnu"))
        environment = {**self.environment(given), "LD_LIBRARY_PATH": str(libraries), **more}
        command = [root / "usr/sbin/rsyslogd", "-n", "-M", libraries / "rsyslog", "-f", HERE / f"rsyslog_{config}.conf",
                   "-i", self.work / "rsyslog.pid"]
        done = self.work / "done"
        return Measured(command, environment, lambda: done.exists() and done.stat().st_size > 0)

    # --- the figures -----------------------------------------------------------------------------------------

    def measure(self, title, program, given, config, **more):
        if self.wishes.only not in title:
            return None
        start = min(program(self.empty, config, **more).cpu_s for _ in range(2))
        runs = [program(given, config, **more) for _ in range(self.wishes.repeat)]
        best = min(runs, key=lambda run: run.cpu_s)
        cpu_s = max(best.cpu_s - start, 1e-3)
        print(f"{title:44} {self.size(given) / cpu_s / 1e6:8.0f} MB/s per core {cpu_s / self.lines(given) * 1e9:7.0f} ns/event"
              f" {max(run.anonymous_kb for run in runs) / 1024:7.1f} MiB  {best.wall_s:6.2f} s", flush=True)
        return cpu_s

    def instructions(self, title, name, config, **more):
        if self.wishes.only not in title or not shutil.which("valgrind"):
            return
        counts = []
        for given in (self.empty, self.small[name]):
            out = self.work / "callgrind.log"
            wrapper = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={out}")
            self.weir(given, config, wrapper=wrapper, **more)
            counts.append(int(re.search(r"Collected : (\d+)", out.read_text())[1]))
        print(f"{title:44} {(counts[1] - counts[0]) / self.lines(self.small[name]):8.0f} instructions per event", flush=True)

    def against_server(self, title, program, config, **more):
        with Server(self.build) as server:
            more.update(BENCH_PORT=str(server.port), BENCH_URL=f"http://127.0.0.1:{server.port}")
            cpu_s = self.measure(title, program, self.inputs["json"], config, **more)
        return cpu_s

    def against_broker(self):
        titles = {name: f"weir     json  -> Kafka, {name}" for name in ("none", "lz4", "zstd")}
        if not any(self.wishes.only in title for title in titles.values()):
            return
        with Broker(self.build, self.work) as address:
            for name, title in titles.items() if address else ():
                self.measure(title, self.weir, self.inputs["json"], "kafka", BENCH_BROKER=address, BENCH_COMPRESS=name)

    def compressor_alone(self, plain_s, gzip_s):
        """The bodies of one uncompressed run, compressed by nothing but the compressor."""
        bodies = self.work / "bodies"
        with Server(self.build, bodies) as server:
            self.weir(self.inputs["json"], "elasticsearch", BENCH_URL=f"http://127.0.0.1:{server.port}")
        chunk = server.took["bytes"] // max(1, server.took["requests"])
        alone = subprocess.run([self.build / "tests/compress_alone", "1", str(chunk), bodies], check=True,
                               stdout=subprocess.PIPE)
        alone = json.loads(alone.stdout)
        bodies.unlink()
        given = self.size(self.inputs["json"])
        print(f"{'gzip alone, libdeflate level 1':44} {given / alone['cpu_s'] / 1e6:8.0f} MB/s per core of the same input;"
              f" gzip costs weir {(gzip_s - plain_s) / alone['cpu_s']:.2f} times that,"
              f" all of weir {gzip_s / alone['cpu_s']:.2f} times")

    def idle(self):
        agent = subprocess.Popen([self.build / "agent", "-c", HERE / "weir_discard.conf"], stdin=subprocess.DEVNULL,
                                 env=self.environment(self.empty), stderr=subprocess.DEVNULL)
        time.sleep(2)
        held_kb = anonymous_kb(agent.pid) or 0
        agent.terminate()
        agent.wait()
        print(f"{'weir     idle':44} {held_kb / 1024:8.1f} MiB of anonymous memory")

    def run(self):
        json_input, mixed = self.inputs["json"], self.inputs["mixed"]
        print(f"json: {self.lines(json_input)} lines, {self.size(json_input) / 1e6:.0f} MB;"
              f" mixed: {self.lines(mixed)} lines, {self.size(mixed) / 1e6:.0f} MB")
        self.measure("weir     json  parse -> discard", self.weir, json_input, "discard")
        self.measure("weir     mixed parse -> discard", self.weir, mixed, "discard")
        self.measure("weir     mixed parse, trace, sample -> file", self.weir, mixed, "sample")
        plain_s = self.against_server("weir     json  -> Elasticsearch", self.weir, "elasticsearch")
        gzip_s = self.against_server("weir     json  -> Elasticsearch, gzip", self.weir, "elasticsearch",
                                     BENCH_COMPRESS="gzip")
        if plain_s and gzip_s:
            self.compressor_alone(plain_s, gzip_s)
        for compress in ("none", "gzip", "zstd"):
            self.against_server(f"weir     json  -> Honeycomb, {compress}", self.weir, "honeycomb", BENCH_COMPRESS=compress)
        self.against_broker()
        if self.wishes.rsyslog:
            self.measure("rsyslog  json  parse -> discard", self.rsyslog, json_input, "discard")
            self.measure("rsyslog  json  parse -> file", self.rsyslog, json_input, "file")
            self.against_server("rsyslog  json  -> Elasticsearch", self.rsyslog, "elasticsearch")
        self.instructions("weir     json  parse -> discard", "json", "discard")
        self.instructions("weir     mixed parse, trace, sample -> file", "mixed", "sample")
        self.idle()


if __name__ == "__main__":
    Bench(arguments()).run()
