"""Reductions over axes: means, sums, extremes, norms, and running totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.layout import preserved
from cnnlint.operators.pointwise import method_and_function, words
from cnnlint.operators.promotion import is_float, real
from cnnlint.trace import Shape


class Reduction(Operator):
    """A reduction; the attribute `dim` says over what, as a tuple of axes from 0; absent for all.

    Attributes:
        result: the dtype: "input"; "sum" (integers become int64); "float"; "bool"; "int64"; "real".
        outputs: values alone, or values and indices for a named axis.
        floats_only: refuses integers (`mean`).
    """

    kind = "reduction"

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        result: str = "input",
        named: str | None = None,
        floats_only: bool = False,
        pair: bool = False,
    ):
        super().__init__(name, names, signature)
        self.result = result
        self.named = named  # type: ignore[misc]
        self.floats_only = floats_only
        self.pair = pair

    def dims(self, bound: Bound) -> tuple[int, ...]:
        """The axes reduced, from 0; all of them where none is named."""
        dim = bound.get("dim")
        if isinstance(dim, (tuple, list)) and not dim:
            dim = None
        return axes_of(dim, bound["input"].rank)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        found = {**super().attributes(bound), "keepdim": bool(bound.get("keepdim"))}
        return {**found, "dim": self.dims(bound)} if bound.get("dim") not in (None, (), []) else found

    def refuse(self, bound: Bound) -> Refusal | None:
        spec: TensorSpec = bound["input"]
        dim = bound.get("dim")
        if dim is not None:
            refusal = wrong_dim(self.name, dim, spec.rank)
            if refusal is None and isinstance(dim, (tuple, list)):
                refusal = repeated_dim(self.name, dim, spec.rank)
            if refusal is not None:
                return refusal
        dtype = bound.get("dtype") or spec.dtype
        if self.floats_only and not is_float(dtype) and not dtype.startswith("complex"):
            return Refusal(
                "dtype", f"{self.name} takes floating-point numbers, but the tensor is {dtype}", actual=dtype
            )
        return None

    def shape(self, bound: Bound) -> Shape:
        """The shape that is left."""
        dims = self.dims(bound)
        sizes = bound["input"].shape
        if bound.get("keepdim"):
            return tuple(1 if axis in dims else size for axis, size in enumerate(sizes))
        return tuple(size for axis, size in enumerate(sizes) if axis not in dims)

    def dtype(self, bound: Bound) -> str:
        """The result's dtype."""
        given = bound.get("dtype")
        own = bound["input"].dtype
        if given is not None:
            return given
        if self.result == "sum":
            return own if is_float(own) or own.startswith("complex") else "int64"
        if self.result in ("bool", "int64"):
            return self.result
        return real(own) if self.result == "real" else own

    def output(self, bound: Bound) -> Output:
        values = TensorSpec(self.shape(bound), self.dtype(bound))
        if self.named and bound.get("dim") is not None:
            return values, TensorSpec(values.shape, "int64")
        return (values, values) if self.pair else values

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec: TensorSpec = bound["input"]
        values = TensorSpec(spec.shape[:1], spec.dtype)
        if self.named and bound.get("dim") is not None:
            return values, TensorSpec(values.shape, "int64")
        return (values, values) if self.pair else values

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        dims = self.dims(bound)
        keep = bool(bound.get("keepdim"))
        axes = frozenset(
            axis if keep else axis - sum(dim < axis for dim in dims)
            for axis in bound["input"].uncertain
            if axis not in dims
        )
        return (axes,) * len(outputs)


class Extreme(Reduction):
    """`max` and `min`: of all, over one axis (with indices), or of two tensors."""

    def bind(self, args: Sequence[Any], kwargs: Any) -> Bound:
        second = args[1] if len(args) > 1 else kwargs.get("other")
        if isinstance(second, TensorSpec):
            raise TypeError("the elementwise form")
        return super().bind(args, kwargs)


class Running(Operator):
    """A running total along an axis: the shape stays."""

    kind = "elementwise"

    def __init__(self, name: str, names: Sequence[str], indices: bool = False):
        super().__init__(name, names, "input, dim, dtype=None, ~out")
        self.named = name if indices else None  # type: ignore[misc]

    def refuse(self, bound: Bound) -> Refusal | None:
        return wrong_dim(self.name, bound["dim"], bound["input"].rank)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"dim": axis_of(bound["dim"], bound["input"].rank)}

    def output(self, bound: Bound) -> Output:
        spec: TensorSpec = bound["input"]
        own = spec.dtype if self.named or is_float(spec.dtype) else "int64"
        values = TensorSpec(spec.shape, bound["dtype"] or own, preserved(spec))
        return (values, TensorSpec(spec.shape, "int64", preserved(spec))) if self.named else values


_DIM = "input, dim|axis=None, keepdim|keepdims=False, ~out"
_DTYPE = "input, dim|axis=None, keepdim|keepdims=False, dtype=None, ~out"

OPERATORS: list[Operator] = [
    Reduction("mean", method_and_function("mean"), _DTYPE, floats_only=True),
    Reduction("nanmean", method_and_function("nanmean"), _DTYPE, floats_only=True),
    *(Reduction(name, method_and_function(name), _DTYPE, "sum") for name in words("sum nansum")),
    Reduction("prod", method_and_function("prod"), _DTYPE, "sum"),
    *(Reduction(name, method_and_function(name), _DIM) for name in words("amax amin")),
    *(Extreme(name, method_and_function(name), _DIM, named=name) for name in words("max min")),
    *(Reduction(name, method_and_function(name), _DIM, named=name) for name in words("median nanmedian")),
    Reduction("mode", method_and_function("mode"), "input, dim|axis=-1, keepdim=False, ~out", named="mode"),
    *(Reduction(name, method_and_function(name), _DIM, "int64") for name in words("argmax argmin")),
    *(Reduction(name, method_and_function(name), _DIM, "bool") for name in words("any all")),
    Reduction("count_nonzero", method_and_function("count_nonzero"), "input, dim=None", "int64"),
    *(
        Reduction(
            name,
            method_and_function(name),
            "input, dim|axis=None, unbiased=True, keepdim=False, correction=None, ~out",
            "real",
            floats_only=True,
        )
        for name in words("std var")
    ),
    *(
        Reduction(
            name,
            method_and_function(name),
            "input, dim|axis=None, unbiased=True, keepdim=False, correction=None",
            "real",
            floats_only=True,
            pair=True,
        )
        for name in words("std_mean var_mean")
    ),
    Reduction(
        "logsumexp",
        method_and_function("logsumexp"),
        "input, dim|axis, keepdim=False, ~out",
        floats_only=True,
    ),
    Reduction(
        "norm",
        ("torch.functional.norm", "torch.norm", "torch.Tensor.norm"),
        "input, p='fro', dim=None, keepdim=False, ~out, dtype=None",
        "real",
        floats_only=True,
    ),
    Reduction(
        "vector_norm",
        ("torch.linalg.vector_norm", "torch.linalg.norm"),
        "input|x|A, ord=2, dim=None, keepdim=False, dtype=None, ~out",
        "real",
        floats_only=True,
    ),
    *(Running(name, method_and_function(name)) for name in words("cumsum cumprod logcumsumexp")),
    *(Running(name, method_and_function(name), indices=True) for name in words("cummax cummin")),
]
