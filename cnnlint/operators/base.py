"""What the description of an operator is: names, arguments, acceptance, output size, cost.

A description knows no torch. Its tensors are `TensorSpec`s, its results exact integers. Everything
that needs to know an operator asks here: the tracer, the recovery, the table of shapes, the rules.

The life of a call in the tracer:

    bound = operator.bind(args, kwargs)       # tensors replaced by TensorSpecs
    refusal = operator.refuse(bound)          # None, or why torch would raise
    specs = operator.output(bound)            # or operator.recovered(bound, refusal)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from cnnlint.traces import Shape, Window

REASONS = {
    "channels": "the input's channels are not the convolution's in_channels",
    "features": "the last axis is not a Linear's in_features",
    "norm-size": "num_features, num_channels or normalized_shape against the tensor",
    "collapse": "an output size below 1",
    "merge": "shapes that do not fit in cat, add, mul, matmul and their like",
    "rank": "a number of axes that the operator does not take",
    "argument": "an argument that can never work, whatever the input",
    "reshape": "a view or reshape to a size that does not fit, or of a tensor that is not contiguous",
    "dtype": "operands whose dtypes do not go together",
    "single-value": "a norm over a single value per channel while training",
    "failed": "anything else",
}
"""The kinds of refusal; rules map them to codes."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor as descriptions see it.

    `strides` is None for a contiguous tensor. `uncertain` are the axes whose size rests on a
    recovered fault.
    """

    shape: Shape
    dtype: str = "float32"
    strides: Shape | None = None
    uncertain: frozenset[int] = frozenset()

    @property
    def rank(self) -> int:
        return len(self.shape)

    def like(self, shape: Sequence[int] | None = None, dtype: str | None = None) -> TensorSpec:
        """A tensor of this dtype (and, where no other shape is given, shape and strides)."""
        if shape is None or tuple(shape) == self.shape:
            return TensorSpec(self.shape, dtype or self.dtype, self.strides)
        return TensorSpec(tuple(shape), dtype or self.dtype)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an operator does not take its arguments.

    Attributes:
        reason: a key of REASONS.
        message: one line in the user's terms with the numbers, without a full stop; it starts with
            the layer's type where one is known by name (`Conv2d expects 3 channels, but the input
            has 64`).
        argument: the argument to edit, by the name it has in the layer's constructor (`in_channels`)
            or, where the function itself is called, in its signature (`weight`, `dim`, `padding`).
        expected, actual: the two numbers that disagree, if there are two.
        operand: the operand at fault.
        axes: the (operand, axis) pairs that the judgement rests on, axes counted from 0; where one of
            them is uncertain the refusal is a consequence of an earlier fault and is not reported.
            Operand names of list entries are written `tensors.1`.
        exception: the name of the exception that torch raises.
    """

    reason: str
    message: str
    argument: str | None = None
    expected: Any = None
    actual: Any = None
    operand: str | None = "input"
    axes: tuple[tuple[str, int], ...] = ()
    exception: str = "RuntimeError"


Bound = dict[str, Any]
"""Arguments by parameter name, defaults filled in."""

Output = TensorSpec | tuple[TensorSpec | None, ...]
"""One tensor, or several in the order in which torch returns them."""

_REQUIRED = object()


class Signature:
    """Binds positional and keyword arguments as `"input, weight, bias=None, *shape, dim=-1"` says.

    `*name` takes what positional arguments are left, or one sequence (`view(2, 3)`, `view((2, 3))`).
    A name followed by `|alias` may be given by either name (`dim|axis=None`). Unknown keywords are a
    TypeError, but names after `~` (as in `~out, ~generator`) are accepted and dropped.
    """

    __slots__ = ("aliases", "defaults", "dropped", "names", "variadic")

    def __init__(self, text: str):
        self.names: list[str] = []
        self.defaults: dict[str, Any] = {}
        self.aliases: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.variadic: str | None = None
        for part in _split(text):
            name, _, default = part.partition("=")
            name = name.strip()
            if name.startswith("~"):
                self.dropped.add(name[1:])
                continue
            if name.startswith("*"):
                name = name[1:]
                self.variadic = name
            name, *aliases = name.split("|")
            self.names.append(name)
            for alias in aliases:
                self.aliases[alias] = name
            self.defaults[name] = default_value(default.strip()) if default.strip() else _REQUIRED

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """Raises TypeError for arguments that do not fit."""
        bound: Bound = {}
        position = 0
        for name in self.names:
            if name == self.variadic:
                rest = args[position:]
                if rest:
                    single = len(rest) == 1 and isinstance(rest[0], (tuple, list))
                    bound[name] = tuple(rest[0]) if single else tuple(rest)
                position = len(args)
            elif position < len(args):
                bound[name] = args[position]
                position += 1
        if position < len(args):
            raise TypeError(f"takes {len(self.names)} positional arguments but {len(args)} were given")
        for key, value in kwargs.items():
            name = self.aliases.get(key, key)
            if name in self.dropped:
                continue
            if name not in self.defaults:
                raise TypeError(f"got an unexpected keyword argument {key!r}")
            if name in bound:
                raise TypeError(f"got multiple values for argument {key!r}")
            bound[name] = (
                tuple(value) if name == self.variadic and isinstance(value, (list, tuple)) else value
            )
        for name, default in self.defaults.items():
            if name not in bound:
                if default is _REQUIRED:
                    raise TypeError(f"missing required argument {name!r}")
                bound[name] = default
        return bound


