"""From what was measured to one printed line and one JSON record a row."""
import statistics
import sys

import rows


def report(row, measured, missing):
    """`measured`: processes by name; `missing`: why others did not run."""
    if isinstance(row, rows.Memory):
        record = memory_record(row, measured)
    elif isinstance(row, rows.Share):
        record = share_record(row, measured)
    else:
        record = times_record(row, measured)
    record["missing"] = {name: missing[name] for name in [*row.peers, row.ours] if name in missing}
    workers, best = record["workers"], record.get("best_peer")
    print_row(row.name, *(text_of(row, workers.get(name)) for name in (row.ours, best)), best or "-",
              f"{record['ratio']:.2f}" if "ratio" in record else "-", goal_text(row), record.get("met"))
    if isinstance(row, rows.Row):
        print_details(row, record, measured)
    for name, reason in record["missing"].items():
        print(f"    {name} is left out: {reason}")
    return record


def times_record(row, measured):
    record = {"name": row.name, "goal": row.goal, "goal_is": "least ratio of medians, peer / ours",
              "workers": {name: {**summary(measured[name].samples), "disturbed": measured[name].disturbed}
                          for name in [row.ours, *row.peers] if name in measured}}
    compare(row, record, "median")
    if "ratio" in record:
        record["ratio_of_minima"] = (record["workers"][record["best_peer"]]["minimum"]
                                     / record["workers"][row.ours]["minimum"])
        record["met"] = record["ratio"] >= row.goal
    return record


def memory_record(row, measured):
    """The largest resident set of the whole process, interpreter, libraries and compiler included."""
    record = {"name": row.name, "goal": row.goal, "goal_is": "bytes, at most",
              "workers": {name: {"bytes": measured[name].peak_bytes} for name in [row.ours, *row.peers]
                          if name in measured and measured[name].peak_bytes}}
    compare(row, record, "bytes")
    if row.ours in record["workers"]:
        record["met"] = record["workers"][row.ours]["bytes"] <= row.goal
    return record


def share_record(row, measured):
    record = {"name": row.name, "goal": row.goal, "goal_is": "least share of the measured multiply-add peak",
              "workers": {}}
    bench = measured[row.ours].bench if row.ours in measured else None
    if bench:
        share = bench["parts"][row.part]["stated_of_peak"]
        record["workers"] = {row.ours: {"share": share, "peak": bench["machine"]["flops_per_second"]}}
        record["met"] = share >= row.goal
    return record


def compare(row, record, key):
    """With the best peer."""
    workers = record["workers"]
    present = [name for name in row.peers if name in workers]
    if not present:
        return
    best = record["best_peer"] = min(present, key=lambda name: workers[name][key])
    if row.ours in workers:
        record["ratio"] = workers[best][key] / workers[row.ours][key]


def print_details(row, record, measured):
    for name in row.peers:
        if name in record["workers"] and name != record["best_peer"]:
            print(f"    {name}: {times(record['workers'][name])}")
    if row.ours in measured and measured[row.ours].bench:
        record["arithmetic"] = arithmetic(measured[row.ours].bench, record["workers"][row.ours]["median"])
        print(f"    {arithmetic_text(record['arithmetic'])}")
    disturbed = sum(worker["disturbed"] for worker in record["workers"].values())
    if disturbed:
        turns = sum(len(worker["samples"]) for worker in record["workers"].values())
        print(f"    in {disturbed} of {turns} turns others used the machine")


def arithmetic(bench, seconds):
    """Of a step that took `seconds`: flops that the model states, borders counted, and those done where sums take fewer;
    as shares of the rate that this machine reached in the same run."""
    peak = bench["machine"]["flops_per_second"]
    contract = bench["parts"].get("contract", {})
    return {"peak": peak, "stated": bench["step"]["stated_flops"], "done": bench["step"]["flops"],
            "stated_of_peak": bench["step"]["stated_flops"] / seconds / peak,
            "done_of_peak": bench["step"]["flops"] / seconds / peak,
            "contract_of_peak": contract.get("of_peak"), "contract_stated_of_peak": contract.get("stated_of_peak")}


def arithmetic_text(a):
    def percent(name):
        return f"{100 * a[name]:.0f} %" if a[name] is not None else "-"

    text = (f"ours: {a['stated'] / 1e9:.3g} GFLOP a step at {percent('stated_of_peak')} of the measured "
            f"{a['peak'] / 1e9:.0f} GFLOP/s, contract kernels at {percent('contract_stated_of_peak')}")
    if a["done"] < 0.995 * a["stated"]:
        text += (f"; {a['done'] / 1e9:.3g} GFLOP done, at {percent('done_of_peak')}, contract kernels at "
                 f"{percent('contract_of_peak')}")
    return text


def summary(samples):
    return {"median": statistics.median(samples), "minimum": min(samples), "samples": samples}


def goal_text(row):
    if isinstance(row, rows.Memory):
        return f"<= {row.goal / 1e6:.0f} MB"
    return f">= {100 * row.goal:.0f} %" if isinstance(row, rows.Share) else f">= {row.goal:.2f}"


def text_of(row, worker):
    if not worker:
        return "-"
    if isinstance(row, rows.Memory):
        return f"{worker['bytes'] / 1e6:.0f} MB"
    return f"{100 * worker['share']:.0f} %" if isinstance(row, rows.Share) else times(worker)


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
