"""Random numbers drawn by tensors, and what fills a tensor with values.

Fills (`normal_`, `zero_`) are `inplace`: their result is the tensor itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.factory import OPTIONS, empty_range, sizes_of, with_low
from cnnlint.operators.layout import strides_of
from cnnlint.operators.pointwise import method_and_function
from cnnlint.operators.promotion import DEFAULT, dtype_name, is_float


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
            args, kwargs = with_low(args, kwargs, ("input", "low", "high"), 1)
        return super().bind(args, kwargs)

    def wrong_argument(self, bound: Bound) -> Refusal | None:
        return empty_range(self.name, bound)


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


OPERATORS: list[Operator] = [
    Bernoulli("bernoulli", method_and_function("bernoulli"), "input, p=None, ~generator, ~out"),
    Normal(
        "normal",
        ("torch.normal",),
        f"mean, std=1.0, size=None, {OPTIONS}",
    ),
    Multinomial(
        "multinomial",
        method_and_function("multinomial"),
        "input, num_samples, replacement=False, ~generator, ~out",
    ),
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
