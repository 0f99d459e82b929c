"""Every described operator as a function of torch's: what it gives, by its description."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import prod
from typing import Any

from cnnlint.operators import registry
from cnnlint.operators.base import Bound, Operator, TensorSpec
from cnnlint.operators.pointwise import Binary
from cnnlint.operators.promotion import result_type
from cnnlint.standin.needs import NeedsTorch

from . import _dispatch, _values, _views
from ._factories import filled, options
from ._tensor import Tensor, device_of, follow, make, spec, write
from ._types import DTYPES, Size, device, dtype, layout, memory_format

_OPTIONS = frozenset({"dtype", "device", "requires_grad", "layout", "pin_memory"})


def _argument(value: Any, tensors: dict[int, Tensor]) -> Any:
    """An argument as the descriptions see it."""
    if isinstance(value, Tensor):
        found = spec(value)
        tensors[id(found)] = value
        return found
    if isinstance(value, dtype):
        return value.name
    if type(value) in (list, tuple) or isinstance(value, Size):
        return tuple(_argument(item, tensors) for item in value)
    return value


def bind(operator: Operator, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Bound, dict[int, Tensor]]:
    """The arguments by name, and the tensors by the identity of what stands for them."""
    if kwargs.get("out") is not None:
        raise NeedsTorch(f"{operator.name} with out=")
    tensors: dict[int, Tensor] = {}
    try:
        bound = operator.bind(
            [_argument(value, tensors) for value in args],
            {name: _argument(value, tensors) for name, value in kwargs.items()},
        )
    except TypeError:
        raise NeedsTorch(f"torch's words for the arguments of {operator.name}") from None
    return bound, tensors


def kernel(name: str, operator: Operator) -> Callable[..., Any]:
    """What the function does when no mode is active."""
    if operator.name == "to":
        return _views.to
    if operator.name == "__getitem__":
        return _getitem
    known = _views.VIEWS.get(operator.name) if operator.sized_by_torch else None
    if known is not None:
        return lambda *args, **kwargs: _view(operator, known, args, kwargs)
    if operator.sized_by_torch:
        return _unknown(name)
    pairwise = {"max": "maximum", "min": "minimum"}.get(operator.name)
    if pairwise is not None and operator.name == name.rpartition(".")[2]:
        return lambda *args, **kwargs: _pairwise(operator, pairwise, args, kwargs)
    return lambda *args, **kwargs: evaluate(operator, args, kwargs)


def _unknown(name: str) -> Callable[..., Any]:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise NeedsTorch(name)

    return unknown


def _pairwise(operator: Operator, pairwise: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if "other" in kwargs or any(isinstance(item, Tensor) for item in args[1:]):
        operator = registry()[f"torch.{pairwise}"]
    return evaluate(operator, args, kwargs)


def _view(operator: Operator, known: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    bound, tensors = bind(operator, args, kwargs)
    if operator.refuse(bound) is not None:
        raise NeedsTorch(f"torch's words for what {operator.name} refuses")
    given = {name: _back(value, tensors) for name, value in bound.items()}
    for name in ("dtype", "memory_format"):
        if name in kwargs:
            given[name] = kwargs[name]
    if "shape" in given and any(isinstance(one, dtype) for one in args[1:]):
        given["shape"] = args[1]
    if operator.name == "type" and len(args) > 1:
        given["dtype"] = args[1]
    return known(**given)


def _back(value: Any, tensors: dict[int, Tensor]) -> Any:
    if isinstance(value, TensorSpec):
        return tensors[id(value)]
    if isinstance(value, tuple):
        return tuple(_back(item, tensors) for item in value)
    return value


def evaluate(operator: Operator, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What an operator gives that its description sizes."""
    if kwargs.get("out") is not None:
        return _into(kwargs["out"], operator, args, kwargs)
    bound, tensors = bind(operator, args, kwargs)
    if operator.refuse(bound) is not None:
        raise NeedsTorch(f"torch's words for what {operator.name} refuses")
    operands = list(tensors.values())
    if operator.inplace or bound.get("inplace") is True:
        return _written(operator, bound, tensors, operands[0])
    try:
        specs = operator.output(bound)
    except NotImplementedError:
        if operator.kind == "dropout":  # that drops nothing
            return operands[0]
        raise NeedsTorch(f"{operator.name}, whose size depends on values") from None
    if isinstance(specs, tuple):
        results = tuple(None if one is None else _result(one, operands, kwargs) for one in specs)
        if operator.named and len(results) > 1:
            from . import return_types

            _extremes(operator, bound, tensors, results)
            return getattr(return_types, operator.named)(results)
        return results
    values = None
    if not any(operand.device.type == "meta" for operand in operands):
        values = _computed(operator, bound, tensors, specs)
    return _result(specs, operands, kwargs, values)


