"""Tensors made from sizes, ranges and random numbers, and what fills a tensor with values.

Fills (`normal_`, `zero_`) are `inplace`: their result is the tensor itself.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.layout import channels_last, preserved, strides_of
from cnnlint.operators.pointwise import method_and_function, words
from cnnlint.operators.promotion import DEFAULT, dtype_name, is_float, number_dtype
from cnnlint.trace import Shape

_OPTIONS = "dtype=None, ~out, ~layout, ~device, ~requires_grad, ~pin_memory, ~generator, ~names"


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
        super().__init__(name, names, f"{signature}, {_OPTIONS}")
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


def _with_low(
    args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str], place: int
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """`randint(high, size)` as `randint(0, high, size)`: puts in the lower end where it is left out."""
    given = len(args) + sum(name in kwargs for name in names)
    if given >= len(names):
        return args, kwargs
    if len(args) > place:
        return (*args[:place], 0, *args[place:]), kwargs
    return args, {names[place]: 0, **kwargs}


def _empty_range(name: str, bound: Bound) -> Refusal | None:
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
        return super().bind(*_with_low(args, kwargs, ("low", "high", "size"), 0))

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _empty_range(self.name, bound)


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


# -- as another tensor


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
        return super().bind(*_with_low(args, kwargs, ("input", "low", "high"), 1))

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _empty_range(self.name, bound) or super().wrong_argument(bound)


class New(Factory):
    """`x.new_zeros(size)`: the dtype of another tensor."""

    def dtype(self, bound: Bound) -> str:
        return bound["input"].dtype if bound["dtype"] is None else dtype_name(bound["dtype"])


class NewStrided(New, EmptyStrided):
    """`x.new_empty_strided(size, stride)`."""


# -- random tensors from tensors


class Bernoulli(Operator):
    """bernoulli: 0 or 1 with the probability `p`, or that of each element."""

    kind = "factory"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, p = bound["input"], bound["p"]
        if p is None and not is_float(data.dtype):
            return Refusal("dtype", f"bernoulli takes probabilities in floats, not {data.dtype}")
        return _outside("bernoulli", bound, "p")

    def output(self, bound: Bound) -> Output:
        return TensorSpec(bound["input"].shape, bound["input"].dtype)


class Normal(Operator):
    """normal(mean, std, size): numbers and a size, or tensors that broadcast."""

    kind = "factory"

    def _operands(self, bound: Bound) -> list[tuple[str, TensorSpec]]:
        return [(name, bound[name]) for name in ("mean", "std") if isinstance(bound[name], TensorSpec)]

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        bound = super().bind(args, kwargs)
        if (bound["size"] is None) == (not self._operands(bound)):
            raise TypeError("normal takes two numbers and a size, or tensors")
        if bound["size"] is not None:
            sizes_of(bound["size"])
        return bound

    def refuse(self, bound: Bound) -> Refusal | None:
        operands = self._operands(bound)
        dtype = self._dtype(bound)
        empty = any(0 in spec.shape for _, spec in operands) or 0 in (bound["size"] or ())
        if not is_float(dtype) and not empty:
            return Refusal("dtype", f"normal makes floats, not {dtype}", operand=None)
        if operands and broadcast([spec.shape for _, spec in operands]) is None:
            found = disagreements([(name, spec.shape) for name, spec in operands])
            return merge_refusal("normal", found, "in mean", "in std")
        if not operands and any(size < 0 for size in sizes_of(bound["size"])):
            return Refusal(
                "argument", f"normal takes no negative sizes: {bound['size']}", "size", operand=None
            )
        return _outside("normal", bound, "std", upper=None)

    def output(self, bound: Bound) -> Output:
        operands = self._operands(bound)
        if not operands:
            return TensorSpec(sizes_of(bound["size"]), self._dtype(bound))
        shape = broadcast([spec.shape for _, spec in operands])
        assert shape is not None, "refused before"
        return TensorSpec(shape, self._dtype(bound))

    def _dtype(self, bound: Bound) -> str:
        """The mean's, if it is a tensor, else the standard deviation's."""
        operands = self._operands(bound)
        return operands[0][1].dtype if operands else dtype_name(bound["dtype"] or DEFAULT)


class Multinomial(Operator):
    """multinomial: class numbers drawn from [classes] or [N, classes]."""

    kind = "factory"

    def refuse(self, bound: Bound) -> Refusal | None:
        data, count = bound["input"], bound["num_samples"]
        if data.rank not in (1, 2):
            return Refusal("rank", f"multinomial takes [batch, classes], but the input has {data.rank} axes")
        if not is_float(data.dtype):
            return Refusal("dtype", f"multinomial takes probabilities in floats, not {data.dtype}")
        if count < 1:
            return Refusal("argument", f"multinomial draws at least 1 sample, not {count}", "num_samples")
        if count > data.shape[-1] and not bound["replacement"]:
            return Refusal(
                "argument",
                f"multinomial cannot draw {count} of {data.shape[-1]} classes without replacement",
                "num_samples",
                expected=data.shape[-1],
                actual=count,
                axes=(("input", data.rank - 1),),
            )
        return None

    def output(self, bound: Bound) -> Output:
        return TensorSpec((*bound["input"].shape[:-1], bound["num_samples"]), "int64")

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        shape = (*bound["input"].shape[:-1], max(bound["num_samples"], 1))
        return TensorSpec(shape, "int64", None, frozenset(range(1, len(shape) - 1)))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        data = bound["input"]
        return (data.uncertain - {data.rank - 1},)


# -- what a tensor is made into


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


# -- fills


def _outside(
    name: str, bound: Bound, argument: str, lower: float = 0, upper: float | None = 1, strictly: bool = False
) -> Refusal | None:
    """The refusal of a number outside its range."""
    value = bound[argument]
    if not isinstance(value, (int, float)):
        return None
    fits = lower < value if strictly else lower <= value
    if upper is not None:
        fits = fits and (value < upper if strictly else value <= upper)
    if fits:
        return None
    limits = f"above {lower}" if upper is None else f"between {lower} and {upper}"
    return Refusal(
        "argument", f"{name}'s {argument} must be {limits}, not {value}", argument, actual=value, operand=None
    )


def _shared_memory(name: str, data: TensorSpec) -> Refusal | None:
    """The refusal to write into an expanded tensor."""
    if all(size < 2 or stride for size, stride in zip(data.shape, strides_of(data), strict=True)):
        return None
    return Refusal(
        "failed", f"{name} writes into an expanded tensor, whose elements share memory: clone it first"
    )


class Fill(Operator):
    """Overwrites a tensor's values; `floats`: only of floats."""

    kind = "factory"

    def __init__(self, name: str, signature: str, floats: bool = True, function: bool = False):
        names = method_and_function(name) if function else (f"torch.Tensor.{name}",)
        super().__init__(name, names, f"{signature}, ~generator", inplace=True)
        self.floats = floats

    def refuse(self, bound: Bound) -> Refusal | None:
        data = bound["input"]
        if self.floats and not is_float(data.dtype):
            return Refusal("dtype", f"{self.name} fills floats, not {data.dtype}", actual=data.dtype)
        return self.wrong_argument(bound) or _shared_memory(self.name, data)

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        """The refusal of an argument that can never work."""
        if self.name in ("normal_", "log_normal_"):
            return _outside(self.name, bound, "std", upper=None, strictly=self.name == "log_normal_")
        if self.name == "exponential_":
            return _outside(self.name, bound, "lambd", upper=None, strictly=True)
        if self.name == "cauchy_":
            return _outside(self.name, bound, "sigma", upper=None, strictly=True)
        if self.name in ("bernoulli_", "geometric_"):
            return _outside(self.name, bound, "p", strictly=self.name == "geometric_")
        if self.name == "uniform_" and bound["from"] > bound["to"]:
            return Refusal(
                "argument",
                f"uniform_ needs from below to, not {bound['from']} and {bound['to']}",
                "to",
                operand=None,
            )
        return None

    def output(self, bound: Bound) -> Output:
        return bound["input"]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        return bound["input"]

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return (bound["input"].uncertain,)


