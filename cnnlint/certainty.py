"""Findings that hold whatever nobody stated: what is found with one guess and not with another is none.

A trace carries its model once more with other values for the facts that are only assumed
(`cnnlint.traces.Variant`). A finding stands where all of them have it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from cnnlint.diagnostic import Diagnostic
from cnnlint.graph import Trace
from cnnlint.source.file import SourceFile
from cnnlint.traces import Model
from cnnlint.wording import sizes

Check = Callable[[Trace], Iterable[Diagnostic]]


class Alternatives:
    """A model as it is with its other values."""

    def __init__(self, model: Model, source: SourceFile):
        self._model = model
        self._changed = [variant.changed for variant in model.variants]
        self._traces: list[list[Trace]] = []
        for variant in model.variants:
            other = replace(model, inputs=variant.inputs, passes=variant.passes, variants=())
            self._traces.append([Trace(other, run, source) for run in other.passes])

    def certain(self, findings: Sequence[Diagnostic], check: Check) -> Iterator[Diagnostic]:
        """Those of the findings of `check` that it has with the other values too. Where it then says
        something else, they say on what their numbers rest, and what they advise is kept only where it is the
        same."""
        others = [
            {_place(found): found for trace in traces for found in check(trace)}
            for traces in self._traces
            if findings
        ]
        for finding in findings:
            again = [found.get(_place(finding)) for found in others]
            if all(again):
                yield self._resting(finding, again)

    def _resting(self, finding: Diagnostic, again: Sequence[Diagnostic | None]) -> Diagnostic:
        others = [other for other in again if other is not None]
        facts = [
            fact
            for other, changed in zip(others, self._changed, strict=True)
            if other.message != finding.message
            for fact in changed
        ]
        return finding.replace(
            message=finding.message + (_assumption(self._model) if facts else ""),
            rests_on=tuple(dict.fromkeys(facts)),
            fix=finding.fix if all(other.fix == finding.fix for other in others) else None,
            help=finding.help if all(other.help == finding.help for other in others) else None,
        )


def _place(finding: Diagnostic) -> object:
    return finding.code, finding.span


def _assumption(model: Model) -> str:
    """` (at an assumed input of 3 × 224 × 224)`, or which arguments were made up."""
    shapes = [item.shape for item in model.inputs if not item.size_degree.sure and item.shape]
    if shapes:
        return f" (at an assumed input of {sizes(shapes[0])})"
    names = [item.name for item in model.arguments if not item.degree.sure]
    return f" (with {' and '.join(names)} made up)" if names else ""
