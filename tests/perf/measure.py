"""Times the project and its peers in one run and prints one line a row; run.sh calls it.

Each worker is a process that prints `ready` (and perhaps its version), then answers a line `round K` with the median
seconds of K steps, and ends at `quit`. All workers of a group are started and warmed up first; then one at a time gets
its turn, in an order that rotates from round to round, while the others wait for input. A turn during which somebody
else used the machine is taken again while patience lasts. A peer that is not installed is named and left out. Reported
are medians over the rounds (minima in parentheses) and the ratio of medians; the rows go to build/perf.json as well.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import queue
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import quiet
import rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
TURN_SECONDS, LONGEST_TURN = 0.4, 20       # steps of one turn: enough for TURN_SECONDS, at most LONGEST_TURN
START_TIMEOUT, STEP_TIMEOUT = 300, 300
# An idle OpenMP runtime spins for a few milliseconds before it sleeps; nobody's turn starts before that is over.
SETTLE_SECONDS = 0.1
OTHERS_SHARE = 0.05                        # of all cores; a turn with more is disturbed


class Failed(Exception):
    pass


class Process:
    """A running worker."""

    def __init__(self, worker, python):
        self.name, self.samples, self.disturbed, self.steps = worker.name, [], 0, 1
        command = [python, *worker.command] if worker.peer else worker.command
        self.errors = tempfile.TemporaryFile(mode="w+")
        try:
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, text=True, env=environment())
        except OSError as error:
            raise Failed(f"{command[0]}: {error.strerror}") from error
        self.lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.strip())
        self.lines.put(None)

    def expect(self, timeout, accept):
        """The first line that `accept` turns into a value; other lines are chatter."""
        end = time.monotonic() + timeout
        while True:
            try:
                line = self.lines.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise Failed(f"no answer in {timeout} s") from None
            if line is None:
                raise Failed(self._last_error())
            value = accept(line)
            if value is not None:
                return value

    def _last_error(self):
        self.process.wait(timeout=5)
        self.errors.seek(0)
        text = [line.strip() for line in self.errors if line.strip()]
        return text[-1][:160] if text else f"ended with status {self.process.returncode}"

    def turn(self, steps):
        time.sleep(SETTLE_SECONDS)
        try:
            self.process.stdin.write(f"round {steps}\n")
            self.process.stdin.flush()
        except OSError as error:
            raise Failed(self._last_error()) from error
        return self.expect(STEP_TIMEOUT * steps, number)

    def undisturbed_turn(self, patience):
        """A turn, repeated while others used the machine during it and patience lasts."""
        while True:
            watch, begin = quiet.Watch(self.process.pid), time.monotonic()
            seconds = self.turn(self.steps)
            spent = time.monotonic() - begin
            if watch.others() <= OTHERS_SHARE * cores() * spent:
                break
            if not patience.afford(spent):
                self.disturbed += 1
                break
        self.samples.append(seconds)

    def close(self):
        try:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


class Patience:
    """Seconds that may go to turns taken again, for the whole run."""

    def __init__(self, seconds):
        self.left = seconds

    def afford(self, seconds):
        self.left -= seconds
        return self.left >= 0


def number(line):
    try:
        return float(line)
    except ValueError:
        return None


def cores():
    return len(os.sched_getaffinity(0))


def environment():
    return {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(cores())), "KMP_BLOCKTIME": "0",
            "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def measure_group(group, python, rounds, patience):
    """The workers that ran, by name, and the reason of each that did not."""
    running, missing = [], {}
    try:
        for worker in group.workers:
            say(f"start {worker.name}")
            try:
                process = Process(worker, python)
                running.append(process)
                process.expect(START_TIMEOUT, lambda line: line if line.startswith("ready") else None)
                first = process.turn(1)
                warm = min(process.turn(1) for _ in range(3 if first < 5 else 1))
                process.steps = max(1, min(LONGEST_TURN, math.ceil(TURN_SECONDS / warm)))
            except Failed as failure:
                missing[worker.name] = str(failure)
                if running and running[-1].name == worker.name:
                    running.pop().close()
        for k in range(rounds if running else 0):
            say(f"round {k + 1} of {rounds}")
            for process in running[k % len(running):] + running[:k % len(running)]:
                process.undisturbed_turn(patience)
    finally:
        for process in running:
            process.close()
    return {process.name: process for process in running}, missing


def report_row(row, measured, missing):
    record = {"name": row.name, "goal": row.goal, "goal_is": "least ratio of medians, peer / ours"}
    for name in [row.ours, *row.peers]:
        if name in measured:
            record.setdefault("workers", {})[name] = {**summary(measured[name].samples),
                                                      "disturbed": measured[name].disturbed}
    for name in row.peers + [row.ours or ""]:
        if name in missing:
            record.setdefault("missing", {})[name] = missing[name]
    workers = record.get("workers", {})
    present = [name for name in row.peers if name in workers]
    if present:
        best = min(present, key=lambda name: workers[name]["median"])
        record["best_peer"] = best
    if row.ours in workers and present:
        record["ratio"] = workers[best]["median"] / workers[row.ours]["median"]
        record["ratio_of_minima"] = workers[best]["minimum"] / workers[row.ours]["minimum"]
    ratio = record.get("ratio")
    print_row(row.name, times(workers.get(row.ours)), times(workers.get(record.get("best_peer"))),
              record.get("best_peer", "-"), "-" if ratio is None else f"{ratio:.2f}", f">= {row.goal:.2f}",
              None if ratio is None else ratio >= row.goal)
    for name in present:
        if name != record["best_peer"]:
            print(f"    {name}: {times(workers[name])}")
    disturbed = sum(worker["disturbed"] for worker in workers.values())
    if disturbed:
        print(f"    in {disturbed} of {sum(len(w['samples']) for w in workers.values())} turns others used the machine")
    for name, reason in record.get("missing", {}).items():
        print(f"    {name} is left out: {reason}")
    return record


def measure_start(start, repeats):
    """Cold and warm runs in turn, each cold one with a cache of its own."""
    seconds = {"cold": [], "warm": []}
    try:
        for k in range(repeats):
            say(f"start {k + 1} of {repeats}")
            with tempfile.TemporaryDirectory() as folder:
                for state in ("cold", "warm"):
                    command = [part.format(run=f"{folder}/{state}") for part in start.command]
                    begin = time.perf_counter()
                    settings = {**environment(), "QILN_CACHE": f"{folder}/cache"}
                    done = subprocess.run(command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL,
                                          capture_output=True, text=True, timeout=START_TIMEOUT)
                    seconds[state].append(time.perf_counter() - begin)
                    if done.returncode != 0:
                        lines = (done.stderr or done.stdout).strip().splitlines() or [f"status {done.returncode}"]
                        raise Failed(lines[-1][:160])
    except (Failed, OSError, subprocess.TimeoutExpired) as failure:
        print_row(start.name, "-", "-", "-", "-", f"{start.cold:g} s, {start.warm:g} s", None)
        print(f"    left out: {failure}")
        return [{"name": start.name, "missing": str(failure)}]
    records = []
    for state, goal in (("cold", start.cold), ("warm", start.warm)):
        record = {"name": f"{state} {start.name}", "command": start.command, "goal": goal, "goal_is": "seconds, at most",
                  "workers": {"ours": summary(seconds[state])}}
        median = record["workers"]["ours"]["median"]
        print_row(record["name"], times(record["workers"]["ours"]), "-", "-", "-", f"<= {goal:g} s", median <= goal)
        records.append(record)
    return records


def summary(samples):
    return {"median": statistics.median(samples), "minimum": min(samples), "samples": samples}


def times(worker):
    """Median and, in parentheses, minimum."""
    return f"{seconds_text(worker['median'])} ({seconds_text(worker['minimum'])})" if worker else "-"


def seconds_text(seconds):
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1e3:.2f} ms"


def print_row(name, ours, peer, peer_name, ratio, goal, met):
    say("")
    verdict = {True: "met", False: "missed", None: ""}[met]
    line = f"{name:34s} {ours:>22s} {peer:>22s}  {peer_name:22s} {ratio:>7s}  {goal:>10s} {verdict}"
    print(line.rstrip(), flush=True)


def say(text):
    """Progress, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(prog="tests/perf/run.sh", description=__doc__.splitlines()[0],
                                     epilog="example: tests/perf/run.sh quantum start")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(rows.NAMES)}; default: "
                        f"{' '.join(rows.DEFAULT)}")
    parser.add_argument("--install", action="store_true", help="make the peers' Python environment first, in .peers/")
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds (7)")
    parser.add_argument("--patience", type=float, default=180, metavar="SECONDS",
                        help="time to spend on taking disturbed turns again (180)")
    parser.add_argument("--json", default="build/perf.json", help="where the rows go as JSON (build/perf.json)")
    options = parser.parse_args()
    names = options.names or rows.DEFAULT
    unknown = set(names) - set(rows.NAMES)
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))} (there are {', '.join(rows.NAMES)})")

    python = os.environ["QILN_PEERS"] + "/bin/python"
    if not shutil.which(python):
        print("no peers: run `tests/perf/run.sh --install`, or set QILN_PEERS to a Python environment that has them")
    print(f"{processor()}, {cores()} cores, load {os.getloadavg()[0]:.2f}, {options.rounds} rounds, median (minimum)")
    print_row("row", "ours", "best peer", "", "ratio", "goal", None)
    records, patience = [], Patience(options.patience)
    for group in rows.GROUPS:
        if group.name in names:
            measured, missing = measure_group(group, python, options.rounds, patience)
            records += [report_row(row, measured, missing) for row in group.rows]
    for start in rows.STARTS:
        if start.group in names:
            records += measure_start(start, options.rounds)
    path = ROOT / options.json
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"processor": processor(), "cores": cores(), "rounds": options.rounds,
                                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rows": records}, indent=1))


if __name__ == "__main__":
    main()
