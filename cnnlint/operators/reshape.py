"""Reshaping, permuting, stretching and copying. torch sizes all of these; here is why it refuses some."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of, rank_text, repeated_dim, wrong_dim
from cnnlint.operators.layout import view_strides
from cnnlint.operators.pointwise import method_and_function, words
from cnnlint.operators.views import ByAxes, View
from cnnlint.traces import Shape


class Reshape(View):
    """`view` and `reshape`: the attribute `shape` is what was asked for, with its −1."""

    def __init__(self, name: str, names: Sequence[str], signature: str):
        super().__init__("reshape", name, names, signature)

    def asked(self, bound: Bound) -> tuple[int, ...] | None:
        """The sizes asked for; None for `view(dtype)`."""
        shape = bound["shape"]
        shape = shape.shape if isinstance(shape, TensorSpec) else shape
        if isinstance(shape, (tuple, list)) and all(isinstance(size, int) for size in shape):
            return tuple(shape)
        return None

    def attributes(self, bound: Bound) -> dict[str, Any]:
        asked = self.asked(bound)
        return {} if asked is None else {"shape": asked}

    def refuse(self, bound: Bound) -> Refusal | None:
        asked = self.asked(bound)
        if isinstance(bound["shape"], int):
            size = bound["shape"]
            return Refusal(
                "argument",
                f"{self.name} takes a tuple of sizes, not {size}: write ({size},)",
                "shape",
                operand=None,
                exception="TypeError",
            )
        if asked is None:
            return None
        if asked.count(-1) > 1 or any(size < -1 for size in asked):
            what = "only one size may be −1" if asked.count(-1) > 1 else "sizes cannot be negative"
            return Refusal("argument", f"{self.name}({_written(asked)}): {what}", "shape", operand=None)
        spec = bound["input"]
        shape = filled(asked, prod(spec.shape))
        if shape is None:
            return self._wrong_count(asked, spec)
        if self.name.startswith("view") and view_strides(spec, shape) is None:
            return Refusal(
                "reshape",
                f"view({_written(asked)}) of a tensor that is not contiguous: its elements lie in another "
                "order in memory (after permute or transpose); write reshape",
                "shape",
            )
        return None

    def _wrong_count(self, asked: tuple[int, ...], spec: TensorSpec) -> Refusal:
        known, count = prod(size for size in asked if size != -1), prod(spec.shape)
        worked_out = f"{' × '.join(map(str, spec.shape))} = {count}" if spec.rank > 1 else str(count)
        return Refusal(
            "reshape",
            f"{self.name}({_written(asked)}) needs {'a multiple of ' if -1 in asked else ''}{known} "
            f"elements, but the tensor has {worked_out}",
            "shape",
            expected=known,
            actual=count,
            axes=tuple(("input", axis) for axis in range(1, spec.rank)),
        )

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        asked = self.asked(bound)
        if asked is None:
            raise NotImplementedError("view of another dtype")
        return [filled(asked, prod(bound["input"].shape))]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        """What was asked for where the elements suffice; else, with three sizes and more, the sizes behind
        the batch, and with fewer the input flattened from axis 1."""
        spec, asked = bound["input"], self.asked(bound) or ()
        shape = filled(asked, prod(spec.shape)) if refusal.reason == "reshape" else None
        if shape is not None:
            return TensorSpec(shape, spec.dtype)
        if not spec.rank:
            return spec
        batch, rest = spec.shape[0], prod(spec.shape[1:])
        if len(asked) > 2:
            known = prod(size for size in asked[1:] if size > 0)
            sizes = tuple(size if size > 0 else max(rest // max(known, 1), 1) for size in asked[1:])
            wild = frozenset(axis for axis, size in enumerate(asked) if axis and size < 0)
            return TensorSpec((batch, *sizes), spec.dtype, None, wild)
        unsure = any(axis in spec.uncertain for axis in range(1, spec.rank))
        return TensorSpec((batch, rest), spec.dtype, None, frozenset({1}) if unsure else frozenset())

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        """Sizes that were asked for are what they are; the one that was left open rests on the others."""
        asked = self.asked(bound)
        if asked is None or not bound["input"].uncertain:
            return super().uncertain(bound, outputs)
        return (frozenset(axis for axis, size in enumerate(asked) if size == -1),)


def filled(asked: tuple[int, ...], count: int) -> Shape | None:
    """The shape with its −1 filled in; None where it does not fit `count` elements."""
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

    def range(self, bound: Bound) -> tuple[int, int]:
        """The first and the last axis that become one."""
        rank = bound["input"].rank
        return axis_of(bound["start_dim"], rank), axis_of(bound["end_dim"], rank)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        start, end = self.range(bound)
        return {"start_dim": start, "end_dim": end}

    def refuse(self, bound: Bound) -> Refusal | None:
        for name in ("start_dim", "end_dim"):
            refusal = wrong_dim(self.name, bound[name], bound["input"].rank, name)
            if refusal is not None:
                return refusal
        start, end = self.range(bound)
        if start > end:
            return Refusal(
                "argument",
                f"flatten from axis {start} to axis {end}: start_dim lies behind end_dim",
                "start_dim",
                operand=None,
            )
        return None

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        shape, (start, end) = bound["input"].shape, self.range(bound)
        return [(*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :])]

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        start, end = self.range(bound)
        return (
            frozenset(
                axis if axis < start else max(start, axis - (end - start))
                for axis in bound["input"].uncertain
            ),
        )


class Ravel(View):
    """`ravel`: all axes become one."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        return [(prod(bound["input"].shape),)]


