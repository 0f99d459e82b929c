"""Parts of a tensor: splitting, selecting, indexing. torch sizes them itself, but for indexing by tensors,
whose meta kernel costs imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnnlint.operators.base import Bound, Operator, Output, Refusal, TensorSpec
from cnnlint.operators.broadcasting import broadcast, disagreements, merge_refusal
from cnnlint.operators.dimensions import axis_of, rank_text
from cnnlint.operators.layout import elementwise_strides, preserved, strides_of, view_strides
from cnnlint.operators.pointwise import method_and_function
from cnnlint.operators.promotion import category
from cnnlint.operators.views import ByAxes, View
from cnnlint.traces import Shape

_MASKS = ("bool", "uint8")


class Split(ByAxes):
    """`split` and its like: parts along one axis. The attribute `dim` counts from 0."""

    def refuse(self, bound: Bound) -> Refusal | None:
        spec = bound["input"]
        if not spec.rank:
            return Refusal("rank", f"{self.name} needs an axis, but the tensor is a single number")
        return super().refuse(bound) or self._wrong_parts(bound, axis_of(bound["dim"], spec.rank))

    def _wrong_parts(self, bound: Bound, axis: int) -> Refusal | None:
        parts = next(
            (bound[name] for name in ("split_size", "chunks", "indices_or_sections") if name in bound), None
        )
        size = bound["input"].shape[axis]
        least = 0 if self.name == "split" and size == 0 else 1
        if isinstance(parts, int):
            if parts >= least or (self.name == "split" and parts == 0 and size == 0):
                return None
            text = f"parts of {parts}" if self.name == "split" else f"{parts} parts"
            return Refusal("argument", f"{self.name} into {text}", actual=parts, operand=None)
        if self.name not in ("split", "split_with_sizes") or not isinstance(parts, (tuple, list)):
            return None
        if sum(parts) == size and min(parts, default=0) >= 0:
            return None
        return Refusal(
            "merge",
            f"{self.name} of axis {axis} into {' + '.join(map(str, parts))} = {sum(parts)}, "
            f"but its size is {size}",
            "split_size",
            expected=sum(parts),
            actual=size,
            axes=(("input", axis),),
        )

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        shape = bound["input"].shape
        axis = axis_of(bound["dim"], len(shape))
        parts = self._parts(bound, shape[axis])
        if len(parts) != len(traced):
            raise NotImplementedError(f"{self.name} into another number of parts")
        return [(*shape[:axis], part, *shape[axis + 1 :]) for part in parts]

    def _parts(self, bound: Bound, size: int) -> list[int]:
        """How long each part is along the axis."""
        given = bound.get("split_size")
        if isinstance(given, (tuple, list)):
            return list(given)
        if "chunks" in bound:
            given = -(-size // bound["chunks"])
        if isinstance(given, int):
            return [min(given, size - start) for start in range(0, size, max(given, 1))] or [0]
        sections = bound["indices_or_sections"]
        if isinstance(sections, int):
            return [size // sections + (at < size % sections) for at in range(sections)]
        ends = [*(len(range(size)[:end]) for end in sections), size]
        return [max(end - start, 0) for start, end in zip([0, *ends], ends, strict=False)]

    def recovered(self, bound: Bound, refusal: Refusal) -> Output:
        spec, parts = bound["input"], bound.get("split_size")
        if refusal.reason != "merge" or not isinstance(parts, (tuple, list)):
            return super().recovered(bound, refusal)
        axis = axis_of(bound["dim"], spec.rank)
        return tuple(
            TensorSpec(
                tuple(max(part, 0) if at == axis else size for at, size in enumerate(spec.shape)), spec.dtype
            )
            for part in parts
        )


class Unbind(ByAxes):
    """`unbind`: a tensor for each position of an axis."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        spec = bound["input"]
        if spec.shape[axis_of(bound["dim"], spec.rank)] != len(traced):
            raise NotImplementedError("unbind into another number of tensors")
        return super().resized(bound, traced)

    def refuse(self, bound: Bound) -> Refusal | None:
        if not bound["input"].rank:
            return Refusal("rank", "unbind needs an axis, but the tensor is a single number")
        return super().refuse(bound)

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        return _without(axis_of(bound["dim"], rank + 1), rank)


