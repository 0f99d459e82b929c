"""Tracing a text through the real worker, for tests."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnnlint.evidence.facts import InputShape
from cnnlint.job import Job
from cnnlint.traces import FileTrace, Model, Pass
from cnnlint.workers import Workers

_running: list[Workers] = []


@contextmanager
def _workers() -> Iterator[Workers]:
    """One fork server for all tests of a process: torch is imported once."""
    if not _running:
        workers = Workers(2)
        workers.__enter__()
        _running.append(workers)
    yield _running[0]


def trace_text(
    text: str, *inputs: tuple[int, ...], folder: Path | None = None, name: str = "model.py", **options: object
) -> FileTrace:
    """The trace of a file with this text; `inputs` as `--input` gives them."""
    path = str((folder or Path("/nowhere")) / name)
    job = Job(
        filename=name,
        path=path,
        text=textwrap.dedent(text).lstrip("\n"),
        inputs=tuple(InputShape(shape) for shape in inputs),
        **options,  # type: ignore[arg-type]
    )
    with _workers() as workers:
        return next(iter(workers.trace([job]))).trace


def only_model(trace: FileTrace) -> Model:
    assert not trace.problems, trace.problems
    (model,) = trace.models
    return model


def training_pass(trace: FileTrace) -> Pass:
    return only_model(trace).passes[0]


def faults(trace: FileTrace) -> list[tuple[int, str]]:
    """(row of the call in forward, reason) of each fault of the training pass."""
    return [
        (operation.calls[0].row, operation.fault.reason)
        for model in trace.models
        for operation in model.passes[0].operations
        if operation.fault is not None
    ]
