"""Tensors made from sizes and ranges, as other tensors, and what tensors are made into."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.layout import channels_last, preserved
from cnnlint.operators.pointwise import method_and_function, words
from cnnlint.operators.promotion import DEFAULT, dtype_name, is_float, number_dtype
from cnnlint.traces import Shape

OPTIONS = "dtype=None, ~out, ~layout, ~device, ~requires_grad, ~pin_memory, ~generator, ~names"


def sizes_of(value: Any) -> Shape:
    """Sizes as plain numbers.

    Raises:
        NotImplementedError: a size is a tensor, whose value is unknown.
        TypeError: it is no whole number.
    """
    if not isinstance(value, (tuple, list)):
        raise TypeError("a size must be a tuple of ints")
    return tuple(_whole(size) for size in value)


def _whole(value: Any) -> int:
    if isinstance(value, TensorSpec):
        raise NotImplementedError("a size that is a tensor")
    if isinstance(value, bool):
        raise TypeError("a size must be an int, not bool")
    return operator.index(value)


class Factory(Operator):
    """Base of what makes a tensor of a size that its arguments say.

    Attributes:
        floats: whether only floats can be made (random numbers).
        default: the dtype where none is given.
    """

    kind = "factory"

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        default: str = DEFAULT,
        floats: bool = False,
    ):
        super().__init__(name, names, f"{signature}, {OPTIONS}")
        self.default = default
        self.floats = floats

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        """Raises TypeError also for sizes that are no whole numbers."""
        bound = super().bind(args, kwargs)
        with contextlib.suppress(NotImplementedError):
            self.shape(bound)
        return bound

    def shape(self, bound: Bound) -> Shape:
        """The sizes asked for, which may be negative."""
        return sizes_of(bound["size"])

    def dtype(self, bound: Bound) -> str:
        return self.default if bound["dtype"] is None else dtype_name(bound["dtype"])

    def refuse(self, bound: Bound) -> Refusal | None:
        try:
            shape = self.shape(bound)
        except NotImplementedError:
            return None
        for axis, size in enumerate(shape):
            if size < 0:
                return Refusal(
                    "argument",
                    f"{self.name} takes sizes of at least 0, but axis {axis} is {size}",
                    "size",
                    actual=size,
                    operand=None,
                )
        if self.floats and not is_float(self.dtype(bound)):
            return Refusal(
                "dtype", f"{self.name} makes floats, not {self.dtype(bound)}", "dtype", operand=None
            )
        return self.wrong_argument(bound)

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        """The refusal of an argument that can never work."""
        return None

    def output(self, bound: Bound) -> Output:
        return TensorSpec(self.shape(bound), self.dtype(bound))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        sizes = self.shape(bound)
        unsure = frozenset(axis for axis, size in enumerate(sizes) if size < 0)
        return TensorSpec(tuple(max(size, 1) for size in sizes), self.dtype(bound), None, unsure)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """Sizes come as numbers."""
        return tuple(frozenset() for _ in outputs)


class Full(Factory):
    """full: an integer or bool makes a tensor of integers or bools."""

    def dtype(self, bound: Bound) -> str:
        value = bound["fill_value"]
        if bound["dtype"] is not None:
            return super().dtype(bound)
        return value.dtype if isinstance(value, TensorSpec) else number_dtype(value) or DEFAULT


class EmptyStrided(Factory):
    """empty_strided."""

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        size, stride = bound["size"], bound["stride"]
        if len(size) == len(stride):
            return None
        return Refusal(
            "argument",
            f"{self.name} needs a stride for each axis: {len(size)}, not {len(stride)}",
            "stride",
            expected=len(size),
            actual=len(stride),
            operand=None,
        )

    def output(self, bound: Bound) -> Output:
        return TensorSpec(self.shape(bound), self.dtype(bound), sizes_of(bound["stride"]))


def with_low(
    args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str], place: int
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """`randint(high, size)` as `randint(0, high, size)`: puts in the lower end where it is left out."""
    given = len(args) + sum(name in kwargs for name in names)
    if given >= len(names):
        return args, kwargs
    if len(args) > place:
        return (*args[:place], 0, *args[place:]), kwargs
    return args, {names[place]: 0, **kwargs}


def empty_range(name: str, bound: Bound) -> Refusal | None:
    low, high = bound["low"], bound["high"]
    numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
    if not numbers or low < high:
        return None
    return Refusal(
        "argument",
        f"{name} needs low below high, not {low} and {high}",
        "high",
        actual=high,
        operand=None,
    )


class RandomIntegers(Factory):
    """randint(low=0, high, size)."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        return super().bind(*with_low(args, kwargs, ("low", "high", "size"), 0))

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return empty_range(self.name, bound)


