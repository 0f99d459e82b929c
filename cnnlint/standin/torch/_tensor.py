"""Tensors that have everything but their elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.layout import contiguous_strides, is_contiguous
from cnnlint.standin.needs import NeedsTorch

from . import _dispatch, _values
from ._types import CPU, FORMATS, META, Size, device, dtype


class Storage:
    """The memory that a tensor and its views share: how often it was written to, and where they are known its
    values in their order in memory."""

    __slots__ = ("count", "held", "itemsize", "values", "version")

    def __init__(self, count: int, itemsize: int, values: list[Any] | None = None):
        self.count = count
        self.itemsize = itemsize
        self.values = values
        self.version = 0
        self.held = 0

    def hold(self) -> None:
        """Takes the memory that the elements would take.

        Raises:
            RuntimeError: there is not as much, as where torch allocates it.
        """
        size = self.count * self.itemsize
        if _held[0] + size > MEMORY:
            raise RuntimeError(
                "[enforce fail at alloc_cpu.cpp:131] err == 0. DefaultCPUAllocator: can't allocate memory: "
                f"you tried to allocate {size} bytes. Error code 12 (Cannot allocate memory)"
            )
        _held[0] += size
        self.held = size

    def __del__(self) -> None:
        if self.held:
            _held[0] -= self.held

    @property
    def _cdata(self) -> int:
        return id(self)

    def data_ptr(self) -> int:
        return id(self)

    def nbytes(self) -> int:
        return self.count * self.itemsize

    def size(self) -> int:
        return self.count

    __len__ = size


MEMORY = 6 << 30
"""Bytes that a file's tensors may take together, as `runtime.guard` limits them where torch allocates."""

SMALL = 1 << 20
"""Bytes up to which a tensor's memory is not counted."""

_held = [0]


