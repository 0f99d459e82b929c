"""torch and cnnlint on the same text: whether a model runs, and where each of them says that it does not."""

from __future__ import annotations

import os
import sys
import traceback
import types
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from library import LibraryModel

from cnnlint.diagnostic import Diagnostic, Severity
from cnnlint.evidence.facts import InputShape
from cnnlint.job import Job
from cnnlint.judging import judge
from cnnlint.plugin import all_rules
from cnnlint.result import TracedFile
from cnnlint.source.file import SourceFile
from cnnlint.workers import Workers

SILENT = frozenset({"CNN104", "CNN110", "CNN111", "CNN112"})
"""Mistakes that torch runs without a word."""

BATCH = 4
FILENAME = "mutant.py"


@dataclass(frozen=True)
class Refusal:
    """What torch says, and the innermost call of the file that it says it at."""

    words: str
    row: int
    end_row: int


def torch_refuses(text: str, model: LibraryModel) -> Refusal | None:
    """Builds a model and runs it on a small batch, in training and in evaluation; None where it runs.
    How its weights are filled is not tried."""
    module = types.ModuleType("mutant")
    try:
        with warnings.catch_warnings(), _one_thread(), _weights_as_they_are():
            warnings.simplefilter("ignore")
            sys.modules["mutant"] = module
            exec(compile(text, FILENAME, "exec"), module.__dict__)
            net = module.__dict__[model.factory]()
            batch = torch.zeros(BATCH, *model.shape)
            with torch.no_grad():
                net.train()(batch)
                net.eval()(batch)
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILENAME]
        row = frames[-1].lineno or 0
        return Refusal(f"{type(error).__name__}: {error}", row, frames[-1].end_lineno or row)
    finally:
        sys.modules.pop("mutant", None)
    return None


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _weights_as_they_are() -> Iterator[None]:
    """Random numbers for weights are what takes longest."""
    init = torch.nn.init
    kept = {
        name: getattr(init, name) for name in ("uniform_", "normal_", "trunc_normal_", "kaiming_uniform_")
    }
    kept |= {name: getattr(init, name) for name in ("kaiming_normal_", "xavier_uniform_", "xavier_normal_")}
    for name in kept:
        setattr(init, name, lambda tensor, *args, **options: tensor)
    try:
        yield
    finally:
        for name, function in kept.items():
            setattr(init, name, function)


def cnnlint_findings(workers: Workers, text: str, model: LibraryModel) -> tuple[Diagnostic, ...]:
    """What all rules say of a file that holds this model."""
    job = Job(
        FILENAME,
        os.path.abspath(FILENAME),
        text,
        inputs=(InputShape(model.shape),),
        imports=(model.library,),
    )
    (traced,) = workers.trace([job])
    return judge(TracedFile(SourceFile(FILENAME, text), traced.trace), all_rules()).findings


def errors(findings: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those that say that the model does not run."""
    return [
        finding
        for finding in findings
        if finding.severity is Severity.ERROR and finding.code.startswith(("CNN1", "CNN00"))
    ]


def disagreement(
    refusal: Refusal | None, findings: Sequence[Diagnostic], changed_row: int | None
) -> str | None:
    """Why the two verdicts do not fit together; None where they do. A finding stands at, or shows, the
    changed line or the one at which torch raises."""
    told = errors(findings)
    said = "; ".join(f"{finding.code} in line {finding.span.row}: {finding.message}" for finding in told)
    if refusal is None:
        loud = [finding for finding in told if finding.code not in SILENT]
        return f"torch runs, but {said}" if loud else None
    where = f"torch raises in line {refusal.row}: {refusal.words}"
    if not told:
        others = "; ".join(f"{finding.code} {finding.message}" for finding in findings)
        return f"{where}, and no error says so ({others or 'nothing at all'})"
    rows = {row for finding in told for row in _rows(finding)}
    if not rows & {changed_row, *range(refusal.row, refusal.end_row + 1)}:
        return f"{where}, but {said}"
    return None


def _rows(finding: Diagnostic) -> set[int]:
    spans = [finding.span, *(related.span for related in finding.related)]
    return {row for span in spans if span.filename == FILENAME for row in range(span.row, span.end_row + 1)}
