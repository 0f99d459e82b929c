"""A pass as a table: what each operator does to the sizes, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnnlint.diagnostic import Span
from cnnlint.graph import Trace, product
from cnnlint.operators import registry
from cnnlint.operators.base import Operator
from cnnlint.placing import own_layer, place
from cnnlint.receptive import receptive_field
from cnnlint.trace import Model, Operation, Shape

FOLDED = frozenset({"copy", "detach"})
"""Kinds of operators that change no size and move no data: they get no row."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operator.

    Attributes:
        layer: dotted path of its layer; None where it is called in the model's own forward.
        place: where one would edit it; None for an input of the model.
        operator: with its parameters, as far as they differ from the defaults (`Conv2d(3×3, padding=1)`).
        formula: the output size worked out, "" where no formula sized it.
        output: the result's shape as it is shown; several are joined by commas.
        parameters: weights that no row before has counted.
        macs: multiply-accumulates for one sample.
        receptive_field: the largest, along each spatial axis of the input; () where it has none.
        fault: why the operator refused its input.
    """

    layer: str | None
    place: Span | None
    operator: str
    formula: str
    output: str
    parameters: int = 0
    macs: int = 0
    receptive_field: Shape = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class ShapeTable:
    """The rows of a pass in the order of execution, and the totals of the model."""

    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    macs: int


def shape_table(model: Model) -> ShapeTable:
    """The table of a model's first pass."""
    rows = tuple(_rows(Trace(model, model.passes[0])))
    weights = [item for item in model.parameters if not item.buffer]
    return ShapeTable(
        rows,
        parameters=sum(product(item.shape) for item in weights),
        trainable=sum(product(item.shape) for item in weights if item.trainable),
        macs=sum(row.macs for row in rows),
    )


def _rows(trace: Trace) -> Iterator[Row]:
    fields = receptive_field(trace)
    for id in trace.run.inputs:
        yield Row(None, None, f"input {trace.tensor(id).name or ''}".rstrip(), "", trace.show(id))
    counted: set[str] = set()
    for operation in trace.run.operations:
        if operation.kind in FOLDED and not operation.fault:
            continue
        yield Row(
            layer=operation.layer,
            place=place(trace, operation).span,
            operator=_operator(trace, operation),
            formula=_formula(operation),
            output=", ".join(trace.show(id) for id in operation.outputs),
            parameters=_new_parameters(trace, operation, counted),
            macs=operation.macs,
            receptive_field=fields.get(operation.outputs[0], ()) if operation.outputs else (),
            fault=operation.fault.message if operation.fault else None,
        )


def _new_parameters(trace: Trace, operation: Operation, counted: set[str]) -> int:
    """How many weights the operation uses that are not in `counted`, which they join."""
    names = {trace.tensor(id).name for id in operation.inputs()}
    layer = own_layer(trace, operation)
    if layer is not None:
        names |= set(layer.parameters)
    new = [
        item
        for item in trace.model.parameters
        if item.name in names and not item.buffer and item.name not in counted
    ]
    counted |= {item.name for item in new}
    return sum(product(item.shape) for item in new)


def _operator(trace: Trace, operation: Operation) -> str:
    layer = own_layer(trace, operation)
    name = layer.class_name if layer is not None else operation.name
    arguments = list(_window(operation))
    windowed = {"kernel_size", "stride", "padding", "dilation"} if operation.windows else set()
    defaults = _defaults(operation.name)
    for key, value in operation.attributes.items():
        usual = defaults.get(key)
        if key not in windowed | _TRAINING and value is not None and not _same(value, usual):
            arguments.append(f"{key}={_plain(value)}")
    return f"{name}({', '.join(arguments)})" if arguments else name


def _window(operation: Operation) -> Iterator[str]:
    """The sliding window: `3×3, stride=2, padding=1`."""
    windows = operation.windows
    if not windows:
        return
    yield "×".join(str(window.kernel_size) for window in windows)
    for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1)):
        values = tuple(getattr(window, name) for window in windows)
        if not _same(values, usual):
            yield f"{name}={_plain(values)}"


def _formula(operation: Operation) -> str:
    """The formulas of the axes, those that say the same only once."""
    return "; ".join(dict.fromkeys(text for text in operation.formula if text))


_TRAINING = frozenset({"training", "inplace", "eps", "momentum"})
"""Arguments that change neither size nor cost."""


def _same(value: Any, usual: Any) -> bool:
    """Whether an argument is as by default, also where it is written out for each axis."""
    return value == usual or (
        isinstance(value, tuple) and bool(value) and all(item == usual for item in value)
    )


def _plain(value: Any) -> str:
    """`2` for (2, 2), `(1, 2)` else."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    return str(value)


@cache
def _operators() -> Mapping[str, Operator]:
    return {operator.name: operator for operator in registry().values()}


def _defaults(name: str) -> Mapping[str, Any]:
    operator = _operators().get(name)
    return operator.signature.defaults if operator else {}
