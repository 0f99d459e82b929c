"""A pass as a table: what each operator does to the sizes, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cnnlint.analyses.receptive import receptive_field
from cnnlint.diagnostic import Span
from cnnlint.graph import Trace, product
from cnnlint.operators import registry
from cnnlint.operators.layer_signatures import INTERFACE, REQUIRED
from cnnlint.placing import own_layer, place
from cnnlint.traces import Cost, Model, Operation, Shape

FOLDED = frozenset({"copy", "detach"})
"""Kinds of operators that change no size and move no data: they get no row."""

SLIDING = frozenset({"conv", "conv_transpose", "pool"})


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
        operation: its index in the pass; None for an input of the model.
        cost: time and memory on the device that was asked for.
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
    operation: int | None = None
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class ShapeTable:
    """The rows of a pass in the order of execution, and the totals of the model; `batch` is the number of
    samples that the costs are for."""

    rows: tuple[Row, ...]
    batch: int
    parameters: int
    trainable: int
    macs: int

    @property
    def measured(self) -> bool:
        """Whether the pass ran on a device that was asked for."""
        return any(row.cost for row in self.rows)

    @property
    def seconds(self) -> float:
        """The time of all operators."""
        return sum(row.cost.seconds or 0 for row in self.rows if row.cost)

    @property
    def peak_bytes(self) -> int:
        """The most memory that any operator needed."""
        return max((row.cost.peak_bytes or 0 for row in self.rows if row.cost), default=0)


def shape_table(model: Model) -> ShapeTable:
    """The table of a model's first pass."""
    rows = tuple(_rows(Trace(model, model.passes[0])))
    weights = [item for item in model.parameters if not item.buffer]
    return ShapeTable(
        rows,
        model.passes[0].batch,
        parameters=sum(product(item.shape) for item in weights),
        trainable=sum(product(item.shape) for item in weights if item.trainable),
        macs=sum(row.macs for row in rows),
    )


def _rows(trace: Trace) -> Iterator[Row]:
    fields = receptive_field(trace)
    for id in trace.run.inputs:
        yield Row(None, None, f"input {trace.tensor(id).name or ''}".rstrip(), "", trace.show(id))
    uncounted = {item.name: product(item.shape) for item in trace.model.parameters if not item.buffer}
    followed = True
    for operation in trace.run.operations:
        if not operation.fault and (operation.kind in FOLDED or _on_buffers(trace, operation)):
            continue
        if operation.fault and operation.kind in SLIDING and not operation.windows:
            followed = False  # what is behind sees more than the fields say
        yield Row(
            layer=operation.layer,
            place=place(trace, operation, operation.fault.argument if operation.fault else None).span,
            operator=_operator(trace, operation),
            formula=_formula(operation),
            output=", ".join(trace.show(id) for id in operation.outputs),
            parameters=_new_parameters(trace, operation, uncounted),
            macs=operation.macs,
            receptive_field=fields.get(operation.outputs[0], ()) if operation.outputs and followed else (),
            fault=operation.fault.message if operation.fault else None,
            operation=operation.index,
            cost=operation.cost,
        )


def _on_buffers(trace: Trace, operation: Operation) -> bool:
    """Whether only buffers are read, as where a norm counts its batches."""
    operands = operation.inputs()
    return bool(operands) and all(trace.tensor(id).origin == "buffer" for id in operands)


def _new_parameters(trace: Trace, operation: Operation, uncounted: dict[str, int]) -> int:
    """How many weights the operation uses that are still in `uncounted`, which they leave."""
    names = {trace.tensor(id).name: None for id in operation.inputs()}
    layer = own_layer(trace, operation)
    if layer is not None:
        names |= dict.fromkeys(layer.parameters)
    return sum(uncounted.pop(name, 0) for name in names if name is not None)


def _operator(trace: Trace, operation: Operation) -> str:
    """`Conv2d(1, 32, 3, padding=1)`, `max_pool2d(kernel_size=2, stride=2)`."""
    layer = own_layer(trace, operation)
    if layer is not None:
        return _call(layer.class_name, INTERFACE.get(layer.type, {}), layer.arguments)
    return _call(operation.name, _signature(operation.name), operation.attributes, trace.show_size)


def _call(
    name: str, signature: Mapping[str, Any], given: Mapping[str, Any], number: Callable[[int], str] = str
) -> str:
    """A call with the arguments that are not as by default; those that a layer needs by value alone."""
    arguments = []
    for key, default in signature.items():
        value = given.get(key)
        if value is None or key in _SIZELESS or _same(value, default):
            continue
        shown = _show(value, number)
        arguments.append(shown if default == REQUIRED else f"{key}={shown}")
    return f"{name}({', '.join(arguments)})" if arguments else name


_SIZELESS = frozenset({"training", "inplace", "eps", "momentum"})
"""Arguments that change neither size nor cost."""


def _same(value: Any, usual: Any) -> bool:
    """Whether an argument is as by default, also where it is written out for each axis."""
    return value == usual or (
        isinstance(value, tuple) and bool(value) and all(item == usual for item in value)
    )


def _show(value: Any, number: Callable[[int], str]) -> str:
    """`2` for (2, 2), `(1, 2)` else."""
    if isinstance(value, tuple) and value and all(type(item) is int for item in value):
        if len(value) > 1 and len(set(value)) == 1:
            return number(value[0])
        return f"({', '.join(map(number, value))}{',' * (len(value) == 1)})"
    return number(value) if type(value) is int else repr(value)


def _formula(operation: Operation) -> str:
    """The formulas of the axes, those that say the same only once."""
    return "; ".join(dict.fromkeys(text for text in operation.formula if text))


@cache
def _signatures() -> Mapping[str, Mapping[str, Any]]:
    return {operator.name: operator.signature.defaults for operator in registry().values()}


def _signature(name: str) -> Mapping[str, Any]:
    return _signatures().get(name, {})