class Range(Factory):
    """arange(start=0, end, step=1): ⌈(end − start) / step⌉ numbers."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        if len(args) == 1 and "end" not in kwargs:
            args = (0, *args)
        elif not args and "start" not in kwargs:
            kwargs = {"start": 0, **kwargs}
        return super().bind(args, kwargs)

    def dtype(self, bound: Bound) -> str:
        if bound["dtype"] is not None:
            return super().dtype(bound)
        ends = [bound[name] for name in ("start", "end", "step")]
        return DEFAULT if any(number_dtype(end) == DEFAULT for end in ends) else "int64"

    def shape(self, bound: Bound) -> Shape:
        ends = [bound[name] for name in ("start", "end", "step")]
        if any(isinstance(end, TensorSpec) for end in ends):
            raise NotImplementedError("an end that is a tensor")
        if any(number_dtype(end) is None for end in ends):
            raise TypeError(f"{self.name} takes numbers")
        start, end, step = ends
        if step == 0:
            return (0,)
        if all(isinstance(number, int) for number in ends):
            return (-((start - end) // step),)
        return (ceil((float(end) - float(start)) / float(step)),)

    def refuse(self, bound: Bound) -> Refusal | None:
        ends = [bound[name] for name in ("start", "end", "step")]
        if any(isinstance(value, TensorSpec) for value in ends):
            return None
        start, end, step = ends
        if step == 0:
            return Refusal("argument", f"{self.name}'s step must not be 0", "step", operand=None)
        if (end - start) * step < 0:
            return Refusal(
                "argument",
                f"{self.name} cannot go from {start} to {end} in steps of {step}",
                "end",
                operand=None,
            )
        if self.dtype(bound) == "bool":
            return Refusal("dtype", f"{self.name} does not count in bools", "dtype", operand=None)
        return None

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec((1,), self.dtype(bound), None, frozenset({0}))


class Steps(Factory):
    """linspace and logspace: as many numbers as `steps` says."""

    def shape(self, bound: Bound) -> Shape:
        return (_whole(bound["steps"]),)


class Eye(Factory):
    """eye(n, m=n)."""

    def shape(self, bound: Bound) -> Shape:
        rows = _whole(bound["n"])
        return rows, rows if bound["m"] is None else _whole(bound["m"])


class Permutation(Factory):
    """randperm(n)."""

    def shape(self, bound: Bound) -> Shape:
        return (_whole(bound["n"]),)


class Window(Factory):
    """hann_window and its like."""

    def shape(self, bound: Bound) -> Shape:
        return (_whole(bound["window_length"]),)


class TriangleIndices(Factory):
    """tril_indices and triu_indices: rows and columns [2, count]."""

    def shape(self, bound: Bound) -> Shape:
        rows, columns, offset = (_whole(bound[name]) for name in ("row", "col", "offset"))
        if rows < 0 or columns < 0:
            return rows, columns
        upper = self.name == "triu_indices"
        below = sum(min(max(row + offset + (not upper), 0), columns) for row in range(rows))
        return 2, rows * columns - below if upper else below


class Like(Factory):
    """zeros_like and its like: shape, dtype and memory order of another tensor."""

    def __init__(self, name: str, signature: str = "input", floats: bool = False):
        super().__init__(name, (f"torch.{name}",), f"{signature}, memory_format=None", floats=floats)

    def shape(self, bound: Bound) -> Shape:
        return bound["input"].shape

    def dtype(self, bound: Bound) -> str:
        return bound["input"].dtype if bound["dtype"] is None else dtype_name(bound["dtype"])

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        rank = {"channels_last": 4, "channels_last_3d": 5}.get(self._order(bound))
        if rank in (None, bound["input"].rank):
            return None
        return Refusal(
            "rank",
            f"{self.name} lays out channels last over {rank} axes, but the input has {bound['input'].rank}",
            "memory_format",
            expected=rank,
            actual=bound["input"].rank,
        )

    @staticmethod
    def _order(bound: Bound) -> str:
        return str(bound["memory_format"] or "preserve_format").removeprefix("torch.")

    def output(self, bound: Bound) -> Output:
        data, order = bound["input"], self._order(bound)
        if order == "preserve_format":
            return TensorSpec(data.shape, self.dtype(bound), preserved(data))
        strides = None if order == "contiguous_format" else channels_last(data.shape)
        return TensorSpec(data.shape, self.dtype(bound), strides)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return TensorSpec(bound["input"].shape, self.dtype(bound))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)


class RandomIntegersLike(Like):
    """randint_like(input, low=0, high)."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        return super().bind(*with_low(args, kwargs, ("input", "low", "high"), 1))

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return empty_range(self.name, bound) or super().wrong_argument(bound)


