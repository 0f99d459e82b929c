"""Reductions over axes: means, sums, extremes, norms, and running totals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.pointwise import InPlace, method_and_function, words
from cnnlint.operators.promotion import category, floating, promote, real
from cnnlint.traces import Shape

_FLOATS = frozenset({2, 3})
_NO_AXES = frozenset({"any", "all"})
"""Reductions that take `dim=()` for no axis; for the others it is all of them."""
_ALL_OR_ONE = frozenset(words("prod max min median nanmedian"))
"""Reductions that torch binds with a `dim` or without one, but never with `dim=None`."""
_NO_NARROWING = frozenset({"norm", "vector_norm"})
_OWN_DTYPE = _NO_NARROWING | {"nanmean"}
"""Reductions whose `dtype` does not make up for that of the input."""
_KEEP_NEEDS_DIM = _ALL_OR_ONE | {"mean", "sum"}


class Reduction(Operator):
    """A reduction; the attribute `dim` says over what, as a tuple of axes from 0; absent for all.

    Attributes:
        result: the dtype: "input"; "sum" (integers become int64); "float"; "bool"; "int64"; "real".
        categories: the dtype categories (0 bool … 3 complex) that it takes.
        form: "axes" (any number of them), "axis" (one, or all) or "pair" (any number, two results).
            With `named` there are values and indices where an axis is given.
    """

    kind = "reduction"

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        signature: str,
        result: str = "input",
        categories: Collection[int] = (0, 1, 2, 3),
        form: str = "axes",
        named: str | None = None,
    ):
        super().__init__(name, names, signature)
        self.result = result
        self.categories = frozenset(categories)
        self.form = form
        self.named = named  # type: ignore[misc]

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        bound = super().bind(args, kwargs)
        named = len(args) > 1 or "dim" in kwargs or "axis" in kwargs
        never_none = self.name in _ALL_OR_ONE or self.signature.defaults["dim"] is not None
        if named and bound["dim"] is None and never_none:
            raise TypeError(f"{self.name}() takes no dim=None: leave it out")
        if not named and self.name in _KEEP_NEEDS_DIM and ("keepdim" in kwargs or "keepdims" in kwargs):
            raise TypeError(f"{self.name}() with keepdim needs a dim")
        return bound

    def dims(self, bound: Bound) -> tuple[int, ...]:
        """The axes reduced, from 0; all of them where none is named."""
        dim = bound.get("dim")
        if isinstance(dim, (tuple, list)) and not dim and self.name not in _NO_AXES:
            dim = None
        return axes_of(dim, bound["input"].rank)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        found = {**super().attributes(bound), "keepdim": bool(bound.get("keepdim"))}
        return {**found, "dim": self.dims(bound)} if bound.get("dim") not in (None, (), []) else found

    def refuse(self, bound: Bound) -> Refusal | None:
        return self._wrong_dim(bound) or self._wrong_dtype(bound)

    def _wrong_dim(self, bound: Bound) -> Refusal | None:
        spec, dim = bound["input"], bound.get("dim")
        if dim is None:
            return None
        listed = isinstance(dim, (tuple, list))
        if listed and not dim and self.name == "logsumexp" and spec.rank and not bound["keepdim"]:
            return self._argument("logsumexp needs a dim")
        if listed and self.form == "axis":
            return self._argument(f"{self.name} runs over one axis, not over {tuple(dim)}")
        refusal = wrong_dim(self.name, dim, spec.rank)
        return repeated_dim(self.name, dim, spec.rank) if refusal is None and listed else refusal

    @staticmethod
    def _argument(message: str) -> Refusal:
        return Refusal("argument", message, "dim", operand=None, exception="TypeError")

    def _wrong_dtype(self, bound: Bound) -> Refusal | None:
        own = bound["input"].dtype
        dtype = bound.get("dtype") or own
        if category(dtype) not in self.categories or (
            self.name in _OWN_DTYPE and category(own) not in self.categories
        ):
            hint = ": convert with .float()" if self.categories == _FLOATS else ""
            return Refusal("dtype", f"{self.name} does not take {own}{hint}", actual=own)
        if self.name in _NO_NARROWING and promote(own, dtype) != dtype:
            return Refusal("dtype", f"{self.name} does not narrow {own} to {dtype}", "dtype", actual=dtype)
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
            return own if category(own) >= 2 else "int64"
        if self.result in ("bool", "int64"):
            return "uint8" if own == "uint8" and self.result == "bool" else self.result
        if self.result == "float":
            return floating(own)
        return real(own) if self.result == "real" else own

    def output(self, bound: Bound) -> Output:
        values = TensorSpec(self.shape(bound), self.dtype(bound))
        if self.named and bound.get("dim") is not None:
            return values, TensorSpec(values.shape, "int64")
        return (values, values) if self.form == "pair" else values

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec: TensorSpec = bound["input"]
        values = TensorSpec(spec.shape[:1], spec.dtype)
        if self.named and bound.get("dim") is not None:
            return values, TensorSpec(values.shape, "int64")
        return (values, values) if self.form == "pair" else values

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
    """`max` and `min`: of all, or over one axis (with indices); the form with two tensors is elementwise."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        second = args[1] if len(args) > 1 else kwargs.get("other", kwargs.get("dim"))
        if isinstance(second, TensorSpec):
            raise TypeError("the elementwise form")
        return super().bind(args, kwargs)