class Unflatten(View):
    """`unflatten`: one axis becomes several. The attribute `dim` counts from 0."""

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {**super().attributes(bound), "dim": axis_of(bound["dim"], bound["input"].rank)}

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, dim, sizes = bound["input"], bound["dim"], bound["sizes"]
        if not isinstance(dim, int) or not all(isinstance(size, int) for size in sizes):
            return None  # named axes: torch knows
        if not sizes:
            return Refusal("argument", "unflatten needs sizes", "sizes", operand=None)
        if not spec.rank:
            return Refusal("rank", "unflatten needs an axis, but the tensor is a single number")
        refusal = wrong_dim(self.name, dim, spec.rank)
        if refusal is not None:
            return refusal
        axis = axis_of(dim, spec.rank)
        if sizes.count(-1) > 1 or filled(tuple(sizes), spec.shape[axis]) is None:
            known = prod(size for size in sizes if size != -1)
            return Refusal(
                "reshape",
                f"unflatten makes ({_written(sizes)}) of axis {axis}, but its size {spec.shape[axis]} is not "
                f"{'a multiple of ' if -1 in sizes else ''}{known}",
                "sizes",
                expected=known,
                actual=spec.shape[axis],
                axes=(("input", axis),),
            )
        return None

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        shape = bound["input"].shape
        axis = axis_of(bound["dim"], len(shape))
        made = filled(tuple(bound["sizes"]), shape[axis])
        if made is None:
            raise NotImplementedError("unflatten by names")
        return [(*shape[:axis], *made, *shape[axis + 1 :])]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec, sizes = bound["input"], bound["sizes"]
        if refusal.reason != "reshape":
            return super().recovered(bound, refusal)
        axis = axis_of(bound["dim"], spec.rank)
        made = tuple(size if size > 0 else 1 for size in sizes)
        shape = (*spec.shape[:axis], *made, *spec.shape[axis + 1 :])
        return TensorSpec(
            shape, spec.dtype, None, frozenset(axis + at for at, size in enumerate(sizes) if size < 0)
        )

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        axis, before = axis_of(bound["dim"], bound["input"].rank), bound["input"].rank
        grown = rank - before
        return [at if at < axis else axis if at <= axis + grown else at - grown for at in range(rank)]


class Squeeze(ByAxes):
    """`squeeze`: drops axes of size 1; without `dim` all of them."""

    def refuse(self, bound: Bound) -> Refusal | None:
        dim = bound["dim"]
        listed = isinstance(dim, (tuple, list))
        return super().refuse(bound) or (repeated_dim(self.name, dim, self.rank(bound)) if listed else None)

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        spec = bound["input"]
        named = axes_of(bound["dim"], spec.rank)
        return [axis for axis, size in enumerate(spec.shape) if size != 1 or axis not in named]


class Unsqueeze(ByAxes):
    """`unsqueeze`: a new axis."""

    def rank(self, bound: Bound) -> int:
        return bound["input"].rank + 1

    def refuse(self, bound: Bound) -> Refusal | None:
        return wrong_dim(self.name, bound["dim"], self.rank(bound))

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        axis = axis_of(bound["dim"], rank)
        return [None if at == axis else at - (at > axis) for at in range(rank)]


