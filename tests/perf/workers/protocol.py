"""The worker's side of the protocol of process.py: `round K` is answered by the median seconds of K steps."""
import statistics
import sys
import time


def serve(step, about=""):
    """Answers requests on stdin until `quit` or the end of it; `step()` does one step and returns when it is done."""
    print(f"ready {about}".rstrip(), flush=True)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "quit":
            return
        seconds = []
        for _ in range(int(rest[0]) if rest else 1):
            start = time.perf_counter()
            step()
            seconds.append(time.perf_counter() - start)
        print(f"{statistics.median(seconds):.9f}", flush=True)