class Spread(Reduction):
    """`std`, `var` and the pairs with the mean: `std(False)` is `unbiased`, not an axis."""

    def bind(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
        if len(args) == 2 and isinstance(args[1], bool):
            return super().bind(args[:1], {**kwargs, "unbiased": args[1]})
        return super().bind(args, kwargs)

    def output(self, bound: Bound) -> Output:
        values = TensorSpec(self.shape(bound), real(bound["input"].dtype))
        return (values, TensorSpec(values.shape, bound["input"].dtype)) if self.form == "pair" else values


class Extremes(Reduction):
    """`aminmax`: both of them."""

    def output(self, bound: Bound) -> Output:
        values = TensorSpec(self.shape(bound), bound["input"].dtype)
        return values, values


class NormExceptDim(Operator):
    """`norm_except_dim`: over all axes but one, which are kept; -1 is over all."""

    kind = "reduction"

    def output(self, bound: Bound) -> Output:
        spec, dim = bound["input"], bound["dim"]
        if dim == -1:
            return TensorSpec((), spec.dtype)
        return TensorSpec(
            tuple(size if axis == dim else 1 for axis, size in enumerate(spec.shape)), spec.dtype
        )


class Trace(Operator):
    """`trace`: the sum of a matrix's diagonal."""

    kind = "reduction"

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = bound["input"].rank
        return None if rank == 2 else Refusal("rank", f"trace takes a matrix, not {rank} axes", actual=rank)

    def output(self, bound: Bound) -> Output:
        dtype = bound["input"].dtype
        return TensorSpec((), dtype if category(dtype) >= 2 else "int64")


class Quantile(Reduction):
    """`quantile`: several of them are a new first axis."""

    def refuse(self, bound: Bound) -> Refusal | None:
        data, q = bound["input"], bound["q"]
        if isinstance(q, TensorSpec):
            if q.rank > 1:
                return Refusal(
                    "rank", f"{self.name} takes one q or a list of them, not {q.rank} axes", "q", operand="q"
                )
            if q.dtype != data.dtype:
                return Refusal(
                    "dtype", f"{self.name}'s q is {q.dtype}, but the input is {data.dtype}", operand="q"
                )
        elif not 0 <= q <= 1:
            return Refusal(
                "argument", f"{self.name}'s q lies between 0 and 1, not at {q}", "q", actual=q, operand=None
            )
        if data.dtype not in ("float32", "float64"):
            return Refusal(
                "dtype", f"{self.name} takes float32 or float64, not {data.dtype}", actual=data.dtype
            )
        return super().refuse(bound)

    def shape(self, bound: Bound) -> Shape:
        q = bound["q"]
        several = q.shape if isinstance(q, TensorSpec) else ()
        return (*several, *super().shape(bound))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        first = bound["q"].rank if isinstance(bound["q"], TensorSpec) else 0
        return tuple(frozenset(axis + first for axis in axes) for axes in super().uncertain(bound, outputs))


class Running(Operator):
    """A running total along an axis: the shape stays, the result is contiguous."""

    kind = "elementwise"

    def __init__(self, name: str, names: Sequence[str], named: bool = False):
        typed = name in ("cumsum", "cumprod")
        super().__init__(name, names, f"input, dim|axis, {'dtype=None, ' if typed else ''}~out")
        self.named = name if named else None  # type: ignore[misc]

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, dim = bound["input"], bound["dim"]
        refusal = wrong_dim(self.name, dim if isinstance(dim, int) else (dim,), spec.rank)
        if refusal is None and self.name == "logcumsumexp" and category(spec.dtype) < 2:
            return Refusal("dtype", f"{self.name} takes floats, not {spec.dtype}", actual=spec.dtype)
        return refusal

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"dim": axis_of(bound["dim"], bound["input"].rank)}

    def output(self, bound: Bound) -> Output:
        spec = bound["input"]
        if self.named:
            return TensorSpec(spec.shape, spec.dtype), TensorSpec(spec.shape, "int64")
        whole = category(spec.dtype) < 2
        return TensorSpec(spec.shape, bound.get("dtype") or ("int64" if whole else spec.dtype))

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec = bound["input"]
        values = TensorSpec(spec.shape, spec.dtype)
        return (values, TensorSpec(spec.shape, "int64")) if self.named else values


