"""A file to be traced: what the parent process hands to a worker and what comes back, as plain data."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field

from cnnlint.diagnostic import Span
from cnnlint.evidence.configured import Configured, called_name
from cnnlint.evidence.facts import InputShape
from cnnlint.traces import FileTrace, Problem

STAND_IN = "stand-in"
TORCH = "torch"
"""The engines: torch as far as sizes go, in plain Python, and torch itself."""


def own_fault(said: str, span: Span, model: str | None = None) -> Problem:
    """What a file, or one model of it, costs where cnnlint itself is at fault."""
    return Problem(
        "trace-incomplete",
        f"cnnlint itself failed on {model or 'this file'}: {said}",
        span,
        help="this is a fault of cnnlint: -v shows the traceback; please report it with the file",
        model=model,
    )


@dataclass(frozen=True, slots=True)
class Job:
    """One file and how to trace it.

    Attributes:
        filename: as it is shown; path: absolute, for imports beside it.
        text, cells: see `cnnlint.source.file.SourceFile`.
        device: "meta", "cpu" or "cuda".
        inputs: shapes given by the option, one an input; they win over all evidence.
        models: constructor calls given by the option (`Net(num_classes=10)`).
        configured: what the configuration says of the models besides.
        verify: run torch's kernels beside the formulas and compare each operator.
        timeout: seconds for each model of the file.
        allow_effects: do not refuse network, subprocesses and writes.
        sizes: also trace inputs of other sizes (`cnnlint.traces.Model.probes`).
        imports: further packages that the file's models need, sorted; files with the same ones share a
            process that has imported them.
        needed: what torch is needed for, where the stand-in was not enough.
        alone: whether there is only the stand-in, so that what it cannot tell stays untold.
    """

    filename: str
    path: str
    text: str
    cells: tuple[tuple[int, int], ...] = ()
    device: str = "meta"
    inputs: tuple[InputShape, ...] = ()
    models: tuple[str, ...] = ()
    configured: Configured = field(default_factory=Configured)
    verify: bool = False
    timeout: float = 30.0
    allow_effects: bool = False
    sizes: bool = False
    imports: tuple[str, ...] = ()
    needed: str | None = None
    alone: bool = False

    def asked_for(self) -> frozenset[str]:
        """The names of the models that those calls construct."""
        configured = (call for call, _ in self.configured.models)
        return frozenset(map(called_name, (*self.models, *configured)))


@dataclass(frozen=True, slots=True)
class Reads:
    """What of the user's a trace rests on besides the file itself; the same again means the same trace.

    Attributes:
        files: modules and data files that were read.
        folders: those that were listed, or in which a module may appear that was not found.
    """

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: its trace, or how the process ended without one.

    Attributes:
        crash: the traceback of a fault of cnnlint's own.
        died: how the process ended ("signal 11 (SIGSEGV)").
        timed_out: whether it was stopped at its time limit.
        refused: why no file at all can be traced as the job asks (a device that is not there).
        reads: what the trace rests on, where it is whole.
        needs: what the stand-in has not, so that torch is to trace the file.
    """

    trace: FileTrace | None = None
    crash: str | None = None
    died: str | None = None
    timed_out: bool = False
    refused: str | None = None
    reads: Reads | None = None
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Traced:
    """The trace of a job; `reads` is what it rests on, or None where another run may give another. `needs` is
    what the stand-in has not: the trace is then for torch to make."""

    trace: FileTrace
    reads: Reads | None = None
    needs: str | None = None


class WorkersUnavailable(Exception):
    """The worker processes could not be started; the message is for the user."""


def traced(job: Job, outcome: Outcome) -> Traced:
    """The trace of a job, with what kept it from being whole.

    Raises:
        WorkersUnavailable: no file can be traced as the job asks.
    """
    if outcome.refused is not None:
        raise WorkersUnavailable(outcome.refused)
    if outcome.needs is not None:
        return Traced(outcome.trace or FileTrace(job.filename), needs=outcome.needs)
    if outcome.trace is not None and not (outcome.timed_out or outcome.died or outcome.crash):
        return Traced(outcome.trace, outcome.reads)
    seen = outcome.trace or FileTrace(job.filename)
    start = Span(job.filename, 1, 1, 1, 1)
    if outcome.timed_out:
        problem = Problem(
            "trace-incomplete",
            f"the file could not be traced within {job.timeout:g} s",
            start,
            help="give it more time with --timeout",
        )
    elif outcome.died is not None:
        problem = Problem("trace-incomplete", f"the file could not be traced: {outcome.died}", start)
    else:
        problem = own_fault((outcome.crash or "").strip().rpartition("\n")[2], start)
    trace = FileTrace(job.filename, seen.models, (*seen.problems, problem), seen.crash or outcome.crash)
    return Traced(trace)


def how_it_ended(code: int) -> str:
    """What became of a process that sent nothing, by its exit code; −n where signal n ended it."""
    if code < 0:
        return f"the process was ended by signal {-code} ({signal.Signals(-code).name})"
    return f"the process ended itself with status {code}"