class New(Factory):
    """`x.new_zeros(size)`: the dtype of another tensor."""

    def dtype(self, bound: Bound) -> str:
        return bound["input"].dtype if bound["dtype"] is None else dtype_name(bound["dtype"])


class NewStrided(New, EmptyStrided):
    """`x.new_empty_strided(size, stride)`."""


class Triangle(Operator):
    """tril and triu, also in place."""

    kind = "factory"

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if data.rank >= 2:
            return None
        axes = "1 axis" if data.rank == 1 else f"{data.rank} axes"
        return Refusal("rank", f"{self.name} takes [*, rows, columns], but the input has {axes}", expected=2)

    def output(self, bound: Bound) -> Output:
        return bound["input"] if self.inplace else TensorSpec(bound["input"].shape, bound["input"].dtype)


class OneHot(Operator):
    """one_hot: the number of classes must be said, else it depends on values."""

    kind = "factory"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, count = bound["input"], bound["num_classes"]
        if data.dtype != "int64":
            return Refusal(
                "dtype",
                f"one_hot takes class numbers in int64, not {data.dtype}: convert with .long()",
                expected="int64",
                actual=data.dtype,
            )
        if count < -1 or (count == 0 and 0 not in data.shape):
            return Refusal(
                "argument", f"one_hot needs at least 1 class, not {count}", "num_classes", operand=None
            )
        return None

    def output(self, bound: Bound) -> Output:
        if bound["num_classes"] < 1:
            raise NotImplementedError("the number of classes depends on values")
        return TensorSpec((*bound["input"].shape, bound["num_classes"]), "int64")

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        count = bound["num_classes"]
        shape = bound["input"].shape
        return TensorSpec(
            (*shape, max(count, 1)), "int64", None, frozenset() if count > 0 else frozenset({len(shape)})
        )

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)