_AXES = "input, dim|axis=None, keepdim|keepdims=False, ~out"
_TYPED = "input, dim|axis=None, keepdim|keepdims=False, dtype=None, ~out"
_SPREAD = "input, dim|axis=None, unbiased=True, keepdim|keepdims=False, correction=None, ~out"


def _axes(
    name: str, result: str = "input", categories: Collection[int] = (0, 1, 2, 3), typed: bool = False
) -> Operator:
    return Reduction(name, method_and_function(name), _TYPED if typed else _AXES, result, categories)


def _axis(
    name: str, result: str = "input", categories: Collection[int] = (0, 1, 2), named: bool = False
) -> Operator:
    family = Extreme if name in ("max", "min") else Reduction
    return family(name, method_and_function(name), _AXES, result, categories, "axis", name if named else None)


_RUNNING = [
    *(Running(name, method_and_function(name)) for name in words("cumsum cumprod logcumsumexp")),
    *(Running(name, method_and_function(name), named=True) for name in words("cummax cummin")),
]
_IN_PLACE = ("cumsum", "cumprod")

OPERATORS: list[Operator] = [
    _axes("mean", categories=_FLOATS, typed=True),
    _axes("nanmean", categories=_FLOATS, typed=True),
    _axes("sum", "sum", typed=True),
    _axes("nansum", "sum", (0, 1, 2), typed=True),
    Reduction("prod", method_and_function("prod"), _TYPED, "sum", form="axis"),
    _axes("amax", categories=(0, 1, 2)),
    _axes("amin", categories=(0, 1, 2)),
    *(_axis(name, named=True) for name in words("max min")),
    *(_axis(name, categories=(1, 2), named=True) for name in words("median nanmedian")),
    *(_axis(name, "int64", (1, 2)) for name in words("argmax argmin")),
    Reduction(
        "mode",
        method_and_function("mode"),
        "input, dim|axis=-1, keepdim=False, ~out",
        form="axis",
        named="mode",
    ),
    *(_axes(name, "bool") for name in words("any all")),
    Reduction("count_nonzero", method_and_function("count_nonzero"), "input, dim=None", "int64"),
    *(Spread(name, method_and_function(name), _SPREAD, categories=_FLOATS) for name in words("std var")),
    *(
        Spread(name, (f"torch.{name}",), _SPREAD, categories=_FLOATS, form="pair")
        for name in words("std_mean var_mean")
    ),
    Reduction(
        "logsumexp",
        (*method_and_function("logsumexp"), "torch.special.logsumexp"),
        "input, dim|axis, keepdim=False, ~out",
        "float",
    ),
    Reduction(
        "norm",
        ("torch.functional.norm", "torch.norm", "torch.Tensor.norm"),
        "input, p='fro', dim=None, keepdim=False, ~out, dtype=None",
        "real",
        _FLOATS,
    ),
    Reduction(
        "vector_norm",
        ("torch.linalg.vector_norm", "torch.linalg.norm"),
        "input|x|A, ord=2, dim=None, keepdim=False, dtype=None, ~out",
        "real",
        _FLOATS,
    ),
    *(
        Quantile(
            name,
            method_and_function(name),
            "input, q, dim=None, keepdim=False, interpolation='linear', ~out",
            form="axis",
        )
        for name in words("quantile nanquantile")
    ),
    Extremes(
        "aminmax",
        method_and_function("aminmax"),
        "input, dim=None, keepdim=False, ~out",
        categories=(0, 1, 2),
        form="axis",
        named="aminmax",
    ),
    NormExceptDim("norm_except_dim", ("torch.norm_except_dim",), "input|v, pow=2, dim=0"),
    Trace("trace", method_and_function("trace"), "input"),
    *_RUNNING,
    *(
        InPlace(running, (f"torch.Tensor.{running.name}_",))
        for running in _RUNNING
        if running.name in _IN_PLACE
    ),
]
