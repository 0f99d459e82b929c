"""What each operator of a forward pass takes on a real device: time and memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile, record_function

from cnnlint.traces import Cost

MARK = "cnnlint::operator "
"""Begins the name under which the profiler knows an operator; its number follows."""


class Meter:
    """Measures the calls of one pass. Passes whose times count are made without the profiler, which slows
    them: on cpu a meter has either times or memory, as `memory` says; on cuda both.

    `cost` has the costs by the number of the call.
    """

    def __init__(self, device: str, memory: bool = False):
        self._cuda = device == "cuda"
        self._profile = (
            profile(activities=[ProfilerActivity.CPU], profile_memory=True)
            if memory and not self._cuda
            else None
        )
        self._seconds: dict[int, float] = {}
        self._bytes: dict[int, int] = {}
        self._before = 0

    def __enter__(self) -> Meter:
        if self._profile:
            self._profile.__enter__()
        if self._cuda:
            self._before = torch.cuda.memory_allocated()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._profile:
            self._profile.__exit__(*exception)
            self._bytes = _peaks(self._profile)

    def call(self, number: int, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """The result of the function, called as operator `number`."""
        if self._profile:
            with record_function(f"{MARK}{number}"):
                return function(*args, **kwargs)
        if self._cuda:
            torch.cuda.synchronize()
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        result = function(*args, **kwargs)
        if self._cuda:
            torch.cuda.synchronize()
            self._bytes[number] = torch.cuda.max_memory_allocated() - self._before
        self._seconds[number] = time.perf_counter() - began
        return result

    def cost(self, number: int) -> Cost:
        """What operator `number` took; nothing where it called no function of torch."""
        return Cost(self._seconds.get(number), self._bytes.get(number))


def _peaks(profiled: profile) -> dict[int, int]:
    """Bytes that were allocated at most during each operator, beyond those before the pass. The events of
    the profiler share one clock; what the allocator gives and takes back is among them."""
    results: Any = getattr(profiled.profiler, "kineto_results", None)
    spans: list[tuple[int, int, int]] = []
    changes: list[tuple[int, int]] = []
    for event in results.events():
        if event.name().startswith(MARK):
            began = event.start_ns()
            spans.append((began, began + event.duration_ns(), int(event.name().removeprefix(MARK))))
        elif event.name() == "[memory]":
            changes.append((event.start_ns(), event.nbytes()))
    changes.sort()
    peaks: dict[int, int] = {}
    allocated, at = 0, 0
    for began, ended, number in sorted(spans):
        while at < len(changes) and changes[at][0] < began:
            allocated += changes[at][1]
            at += 1
        peak, here, inside = allocated, allocated, at
        while inside < len(changes) and changes[inside][0] <= ended:
            here += changes[inside][1]
            peak = max(peak, here)
            inside += 1
        peaks[number] = peak
    return peaks
