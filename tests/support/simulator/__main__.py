"""``python -m support.simulator``: play many seeds, and say what they lived through.

``SEEDS`` (500) says how many, ``START`` (0) from which on, ``WORKERS`` (2) in how many processes. A seed that fails
prints the trace of its events; ``make simulate START=<seed> SEEDS=1`` plays it again.
"""

from __future__ import annotations

import os
import sys
import traceback
from multiprocessing import Pool
from time import monotonic

from support.simulator.play import Played, play_seed

MOST_SHOWN = 3


def played(seed):
    """Play a seed in a process of its own; the error as text, since it has to travel."""
    lived, trace, failed = play_seed(seed)
    if failed is None:
        return seed, lived, None
    return seed, lived, "\n".join([*trace, *traceback.format_exception(failed)])


def main():
    """Play the seeds that the environment asks for; 1 if one of them failed."""
    start, count = int(os.environ.get("START", "0")), int(os.environ.get("SEEDS", "500"))
    began, total, failures = monotonic(), Played(), []
    with Pool(int(os.environ.get("WORKERS", "2"))) as pool:
        for seed, lived, failure in pool.imap_unordered(played, range(start, start + count), chunksize=10):
            total.add(lived)
            if failure is not None:
                failures.append((seed, failure))
    for seed, failure in sorted(failures)[:MOST_SHOWN]:
        print(f"seed {seed} failed:\n{failure}\nagain: make simulate START={seed} SEEDS=1\n")
    tell(count, total, monotonic() - began, len(failures))
    return bool(failures)


def tell(count, total, seconds, failed):
    """Print what the seeds lived through."""
    kills = {name: number for name, number in sorted(total.seen.items()) if name.startswith("ended")}
    faults = {name: number for name, number in sorted(total.seen.items()) if name not in kills and name != "ok"}
    print(f"{count:,} seeds, {failed} failed, in {seconds:.1f} s: {count / seconds:,.0f} seeds per second")
    print(f"{total.runs:,} runs, {total.elements:,} elements, {total.requests:,} requests")
    print(f"{sum(faults.values()):,} faults: " + ", ".join(f"{number:,} {name}" for name, number in faults.items()))
    print(f"{sum(kills.values()):,} early ends: " + ", ".join(f"{n:,} {name[9:]}" for name, n in kills.items()))


if __name__ == "__main__":
    sys.exit(main())
