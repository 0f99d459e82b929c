"""Whole processes side by side: the ratio of two commands is the median over pairs of runs, one after the
other, so that a machine that slows down slows both."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

CNNLINT = [sys.executable, "-c", "from cnnlint.cli import main; main()"]


@dataclass(frozen=True)
class Run:
    """Seconds on the clock, and MiB of the largest process that took part."""

    seconds: float
    peak: float


def run(command: Sequence[str], folder: Path) -> Run:
    """Runs a command to its end, in a shell of its own so that its peak is its own."""
    waiter = "import resource, subprocess, sys, time\n" + (
        "began = time.perf_counter()\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    said = subprocess.run(
        [sys.executable, "-S", "-c", waiter, *command], cwd=folder, capture_output=True, text=True, check=True
    )
    seconds, peak = map(float, said.stdout.split())
    return Run(seconds, peak)


def compare(
    name: str,
    ours: Sequence[str],
    theirs: Sequence[str],
    folder: Path,
    pairs: int,
    limit: float | None = None,
    memory: float | None = None,
    before: Callable[[], None] = lambda: None,
) -> None:
    """Prints the ratio of two commands in time and peak memory, with what is wanted of them.

    Args:
        before: what is done before each run of ours, and not measured.
    """
    before()
    run(ours, folder)  # what is read from disk for the first time
    run(theirs, folder)
    times, peaks, seconds = [], [], []
    for _ in range(pairs):
        before()
        mine, other = run(ours, folder), run(theirs, folder)
        times.append(mine.seconds / other.seconds)
        peaks.append(mine.peak / other.peak)
        seconds.append((mine.seconds, other.seconds))
    report(name, statistics.median(times), limit, "time")
    report("", statistics.median(peaks), memory, "memory")
    mine_seconds, their_seconds = (statistics.median(column) for column in zip(*seconds, strict=True))
    print(f"{'':44}  {mine_seconds:.2f} s against {their_seconds:.2f} s")


def report(name: str, ratio: float, limit: float | None, what: str) -> None:
    """One line: the ratio, and whether it keeps the limit."""
    wanted = "" if limit is None else f"  wanted ≤ {limit:.2f}  {'ok' if ratio <= limit else 'MISSED'}"
    print(f"{name:44}  {what:6} {ratio:6.2f} ×{wanted}", flush=True)


def seconds(work: Callable[[], object], times: int) -> float:
    """The median time of a call in this process."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