class AxisSplit(View):
    """`hsplit`, `vsplit`, `dsplit`: `tensor_split` along an axis that the name says."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        raise NotImplementedError(self.name)


class Select(ByAxes):
    """`select`: one position of an axis, which goes."""

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, index = bound["input"], bound["index"]
        if not spec.rank:
            return Refusal(
                "rank", "select needs an axis, but the tensor is a single number", exception="IndexError"
            )
        refusal = super().refuse(bound)
        if refusal is not None or not isinstance(index, int):
            return refusal
        return _outside(self.name, index, axis_of(bound["dim"], spec.rank), spec)

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        return _without(axis_of(bound["dim"], rank + 1), rank)


def _without(axis: int, rank: int) -> list[int | None]:
    """The source of each axis where `axis` was dropped."""
    return [at + (at >= axis) for at in range(rank)]


def _outside(name: str, index: int, axis: int, spec: TensorSpec) -> Refusal | None:
    """The refusal of a position that an axis does not have."""
    size = spec.shape[axis]
    if -size <= index < size:
        return None
    return Refusal(
        "argument",
        f"{name} takes position {index} of axis {axis}, whose size is {size}",
        "index",
        actual=size,
        axes=(("input", axis),),
        exception="IndexError",
    )


class Narrow(ByAxes):
    """`narrow`: `length` positions from `start` on."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        shape = bound["input"].shape
        axis = axis_of(bound["dim"], len(shape))
        return [(*shape[:axis], bound["length"], *shape[axis + 1 :])]

    def refuse(self, bound: Bound) -> Refusal | None:
        spec, start, length = bound["input"], bound["start"], bound["length"]
        if not spec.rank:
            return Refusal("rank", "narrow needs an axis, but the tensor is a single number")
        refusal = super().refuse(bound)
        if refusal is not None or not (isinstance(start, int) and isinstance(length, int)):
            return refusal
        axis = axis_of(bound["dim"], spec.rank)
        size = spec.shape[axis]
        first = start + size if start < 0 else start
        if length >= 0 and 0 <= first <= size and first + length <= size:
            return None
        return Refusal(
            "argument",
            f"narrow takes {length} positions from {start} on of axis {axis}, whose size is {size}",
            "length",
            actual=size,
            axes=(("input", axis),),
        )