def _into(out: Any, operator: Operator, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """An operator that writes its result into a tensor that it was given."""
    result = evaluate(operator, args, {name: value for name, value in kwargs.items() if name != "out"})
    alike = isinstance(out, Tensor) and isinstance(result, Tensor) and out.shape == result.shape
    if not alike or out.dtype is not result.dtype:
        raise NeedsTorch(f"{operator.name} with out=")
    return write(out, result._known())


def _result(
    one: TensorSpec, operands: Sequence[Tensor], kwargs: dict[str, Any], values: list[Any] | None = None
) -> Tensor:
    kind = DTYPES[one.dtype]
    if not operands or kwargs.get("device") is not None:
        result = options(kind, kwargs, one.shape, values)
        result._strides = one.strides
        return result
    result = make(one.shape, kind, device_of(operands), one.strides, values)
    follow(operands, result)
    if kwargs.get("requires_grad"):
        result.requires_grad = True
    return result


def _written(operator: Operator, bound: Bound, tensors: dict[int, Tensor], target: Tensor) -> Tensor:
    """The operand that an operator in place writes into."""
    values = None
    if target.device.type != "meta":
        if operator.name in ("fill_", "zero_"):
            value = bound.get("value", 0)
            fitting = _values.fits(value, target.dtype.name) if isinstance(value, (int, float)) else None
            values = None if fitting is None else [fitting]
        else:
            of = getattr(operator, "of", None)
            if of is not None and target._known() is not None:
                values = _computed(of, bound, tensors, of.output(bound))
                values = values and [
                    None if one is None else _values.fits(one, target.dtype.name) for one in values
                ]
    grown = [tensor for tensor in tensors.values() if tensor._requires_grad and tensor is not target]
    write(target, values)
    if grown and not target._requires_grad:
        follow(grown, target)
    return target


# -- values


def _stretched(tensor: Tensor, shape: Sequence[int]) -> list[Any] | None:
    """The values of an operand, broadcast."""
    known = tensor._known()
    if known is None or tuple(tensor.shape) == tuple(shape):
        return known
    if prod(shape) > _values.MOST:
        return None
    from ._tensor import nested

    tree = nested(known, tensor.shape) if known else []
    missing = len(shape) - tensor.ndim

    def at(place: tuple[int, ...]) -> Any:
        value = tree
        for axis, index in enumerate(place[missing:]):
            value = value[index if tensor.shape[axis] != 1 else 0]
        return value

    return [at(place) for place in product(*map(range, shape))]


def _computed(operator: Operator, bound: Bound, tensors: dict[int, Tensor], result: Any) -> list[Any] | None:
    """The values that come out, where all that goes in is known and the result exact."""
    if not isinstance(result, TensorSpec) or prod(result.shape) > _values.MOST:
        return None
    if not tensors:
        return filled(operator.name, bound, result.shape, result.dtype)
    unknown = any(tensor._storage.values is None for tensor in tensors.values())
    if unknown and operator.name not in _LIKE:
        return None
    try:
        values = _applied(operator, bound, tensors, result)
    except (ArithmeticError, ValueError, TypeError):
        return None
    if values is None or any(value is None for value in values):
        return None
    return _values.all_fit(values, result.dtype)


def _applied(
    operator: Operator, bound: Bound, tensors: dict[int, Tensor], result: TensorSpec
) -> list[Any] | None:
    name = operator.name
    if name in _LIKE:
        return filled(name, bound, result.shape, result.dtype)
    if name in _values.UNARY:
        known = tensors[id(bound["input"])]._known()
        return None if known is None else [None if one is None else _values.UNARY[name](one) for one in known]
    if name in _values.BINARY:
        if bound.get("alpha", 1) != 1 or bound.get("rounding_mode") is not None:
            return None
        return _binary(_values.BINARY[name], bound, tensors, result)
    if name in ("cat", "concat", "concatenate", "stack"):
        return _joined(name, bound, tensors)
    if name in _values.REDUCTIONS:
        return _reduced(name, bound, tensors)
    if name == "cumsum":
        return _summed_up(bound, tensors)
    if name == "__getitem__":
        return None
    return None


_LIKE = ("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full")


def _binary(
    function: Callable[[Any, Any], Any], bound: Bound, tensors: dict[int, Tensor], result: TensorSpec
) -> list[Any] | None:
    sides = []
    names = ("input", "other") if "other" in bound else ("input", "exponent")
    common = result_type([bound[name] for name in names])
    if not (common.startswith(("float3", "float6", "int")) or common == "bool"):
        return None
    for name in names:
        value = bound[name]
        if isinstance(value, TensorSpec):
            known = _stretched(tensors[id(value)], result.shape)
        else:
            known = [value] * prod(result.shape)
        if known is None or any(one is None for one in known):
            return None
        if common.startswith("float"):
            known = [_values.fits(one, common) for one in known]
        sides.append(known)
    return [function(left, right) for left, right in zip(*sides, strict=True)]


def _joined(name: str, bound: Bound, tensors: dict[int, Tensor]) -> list[Any] | None:
    parts = [tensors[id(one)] for one in bound["tensors"]]
    rank = parts[0].ndim
    if bound["dim"] not in (0, -rank - (name == "stack")) and not (
        rank == 1 and bound["dim"] == -1 and name != "stack"
    ):
        return None
    known = [part._known() for part in parts]
    return None if any(one is None for one in known) else [value for one in known for value in one or ()]


def _reduced(name: str, bound: Bound, tensors: dict[int, Tensor]) -> list[Any] | None:
    """Of all elements."""
    if bound.get("dim") is not None or bound.get("keepdim"):
        return None
    known = tensors[id(bound["input"])]._known()
    return [_values.REDUCTIONS[name](known)] if known and not any(one is None for one in known) else None


def _summed_up(bound: Bound, tensors: dict[int, Tensor]) -> list[Any] | None:
    known = tensors[id(bound["input"])]._known()
    if known is None or bound["input"].rank != 1 or not all(isinstance(one, int) for one in known):
        return None
    total, found = 0, []
    for one in known:
        total += one
        found.append(total)
    return found


def _extremes(operator: Operator, bound: Bound, tensors: dict[int, Tensor], results: Sequence[Any]) -> None:
    """Nothing is known of the values of `max(dim)` and its like."""


# -- indexing


def _getitem(input: Tensor, index: Any) -> Any:
    operator = registry()["torch.Tensor.__getitem__"]
    result, tensors = _views.index(input, index)
    if not tensors:
        return result
    bound, _ = bind(operator, (input, index), {})
    if operator.refuse(bound) is not None:
        raise NeedsTorch("torch's words for an index that does not fit")
    try:
        one = operator.output(bound)
    except NotImplementedError:
        one = _by_lists(operator, input, index)
    assert isinstance(one, TensorSpec)
    values = _views.gathered(result, tensors) if not input.is_meta else None
    return _result(one, [input], {}, values)


def _by_lists(operator: Operator, input: Tensor, index: Any) -> Any:
    """`x[[0, 1]]`, which descriptions cannot tell from `x[0, 1]`."""
    from ._factories import tensor

    listed = index if isinstance(index, tuple) else (index,)
    parts = tuple(tensor(list(part)) if isinstance(part, (list, range)) else part for part in listed)
    bound, _ = bind(operator, (input, parts), {})
    try:
        return operator.output(bound)
    except NotImplementedError:
        raise NeedsTorch("an index whose size depends on values") from None


def setitem(input: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`."""
    target, tensors = _views.index(input, index)
    if tensors:
        bound, _ = bind(registry()["torch.Tensor.__getitem__"], (input, index), {})
        if isinstance(value, Tensor) and prod(value.shape) != 1:
            one = registry()["torch.Tensor.__getitem__"].output(bound)
            assert isinstance(one, TensorSpec)
            _views.assign(make(one.shape, input.dtype, input.device), value)
        write(input)
        return
    if isinstance(value, Tensor) and value._requires_grad and not input._requires_grad:
        _views.assign(target, value)
        follow([value], input)
        return
    if not isinstance(value, (Tensor, bool, int, float)):
        from ._factories import tensor

        value = tensor(value)
    _views.assign(target, value)


_dispatch.function("torch.Tensor.__setitem__", setitem)

BY_SIGNS = {
    "add": "__add__ __radd__",
    "sub": "__sub__",
    "mul": "__mul__ __rmul__",
    "div": "__truediv__ __div__",
    "__rdiv__": "__rtruediv__",
    "remainder": "__mod__",
    "matmul": "__matmul__",
    "bitwise_and": "__rand__",
    "bitwise_or": "__ror__",
    "bitwise_xor": "__rxor__",
    "lt": "__lt__",
    "le": "__le__",
    "gt": "__gt__",
    "ge": "__ge__",
    "ne": "__ne__",
    "add_": "__iadd__",
    "sub_": "__isub__",
    "mul_": "__imul__",
    "div_": "__itruediv__ __idiv__",
    "floor_divide_": "__ifloordiv__",
    "remainder_": "__imod__",
    "neg": "__neg__",
    "positive": "__pos__",
    "abs": "__abs__",
}
"""The methods that signs call, where they reach a mode as another one."""


IN_PYTHON = frozenset(
    "__rsub__ __rdiv__ __floordiv__ __rfloordiv__ __rmod__ __pow__ __rpow__ __rlshift__ __rrshift__ __ipow__ "
    "__rmatmul__ __eq__ cdist einsum meshgrid tensordot chain_matmul norm unflatten atleast_1d atleast_2d "
    "atleast_3d broadcast_tensors split".split()
)
"""Functions that ask the mode whatever they are given, as those of `torch.nn.functional` do."""

COMPILED = frozenset(
    "gelu softplus hardshrink softshrink logsigmoid prelu relu_ hardtanh_ leaky_relu_ elu_ selu_ celu_ "
    "threshold_ rrelu_ scaled_dot_product_attention conv1d conv2d conv3d conv_transpose1d "
    "conv_transpose2d conv_transpose3d "
    "cosine_similarity pairwise_distance one_hot linear bilinear avg_pool1d avg_pool2d avg_pool3d "
    "adaptive_avg_pool1d pixel_shuffle pixel_unshuffle channel_shuffle".split()
)
"""Those of `torch.nn.functional` that do not."""


def looking(name: str, operator: Operator) -> Callable[..., Any] | None:
    """Has a compiled function look at what it is given before any mode is asked: what is neither a tensor nor
    a plain value it refuses in words of its own."""
    short = name.rpartition(".")[2]
    functional = name.startswith("torch.nn.functional.")
    if short in IN_PYTHON or (functional and short not in COMPILED) or operator.kind == "factory":
        return None
    first = 2 if isinstance(operator, Binary) else 1

    def look(args: Sequence[Any]) -> None:
        if any(value is None for value in args[:first]) or not all(map(_is_plain, args)):
            raise NeedsTorch(f"torch's words for the arguments of {short}")

    return look


def _is_plain(value: Any) -> bool:
    return (
        value is None
        or isinstance(value, (int, float, complex, str, tuple, list, range, slice, dtype, device, Size))
        or value is Ellipsis
        or hasattr(type(value), "dtype")
        or hasattr(type(value), "__index__")
        or isinstance(value, (type, layout, memory_format))
    )


def install(namespaces: dict[str, Any]) -> None:
    """Puts the functions of all described operators into the namespaces of these names."""
    for name, operator in registry().items():
        parts = name.split(".")
        owner = ".".join(parts[:-1])
        if parts[-1] == "__get__":
            made = _dispatch.function(name, kernel(name, operator))
            setattr(namespaces[".".join(parts[:-2])], parts[-2], Got(made))
        elif owner in namespaces:
            sign = parts[-1].startswith("__") and parts[-1] != "__getitem__"
            look = None if sign or parts[-1] == "__getitem__" else looking(name, operator)
            made = _dispatch.function(name, kernel(name, operator), sign, look)
            setattr(namespaces[owner], parts[-1], made)
    for method, signs in BY_SIGNS.items():
        for sign in signs.split():
            made = _dispatch.refusing(getattr(Tensor, method))
            setattr(Tensor, sign, made if method in IN_PYTHON else _dispatch.parsed(made))


class Got:
    """An attribute of tensors that is an operator (`T`, `data`)."""

    def __init__(self, function: Any):
        self._function = function
        vars(self)["__get__"] = function  # what the mode is given, by the name that it has in torch

    def __get__(self, tensor: Any, owner: Any = None) -> Any:
        return self if tensor is None else self._function(tensor)

    def __set__(self, tensor: Any, value: Any) -> None:
        if self._function.__module__ != "torch.Tensor.data":
            raise NeedsTorch("writing to an attribute of a tensor")
        tensor.shape, tensor.dtype, tensor.device = value.shape, value.dtype, value.device
        tensor._strides, tensor._offset, tensor._storage = value._strides, value._offset, value._storage
