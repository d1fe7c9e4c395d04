"""A running worker, and how much of the machine others took during its turns.

Each worker is a process that prints `ready` (and perhaps its version), then answers a line `round K` with the median
seconds of K steps, and ends at `quit`.
"""
import math
import os
import queue
import subprocess
import tempfile
import threading
import time

import quiet

TURN_SECONDS, LONGEST_TURN = 0.4, 20       # steps of one turn: enough for TURN_SECONDS, at most LONGEST_TURN
START_TIMEOUT, STEP_TIMEOUT = 300, 300
# An idle OpenMP runtime spins for a few milliseconds before it sleeps; nobody's turn starts before that is over.
SETTLE_SECONDS = 0.1
OTHERS_SHARE = 0.05                        # of all cores; a turn with more is disturbed


class Failed(Exception):
    pass


def cores():
    return len(os.sched_getaffinity(0))


def environment():
    return {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(cores())), "KMP_BLOCKTIME": "0",
            "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": ""}


def run(command, root, settings=None):
    """The output of a command that ends by itself."""
    try:
        done = subprocess.run(command, cwd=root, env={**environment(), **(settings or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=START_TIMEOUT)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"not done in {START_TIMEOUT} s") from error
    if done.returncode != 0:
        raise Failed(last_line(done.stderr or done.stdout, done.returncode))
    return done.stdout


def last_line(text, status):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else f"ended with status {status}"


def number(line):
    try:
        return float(line)
    except ValueError:
        return None


class Patience:
    """Seconds that may go to turns taken again, for the whole run."""

    def __init__(self, seconds):
        self.left = seconds

    def afford(self, seconds):
        self.left -= seconds
        return self.left >= 0


class Process:
    def __init__(self, worker, root, python):
        self.worker, self.samples, self.disturbed, self.steps = worker, [], 0, 1
        self.peak_bytes = self.bench = None
        command = [python, *worker.command] if worker.peer else worker.command
        self.errors = tempfile.TemporaryFile(mode="w+")
        try:
            self.process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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
        return last_line(self.errors.read(), self.process.returncode)

    def warm_up(self):
        """Until the worker answers at its pace, which decides how many steps a turn has."""
        self.expect(START_TIMEOUT, lambda line: line if line.startswith("ready") else None)
        first = self.turn(1)
        warm = min(self.turn(1) for _ in range(3 if first < 5 else 1))
        self.steps = max(1, min(LONGEST_TURN, math.ceil(TURN_SECONDS / warm)))

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
        self.peak_bytes = quiet.peak_bytes(self.process.pid)
        try:
            self.process.stdin.write("quit\n")
            self.process.stdin.close()
            self.process.wait(timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