class Diagonal(ByAxes):
    """`diagonal`: two axes become one, which is the last."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        raise NotImplementedError(self.name)

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = super().refuse(bound)
        rank = bound["input"].rank
        if refusal is None and axis_of(bound["dim1"], rank) == axis_of(bound["dim2"], rank):
            return Refusal(
                "argument",
                f"diagonal needs two different axes, not {bound['dim1']} twice",
                "dim2",
                operand=None,
            )
        return refusal

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        both = {axis_of(bound[name], rank + 1) for name in self.dims}
        return [*(axis for axis in range(rank + 1) if axis not in both), min(both)]


class Unfold(ByAxes):
    """The method `unfold`: windows along an axis, which become a new last axis."""

    def refuse(self, bound: Bound) -> Refusal | None:
        refusal = super().refuse(bound)
        if refusal is not None:
            return refusal
        spec, size, step = bound["input"], bound["size"], bound["step"]
        axis = axis_of(bound["dimension"], spec.rank)
        length = spec.shape[axis] if spec.rank else 1
        if not 0 <= size <= length:
            return Refusal(
                "collapse",
                f"unfold takes windows of {size} from axis {axis}, whose size is {length}",
                "size",
                expected=size,
                actual=length,
                axes=(("input", axis),) if spec.rank else (),
            )
        if step <= 0:
            return Refusal("argument", f"unfold's step must be at least 1, not {step}", "step", operand=None)
        return None

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        shape, size = bound["input"].shape, bound["size"]
        axis = axis_of(bound["dimension"], len(shape))
        return [(*shape[:axis], (shape[axis] - size) // bound["step"] + 1, *shape[axis + 1 :], size)]

    def sources(self, bound: Bound, rank: int) -> Sequence[int | None]:
        return [*range(rank - 1), axis_of(bound["dimension"], rank - 1)]


class Strided(View):
    """`as_strided`: a view of any size."""

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        return [tuple(bound["size"])]


class Index(View):
    """`x[...]`: by numbers, slices, None and ... it is a view; by integer tensors and lists it is sized
    here; by masks it depends on data."""

    def __init__(self) -> None:
        super().__init__("index", "__getitem__", ("torch.Tensor.__getitem__",), "input, index")
        self.sized_by_torch = False

    @staticmethod
    def parts(bound: Bound) -> list[Any]:
        """What stands in the brackets, one entry an axis (or new axis), `...` written out as slices."""
        index, rank = bound["index"], bound["input"].rank
        parts = list(index) if isinstance(index, tuple) else [index]
        used = sum(_axes_taken(part) for part in parts)
        if any(part is Ellipsis for part in parts):
            at = next(at for at, part in enumerate(parts) if part is Ellipsis)
            parts[at : at + 1] = [slice(None)] * max(rank - used, 0)
        return parts

    def refuse(self, bound: Bound) -> Refusal | None:
        if _may_be_list(bound["index"]):
            return None
        parts = self.parts(bound)
        return self._wrong_part(bound["input"], parts) or self._wrong_tensors(_tensors(parts) or [])

    @staticmethod
    def _wrong_part(spec: TensorSpec, parts: Sequence[Any]) -> Refusal | None:
        axis = 0
        for part in parts:
            taken = _axes_taken(part)
            if axis + taken > spec.rank:
                wanted = sum(map(_axes_taken, parts))
                return Refusal(
                    "rank",
                    f"the index takes {rank_text(wanted)}, but the tensor has {spec.rank}",
                    "index",
                    expected=wanted,
                    actual=spec.rank,
                    exception="IndexError",
                )
            if isinstance(part, (str, float)):
                return Refusal(
                    "argument",
                    f"tensors are indexed by whole numbers, slices, None, ... and tensors, not {part!r}",
                    "index",
                    operand=None,
                    exception="IndexError",
                )
            if isinstance(part, int) and not isinstance(part, bool):
                refusal = _outside("the index", part, axis, spec)
                if refusal is not None:
                    return refusal
            if isinstance(part, slice) and isinstance(part.step, int) and part.step <= 0:
                return Refusal(
                    "argument",
                    f"a slice's step must be at least 1, not {part.step}: write x.flip({axis})",
                    "index",
                    operand=None,
                    exception="ValueError",
                )
            axis += taken
        return None

    @staticmethod
    def _wrong_tensors(tensors: Sequence[TensorSpec]) -> Refusal | None:
        if not tensors or any(tensor.dtype in _MASKS for tensor in tensors):
            return None
        for tensor in tensors:
            if category(tensor.dtype) != 1:
                return Refusal(
                    "dtype",
                    f"indices must be integers or bools, not {tensor.dtype}: convert with .long()",
                    "index",
                    actual=tensor.dtype,
                    operand="index",
                    exception="IndexError",
                )
        found = disagreements([("index", tensor.shape) for tensor in tensors])
        if not found:
            return None
        refusal = merge_refusal("indexing", found, "in one index", "in another")
        return replace(refusal, operand=None, axes=(), exception="IndexError")

    def output(self, bound: Bound) -> Output:
        """By integer tensors: their axes stand where the first of them stood, in front if others lie
        between them."""
        parts = self.parts(bound)
        tensors = None if _may_be_list(bound["index"]) else _tensors(parts)
        if not tensors or not all(_is_integer_index(tensor) for tensor in tensors):
            raise NotImplementedError("a view, or a mask")
        source, places = _sliced(bound["input"], parts)
        wanted = broadcast([tensor.shape for tensor in tensors])
        assert wanted is not None, "refused before"
        adjacent = places == list(range(places[0], places[0] + len(places)))
        kept = [axis for axis in range(source.rank) if axis not in places]
        before = [axis for axis in kept if axis < places[0]] if adjacent else []
        after = [axis for axis in kept if axis not in before]
        own, strides = source.shape, strides_of(source)
        shape = (*(own[axis] for axis in before), *wanted, *(own[axis] for axis in after))
        walked = TensorSpec(
            shape,
            source.dtype,
            (*(strides[axis] for axis in before), *(0,) * len(wanted), *(strides[axis] for axis in after)),
        )
        placed = [_placed(_expanded(index, wanted), len(before), len(after)) for index in tensors]
        return TensorSpec(shape, source.dtype, elementwise_strides((walked, *placed), shape))

    def uncertain(self, bound: Bound, outputs: tuple[TensorSpec, ...]) -> tuple[frozenset[int], ...]:
        unsure = bound["input"].uncertain
        parts = self.parts(bound)
        if not unsure:
            return (frozenset(),) * len(outputs)
        if _tensors(parts) != []:
            return tuple(frozenset(range(1, output.rank)) for output in outputs)
        found, axis, at = set(), 0, 0
        for part in [*parts, *[slice(None)] * (bound["input"].rank - sum(map(_axes_taken, parts)))]:
            if part is None or isinstance(part, bool):
                at += 1
                continue
            if not isinstance(part, int):
                if axis in unsure:
                    found.add(at)
                at += 1
            axis += 1
        return (frozenset(found),)

    def attributes(self, bound: Bound) -> dict[str, Any]:
        return {"index": "[" + ", ".join(_written(part) for part in self.parts(bound)) + "]"}

    def rebound(self, attributes: Mapping[str, Any], tensors: Mapping[str, Any]) -> Bound:
        inside = attributes["index"][1:-1]
        parts = tuple(_read(part) for part in inside.split(", ")) if inside else ()
        return {"input": tensors["input"], "index": parts}

    def resized(self, bound: Bound, traced: Sequence[Shape]) -> Sequence[Shape | None]:
        sliced, places = _sliced(bound["input"], self.parts(bound))
        if places:
            raise NotImplementedError("an index by tensors")
        return [sliced.shape]


def _may_be_list(index: Any) -> bool:
    """Whether `x[0, 1]` may have been `x[[0, 1]]`: arguments come with their lists as tuples."""
    return isinstance(index, (tuple, list)) and all(isinstance(part, int) for part in index)


def _axes_taken(part: Any) -> int:
    """How many axes an entry takes: a mask as many as it has, None, ... and bools none, all others one."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    if isinstance(part, TensorSpec) and part.dtype in _MASKS:
        return part.rank
    return 1


