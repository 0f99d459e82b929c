"""The inputs of a model: what `forward` takes, and what the text says of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cnnlint.evidence.facts import InputEvidence
from cnnlint.evidence.tensor_values import shape_and_dtype
from cnnlint.source.expressions import Expression
from cnnlint.traces import Degree, Input, Shape


@dataclass(frozen=True)
class Found:
    """The inputs to trace with.

    Attributes:
        batch: one that the file's own tensors have, for models that fix it.
        notes: other inputs that are said of the model, and that it takes.
        doubts: what is said that disagrees: the model runs with one input and not with the other.
    """

    inputs: tuple[Input, ...]
    batch: int | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class InputUnknown(Exception):
    """The inputs that were given do not fit the model; the message says why."""


def forward_parameters(model: Any) -> list[inspect.Parameter]:
    """The parameters of `forward` that a call must give, those that it must name last."""
    try:
        parameters = list(inspect.signature(model.forward).parameters.values())
    except (TypeError, ValueError):
        return [inspect.Parameter("input", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    required = [
        item
        for item in parameters
        if item.default is item.empty and item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)
    ]
    if not required:
        optional = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.KEYWORD_ONLY)]
        required = optional[:1]
    return required


def keyword_only(model: Any) -> frozenset[str]:
    """The parameters of `forward` that a call must name."""
    parameters = forward_parameters(model)
    return frozenset(item.name for item in parameters if item.kind is item.KEYWORD_ONLY)


def from_option(shapes: Sequence[Any], names: Sequence[str]) -> tuple[Input, ...]:
    """The inputs that `--input` gives."""
    return tuple(
        Input(
            names[i] if i < len(names) else f"input{i}",
            tuple(item.shape),
            item.dtype,
            "option",
            "from --input",
            degree=Degree.STATED,
        )
        for i, item in enumerate(shapes)
    )


def most_inputs(model: Any) -> float:
    """How many tensors a call of `forward` can be given: by their positions, and those that it must name."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return math.inf
    if any(item.kind is item.VAR_POSITIONAL for item in parameters):
        return math.inf
    named = sum(item.kind is item.KEYWORD_ONLY and item.default is item.empty for item in parameters)
    return named + sum(item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD) for item in parameters)


class EvidenceReader:
    """Turns what the text says into inputs, evaluating its expressions in the module.

    Args:
        names: of the inputs that forward needs.
        most: how many it can be given.
    """

    def __init__(self, evaluate: Callable[[Expression], Any], names: Sequence[str], most: float = math.inf):
        self._evaluate = evaluate
        self._names = names
        self._most = most

    def read(self, evidence: InputEvidence) -> Found | None:
        """The inputs that one piece of evidence says, or None where it cannot be evaluated."""
        try:
            shapes, batch = self._shapes(evidence)
        except Exception:
            return None
        if not shapes:
            return None
        if len(shapes) == 1 < len(self._names) and evidence.general:
            shapes = shapes * len(self._names)
        if not len(self._names) <= len(shapes) <= self._most:
            return None
        degree = Degree.ASSUMED if evidence.general else evidence.degree
        inputs = tuple(
            Input(self._name(i), shape, dtype, evidence.source, evidence.reason, evidence.span, degree)
            for i, (shape, dtype) in enumerate(shapes)
        )
        return Found(inputs, batch)

    def _name(self, index: int) -> str:
        return self._names[index] if index < len(self._names) else f"input{index}"

    def _shapes(self, evidence: InputEvidence) -> tuple[list[tuple[Shape, str]], int | None]:
        if evidence.shapes:
            return [(tuple(item.shape), item.dtype) for item in evidence.shapes], None
        batch = None
        found: list[tuple[Shape, str]] = []
        for expression in evidence.expressions:
            value = self._evaluate(expression)
            for tensor in (value,) if shape_and_dtype(value) else value:
                known = shape_and_dtype(tensor)
                if known is None or not known[0]:
                    return [], None
                shape, dtype = known
                batch = shape[0] if batch is None else batch
                found.append((shape[1:], dtype))
        for expression in evidence.sizes:
            sizes = tuple(self._evaluate(expression))
            several = bool(sizes) and isinstance(sizes[0], (tuple, list))
            for size in sizes if several else (sizes,):
                shape = tuple(int(item) for item in size)
                if evidence.batched:
                    batch, shape = shape[0], shape[1:]
                if any(item < 1 for item in shape):
                    return [], None
                found.append((shape, "float32"))
        return found, batch

    def size(self, evidence: InputEvidence) -> tuple[int, ...]:
        """The spatial size that evidence such as Resize(96) gives; () if none."""
        if evidence.size_only:
            return tuple(evidence.size_only)
        if evidence.size_expression is None:
            return ()
        try:
            value = self._evaluate(evidence.size_expression)
        except Exception:
            return ()
        sizes = (value, value) if isinstance(value, int) else value
        if isinstance(sizes, (tuple, list)) and all(isinstance(item, int) and item > 0 for item in sizes):
            return tuple(sizes) * 2 if len(sizes) == 1 else tuple(sizes)
        return ()