class Permute(ByAxes):
    """`permute`: every axis once."""

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, dims = bound["input"], bound["dims"]
        if isinstance(dims, int):
            return Refusal("argument", f"permute takes a tuple of axes, not {dims}", "dims", operand=None)
        refusal = super().refuse(bound)
        if refusal is None and len(dims) != spec.rank:
            return Refusal(
                "rank",
                f"permute names {rank_text(len(dims))}, but the tensor has {spec.rank}",
                "dims",
                expected=len(dims),
                actual=spec.rank,
            )
        return refusal or repeated_dim(self.name, dims, spec.rank)

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec = bound["input"]
        return TensorSpec(spec.shape, spec.dtype, None, frozenset(range(1, spec.rank)))

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        return axes_of(bound["dims"], rank)


class Transpose(ByAxes):
    """`transpose`: two axes change places."""

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        order = list(range(rank))
        one, other = (axis_of(bound[name], rank) for name in self.dims)
        if order:
            order[one], order[other] = order[other], order[one]
        return order


class Movedim(ByAxes):
    """`movedim`: axes move to other places, the rest keep their order."""

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = super().refuse(bound)
        if refusal is not None:
            return refusal
        rank = self.rank(bound)
        source, destination = (self._listed(bound[name]) for name in self.dims)
        if len(source) != len(destination):
            return Refusal(
                "argument",
                f"movedim moves {rank_text(len(source))} to {len(destination)} places",
                "destination",
                operand=None,
            )
        return repeated_dim(self.name, source, rank) or repeated_dim(self.name, destination, rank)

    @staticmethod
    def _listed(dims: Any) -> tuple[int, ...]:
        return tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        moved = dict(zip(axes_of(bound["destination"], rank), axes_of(bound["source"], rank), strict=True))
        rest = iter(axis for axis in range(rank) if axis not in moved.values())
        return [moved[axis] if axis in moved else next(rest) for axis in range(rank)]


class Transposed(View):
    """`T`, `mT`, `H`, `mH`, `t`, `adjoint`: matrices turned; `T` turns all axes around."""

    def refuse(self, bound: Bound) -> Refusal | None:
        rank = bound["input"].rank
        most = 2 if self.name in ("t", "t_", "H") else rank
        vectors = self.name in ("t", "t_", "T")
        if rank <= most and (rank != 1 or vectors):
            return None
        return Refusal(
            "rank", f"{self.name} takes a matrix, but the tensor has {rank_text(rank)}", actual=rank
        )

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        if self.name == "T":
            return range(rank)[::-1]
        return [*range(rank - 2), *range(rank - 1, max(rank - 3, -1), -1)]


class Expand(View):
    """`expand` and its like: axes of size 1 are repeated without a copy. The attribute `size` is what was
    asked for."""

    def asked(self, bound: Bound) -> tuple[int, ...] | None:
        """The sizes asked for."""
        size = bound["size"]
        size = size.shape if isinstance(size, TensorSpec) else size
        if isinstance(size, (tuple, list)) and all(isinstance(one, int) for one in size):
            return tuple(size)
        return None

    def attributes(self, bound: Bound) -> dict[str, Any]:
        asked = self.asked(bound)
        return {} if asked is None else {"size": asked}

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, asked = bound["input"], self.asked(bound)
        if asked is None:
            return None
        missing = len(asked) - spec.rank
        if missing < 0:
            return Refusal(
                "rank",
                f"{self.name} to {rank_text(len(asked))}, but the tensor has {spec.rank} already",
                "size",
                expected=len(asked),
                actual=spec.rank,
            )
        for axis, size in enumerate(asked):
            if size < -1 or (size == -1 and axis < missing):
                what = "a new axis needs a size" if size == -1 else "sizes cannot be negative"
                return Refusal("argument", f"{self.name}({_written(asked)}): {what}", "size", operand=None)
            own = spec.shape[axis - missing] if axis >= missing else 1
            if size not in (-1, own) and own != 1:
                return Refusal(
                    "merge",
                    f"{self.name} repeats axes of size 1, but axis {axis - missing} is {own} "
                    f"and should become {size}",
                    "size",
                    expected=size,
                    actual=own,
                    axes=(("input", axis - missing),),
                )
        return None

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec, asked = bound["input"], self.asked(bound)
        if asked is None or refusal.reason != "merge":
            return super().recovered(bound, refusal)
        missing = len(asked) - spec.rank
        shape = tuple(spec.shape[axis - missing] if size == -1 else size for axis, size in enumerate(asked))
        return TensorSpec(shape, spec.dtype, None, frozenset(axis + missing for _, axis in refusal.axes))


