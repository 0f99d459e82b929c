"""Views, copies and indexing: the kernels of what the descriptions leave to torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.dimensions import axes_of, axis_of
from cnnlint.operators.layout import channels_last, preserved, view_strides
from cnnlint.operators.reshape import filled
from cnnlint.standin.needs import NeedsTorch

from ._tensor import Tensor, follow, make, view, write
from ._types import DTYPES, FORMATS, META, device, dtype

VIEWS: dict[str, Callable[..., Any]] = {}
"""By the operator's name: a function of its bound arguments, with tensors as they are."""


def _kernel(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        VIEWS.update(dict.fromkeys(names, function))
        return function

    return register


def _exact(tensor: Tensor) -> TensorSpec:
    """With the strides as they are, also of axes with one position."""
    return TensorSpec(tuple(tensor.shape), tensor.dtype.name, tensor._strides)


def whole(value: Any) -> int:
    """A size, which may be a tensor with a known value."""
    return value if type(value) is int else value.__index__()


def _sizes(value: Any) -> tuple[int, ...]:
    if isinstance(value, Tensor):
        return tuple(value.shape)
    return tuple(whole(size) for size in value)


def copied(tensor: Tensor, strides: Sequence[int] | None = None, kind: dtype | None = None) -> Tensor:
    """Its elements in memory of their own, in this order."""
    known = tensor._known()
    kind = kind or tensor.dtype
    if known is not None and kind is not tensor.dtype:
        from ._values import fits

        known = [None if value is None else fits(value, kind.name) for value in known]
    result: Tensor = make(tensor.shape, kind, tensor.device, strides, known)
    follow([tensor], result)
    return result


@_kernel("view", "view_as")
def _view(input: Tensor, shape: Any) -> Tensor:
    if isinstance(shape, tuple) and len(shape) == 1 and isinstance(shape[0], dtype):
        shape = shape[0]
    if isinstance(shape, dtype):
        if shape.itemsize != input.dtype.itemsize:
            raise NeedsTorch("a view of another dtype")
        result = view(input, input.shape, input._strides)
        result.dtype = shape
        return result
    sizes = filled(_sizes(shape), prod(input.shape))
    strides = None if sizes is None else view_strides(_exact(input), sizes)
    if sizes is None or strides is None:
        raise NeedsTorch("torch's words for a view that does not fit")
    return view(input, sizes, strides)


@_kernel("reshape", "reshape_as")
def _reshape(input: Tensor, shape: Any) -> Tensor:
    sizes = filled(_sizes(shape), prod(input.shape))
    if sizes is None:
        raise NeedsTorch("torch's words for a reshape that does not fit")
    strides = view_strides(_exact(input), sizes)
    if strides is not None:
        return view(input, sizes, strides)
    result = copied(input)
    result.shape = type(input.shape)(sizes)
    return result


@_kernel("flatten")
def _flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    if not input.shape:
        return _reshape(input, (1,))
    start, end = axis_of(start_dim, input.ndim), axis_of(end_dim, input.ndim)
    if start == end:
        return input
    shape = input.shape
    return _reshape(input, (*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


@_kernel("ravel")
def _ravel(input: Tensor) -> Tensor:
    return _view(_contiguous(input), (-1,))


@_kernel("unflatten")
def _unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    axis = axis_of(dim, input.ndim)
    made = filled(_sizes(sizes), input.shape[axis])
    if made is None:
        raise NeedsTorch("torch's words for an unflatten that does not fit")
    return _view(input, (*input.shape[:axis], *made, *input.shape[axis + 1 :]))


def _by_axes(input: Tensor, order: Sequence[int]) -> Tensor:
    strides = input.stride()
    return view(input, [input.shape[axis] for axis in order], [strides[axis] for axis in order])


def _squeezed(input: Tensor, dim: Any) -> list[int]:
    named = axes_of(dim, input.ndim) if dim is not None else range(input.ndim)
    return [axis for axis, size in enumerate(input.shape) if size != 1 or axis not in named]


@_kernel("squeeze")
def _squeeze(input: Tensor, dim: Any = None) -> Tensor:
    return _by_axes(input, _squeezed(input, dim))


@_kernel("unsqueeze")
def _unsqueeze(input: Tensor, dim: int) -> Tensor:
    axis = axis_of(whole(dim), input.ndim + 1)
    shape, strides = input.shape, input.stride()
    step = shape[axis] * strides[axis] if axis < len(shape) else 1
    return view(input, (*shape[:axis], 1, *shape[axis:]), (*strides[:axis], step, *strides[axis:]))


@_kernel("permute")
def _permute(input: Tensor, dims: Any) -> Tensor:
    return _by_axes(input, axes_of(_sizes(dims), input.ndim))


@_kernel("transpose")
def _transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    order = list(range(input.ndim))
    if order:
        one, other = axis_of(dim0, input.ndim), axis_of(dim1, input.ndim)
        order[one], order[other] = order[other], order[one]
    return _by_axes(input, order)


@_kernel("movedim")
def _movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    rank = input.ndim
    moved = dict(zip(axes_of(destination, rank), axes_of(source, rank), strict=True))
    rest = iter(axis for axis in range(rank) if axis not in moved.values())
    return _by_axes(input, [moved[axis] if axis in moved else next(rest) for axis in range(rank)])


@_kernel("t")
def _t(input: Tensor) -> Tensor:
    return _transpose(input, 0, 1 if input.ndim > 1 else 0)


@_kernel("T")
def _reversed(input: Tensor) -> Tensor:
    return _by_axes(input, range(input.ndim)[::-1])


@_kernel("mT")
def _matrix_transposed(input: Tensor) -> Tensor:
    return _transpose(input, -2, -1)


@_kernel("H", "mH", "adjoint")
def _adjoint(input: Tensor) -> Tensor:
    if input.is_complex() or input.ndim < 2:
        raise NeedsTorch("the adjoint of complex numbers")
    return _transpose(input, -2, -1)


@_kernel("expand", "expand_as", "broadcast_to")
def _expand(input: Tensor, size: Any, implicit: bool = False) -> Tensor:
    asked = _sizes(size)
    if not input.ndim:
        return view(input, asked, (0,) * len(asked))
    missing, own = len(asked) - input.ndim, input.stride()
    shape, strides = list(asked), [0] * len(asked)
    for axis in reversed(range(len(asked))):
        there, step = (
            (input.shape[axis - missing], own[axis - missing])
            if axis >= missing
            else (1, shape[axis + 1] * strides[axis + 1])
        )
        if shape[axis] == -1:
            shape[axis] = there
        strides[axis] = step if shape[axis] == there else 0
    return view(input, shape, strides)


@_kernel("broadcast_tensors")
def _broadcast_tensors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    from cnnlint.operators.broadcasting import broadcast

    shape = broadcast([tuple(tensor.shape) for tensor in tensors])
    if shape is None:
        raise NeedsTorch("torch's words for shapes that do not go together")
    return tuple(_expand(tensor, shape) for tensor in tensors)


@_kernel("meshgrid")
def _meshgrid(tensors: Sequence[Tensor], indexing: str | None = None) -> tuple[Tensor, ...]:
    if indexing == "xy" and len(tensors) > 1:
        first, second, *rest = _meshgrid([tensors[1], tensors[0], *tensors[2:]])
        grids = (second, first, *rest)
        return tuple(_transpose(grid, 0, 1) for grid in grids)
    shape = tuple(prod(tensor.shape) for tensor in tensors)
    found = []
    for at, tensor in enumerate(tensors):
        sizes = [1] * len(shape)
        sizes[at] = shape[at]
        found.append(_expand(_view(tensor, tuple(sizes)), shape))
    return tuple(found)


def _at_least(rank: int) -> Callable[..., Any]:
    def at_least(tensors: Any) -> Any:
        if not isinstance(tensors, Tensor):
            if len(tensors) == 1 and isinstance(tensors[0], Tensor):
                return at_least(tensors[0])
            return tuple(map(at_least, tensors))
        if tensors.ndim >= rank:
            return tensors
        if rank == 3:
            raise NeedsTorch("atleast_3d")
        return _view(tensors, (1,) * (rank - tensors.ndim) + tuple(tensors.shape))

    return at_least


for _rank in (1, 2, 3):
    VIEWS[f"atleast_{_rank}d"] = _at_least(_rank)


# -- parts


def narrowed(input: Tensor, axis: int, start: int, length: int, step: int = 1) -> Tensor:
    """Positions of one axis."""
    strides = input.stride()
    shape = (*input.shape[:axis], length, *input.shape[axis + 1 :])
    offset = input._offset + start * strides[axis]
    return view(input, shape, (*strides[:axis], strides[axis] * step, *strides[axis + 1 :]), offset)


@_kernel("narrow")
def _narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    axis = axis_of(dim, input.ndim)
    start = whole(start)
    return narrowed(input, axis, start + input.shape[axis] if start < 0 else start, whole(length))


@_kernel("select")
def _select(input: Tensor, dim: int, index: Any) -> Tensor:
    axis, at = axis_of(dim, input.ndim), whole(index)
    size, strides = input.shape[axis], input.stride()
    if not -size <= at < size:
        raise IndexError(
            f"select(): index {at} out of range for tensor of size {list(input.shape)} at dimension {axis}"
        )
    offset = input._offset + (at + size if at < 0 else at) * strides[axis]
    return view(
        input,
        (*input.shape[:axis], *input.shape[axis + 1 :]),
        (*strides[:axis], *strides[axis + 1 :]),
        offset,
    )


def _parts(input: Tensor, dim: int, lengths: Sequence[int]) -> tuple[Tensor, ...]:
    axis, start, found = axis_of(dim, input.ndim), 0, []
    for length in lengths:
        found.append(narrowed(input, axis, start, length))
        start += length
    return tuple(found)


@_kernel("split", "split_with_sizes")
def _split(input: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    size = input.shape[axis_of(dim, input.ndim)]
    if isinstance(split_size, (tuple, list)):
        return _parts(input, dim, [whole(part) for part in split_size])
    length = whole(split_size)
    return _parts(input, dim, [min(length, size - at) for at in range(0, size, max(length, 1))] or [0])


@_kernel("chunk", "unsafe_chunk")
def _chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    size = input.shape[axis_of(dim, input.ndim)]
    if not size:
        return _parts(input, dim, [0] * chunks)
    return _split(input, -(-size // chunks), dim)


@_kernel("tensor_split")
def _tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    axis = axis_of(dim, input.ndim)
    size = input.shape[axis]
    if isinstance(indices_or_sections, Tensor):
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        count = indices_or_sections
        return _parts(input, axis, [size // count + (at < size % count) for at in range(count)])
    ends = [*(len(range(size)[:end]) for end in indices_or_sections), size]
    starts = [0, *ends[:-1]]
    return tuple(
        narrowed(input, axis, start, max(end - start, 0)) for start, end in zip(starts, ends, strict=True)
    )


@_kernel("hsplit", "vsplit", "dsplit")
def _axis_split(input: Tensor, sections: Any) -> tuple[Tensor, ...]:
    raise NeedsTorch("hsplit, vsplit and dsplit")


@_kernel("unbind")
def _unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    axis = axis_of(dim, input.ndim)
    return tuple(_select(input, axis, at) for at in range(input.shape[axis]))


@_kernel("diagonal")
def _diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    one, other = axis_of(dim1, input.ndim), axis_of(dim2, input.ndim)
    shape, strides = input.shape, input.stride()
    rows, columns = (
        (shape[one], shape[other] - offset) if offset >= 0 else (shape[one] + offset, shape[other])
    )
    length = max(min(rows, columns), 0)
    start = input._offset
    if length:
        start += offset * strides[other] if offset >= 0 else -offset * strides[one]
    kept = [axis for axis in range(input.ndim) if axis not in (one, other)]
    return view(
        input,
        (*(shape[axis] for axis in kept), length),
        (*(strides[axis] for axis in kept), strides[one] + strides[other]),
        start,
    )


@_kernel("unfold")
def _unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    if not input.ndim:
        raise NeedsTorch("unfold of a tensor without axes")
    axis = axis_of(dimension, input.ndim)
    shape, strides = list(input.shape), list(input.stride())
    last = strides[axis]
    shape[axis] = (shape[axis] - size) // step + 1
    strides[axis] *= step
    return view(input, (*shape, size), (*strides, last))


@_kernel("as_strided")
def _as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    return view(input, _sizes(size), _sizes(stride), storage_offset)


# -- copies


def _ordered(input: Tensor, memory_format: Any, default: str) -> tuple[int, ...] | None:
    """The strides of a fresh tensor in this memory format."""
    order = memory_format or FORMATS[default]
    if order is FORMATS["contiguous_format"]:
        return None
    if order is FORMATS["preserve_format"]:
        return preserved(_exact(input))
    return channels_last(input.shape)


@_kernel("contiguous")
def _contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    if input.is_contiguous(memory_format):
        return input
    return copied(input, _ordered(input, memory_format, "contiguous_format"))


@_kernel("clone")
def _clone(input: Tensor, memory_format: Any = None) -> Tensor:
    return copied(input, _ordered(input, memory_format, "preserve_format"))


@_kernel("positive", "conj", "real", "resolve_conj")
def _itself(input: Tensor) -> Tensor:
    if input.is_complex():
        raise NeedsTorch("complex numbers")
    return input


@_kernel("imag", "view_as_real", "view_as_complex")
def _complex(input: Tensor) -> Tensor:
    raise NeedsTorch("complex numbers")


def converted(input: Tensor, kind: dtype, copy: bool = False, memory_format: Any = None) -> Tensor:
    """In another dtype; itself where it has that."""
    if kind is input.dtype and not copy:
        return input
    return copied(input, _ordered(input, memory_format, "preserve_format"), kind)


def to(input: Tensor, *options: Any, **named: Any) -> Tensor:
    """`Tensor.to`."""
    where, kind, copy = named.get("device"), named.get("dtype"), named.get("copy", False)
    for option in options:
        if isinstance(option, Tensor):
            where, kind = option.device, option.dtype
        elif isinstance(option, dtype):
            kind = option
        elif isinstance(option, (str, device)):
            where = option
    other = named.get("other")
    if other is not None:
        where, kind = other.device, other.dtype
    result = converted(input, kind or input.dtype, copy, named.get("memory_format"))
    if where is None:
        return result
    where = device(where)
    if where.type == result.device.type:
        return result
    if where.type == "meta":
        moved = make(result.shape, result.dtype, META, result._strides)
        follow([result], moved)
        return moved
    raise NeedsTorch(f"a tensor on the device {where}")


def data(input: Tensor) -> Tensor:
    """A tensor over the same memory of which autograd knows nothing."""
    result = view(input, input.shape, input._strides)
    result._base = None
    result._requires_grad = False
    result.grad_fn = None
    return result


@_kernel("detach")
def _detach(input: Tensor) -> Tensor:
    return data(input)


VIEWS["data"] = data


@_kernel("type")
def _type(input: Tensor, dtype: Any = None) -> Any:
    from ._types import LEGACY

    if dtype is None:
        found = next((name for name, of in LEGACY.items() if of == input.dtype.name), None)
        if found is None:
            raise NeedsTorch("the old name of a dtype")
        return f"torch.{'meta.' if input.is_meta else ''}{found}"
    if isinstance(dtype, str):
        name = dtype.removeprefix("torch.")
        if name not in LEGACY:
            raise NeedsTorch(f"the type {dtype}")
        return converted(input, DTYPES[LEGACY[name]])
    legacy = getattr(dtype, "legacy_dtype", None)
    return converted(input, DTYPES[legacy] if legacy else dtype)


@_kernel("type_as")
def _type_as(input: Tensor, other: Tensor) -> Tensor:
    return to(input, other)


CONVERSIONS = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "bfloat16": "bfloat16",
    "int": "int32",
    "long": "int64",
    "short": "int16",
    "char": "int8",
    "byte": "uint8",
    "bool": "bool",
    "cfloat": "complex64",
    "cdouble": "complex128",
}
for _name, _of in CONVERSIONS.items():
    VIEWS[_name] = lambda input, memory_format=None, kind=DTYPES[_of]: converted(
        input, kind, False, memory_format
    )


# -- in place


def _in_place(of: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A view that changes the tensor itself."""

    def change(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        write_keeping(input)
        seen = of(input, *args, **kwargs)
        input.shape, input._strides = seen.shape, seen._strides
        return input

    return change


def write_keeping(input: Tensor) -> None:
    """A new version of a tensor whose elements stay."""
    kept = None if input._storage.values is None else list(input._storage.values)
    write(input)
    input._storage.values = kept


for _name in ("squeeze", "unsqueeze", "transpose", "t"):
    VIEWS[f"{_name}_"] = _in_place(VIEWS[_name])


@_kernel("detach_")
def _detach_(input: Tensor) -> Tensor:
    if input._base is not None:
        raise NeedsTorch("detach_ of a view")
    input._requires_grad = False
    input.grad_fn = None
    return input


@_kernel("copy_")
def _copy_(input: Tensor, other: Any) -> Tensor:
    return assign(input, other)


def assign(target: Tensor, value: Any) -> Tensor:
    """Writes a tensor or a number into a tensor, stretched to its size."""
    from ._values import fits

    if isinstance(value, Tensor):
        shape = tuple(value.shape)
        while len(shape) > target.ndim and shape[0] == 1:
            shape = shape[1:]
        own = tuple(target.shape)[target.ndim - len(shape) :] if len(shape) <= target.ndim else ()
        if len(shape) > target.ndim or any(
            size not in (1, there) for size, there in zip(shape, own, strict=True)
        ):
            raise NeedsTorch("torch's words for a value that does not fit")
        known = value._known()
        same = prod(value.shape) in (1, prod(target.shape))
        values = known if same else None
        if value.requires_grad and target.grad_fn is None and not target._requires_grad:
            write(target, None)
            follow([value], target)
            return target
    elif isinstance(value, (bool, int, float)):
        values = [value]
    else:
        raise NeedsTorch(f"writing {type(value).__name__} into a tensor")
    if values is not None:
        values = [None if one is None else fits(one, target.dtype.name) for one in values]
    return write(target, values)


# -- indexing


def index(input: Tensor, index: Any) -> tuple[Tensor, list[tuple[int, Any]]]:
    """The view that numbers, slices, None and ... give, and the tensors that are still to be applied, each
    with its axis there."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [_part(part) for part in parts]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    if any(isinstance(part, Tensor) and part.dtype.name in ("bool", "uint8") for part in parts):
        raise NeedsTorch("the values of a mask")
    if used > input.ndim:
        raise NeedsTorch("torch's words for too many indices")
    result, axis, own, tensors = input, 0, 0, []  # an axis of the result, and the input's
    for part in parts:
        if part is Ellipsis:
            axis += input.ndim - used
            own += input.ndim - used
        elif part is None:
            result = _unsqueeze(result, axis)
            axis += 1
        elif isinstance(part, int):
            result = _selected(result, axis, part, own)
            own += 1
        elif isinstance(part, slice):
            chosen = range(result.shape[axis])[part]
            if part != slice(None):
                if chosen.step < 1:
                    raise NeedsTorch("torch's words for a negative step")
                result = narrowed(result, axis, chosen.start, len(chosen), chosen.step)
            axis += 1
            own += 1
        else:
            tensors.append((axis, part))
            axis += 1
            own += 1
    return (view(input, input.shape, input._strides) if result is input else result), tensors


def _selected(input: Tensor, axis: int, at: int, own: int) -> Tensor:
    size = input.shape[axis]
    if not -size <= at < size:
        raise IndexError(f"index {at} is out of bounds for dimension {own} with size {size}")
    return _select(input, axis, at)


def _part(part: Any) -> Any:
    """One entry of an index: lists as tensors, numbers as such."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if isinstance(part, slice):
        return slice(*(None if end is None else whole(end) for end in (part.start, part.stop, part.step)))
    if isinstance(part, bool):
        raise NeedsTorch("indexing by a bool")
    if isinstance(part, Tensor):
        if not part.shape and part.dtype.name in ("int64", "int32", "int16", "int8"):
            return part._number("an index")
        return part
    if isinstance(part, (list, tuple, range)):
        from ._factories import tensor

        return tensor(list(part))
    if hasattr(part, "__index__"):
        return part.__index__()
    raise NeedsTorch(f"indexing by {type(part).__name__}")


def gathered(input: Tensor, tensors: list[tuple[int, Any]]) -> list[Any] | None:
    """The values that one tensor of indices chooses."""
    if len(tensors) != 1:
        return None
    axis, places = tensors[0]
    known = places._known()
    if known is None or input._known() is None or places.ndim != 1:
        return None
    size = input.shape[axis]
    parts = [_select(input, axis, at)._known() for at in known if -size <= at < size]
    if axis or any(part is None for part in parts):
        return None
    return [value for part in parts for value in part]  # type: ignore[union-attr]