def _tensors(parts: Sequence[Any]) -> list[TensorSpec] | None:
    """The tensors and lists among the entries, lists as tensors; None where there is something else that
    torch would have to read (masks as lists, arrays)."""
    found: list[TensorSpec] = []
    for part in parts:
        if isinstance(part, (list, tuple)):
            if not part or not all(isinstance(item, int) and not isinstance(item, bool) for item in part):
                return None
            found.append(TensorSpec((len(part),), "int64"))
        elif isinstance(part, TensorSpec):
            found.append(part)
        elif (part is not None and part is not Ellipsis and not isinstance(part, (int, slice))) or isinstance(
            part, bool
        ):
            return None
    return found


def _is_integer_index(tensor: TensorSpec) -> bool:
    """Whether it is no mask, and no single number, whose value torch reads."""
    return category(tensor.dtype) == 1 and tensor.dtype != "uint8" and tensor.rank > 0


def _sliced(spec: TensorSpec, parts: Sequence[Any]) -> tuple[TensorSpec, list[int]]:
    """The tensor after its numbers, slices and new axes were applied, and the axes that are indexed by
    tensors."""
    shape, strides, places, axis = [], [], [], 0
    own = strides_of(spec)
    for part in [*parts, *[slice(None)] * (spec.rank - sum(map(_axes_taken, parts)))]:
        if part is None:
            shape.append(1)
            strides.append(spec.shape[axis] * own[axis] if axis < spec.rank else 1)
            continue
        if isinstance(part, slice):
            chosen = range(spec.shape[axis])[part]
            shape.append(len(chosen))
            strides.append(own[axis] * chosen.step)
        elif not isinstance(part, int):
            places.append(len(shape))
            shape.append(spec.shape[axis])
            strides.append(own[axis])
        axis += 1
    return TensorSpec(tuple(shape), spec.dtype, tuple(strides)), places


