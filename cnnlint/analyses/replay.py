"""A recorded pass, run again on plain integers with inputs of other sizes.

No torch and no code of the user's takes part: each operation is sized by its operator's description. So
a replay is right only for a forward that applies the same operators whatever the sizes. What such a
forward computes from sizes itself (`F.interpolate(x, size=skip.shape[2:])`) is told by `explain`, from
passes that were traced at other sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import prod
from typing import Any, NamedTuple

from cnnlint.operators import registry
from cnnlint.operators.base import Bound, Operator, Refusal, TensorSpec
from cnnlint.traces import Operation, Pass, Shape, Tensor


class Unreplayable(Exception):
    """An operation whose result for other sizes cannot be told; the message says which and why."""


@dataclass(frozen=True)
class Replayed:
    """What became of the inputs.

    Attributes:
        shapes: by tensor id, as far as the replay came.
        operation, refusal: what refused its input, if anything did.
    """

    shapes: Mapping[int, Shape]
    operation: Operation | None = None
    refusal: Refusal | None = None

    @property
    def accepted(self) -> bool:
        return self.refusal is None


Explanation = Callable[[Mapping[int, Shape]], int]
"""A size that the forward computes, from the shapes of the tensors before it."""


class Replay:
    """Replays one pass.

    Args:
        run: a pass whose faulty operations, if any, are `forgiven` below.
        others: passes of the same model at other sizes, from which computed sizes are explained.

    Raises:
        Unreplayable: the passes apply different operators, or a computed size has no explanation.
    """

    def __init__(self, run: Pass, others: Sequence[Pass] = ()):
        self.run = run
        self._tensors: dict[int, Tensor] = {tensor.id: tensor for tensor in run.tensors}
        self._steps = [_Step(operation, self._tensors) for operation in run.operations]
        self._explained = _explained(run, others) if others else {}

    def __call__(self, inputs: Sequence[Shape], forgiven: Collection[int] = ()) -> Replayed:
        """The pass with inputs of these shapes, with the batch.

        Args:
            forgiven: indices of operations whose refusal is passed over, with the size that they would
                have given for the right input.

        Raises:
            Unreplayable: see the class.
        """
        shapes: dict[int, Shape] = {}
        changed: set[int] = set()
        for id, shape in zip(self.run.inputs, inputs, strict=True):
            shapes[id] = tuple(shape)
            if shapes[id] != self._tensors[id].shape:
                changed.add(id)
        for step in self._steps:
            operation = step.operation
            computed = self._explained.get(operation.index, {})
            if not computed and changed.isdisjoint(step.reads) and operation.fault is None:
                for id in operation.outputs:
                    shapes[id] = self._tensors[id].shape
                continue
            given = {name: _computed(value, shapes) for name, value in computed.items()}
            found = step.apply(shapes, given, operation.index in forgiven)
            if isinstance(found, Refusal):
                return Replayed(shapes, operation, found)
            for id, size in zip(operation.outputs, found, strict=True):
                shapes[id] = size
                if size != self._tensors[id].shape:
                    changed.add(id)
        return Replayed(shapes)

    def as_pass(self, inputs: Sequence[Shape]) -> Pass | None:
        """The pass as it would be recorded with these inputs; None where they are refused."""
        replayed = self(inputs)
        if not replayed.accepted:
            return None
        tensors = tuple(
            replace(tensor, shape=replayed.shapes.get(tensor.id, tensor.shape), strides=())
            for tensor in self.run.tensors
        )
        return replace(self.run, tensors=tensors)


class _Step:
    """An operation with what is known of its operator."""

    def __init__(self, operation: Operation, tensors: Mapping[int, Tensor]):
        self.operation = operation
        self.reads = frozenset(operation.inputs())
        self._tensors = tensors
        self._known: dict[Any, Sequence[Shape] | Refusal] = {}

    def apply(
        self, shapes: Mapping[int, Shape], computed: Mapping[str, Any], forgive: bool
    ) -> Sequence[Shape] | Refusal:
        """The shapes that come out, or why the operator refuses; `computed` are arguments that other sizes
        change. Deep in a network many inputs lead to the same sizes, so results are remembered."""
        key = (forgive, str(computed), *(shapes.get(id) for id in self.operation.inputs()))
        if key not in self._known:
            self._known[key] = self._apply(shapes, computed, forgive)
        return self._known[key]

    def _apply(
        self, shapes: Mapping[int, Shape], computed: Mapping[str, Any], forgive: bool
    ) -> Sequence[Shape] | Refusal:
        operation = self.operation
        operator = _operator(operation)
        try:
            tensors = {name: self._specs(name, shapes) for name in operation.operands}
            bound = {**operator.rebound(operation.attributes, tensors), **computed}
            refusal = operator.refuse(bound)
            if refusal is not None and not forgive:
                return refusal
            traced = [self._tensors[id].shape for id in operation.outputs]
            found = operator.resized(bound, traced) if refusal is None else _mended(operator, bound, refusal)
        except Exception as error:  # a description met arguments that only torch has seen so far
            raise Unreplayable(f"{operation.name}: {error}") from error
        given = [shape for shape in found if shape is not None]
        if len(given) != len(operation.outputs):
            raise Unreplayable(f"{operation.name} gives another number of tensors")
        return given

    def _specs(self, name: str, shapes: Mapping[int, Shape]) -> TensorSpec | tuple[TensorSpec, ...]:
        value = self.operation.operands[name]
        if isinstance(value, tuple):
            return tuple(self._spec(id, shapes) for id in value)
        return self._spec(value, shapes)

    def _spec(self, id: int, shapes: Mapping[int, Shape]) -> TensorSpec:
        tensor = self._tensors[id]
        return TensorSpec(shapes.get(id, tensor.shape), tensor.dtype)


def _mended(operator: Operator, bound: Bound, refusal: Refusal) -> list[Shape | None]:
    """What the right input would have given."""
    output = operator.recovered(bound, refusal)
    specs = output if isinstance(output, tuple) else (output,)
    return [None if spec is None else spec.shape for spec in specs]


def _operator(operation: Operation) -> Operator:
    operator = _operators().get((operation.kind, operation.name))
    if operator is None:
        raise Unreplayable(f"{operation.name} is not described")
    return operator


@cache
def _operators() -> Mapping[tuple[str, str], Operator]:
    return {(operator.kind, operator.name): operator for operator in registry().values()}


# -- sizes that the forward computes


def _explained(run: Pass, others: Sequence[Pass]) -> dict[int, dict[str, Any]]:
    """By operation and attribute, the values in which passes at different sizes differ, with an Explanation
    in place of each number that does."""
    found: dict[int, dict[str, Any]] = {}
    shapes: list[dict[int, Shape]] = [{} for _ in (run, *others)]
    for known, one in zip(shapes, (run, *others), strict=True):
        known.update({tensor.id: tensor.shape for tensor in one.tensors})
    before: list[int] = list(run.inputs)
    ends = [len(run.operations), *map(_first_fault, others)]
    for operation in run.operations:
        # what a pass does behind a fault is not what it would have done
        ways = [
            way
            for way, end in zip(zip((run, *others), shapes, strict=True), ends, strict=True)
            if operation.index < end
        ]
        group = [one.operations[operation.index] for one, _ in ways]
        known_shapes = [known for _, known in ways]
        if len({(item.kind, item.name, item.layer, item.outputs) for item in group}) > 1:
            raise Unreplayable("the forward does something else at other sizes")
        if any(item.attributes != operation.attributes for item in group):
            near = [*operation.inputs(), *reversed(before)]
            tensors = dict.fromkeys(operation.operands)
            bounds = [_operator(operation).rebound(item.attributes, tensors) for item in group]
            for name, value in bounds[0].items():
                values = [bound[name] for bound in bounds]
                if any(other != value for other in values):
                    explained = _explain(operation, values, near, known_shapes)
                    found.setdefault(operation.index, {})[name] = explained
        before.extend(operation.outputs)
    return found


def _first_fault(run: Pass) -> int:
    """The index of the first operation that refused its input; beyond the last where none did."""
    return next((item.index for item in run.operations if item.fault), len(run.operations))


def _explain(
    operation: Operation, values: Sequence[Any], near: Sequence[int], shapes: Sequence[Mapping[int, Shape]]
) -> Any:
    if all(isinstance(value, tuple) and len(value) == len(values[0]) for value in values):
        return tuple(_explain(operation, column, near, shapes) for column in zip(*values, strict=True))
    if all(value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, slice) for value in values):
        ends = [(value.start, value.stop, value.step) for value in values]
        return _Slice(*_explain(operation, ends, near, shapes))
    if all(isinstance(value, int) for value in values):
        for explanation in _candidates(near, shapes[0]):
            if all(_holds(explanation, value, known) for value, known in zip(values, shapes, strict=True)):
                return explanation
    raise Unreplayable(f"{operation.name} is given sizes that the forward computes")


class _Slice(NamedTuple):
    """A slice whose ends are explained."""

    start: Any
    stop: Any
    step: Any


def _holds(explanation: Explanation, value: int, shapes: Mapping[int, Shape]) -> bool:
    try:
        return explanation(shapes) == value
    except (IndexError, KeyError):
        return False


def _candidates(near: Sequence[int], shapes: Mapping[int, Shape]) -> Iterator[Explanation]:
    """What a computed size usually is: an axis of a tensor, several of them multiplied, twice or half of one;
    the nearest tensors first."""
    ranges = [
        (id, start, end)
        for id in dict.fromkeys(near)
        for length in range(1, len(shapes[id]) + 1)
        for start in range(len(shapes[id]) - length + 1)
        for end in [start + length]
    ]
    for times, by in ((1, 1), (2, 1), (1, 2), (4, 1), (1, 4)):
        for axes in ranges:
            yield _explanation(*axes, times, by)


def _explanation(id: int, start: int, end: int, times: int, by: int) -> Explanation:
    return lambda shapes: prod(shapes[id][start:end]) * times // by


def _computed(value: Any, shapes: Mapping[int, Shape]) -> Any:
    if isinstance(value, _Slice):
        return slice(*(_computed(end, shapes) for end in value))
    if isinstance(value, tuple):
        return tuple(_computed(item, shapes) for item in value)
    return value(shapes) if callable(value) else value
