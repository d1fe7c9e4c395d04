"""Times the project and its peers in one run and prints one line a row; run.sh calls it.

All workers of a group are started and warmed up first; then one at a time gets its turn (process.py), in an order that
rotates from round to round, while the others wait for input. A turn during which somebody else used the machine is
taken again while patience lasts. A peer that is not installed is named and left out. Reported are medians over the
rounds (minima in parentheses) and the ratio of medians; the rows go to build/perf.json as well.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import tempfile
import time

import rows
from process import Failed, Patience, Process, cores, run
from summary import print_row, report, say, summary, times

ROOT = pathlib.Path(__file__).resolve().parents[2]


def measure_group(group, python, rounds, patience):
    """The workers that ran, by name, and the reason of each that did not."""
    running, missing = [], {}
    try:
        for worker in group.workers:
            say(f"start {worker.name}")
            try:
                process = Process(worker, ROOT, python)
                running.append(process)
                process.warm_up()
            except Failed as failure:
                missing[worker.name] = str(failure)
                if running and running[-1].worker is worker:
                    running.pop().close()
        for k in range(rounds if running else 0):
            say(f"round {k + 1} of {rounds}")
            for process in running[k % len(running):] + running[:k % len(running)]:
                process.undisturbed_turn(patience)
    finally:
        for process in running:
            process.close()
    return {process.worker.name: process for process in running}, missing


def measure_arithmetic(processes):
    """What `qiln bench` says about the workers that it can say something about."""
    for process in processes:
        if process.worker.bench:
            say(f"bench {process.worker.name}")
            try:
                process.bench = json.loads(run(process.worker.bench, ROOT))
            except Failed as failure:
                print(f"    no kernels of {process.worker.name}: {failure}")


def measure_start(start, repeats):
    """Cold and warm runs in turn, each cold one with a cache of its own."""
    seconds = {"cold": [], "warm": []}
    try:
        for k in range(repeats):
            say(f"start {k + 1} of {repeats}")
            with tempfile.TemporaryDirectory() as folder:
                for state in ("cold", "warm"):
                    begin = time.perf_counter()
                    run([part.format(run=f"{folder}/{state}") for part in start.command], ROOT,
                        {"QILN_CACHE": f"{folder}/cache"})
                    seconds[state].append(time.perf_counter() - begin)
    except Failed as failure:
        print_row(start.name, "-", "-", "-", "-", f"{start.cold:g} s, {start.warm:g} s", None)
        print(f"    left out: {failure}")
        return [{"name": start.name, "missing": str(failure)}]
    records = []
    for state, goal in (("cold", start.cold), ("warm", start.warm)):
        ours = summary(seconds[state])
        records.append({"name": f"{state} {start.name}", "command": start.command, "goal": goal,
                        "goal_is": "seconds, at most", "workers": {"ours": ours}})
        print_row(records[-1]["name"], times(ours), "-", "-", "-", f"<= {goal:g} s", ours["median"] <= goal)
    return records


def processor():
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def arguments():
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
    options.names = options.names or rows.DEFAULT
    unknown = set(options.names) - set(rows.NAMES)
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))} (there are {', '.join(rows.NAMES)})")
    return options


def main():
    options = arguments()
    python = os.environ["QILN_PEERS"] + "/bin/python"
    if not shutil.which(python):
        print("no peers: run `tests/perf/run.sh --install`, or set QILN_PEERS to a Python environment that has them")
    print(f"{processor()}, {cores()} cores, load {os.getloadavg()[0]:.2f}, {options.rounds} rounds, median (minimum)")
    print_row("row", "ours", "best peer", "", "ratio", "goal", None)
    records, patience = [], Patience(options.patience)
    for group in rows.GROUPS:
        if group.name in options.names:
            measured, missing = measure_group(group, python, options.rounds, patience)
            measure_arithmetic(measured.values())
            records += [report(row, measured, missing) for row in group.rows]
    for start in rows.STARTS:
        if start.group in options.names:
            records += measure_start(start, options.rounds)
    path = ROOT / options.json
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"processor": processor(), "cores": cores(), "rounds": options.rounds,
                                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "rows": records}, indent=1))


if __name__ == "__main__":
    main()