class MeshGrid(Operator):
    """meshgrid: views of its operands, one axis for each."""

    kind = "factory"

    def refuse(self, bound: Bound) -> Refusal | None:
        tensors = bound["tensors"]
        if len({spec.dtype for spec in tensors}) > 1:
            return Refusal(
                "dtype",
                f"meshgrid needs one dtype, not {' and '.join(sorted({spec.dtype for spec in tensors}))}",
                operand="tensors",
            )
        for index, spec in enumerate(tensors):
            if spec.rank > 1:
                return Refusal(
                    "rank",
                    f"meshgrid takes tensors with 1 axis, but tensor {index} has {spec.rank}",
                    operand="tensors",
                    expected=1,
                    actual=spec.rank,
                )
        if bound["indexing"] not in (None, "ij", "xy"):
            return Refusal(
                "argument",
                f"meshgrid's indexing is 'ij' or 'xy', not {bound['indexing']!r}",
                "indexing",
                operand=None,
            )
        return None

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        sizes = [spec.shape[0] if spec.rank else 1 for spec in bound["tensors"]]
        if bound["indexing"] == "xy":
            sizes[:2] = sizes[1::-1]
        unsure = frozenset(axis for axis, spec in enumerate(bound["tensors"]) if spec.rank > 1)
        return tuple(TensorSpec(tuple(sizes), spec.dtype, None, unsure) for spec in bound["tensors"])

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        axes = [axis for axis, spec in enumerate(bound["tensors"]) if spec.uncertain]
        if bound["indexing"] == "xy":
            axes = [1 - axis if axis < 2 else axis for axis in axes]
        return tuple(frozenset(axes) for _ in outputs)


def _factories() -> list[Operator]:
    found: list[Operator] = [
        Factory(name, (f"torch.{name}",), "*size, ~memory_format") for name in words("zeros ones empty")
    ]
    found += [Factory(name, (f"torch.{name}",), "*size", floats=True) for name in words("rand randn")]
    found += [
        Full("full", ("torch.full",), "size, fill_value"),
        EmptyStrided("empty_strided", ("torch.empty_strided",), "size, stride"),
        RandomIntegers("randint", ("torch.randint",), "low, high, size", "int64"),
        Range("arange", ("torch.arange",), "start, end, step=1"),
        Steps("linspace", ("torch.linspace",), "start, end, steps"),
        Steps("logspace", ("torch.logspace",), "start, end, steps, base=10.0"),
        Eye("eye", ("torch.eye",), "n, m=None"),
        Permutation("randperm", ("torch.randperm",), "n", "int64"),
        *(
            TriangleIndices(name, (f"torch.{name}",), "row, col, offset=0", "int64")
            for name in words("tril_indices triu_indices")
        ),
        Window("hann_window", ("torch.hann_window",), "window_length, periodic=True", floats=True),
        Window("blackman_window", ("torch.blackman_window",), "window_length, periodic=True", floats=True),
        Window("bartlett_window", ("torch.bartlett_window",), "window_length, periodic=True", floats=True),
        Window(
            "hamming_window",
            ("torch.hamming_window",),
            "window_length, periodic=True, alpha=0.54, beta=0.46",
            floats=True,
        ),
        Window(
            "kaiser_window", ("torch.kaiser_window",), "window_length, periodic=True, beta=12.0", floats=True
        ),
    ]
    return found


def _from_tensors() -> list[Operator]:
    return [
        *(Like(name) for name in words("zeros_like ones_like empty_like")),
        *(Like(name, floats=True) for name in words("rand_like randn_like")),
        Like("full_like", "input, fill_value"),
        RandomIntegersLike("randint_like", "input, low, high"),
        *(
            New(name, (f"torch.Tensor.{name}",), "input, *size")
            for name in words("new_zeros new_ones new_empty")
        ),
        New("new_full", ("torch.Tensor.new_full",), "input, size, fill_value"),
        NewStrided("new_empty_strided", ("torch.Tensor.new_empty_strided",), "input, size, stride"),
        *(
            Triangle(name, method_and_function(name), "input, diagonal=0, ~out")
            for name in words("tril triu")
        ),
        *(
            Triangle(name, (f"torch.Tensor.{name}",), "input, diagonal=0", inplace=True)
            for name in words("tril_ triu_")
        ),
        OneHot("one_hot", ("torch.nn.functional.one_hot",), "input|tensor|self, num_classes=-1"),
        MeshGrid("meshgrid", ("torch.meshgrid",), "*tensors, indexing=None", sized_by_torch=True),
    ]


OPERATORS: list[Operator] = [*_factories(), *_from_tensors()]