class FillIntegers(Fill):
    """random_(from=0, to): whole numbers, in any dtype."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        if len(args) > 1 or kwargs:
            kwargs = {{"from": "low", "to": "high"}.get(name, name): value for name, value in kwargs.items()}
            args, kwargs = _with_low(args, kwargs, ("input", "low", "high"), 1)
        return super().bind(args, kwargs)

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return _empty_range(self.name, bound)


class FillValue(Fill):
    """fill_ and zero_, which also write into expanded tensors."""

    def refuse(self, bound: Bound) -> Refusal | None:
        value = bound.get("value")
        if not isinstance(value, TensorSpec) or value.rank == 0:
            return None
        axes = "1 axis" if value.rank == 1 else f"{value.rank} axes"
        return Refusal(
            "rank",
            f"fill_ takes a number or a tensor without axes, but the value has {axes}",
            "value",
            expected=0,
            actual=value.rank,
            operand="value",
        )


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
        Bernoulli("bernoulli", method_and_function("bernoulli"), "input, p=None, ~generator, ~out"),
        Normal(
            "normal",
            ("torch.normal",),
            f"mean, std=1.0, size=None, {_OPTIONS}",
        ),
        Multinomial(
            "multinomial",
            method_and_function("multinomial"),
            "input, num_samples, replacement=False, ~generator, ~out",
        ),
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


_FILLS: list[Operator] = [
    Fill("normal_", "input, mean=0.0, std=1.0"),
    Fill("log_normal_", "input, mean=1.0, std=2.0"),
    Fill("uniform_", "input, from=0.0, to=1.0"),
    Fill("exponential_", "input, lambd=1.0"),
    Fill("cauchy_", "input, median=0.0, sigma=1.0"),
    Fill("bernoulli_", "input, p=0.5", floats=False),
    Fill("geometric_", "input, p", floats=False),
    FillIntegers("random_", "input, low=None, high=None", floats=False),
    FillValue("fill_", "input, value", floats=False, function=True),
    FillValue("zero_", "input", floats=False, function=True),
]

OPERATORS: list[Operator] = [*_factories(), *_from_tensors(), *_FILLS]