class Tensor:
    """A tensor: shape, strides, dtype, device, the memory that it shares, and values where it is small and
    they are known."""

    shape: Size
    dtype: dtype
    device: device
    grad: Any
    _requires_grad: bool
    _base: Tensor | None
    _backward_hooks: Any

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Tensor:
            raise NeedsTorch("a tensor of a class of its own")
        from ._factories import legacy

        return legacy(DTYPE_OF_LEGACY, args, kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    # -- what it is

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf and not value:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if value and not (self.dtype.is_floating_point or self.dtype.is_complex):
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def _version(self) -> int:
        return self._storage.version

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def layout(self) -> Any:
        from ._types import LAYOUTS

        return LAYOUTS["strided"]

    @property
    def is_meta(self) -> bool:
        return self.device.type == "meta"

    @property
    def is_cpu(self) -> bool:
        return self.device.type == "cpu"

    is_sparse = is_quantized = is_nested = is_mps = is_xpu = is_mkldnn = is_xla = False
    is_sparse_csr = is_hpu = is_vulkan = is_ipu = retains_grad = False
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.dtype.itemsize * prod(self.shape))
    output_nr = 0

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[self._axis(dim)]

    def stride(self, dim: int | None = None) -> Any:
        strides = self._strides if self._strides is not None else contiguous_strides(self.shape)
        return strides if dim is None else strides[self._axis(dim)]

    def _axis(self, dim: Any) -> int:
        rank = len(self.shape)
        if type(dim) is not int:
            dim = dim.__index__()
        if not -rank <= dim < rank:
            if not rank:
                raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim})"
            )
        return dim

    def dim(self) -> int:
        return len(self.shape)

    ndimension = dim

    def numel(self) -> int:
        return prod(self.shape)

    nelement = numel

    def element_size(self) -> int:
        return self.dtype.itemsize

    def storage_offset(self) -> int:
        return self._offset

    def is_contiguous(self, memory_format: Any = None) -> bool:
        if memory_format in (None, FORMATS["contiguous_format"], FORMATS["preserve_format"]):
            return self._strides is None or is_contiguous(self.shape, self._strides)
        order = {4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}.get(len(self.shape))
        if order is None or (len(self.shape) == 5) != (memory_format is FORMATS["channels_last_3d"]):
            return False
        strides = self.stride()
        return is_contiguous([self.shape[axis] for axis in order], [strides[axis] for axis in order])

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    def is_signed(self) -> bool:
        return self.dtype.is_signed

    def get_device(self) -> int:
        return -1

    def data_ptr(self) -> int:
        return 0 if self.is_meta else id(self._storage) + self._offset * self.dtype.itemsize

    def untyped_storage(self) -> Storage:
        return self._storage

    def is_shared(self) -> bool:
        return False

    is_pinned = is_inference = is_shared

    def is_same_size(self, other: Tensor) -> bool:
        return self.shape == other.shape

    def is_set_to(self, other: Tensor) -> bool:
        return self._storage is other._storage and (self.shape, self.stride(), self._offset) == (
            other.shape,
            other.stride(),
            other._offset,
        )

    def register_hook(self, hook: Any) -> Any:
        from .utils.hooks import RemovableHandle

        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return RemovableHandle({})

    def retain_grad(self) -> None:
        return None

    def backward(self, *args: Any, **kwargs: Any) -> None:
        raise NeedsTorch("Tensor.backward")

    def share_memory_(self) -> Tensor:
        return self

    def pin_memory(self, *args: Any) -> Tensor:
        return self

    # -- values

    def _known(self) -> list[Any] | None:
        """Its elements in their order, where they are known."""
        values = self._storage.values
        if values is None or self.device.type == "meta" or prod(self.shape) > _values.MOST:
            return None
        return [values[place] for place in _values.places(self.shape, self.stride(), self._offset)]

    def _asked(self, what: str) -> list[Any]:
        known = self._known()
        if known is None or any(value is None for value in known):
            raise NeedsTorch(f"the values of a tensor ({what})")
        return known

    def _number(self, what: str) -> Any:
        if prod(self.shape) != 1:
            raise RuntimeError(f"a Tensor with {prod(self.shape)} elements cannot be converted to Scalar")
        return self._asked(what)[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    __hash__ = object.__hash__

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        known = self._known()
        if self.is_meta:
            return f"tensor(..., device='meta', size={tuple(self.shape)})"
        return (
            f"tensor({_nested(known, self.shape)})"
            if known is not None
            else f"tensor(..., size={tuple(self.shape)})"
        )

    def __format__(self, spec: str) -> str:
        if not self.shape and not self.is_meta:
            return self._number("format").__format__(spec)
        return object.__format__(self, spec)

    def __reversed__(self) -> Tensor:
        return self.flip(0) if self.shape else self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) in memo:
            return memo[id(self)]
        if not self.is_leaf:
            raise NeedsTorch("a copy of a tensor that was computed")
        known = self._known()
        copied = make(
            self.shape, self.dtype, self.device, self._strides if known is None else None, known, type(self)
        )
        copied._requires_grad = self._requires_grad
        memo[id(self)] = copied
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise NeedsTorch("a pickled tensor")

    __array_priority__ = 1000

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise NeedsTorch("a tensor as an array")

    def __getattr__(self, name: str) -> Any:
        from cnnlint.standin.names import is_known

        if is_known("torch.Tensor", name):
            raise NeedsTorch(f"torch.Tensor.{name}")
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


Tensor.__module__ = "torch"
DTYPE_OF_LEGACY = "float32"


def _nested(values: list[Any], shape: Sequence[int]) -> Any:
    """A flat list as nested ones."""
    if not shape:
        return values[0]
    step = prod(shape[1:])
    return [_nested(values[at * step : (at + 1) * step], shape[1:]) for at in range(shape[0])]


nested = _nested


