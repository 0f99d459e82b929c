"""What a run looked at, as records for programs: which models, with which facts, and what was not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cnnlint.config.selection import UNJUDGED_FAMILY
from cnnlint.report.text import one_line
from cnnlint.result import FileResult, Result
from cnnlint.traces import Input


def summary(result: Result) -> dict[str, Any]:
    """The models of a run, one after the other, and how many were judged."""
    coverage = result.coverage
    return {
        "judged": coverage.judged,
        "partly": coverage.partly,
        "unjudged": coverage.unjudged,
        "lost_files": coverage.lost_files,
        "models": [record for file in result.files for record in _models(file)],
        "files": [file.source.filename for file in result.files],
    }


def _models(file: FileResult) -> Iterator[dict[str, Any]]:
    """The models that were built, then those that were not, with the reason."""
    why: dict[str | None, list[str]] = {}
    for finding in file.findings:
        if finding.code.startswith(UNJUDGED_FAMILY):
            why.setdefault(finding.model, []).append(f"{finding.code}: {one_line(finding.message)}")
    traced = {model.name for model in file.trace.models}
    for model in file.trace.models:
        place = file.source.place(model.span)
        whole = bool(model.passes) and all(run.complete for run in model.passes)
        yield {
            "name": model.name,
            "filename": place.filename,
            "row": place.row,
            **({} if place.cell is None else {"cell": place.cell}),
            "judged": "whole" if whole else "partly" if model.passes else "not",
            "why": why.get(model.name, []),
            "engine": model.engine,
            "engine_reason": model.needed,
            "construction": model.construction,
            "arguments": [
                {"name": item.name, "value": item.text, "degree": str(item.degree), "reason": item.reason}
                for item in model.arguments
            ],
            "inputs": [input_record(item) for item in model.inputs],
            "losses": [{"name": item.name, "degree": str(item.degree)} for item in model.evidence.losses],
            "classes": [
                {"count": item.count, "degree": str(item.degree), "reason": item.reason}
                for item in model.evidence.class_counts
            ],
            "notes": list(model.notes),
        }
    for name in dict.fromkeys(problem.model for problem in file.trace.problems):
        if name is not None and name not in traced:
            yield _unjudged(file, name, why)


def _unjudged(file: FileResult, name: str, why: Mapping[str | None, list[str]]) -> dict[str, Any]:
    problems = [problem for problem in file.trace.problems if problem.model == name]
    place = file.source.place(problems[0].span)
    reasons = why.get(name) or [f"{problem.reason}: {one_line(problem.message)}" for problem in problems]
    return {
        "name": name,
        "filename": place.filename,
        "row": place.row,
        **({} if place.cell is None else {"cell": place.cell}),
        "judged": "not",
        "why": reasons,
    }


def input_record(item: Input) -> dict[str, Any]:
    """An input with how each of its axes is known."""
    return {
        "name": item.name,
        "shape": list(item.shape),
        "dtype": item.dtype,
        "degree": str(item.degree),
        "axes": [str(item.axis(number)) for number in range(len(item.shape))],
        "reason": item.reason,
    }
