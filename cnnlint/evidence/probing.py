"""What a model does at other input sizes: a few passes from which the rest is replayed, or, where the
forward computes too much of its own, one attempt after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cnnlint.analyses.replay import Unreplayable
from cnnlint.analyses.sizes import LEAST_BOUND, faithful, free_axes
from cnnlint.graph import in_batches
from cnnlint.traces import Attempt, Input, Model, Pass

OFFSETS = ((64, 32), (96, 160), (37, 21))
"""What the probes add to the traced sizes: unlike along height and width, twice such that a total stride of
32 divides it, once odd."""

Run = Callable[[Sequence[Input], bool], tuple[Pass, str | None]]
"""Traces the model with these inputs, and says what ended the forward early, if anything did; the flag says
whether to go on after a fault."""


def probed(model: Model, trace: Run, seconds: float) -> Model:
    """The model with its probes, and with attempts at other sizes, for as long as `seconds` allow, where
    they show that it cannot be replayed."""
    run = next((run for run in model.passes if run.complete), None)
    shaped = next((item.shape for item in model.inputs if item.shape), None)
    if run is None or shaped is None:
        return model
    axes = free_axes(model, run)

    def resized(sizes: Sequence[int]) -> list[Input]:
        shape = list(shaped)
        for axis, size in zip(axes, sizes, strict=True):
            shape[axis] = size
        return [replace(item, shape=tuple(shape)) if item.shape == shaped else item for item in model.inputs]

    traced = [shaped[axis] for axis in axes]
    probes = []
    for offsets in OFFSETS:
        sizes = [size + offsets[at % 2] for at, size in enumerate(traced)]
        probe, error = trace(resized(sizes), False)
        probes.append(probe if error is None else trace(resized(sizes), True)[0])
    model = replace(model, probes=tuple(probes))
    try:
        faithful(run, model.probes)
    except Unreplayable:
        attempts = _attempts(traced, resized, trace, seconds)
        return replace(model, probes=(), attempts=tuple(attempts))
    return model


def _attempts(
    traced: Sequence[int], resized: Callable[[Sequence[int]], list[Input]], trace: Run, seconds: float
) -> Iterator[Attempt]:
    """One size after the other, the same along all axes (of a clip the frames stay)."""
    until = time.monotonic() + seconds
    for size in range(1, max(LEAST_BOUND, 2 * max(traced)) + 1):
        sizes = [traced[0], size, size] if len(traced) == 3 else [size] * len(traced)
        given = resized(sizes)
        run, error = trace(given, False)
        shape = next(item.shape for item in given if item.shape)
        if error is None:
            yield Attempt(shape)
        else:
            yield Attempt(shape, in_batches(error, run.batch), len(run.operations))
        if time.monotonic() > until:
            return
