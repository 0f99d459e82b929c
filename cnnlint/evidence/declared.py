"""What a built model says of its own input, in attributes that libraries have agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnlint.evidence.tensor_values import shape_and_dtype
from cnnlint.traces import Degree, Input, Shape


def example(model: Any, names: Sequence[str]) -> tuple[tuple[Input, ...], int] | None:
    """The tensors of Lightning's `example_input_array`, and the size of their batch."""
    given = _attribute(model, "example_input_array")
    if isinstance(given, Mapping):
        given = tuple(given[name] for name in names if name in given)
    tensors = (given,) if shape_and_dtype(given) else given
    if not isinstance(tensors, (tuple, list)) or not len(names) <= len(tensors) > 0:
        return None
    known = [shape_and_dtype(item) for item in tensors]
    if not all(item and item[0] for item in known):
        return None
    sizes = [item for item in known if item is not None]
    inputs = tuple(
        _input(names, index, shape[1:], "example_input_array", dtype)
        for index, (shape, dtype) in enumerate(sizes)
    )
    return inputs, sizes[0][0][0]


def configured(model: Any, names: Sequence[str]) -> tuple[Input, ...] | None:
    """Channels, height and width by the `input_size` of timm's and other libraries' configurations, or
    of the model itself."""
    if len(names) != 1:
        return None
    for name in ("pretrained_cfg", "default_cfg"):
        said = _attribute(model, name)
        said = said.get("input_size") if isinstance(said, Mapping) else _attribute(said, "input_size")
        if shape := _sizes(said, 3):
            return (_input(names, 0, shape, name),)
    for name in ("input_size", "input_shape"):
        if shape := _sizes(_attribute(model, name), 3):
            return (_input(names, 0, shape, name),)
    return None


def size(model: Any) -> tuple[Shape, str]:
    """Height and width by attributes of the model such as `img_size = 96`, and the attribute; else ()."""
    for name in ("img_size", "image_size", "input_size", "input_resolution"):
        said = _attribute(model, name)
        if type(said) is int and said > 1 and name != "input_size":  # of a Linear it is a number of features
            return (said, said), name
        if shape := _sizes(said, 2):
            return shape, name
    return (), ""


def _attribute(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name, None)
    except Exception:  # a property may raise anything
        return None


def _sizes(said: Any, length: int) -> Shape:
    if not isinstance(said, (tuple, list)) or len(said) != length:
        return ()
    return tuple(said) if all(type(item) is int and item > 0 for item in said) else ()


def _input(names: Sequence[str], index: int, shape: Shape, attribute: str, dtype: str = "float32") -> Input:
    name = names[index] if index < len(names) else f"input{index}"
    return Input(name, shape, dtype, "evidence", f"{attribute} of the model", degree=Degree.STATED)
