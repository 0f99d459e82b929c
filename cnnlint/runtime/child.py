"""The process that traces one file: what it does from its job to its end."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import traceback
from collections.abc import Callable
from typing import NoReturn, Protocol

from cnnlint import standin
from cnnlint.job import STAND_IN, TORCH, Job, Outcome
from cnnlint.traces import FileTrace


class Writer(Protocol):
    """Where answers go: the trace so far, any number of times, then the outcome."""

    def send(self, message: FileTrace | Outcome) -> None: ...


def prepare(engine: str = TORCH) -> None:
    """Everything that children would otherwise import or compute again; no operator is run. In this process
    the engine goes by the name of torch from here on."""
    if engine == STAND_IN:
        standin.install()
    from cnnlint.runtime import functions, patches, reads, session

    patches.install()
    functions.operators()
    functions.transparent()
    functions.data_dependent()
    session.prepare()
    reads.module_files()
    standin.wanted.clear()  # by us, who look what there is


TraceFile = Callable[[Job, str, Callable[[FileTrace], None]], FileTrace]
"""Traces a job, with a folder to write into, and tells the trace so far (`session.trace_file`)."""


def trace(job: Job, scratch: str, writer: Writer, by: TraceFile | None = None) -> NoReturn:
    """In the child: trace the file, send the outcome, end; whatever the file's code has done to the
    interpreter, nothing of the server is run in it."""
    end = os._exit
    try:
        outcome = _outcome(job, scratch, writer, by)
        try:
            writer.send(outcome)
        except (AttributeError, TypeError, pickle.PicklingError):  # an object of the file's is in it
            writer.send(Outcome(crash=traceback.format_exc()))
    finally:
        end(1)


def _outcome(job: Job, scratch: str, writer: Writer, by: TraceFile | None) -> Outcome:
    try:
        if hasattr(os, "setpgid"):
            os.setpgid(0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _quiet()
        import torch

        from cnnlint.runtime.guard import limit_memory
        from cnnlint.runtime.reads import Recorder
        from cnnlint.runtime.session import trace_file

        torch.set_num_threads(1)
        gc.disable()
        limit_memory()
        if job.device == "cuda" and not torch.cuda.is_available():
            return Outcome(refused="--device cuda: torch finds no CUDA device here")
        recorder = Recorder(job.path, scratch)
        recorder.start()
        try:
            trace = (by or trace_file)(job, scratch, writer.send)
        except standin.NeedsTorch as needed:
            return Outcome(needs=str(needed))
        if standin.wanted and not job.alone:
            return Outcome(needs=standin.wanted[0])
        if trace.crash and standin.installed() and not job.alone:
            return Outcome(needs="what the stand-in fails at")
        return Outcome(trace, reads=None if trace.crash else recorder.reads())
    except BaseException:
        return Outcome(crash=traceback.format_exc())


def _quiet() -> None:
    """Nothing that the file prints reaches the user, and nothing waits for input."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