class OfSeveral(View):
    """`broadcast_tensors`, `atleast_2d`: views of several tensors at once."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        raise NotImplementedError(self.name)

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        return Operator.uncertain(self, bound, outputs)


def _copies(names: str) -> list[Operator]:
    return [View("copy", name, (f"torch.Tensor.{name}",), "input, ~memory_format") for name in words(names)]


OPERATORS: list[Operator] = [
    Reshape("view", ("torch.Tensor.view",), "input, *shape"),
    Reshape("view_as", ("torch.Tensor.view_as",), "input, shape|other"),
    Reshape("reshape", ("torch.Tensor.reshape",), "input, *shape"),
    Reshape("reshape", ("torch.reshape",), "input, shape"),
    Reshape("reshape_as", ("torch.Tensor.reshape_as",), "input, shape|other"),
    Flatten("reshape", "flatten", method_and_function("flatten"), "input, start_dim=0, end_dim=-1, ~out_dim"),
    Ravel("reshape", "ravel", method_and_function("ravel"), "input"),
    Unflatten("reshape", "unflatten", method_and_function("unflatten"), "input, dim, sizes"),
    Squeeze("squeeze", "squeeze", method_and_function("squeeze"), "input, dim=None"),
    Squeeze("squeeze", "squeeze_", ("torch.Tensor.squeeze_",), "input, dim=None", inplace=True),
    Unsqueeze("squeeze", "unsqueeze", method_and_function("unsqueeze"), "input, dim"),
    Unsqueeze("squeeze", "unsqueeze_", ("torch.Tensor.unsqueeze_",), "input, dim", inplace=True),
    Permute("permute", "permute", ("torch.Tensor.permute",), "input, *dims", ("dims",)),
    Permute("permute", "permute", ("torch.permute",), "input, dims", ("dims",)),
    Transpose(
        "permute",
        "transpose",
        method_and_function("transpose", "swapaxes", "swapdims"),
        "input, dim0|axis0, dim1|axis1",
        ("dim0", "dim1"),
    ),
    Transpose(
        "permute",
        "transpose_",
        ("torch.Tensor.transpose_", "torch.Tensor.swapaxes_", "torch.Tensor.swapdims_"),
        "input, dim0|axis0, dim1|axis1",
        ("dim0", "dim1"),
        inplace=True,
    ),
    Movedim(
        "permute",
        "movedim",
        method_and_function("movedim", "moveaxis"),
        "input, source, destination",
        ("source", "destination"),
    ),
    Transposed("permute", "t", method_and_function("t"), "input"),
    Transposed("permute", "t_", ("torch.Tensor.t_",), "input", inplace=True),
    *(Transposed("permute", name, (f"torch.Tensor.{name}.__get__",), "input") for name in words("T mT H mH")),
    Transposed("permute", "adjoint", method_and_function("adjoint"), "input"),
    Expand("expand", "expand", ("torch.Tensor.expand",), "input, *size, implicit=False"),
    Expand("expand", "expand_as", ("torch.Tensor.expand_as",), "input, size|other"),
    Expand("expand", "broadcast_to", method_and_function("broadcast_to"), "input, size|shape"),
    *(
        OfSeveral("reshape", name, (f"torch.functional.{name}", f"torch.{name}"), "*tensors")
        for name in words("atleast_1d atleast_2d atleast_3d")
    ),
    OfSeveral(
        "expand",
        "broadcast_tensors",
        ("torch.functional.broadcast_tensors", "torch.broadcast_tensors"),
        "*tensors",
    ),
    View("copy", "contiguous", ("torch.Tensor.contiguous",), "input, memory_format=None"),
    View("copy", "clone", method_and_function("clone"), "input, memory_format=None"),
    View("copy", "positive", (*method_and_function("positive"), "torch.Tensor.__pos__"), "input"),
    View(
        "copy",
        "to",
        ("torch.Tensor.to",),
        "input, *options, ~device, ~dtype, ~non_blocking, ~copy, ~memory_format, ~other",
    ),
    View("copy", "type", ("torch.Tensor.type",), "input, dtype=None, ~non_blocking"),
    View("copy", "type_as", ("torch.Tensor.type_as",), "input, other"),
    *_copies("half float double bfloat16 int long short char byte bool cfloat cdouble"),
    View("copy", "real", ("torch.real", "torch.Tensor.real.__get__"), "input"),
    View("copy", "imag", ("torch.imag", "torch.Tensor.imag.__get__"), "input"),
    View("copy", "conj", method_and_function("conj", "resolve_conj"), "input"),
    View("copy", "view_as_real", ("torch.view_as_real",), "input"),
    View("copy", "view_as_complex", ("torch.view_as_complex",), "input"),
    View("detach", "detach", method_and_function("detach"), "input"),
    View("detach", "detach_", method_and_function("detach_"), "input", inplace=True),
    View("detach", "data", ("torch.Tensor.data.__get__",), "input"),
]
