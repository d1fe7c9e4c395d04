"""What a worker and others took of the machine, from Linux's /proc; elsewhere always 0.

A 2-core machine that compiles something else slows a threaded step several-fold, and not every peer equally.
"""
import os

TICK = os.sysconf("SC_CLK_TCK")


def _machine_seconds():
    """Busy processor seconds of the whole machine, time stolen by the host included."""
    try:
        with open("/proc/stat") as file:
            user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    except (OSError, ValueError):
        return 0.0
    return (user + nice + system + irq + softirq + steal) / TICK


def _process_seconds(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


class Watch:
    """Started with a process and later asked how many processor seconds went to others in between."""

    def __init__(self, pid):
        self.pid, self.machine, self.own = pid, _machine_seconds(), _process_seconds(pid)

    def others(self):
        return max(0.0, _machine_seconds() - self.machine - (_process_seconds(self.pid) - self.own))


def peak_bytes(pid):
    """The most memory that a process has held at once."""
    try:
        with open(f"/proc/{pid}/status") as file:
            return next(1024 * int(line.split()[1]) for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0
