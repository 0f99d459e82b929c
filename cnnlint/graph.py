"""A trace as rules ask for it: who made a tensor, who reads it, what sizes led there.

`Trace` is one forward pass of one model with indexes over it. It holds no state beside them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, wraps
from typing import Any, TypeVar

from cnnlint.source.file import SourceFile
from cnnlint.traces import Degree, Layer, Model, Operation, Parameter, Pass, Shape, Tensor

WEIGHTED = frozenset({"conv", "conv_transpose", "linear", "bilinear", "recurrent", "embedding", "attention"})
"""Kinds of operators that carry weights which mix features."""


JOINS = frozenset({"add", "sub", "mul", "div"})
"""Kinds of operators that broadcast their operands."""

_NUMBER = re.compile(r"(?<![^\Wx])(?<!\.)\d{5,}(?![^\Wx])(?!\.\d)")
"""A number of some length that stands alone or in a shape such as `86520x8`."""


class Trace:
    """One forward pass of one model.

    Attributes:
        model: layers, parameters, inputs and evidence.
        run: the pass itself.
        source: the text of the file, for fixes; None where it is not at hand.
        other: the pass in the other mode where it differs, else None.
        analyses: results that are kept with the trace (see `once`).
    """

    def __init__(self, model: Model, run: Pass, source: SourceFile | None = None):
        self.model = model
        self.run = run
        self.source = source
        self.analyses: dict[Any, Any] = {}

    @property
    def mode(self) -> str:
        """ "train" or "eval"."""
        return self.run.mode

    @cached_property
    def other(self) -> Trace | None:
        for run in self.model.passes:
            if run.mode != self.run.mode:
                return Trace(self.model, run, self.source)
        return None

    # -- what is in it

    def operations(self, *kinds: str) -> Iterator[Operation]:
        """The operations in the order of execution; only those of the given kinds, if any are given."""
        for operation in self.run.operations:
            if not kinds or operation.kind in kinds:
                yield operation

    def faults(self, *reasons: str) -> Iterator[Operation]:
        """The operations that refused their input for one of these reasons (all, if none is given)."""
        for operation in self.run.operations:
            if operation.fault and (not reasons or operation.fault.reason in reasons):
                yield operation

    @cached_property
    def _tensors(self) -> dict[int, Tensor]:
        return {tensor.id: tensor for tensor in self.run.tensors}

    def tensor(self, id: int) -> Tensor:
        return self._tensors[id]

    def operand(self, operation: Operation, name: str = "input") -> Tensor | None:
        """The tensor given for the parameter `name`, if one was (the first one of a list)."""
        value = operation.operands.get(name)
        if isinstance(value, tuple):
            value = value[0] if value else None
        return None if value is None else self._tensors[value]

    def weight(self, operation: Operation, name: str = "weight") -> Parameter | None:
        """The model's parameter that the operand `name` is, if it is one."""
        tensor = self.operand(operation, name)
        return self._parameters.get(tensor.name) if tensor and tensor.name else None

    @cached_property
    def _parameters(self) -> dict[str | None, Parameter]:
        return {parameter.name: parameter for parameter in self.model.parameters}

    @cached_property
    def _layers(self) -> dict[str | None, Layer]:
        return {layer.path: layer for layer in self.model.layers}

    def layer(self, operation: Operation) -> Layer | None:
        """The layer whose forward called the operation; None at the model itself."""
        return self._layers.get(operation.layer) if operation.layer else None

    # -- who made it, who reads it

    @cached_property
    def _producers(self) -> dict[int, Operation]:
        return {output: operation for operation in self.run.operations for output in operation.outputs}

    @cached_property
    def _consumers(self) -> dict[int, list[Operation]]:
        table: dict[int, list[Operation]] = {}
        for operation in self.run.operations:
            for tensor in dict.fromkeys(operation.inputs()):
                table.setdefault(tensor, []).append(operation)
        return table

    def producer(self, tensor: Tensor | int | None) -> Operation | None:
        """The operation that made a tensor; None for inputs, parameters and constants."""
        if tensor is None:
            return None
        return self._producers.get(tensor.id if isinstance(tensor, Tensor) else tensor)

    def consumers(self, of: Operation | Tensor | int) -> list[Operation]:
        """The operations that read a tensor, or any output of an operation, in order."""
        if isinstance(of, Operation):
            found = {use.index: use for output in of.outputs for use in self._consumers.get(output, ())}
            return [found[index] for index in sorted(found)]
        return self._consumers.get(of.id if isinstance(of, Tensor) else of, [])

    def main_input(self, operation: Operation) -> Tensor | None:
        """The first operand that is no parameter or buffer: what flows through. Where a small operand
        is broadcast over a large one (a gate over a map), it is the large one."""
        found = [self._tensors[id] for id in operation.inputs()]
        found = [tensor for tensor in found if tensor.origin in ("input", "operation")]
        if len(found) > 1 and operation.kind in JOINS and operation.outputs:
            shape = self._tensors[operation.outputs[0]].shape
            return next((tensor for tensor in found if tensor.shape == shape), found[0])
        return found[0] if found else None

    def is_output(self, operation: Operation) -> bool:
        """Whether one of its results is returned by the model."""
        return any(output in self.run.outputs for output in operation.outputs)

    def upstream(self, tensor: Tensor | int | None) -> Iterator[Operation]:
        """The chain of operations that led to a tensor along main inputs, nearest first."""
        operation = self.producer(tensor)
        while operation is not None:
            yield operation
            operation = self.producer(self.main_input(operation))

    def weighted_source(self, tensor: Tensor | int | None) -> Operation | None:
        """The nearest weighted operator up the main chain: whose channels the tensor has."""
        return next((step for step in self.upstream(tensor) if step.kind in WEIGHTED), None)

    # -- how it is said

    def show(self, what: Tensor | Shape | int | None) -> str:
        """A shape as the user reads it: `[B, 64, 7, 7]`, where B stands for the batch."""
        if what is None:
            return "[?]"
        if isinstance(what, int):
            what = self._tensors[what]
        if isinstance(what, Tensor):
            sizes = [
                "?" if axis in what.uncertain else self.show_size(size)
                for axis, size in enumerate(what.shape)
            ]
        else:
            sizes = [self.show_size(size) for size in what]
        return f"[{', '.join(sizes)}]"

    def show_size(self, size: int) -> str:
        """A size, with the batch written as B and its multiples as `4B`."""
        return in_batches(str(size), self.run.batch)

    def spatial(self, tensor: Tensor | int) -> Shape:
        """The sizes behind batch and channels."""
        if isinstance(tensor, int):
            tensor = self._tensors[tensor]
        return tensor.shape[2:]

    def ladder(self, tensor: Tensor | int | None) -> list[tuple[Shape, Operation | None]]:
        """The spatial sizes that led to a tensor, oldest first, each with the operation that made it
        (None for the input): only steps where they change, of tensors of the same rank."""
        if tensor is None:
            return []
        tensor = self._tensors[tensor] if isinstance(tensor, int) else tensor
        rank = len(tensor.shape)
        steps: list[tuple[Shape, Operation | None]] = []
        current: Tensor | None = tensor
        while current is not None and len(current.shape) == rank:
            made_by = self.producer(current)
            before = self.main_input(made_by) if made_by else None
            same_rank = before is not None and len(before.shape) == rank
            if not same_rank or (before is not None and before.shape[2:] != current.shape[2:]):
                steps.append((current.shape[2:], made_by))
            current = before if same_rank else None
        return steps[::-1]

    def show_ladder(self, tensor: Tensor | int | None) -> str:
        """`28 → 14 → 7`, or `28×32 → 14×16` where the axes differ; "" without two steps."""
        sizes = [step for step, _ in self.ladder(tensor)]
        if len(sizes) < 2:
            return ""
        square = all(len(set(size)) == 1 for size in sizes)
        return " → ".join(str(size[0]) if square else "×".join(map(str, size)) for size in sizes)

    def describe(self, operation: Operation) -> str:
        """How a message names an operation: its layer's path (`features.3`), else its function."""
        layer = self.layer(operation)
        return layer.path if layer and self.owns(layer, operation) else f"{operation.name}()"

    def owns(self, layer: Layer, operation: Operation) -> bool:
        """Whether the layer is the operator itself (a Conv2d), not a block that calls a function."""
        return layer.path not in self._blocks

    @cached_property
    def _blocks(self) -> frozenset[str]:
        """The paths of the layers that hold others. What nn.MultiheadAttention holds is never called."""
        return frozenset(
            layer.path.rpartition(".")[0]
            for layer in self.model.layers
            if layer.type != "NonDynamicallyQuantizableLinear"
        )

    @property
    def size_is_known(self) -> bool:
        """Whether somebody said the sizes of the inputs, or the layers take no others: then findings may rest
        on them."""
        return all(item.size_degree is not Degree.ASSUMED for item in self.model.inputs)


def in_batches(text: str, batch: int) -> str:
    """A text with the batch in it written as B, and its multiples as `4B`; a small batch cannot be told
    from other numbers."""

    def shown(number: re.Match[str]) -> str:
        times, rest = divmod(int(number[0]), batch)
        return number[0] if rest or not times else f"{times if times > 1 else ''}B"

    return _NUMBER.sub(shown, text) if batch > 10_000 else text


Result = TypeVar("Result")


def once(analysis: Callable[[Trace], Result]) -> Callable[[Trace], Result]:
    """An analysis of a whole trace that several rules ask for: it is done once and kept with the trace."""

    @wraps(analysis)
    def kept(trace: Trace) -> Result:
        if analysis not in trace.analyses:
            trace.analyses[analysis] = analysis(trace)
        return trace.analyses[analysis]  # type: ignore[no-any-return]

    return kept


def product(sizes: Sequence[int]) -> int:
    """The product of sizes; 1 for none."""
    result = 1
    for size in sizes:
        result *= size
    return result
