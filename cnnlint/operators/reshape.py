"""Views: reshaping, permuting, slicing, copying. torch does them; here is why it refuses some."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, repeated_dim, wrong_dim
from cnnlint.operators.layout import view_strides
from cnnlint.operators.pointwise import method_and_function, words
from cnnlint.trace import Shape


class View(Operator):
    """An operator that torch sizes itself, since on the meta device it costs nothing and keeps strides
    and storage exactly."""

    def __init__(self, kind: str, name: str, names: Sequence[str], signature: str):
        super().__init__(name, names, signature, sized_by_torch=True)
        self.kind = kind  # type: ignore[misc]


class Reshape(View):
    """`view` and `reshape`: the attribute `shape` is what was asked for, with its −1."""

    def __init__(self, name: str, names: Sequence[str], signature: str):
        super().__init__("reshape", name, names, signature)

    def asked(self, bound: Bound) -> tuple[int, ...] | None:
        """The sizes asked for; None for `view(dtype)`."""
        shape = bound["shape"]
        shape = shape.shape if isinstance(shape, TensorSpec) else shape
        if isinstance(shape, int):
            return (shape,)
        if isinstance(shape, (tuple, list)) and all(isinstance(size, int) for size in shape):
            return tuple(shape)
        return None

    def attributes(self, bound: Bound) -> dict[str, Any]:
        asked = self.asked(bound)
        return {} if asked is None else {"shape": asked}

    def refuse(self, bound: Bound) -> Refusal | None:
        asked = self.asked(bound)
        if asked is None:
            return None
        spec: TensorSpec = bound["input"]
        axes = tuple(("input", axis) for axis in range(1, spec.rank))
        count = prod(spec.shape)
        shape = _without_wildcard(asked, count)
        if shape is None:
            known = prod(size for size in asked if size != -1)
            return Refusal(
                "reshape",
                f"{self.name}({_written(asked)}) needs {'a multiple of ' if -1 in asked else ''}{known} "
                f"elements, but the tensor has {' × '.join(map(str, spec.shape))} = {count}",
                "shape",
                expected=known,
                actual=count,
                axes=axes,
            )
        if self.name.startswith("view") and view_strides(spec, shape) is None:
            return Refusal(
                "reshape",
                f"view({_written(asked)}) of a tensor that is not contiguous: its elements lie in another order "
                "in memory (after permute or transpose); write reshape",
                "shape",
            )
        return None

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """With three sizes and more what was asked for, behind the batch; else flattened from axis 1."""
        spec: TensorSpec = bound["input"]
        asked = self.asked(bound) or ()
        if refusal.expected is None and -1 not in asked and prod(asked) == prod(spec.shape):
            return TensorSpec(asked, spec.dtype)
        if not spec.rank:
            return spec
        batch, rest = spec.shape[0], prod(spec.shape[1:])
        unsure = any(axis in spec.uncertain for axis in range(1, spec.rank))
        if len(asked) > 2:
            known = prod(size for size in asked[1:] if size != -1)
            wild = [axis for axis, size in enumerate(asked) if axis and size == -1]
            sizes = tuple(max(rest // known, 1) if size == -1 else size for size in asked[1:])
            return TensorSpec((batch, *sizes), spec.dtype, None, frozenset(wild))
        return TensorSpec((batch, rest), spec.dtype, None, frozenset({1}) if unsure else frozenset())


def _without_wildcard(asked: tuple[int, ...], count: int) -> Shape | None:
    """The shape with its −1 filled in; None where it does not fit `count` elements."""
    if any(size < -1 for size in asked) or asked.count(-1) > 1:
        return None
    known = prod(size for size in asked if size != -1)
    if -1 not in asked:
        return asked if known == count else None
    if not known or count % known:
        return None
    return tuple(count // known if size == -1 else size for size in asked)


def _written(sizes: Sequence[int]) -> str:
    return ", ".join(str(size).replace("-", "−") for size in sizes)


class Flatten(View):
    """`flatten`: the attributes `start_dim` and `end_dim` count from 0."""

    def __init__(self) -> None:
        super().__init__(
            "reshape", "flatten", method_and_function("flatten"), "input, start_dim=0, end_dim=-1, ~out_dim"
        )

    def attributes(self, bound: Bound) -> dict[str, Any]:
        rank = bound["input"].rank
        return {name: axis_of(bound[name], rank) for name in ("start_dim", "end_dim")}

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = bound["input"].rank
        for name in ("start_dim", "end_dim"):
            refusal = wrong_dim(self.name, bound[name], rank, name)
            if refusal is not None:
                return refusal
        start, end = axis_of(bound["start_dim"], rank), axis_of(bound["end_dim"], rank)
        if start > end:
            return Refusal(
                "argument",
                f"flatten from axis {start} to axis {end}: start_dim lies behind end_dim",
                "start_dim",
            )
        return None

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        spec: TensorSpec = bound["input"]
        start, end = axis_of(bound["start_dim"], spec.rank), axis_of(bound["end_dim"], spec.rank)
        return (
            frozenset(
                axis if axis < start else start if axis <= end else axis - (end - start)
                for axis in spec.uncertain
            ),
        )


class ByAxes(View):
    """Operators that name axes: in the attributes they count from 0."""

    def __init__(
        self, kind: str, name: str, names: Sequence[str], signature: str, dims: Sequence[str], grows: int = 0
    ):
        super().__init__(kind, name, names, signature)
        self.dims = tuple(dims)
        self.grows = grows

    def attributes(self, bound: Bound) -> dict[str, Any]:
        rank = bound["input"].rank + self.grows
        found = super().attributes(bound)
        for name in self.dims:
            value = bound[name]
            if isinstance(value, int):
                found[name] = axis_of(value, rank)
            elif value is not None:
                found[name] = axes_of(value, rank)
        return found

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = bound["input"].rank + self.grows
        for name in self.dims:
            if bound[name] is not None:
                refusal = wrong_dim(self.name, bound[name], rank, name)
                if refusal is not None:
                    return refusal
        return None


class Permute(ByAxes):
    """`permute`: every axis once."""

    def __init__(self) -> None:
        super().__init__("permute", "permute", method_and_function("permute"), "input, *dims", ("dims",))

    def refuse(self, bound: Bound) -> Refusal | None:
        spec: TensorSpec = bound["input"]
        dims = bound["dims"]
        if len(dims) != spec.rank:
            return Refusal(
                "rank",
                f"permute names {len(dims)} axes, but the tensor has {spec.rank}",
                "dims",
                expected=spec.rank,
                actual=len(dims),
            )
        return super().refuse(bound) or repeated_dim(self.name, dims, spec.rank)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec: TensorSpec = bound["input"]
        return TensorSpec(spec.shape, spec.dtype, None, frozenset(range(1, spec.rank)))


def _views(kind: str, names: str, signature: str) -> list[Operator]:
    return [View(kind, name, method_and_function(name), signature) for name in words(names)]


OPERATORS: list[Operator] = [
    Reshape("view", ("torch.Tensor.view",), "input, *shape"),
    Reshape("view_as", ("torch.Tensor.view_as",), "input, shape|other"),
    Reshape("reshape", ("torch.Tensor.reshape",), "input, *shape"),
    Reshape("reshape", ("torch.reshape",), "input, shape"),
    Reshape("reshape_as", ("torch.Tensor.reshape_as",), "input, shape|other"),
    Flatten(),
    View("reshape", "ravel", method_and_function("ravel"), "input"),
    View("reshape", "unflatten", method_and_function("unflatten"), "input, dim, sizes"),
    ByAxes("squeeze", "squeeze", method_and_function("squeeze"), "input, dim=None", ("dim",)),
    ByAxes("squeeze", "unsqueeze", method_and_function("unsqueeze"), "input, dim", ("dim",), grows=1),
    Permute(),
    ByAxes(
        "permute",
        "transpose",
        method_and_function("transpose", "swapaxes", "swapdims"),
        "input, dim0|axis0, dim1|axis1",
        ("dim0", "dim1"),
    ),
    ByAxes(
        "permute",
        "movedim",
        method_and_function("movedim", "moveaxis"),
        "input, source, destination",
        ("source", "destination"),
    ),
    View("permute", "t", method_and_function("t"), "input"),
    *(View("permute", name, (f"torch.Tensor.{name}.__get__",), "input") for name in words("T mT H mH")),
    View("permute", "adjoint", method_and_function("adjoint"), "input"),
    View("expand", "expand", ("torch.Tensor.expand",), "input, *size, implicit=False"),
    View("expand", "expand_as", ("torch.Tensor.expand_as",), "input, other"),
    View("expand", "broadcast_to", method_and_function("broadcast_to"), "input, size|shape"),
    View(
        "expand",
        "broadcast_tensors",
        ("torch.functional.broadcast_tensors", "torch.broadcast_tensors"),
        "*tensors",
    ),
    View("index", "unfold", ("torch.Tensor.unfold",), "input, dimension, size, step"),
    ByAxes(
        "split",
        "split",
        ("torch.Tensor.split", "torch.split", "torch.functional.split"),
        "input|tensor, split_size|split_size_or_sections|split_sizes, dim=0",
        ("dim",),
    ),
    ByAxes("split", "chunk", method_and_function("chunk"), "input, chunks, dim=0", ("dim",)),
    ByAxes("split", "unbind", method_and_function("unbind"), "input, dim=0", ("dim",)),
    ByAxes("split", "unsafe_chunk", method_and_function("unsafe_chunk"), "input, chunks, dim=0", ("dim",)),
    ByAxes(
        "split",
        "tensor_split",
        method_and_function("tensor_split"),
        "input, indices_or_sections|sections|indices, dim=0",
        ("dim",),
    ),
    View("split", "split_with_sizes", method_and_function("split_with_sizes"), "input, split_sizes, dim=0"),
    ByAxes("index", "narrow", method_and_function("narrow"), "input, dim, start, length", ("dim",)),
    ByAxes("index", "select", method_and_function("select"), "input, dim, index", ("dim",)),
    View("index", "__getitem__", ("torch.Tensor.__getitem__",), "input, index"),
    View("index", "diagonal", method_and_function("diagonal"), "input, offset=0, dim1=0, dim2=1"),
    View(
        "index", "as_strided", method_and_function("as_strided"), "input, size, stride, storage_offset=None"
    ),
    View("copy", "contiguous", ("torch.Tensor.contiguous",), "input, memory_format=None"),
    View("copy", "clone", method_and_function("clone"), "input, memory_format=None"),
    View(
        "copy",
        "to",
        ("torch.Tensor.to",),
        "input, *options, ~device, ~dtype, ~non_blocking, ~copy, ~memory_format, ~other",
    ),
    View("copy", "type", ("torch.Tensor.type",), "input, dtype=None, ~non_blocking"),
    View("copy", "type_as", ("torch.Tensor.type_as",), "input, other"),
    *(
        View("copy", name, (f"torch.Tensor.{name}",), "input, ~memory_format")
        for name in words("half float double bfloat16 int long short char byte bool")
    ),
    View("copy", "alias", ("torch.Tensor.view_as_real", "torch.view_as_real"), "input"),
    View("copy", "view_as_complex", ("torch.view_as_complex",), "input"),
    View("detach", "detach", method_and_function("detach"), "input"),
    View("detach", "data", ("torch.Tensor.data.__get__",), "input"),
]