def _expanded(index: TensorSpec, shape: Shape) -> TensorSpec:
    """An index broadcast to the common shape; torch copies all but int64 ones, which undoes it."""
    missing = len(shape) - index.rank
    strides = [
        stride if size == wanted else 0
        for size, stride, wanted in zip(index.shape, strides_of(index), shape[missing:], strict=True)
    ]
    expanded = TensorSpec(shape, index.dtype, (*(0,) * missing, *strides))
    return expanded if index.dtype == "int64" else TensorSpec(shape, "int64", preserved(expanded))


def _placed(index: TensorSpec, before: int, after: int) -> TensorSpec:
    """An index as it walks along the result: with axes of size 1 around its own."""
    shape: Shape = (1,) * before + index.shape + (1,) * after
    return TensorSpec(shape, index.dtype, view_strides(index, shape))


def _written(part: Any) -> str:
    """An entry as it is written in brackets."""
    if isinstance(part, slice):
        ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
        return ":".join(ends) + ("" if part.step is None else f":{part.step}")
    return "tensor" if isinstance(part, TensorSpec) else str(part)


def _read(text: str) -> Any:
    """The entry that `_written` wrote.

    Raises:
        NotImplementedError: a tensor or a list, of which only that is kept.
    """
    if text in ("None", "True", "False"):
        return {"None": None, "True": True, "False": False}[text]
    ends = text.split(":")
    try:
        numbers = [int(end) if end else None for end in ends]
    except ValueError:
        raise NotImplementedError(f"an index by {text}") from None
    return numbers[0] if len(numbers) == 1 else slice(*numbers)


OPERATORS: list[Operator] = [
    Split(
        "split",
        "split",
        ("torch.Tensor.split", "torch.split", "torch.functional.split"),
        "input|tensor, split_size|split_size_or_sections|split_sizes, dim=0",
    ),
    Split(
        "split",
        "split_with_sizes",
        method_and_function("split_with_sizes"),
        "input, split_size|split_sizes, dim=0",
    ),
    Split("split", "chunk", method_and_function("chunk"), "input, chunks, dim=0"),
    Split("split", "unsafe_chunk", method_and_function("unsafe_chunk"), "input, chunks, dim=0"),
    Split(
        "split",
        "tensor_split",
        method_and_function("tensor_split"),
        "input, indices_or_sections|sections|indices|tensor_indices_or_sections, dim=0",
    ),
    *(
        AxisSplit("split", name, method_and_function(name), "input, sections|indices")
        for name in ("hsplit", "vsplit", "dsplit")
    ),
    Unbind("split", "unbind", method_and_function("unbind"), "input, dim=0"),
    Narrow("index", "narrow", method_and_function("narrow"), "input, dim, start, length"),
    Select("index", "select", method_and_function("select"), "input, dim, index"),
    Diagonal(
        "index",
        "diagonal",
        method_and_function("diagonal"),
        "input, offset=0, dim1=0, dim2=1",
        ("dim1", "dim2"),
    ),
    Unfold("index", "unfold", ("torch.Tensor.unfold",), "input, dimension, size, step", ("dimension",)),
    Strided(
        "index", "as_strided", method_and_function("as_strided"), "input, size, stride, storage_offset=None"
    ),
    Index(),
]