def make(
    shape: Sequence[int],
    dtype: dtype,
    device: device = CPU,
    strides: Sequence[int] | None = None,
    values: list[Any] | None = None,
    kind: Any = Tensor,
) -> Any:
    """A tensor with memory of its own, which is dense; `values` are in the order of its elements."""
    if values is not None and strides is not None:
        placed: list[Any] = [None] * len(values)
        for place, value in zip(_values.places(shape, strides, 0), values, strict=True):
            placed[place] = value
        values = placed
    tensor = object.__new__(kind)
    tensor.shape = shape if type(shape) is Size else Size(shape)
    tensor.dtype = dtype
    tensor.device = device
    tensor._strides = tuple(strides) if strides is not None else None
    tensor._offset = 0
    tensor._storage = Storage(prod(shape), dtype.itemsize, values)
    if tensor._storage.count * dtype.itemsize >= 1 << 63:
        raise NeedsTorch("torch's words for sizes that it cannot count")
    if device.type == "cpu" and tensor._storage.count * dtype.itemsize > SMALL:
        tensor._storage.hold()
    tensor._requires_grad = False
    tensor.grad = tensor.grad_fn = tensor._base = tensor._backward_hooks = None
    return tensor


def view(
    base: Tensor, shape: Sequence[int], strides: Sequence[int] | None, offset: int | None = None
) -> Tensor:
    """The memory of a tensor, seen otherwise."""
    tensor: Tensor = object.__new__(Tensor)
    tensor.shape = shape if type(shape) is Size else Size(shape)
    tensor.dtype = base.dtype
    tensor.device = base.device
    if strides is not None and tuple(strides) == contiguous_strides(tensor.shape):
        strides = None
    tensor._strides = tuple(strides) if strides is not None else None
    tensor._offset = base._offset if offset is None else offset
    tensor._storage = base._storage
    tensor.grad = tensor._backward_hooks = None
    tensor._base = base if base._base is None else base._base
    follow([base], tensor)
    return tensor


class Gradient:
    """What stands in `grad_fn`."""

    next_functions = ()

    def name(self) -> str:
        raise NeedsTorch("the name of a grad_fn")

    def register_hook(self, *args: Any) -> Any:
        raise NeedsTorch("a hook on a grad_fn")


_GRADIENT = Gradient()
gradients = [True]
"""Whether gradients are on, in a list that the contexts change."""


def follow(sources: Sequence[Tensor], result: Tensor) -> None:
    """Has a result require gradients where one of the tensors that it was made of does."""
    needed = gradients[0] and any(source._requires_grad for source in sources)
    needed = needed and (result.dtype.is_floating_point or result.dtype.is_complex)
    result._requires_grad = needed
    result.grad_fn = _GRADIENT if needed else None


def spec(tensor: Tensor) -> TensorSpec:
    """A tensor as the descriptions see it."""
    if tensor._strides is None or tensor.is_contiguous():
        return TensorSpec(tuple(tensor.shape), tensor.dtype.name)
    return TensorSpec(tuple(tensor.shape), tensor.dtype.name, tensor._strides)


def write(tensor: Tensor, values: list[Any] | None = None) -> Tensor:
    """Notes that a tensor's elements were overwritten, by these values where they are known.

    Raises:
        RuntimeError: autograd does not allow it.
    """
    if gradients[0] and tensor._requires_grad:
        if tensor.is_leaf:
            raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
        if tensor._base is not None and tensor._base.is_leaf and tensor._base._requires_grad:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation."
            )
    storage = tensor._storage
    storage.version += 1
    if storage.values is not None and prod(tensor.shape) <= _values.MOST:
        places = _values.places(tensor.shape, tensor.stride(), tensor._offset)
        for at, place in enumerate(places):
            storage.values[place] = None if values is None else values[at % len(values)]
    elif values is not None and storage.count == prod(tensor.shape) <= _values.MOST:
        storage.values = [None] * storage.count
        for at, place in enumerate(_values.places(tensor.shape, tensor.stride(), tensor._offset)):
            storage.values[place] = values[at % len(values)]
    else:
        storage.values = None
    return tensor


def device_of(tensors: Sequence[Tensor]) -> device:
    """Where the result of these operands is."""
    return META if any(tensor.device.type == "meta" for tensor in tensors) else CPU


Kernel = Callable[..., Any]
kernel = _dispatch.reached_by_mode