@cache
def default_value(text: str) -> Any:
    """The value that a default's text says; a few texts stand in hundreds of signatures."""
    return ast.literal_eval(text)


def _split(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


class Operator:
    """One operator. Families subclass it; an instance stands for one function and its other names.

    Attributes:
        kind: the family (`conv`, `pool`, `linear`, …), which rules select by.
        name: the short name shown to the user (`conv2d`).
        names: the qualified names that it goes by in torch (`torch.nn.functional.conv2d`,
            `torch.conv2d`, `torch.Tensor.add`).
        layers: the torch.nn classes whose forward it is (`Conv2d`).
        sized_by_torch: views and in-place operators, and whatever torch does for us without a meta
            kernel; the description then gives kind, attributes and explanations, and `output` is not
            asked for.
        inplace: it writes its result into its first operand's memory (`relu_`, `add_`).
        named: the class in `torch.return_types` that several outputs come in (`sort`), if any.
    """

    kind: ClassVar[str] = "other"
    named: ClassVar[str | None] = None
    signature: Signature

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        layers: Sequence[str] = (),
        sized_by_torch: bool = False,
        inplace: bool = False,
    ):
        self.name = name
        self.names = tuple(names)
        self.layers = tuple(layers)
        self.signature = Signature(signature)
        self.sized_by_torch = sized_by_torch
        self.inplace = inplace

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """Arguments by name. Raises TypeError where torch's own binding would."""
        return self.signature.bind(args, kwargs)

    def refuse(self, bound: Bound) -> Refusal | None:
        """Why torch would raise for these arguments, or None."""
        return None

    def output(self, bound: Bound) -> Output:
        """What comes out, for arguments that are not refused.

        A place in a tuple that torch fills with None is None (attention without its weights).

        Raises:
            NotImplementedError: this form of the call is left to torch, as `sized_by_torch` says it
                of all of them: sizes that depend on data (`where(condition)`), or a view.
        """
        raise NotImplementedError(f"{self.name} is sized by torch")

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """What would have come out with the right input, with the axes that nobody can know then
        marked uncertain. By default the first tensor operand, all but its batch axis uncertain."""
        first = next(self.tensors(bound), TensorSpec(()))
        return TensorSpec(first.shape, first.dtype, first.strides, frozenset(range(1, first.rank)))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """Per output the axes that are uncertain because an operand's axis is.

        By default operands' axes are matched with the output's from the right (as in broadcasting);
        an operand of higher rank than the output makes all axes but the first uncertain. Families
        whose output has axes that do not depend on the input (a convolution's channels) override it.
        """
        operands = [spec for spec in self.tensors(bound) if spec.uncertain]
        if not operands:
            return (frozenset(),) * len(outputs)
        results = []
        for output in outputs:
            axes: set[int] = set()
            for operand in operands:
                shift = output.rank - operand.rank
                if shift < 0:
                    axes.update(range(1, output.rank))
                else:
                    axes.update(axis + shift for axis in operand.uncertain)
            results.append(frozenset(axes))
        return tuple(results)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        """The arguments that are not tensors, normalised to plain data (numbers, strings, tuples):
        sizes always as one number an axis. By default those that are plain already."""
        return {
            name: value
            for name, value in bound.items()
            if value is not None and not isinstance(value, TensorSpec) and is_plain(value)
        }

    def rebound(self, attributes: Mapping[str, Any], tensors: Mapping[str, Any]) -> Bound:
        """The arguments again, from what `attributes` gave of them and the tensors by parameter name; what
        neither has was None.

        Raises:
            NotImplementedError: the attributes do not tell them.
        """
        defaults = {
            name: None if value is _REQUIRED else value for name, value in self.signature.defaults.items()
        }
        known = {name: value for name, value in attributes.items() if name in defaults}
        return {**defaults, **known, **tensors}

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        """The shapes that come out; `traced` are those of a traced call, whose operands had other sizes.

        Raises:
            NotImplementedError: they cannot be told without running it.
        """
        output = self.output(bound)
        specs = output if isinstance(output, tuple) else (output,)
        return [None if spec is None else spec.shape for spec in specs]

    def windows(self, bound: Bound) -> tuple[Window, ...]:
        """The window per spatial axis, for operators that slide one; else ()."""
        return ()

    def formula(self, bound: Bound) -> tuple[str, ...]:
        """The worked-out output size per spatial axis (`(28 + 2×0 − 3)/1 + 1 = 26`); else ()."""
        return ()

    def macs(self, bound: Bound) -> int:
        """Multiply-accumulates of the whole call (all samples); 0 for operators without any."""
        return 0

    @staticmethod
    def tensors(bound: Bound) -> Iterator[TensorSpec]:
        """The TensorSpecs among the arguments, lists opened, in order."""
        for value in bound.values():
            if isinstance(value, TensorSpec):
                yield value
            elif isinstance(value, (tuple, list)):
                yield from (item for item in value if isinstance(item, TensorSpec))


def is_plain(value: Any) -> bool:
    """Whether a value can stand in a trace: numbers, strings, None and tuples of them."""
    if isinstance(value, (tuple, list)):
        return all(is_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def per_axis(value: int | tuple[int, ...] | list[int], count: int) -> tuple[int, ...]:
    """`kernel_size=3` and `kernel_size=(3, 3)` as one number an axis."""
    if isinstance(value, (tuple, list)):
        return tuple(value) * count if len(value) == 1 else tuple(value)
    return (value,) * count
