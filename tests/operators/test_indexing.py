"""Reading and writing by index against torch: verdicts, shapes and memory order."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, TensorSpec
from cnnlint.operators.indexing import OPERATORS, Masked
from tests.operators.against_torch import assert_agrees, resolve, table
from tests.operators.tensors import LAYOUTS, broadcastable, tensors

BY_NAME = table(OPERATORS)
OWN_MEMORY = tuple(layout for layout in LAYOUTS if layout != "expanded")
size = st.integers(1, 3)
seldom = st.sampled_from([0] * 12 + [1])
axes = st.integers(-4, 3)
integers = st.sampled_from([torch.int64] * 8 + [torch.int16, torch.float32])
FLOATS = [torch.float32] * 6 + [torch.float64]


def function(operator: Operator) -> Any:
    return resolve(operator.names[0])


def named(*names: str) -> st.SearchStrategy[Operator]:
    return st.sampled_from([operator for operator in OPERATORS if operator.name in names])


@settings(max_examples=300, deadline=None)
@given(tensors(), axes, integers, st.data())
def test_gather(tensor: torch.Tensor, dim: int, dtype: torch.dtype, data: st.DataObject) -> None:
    shape = [max(side + data.draw(st.sampled_from([0, 0, 0, -1, -1, 1])), 0) for side in tensor.shape]
    shape += [1] * data.draw(seldom)
    index = torch.zeros(shape, dtype=dtype)
    assert_agrees(BY_NAME["gather"], torch.gather, tensor, dim, index)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.one_of(axes, st.none()), integers, st.data())
def test_take_along_dim(
    tensor: torch.Tensor, dim: int | None, dtype: torch.dtype, data: st.DataObject
) -> None:
    shape = [data.draw(st.sampled_from([side, side, 1])) + data.draw(seldom) for side in tensor.shape]
    index = torch.zeros(shape + [1] * data.draw(seldom), dtype=dtype)
    assert_agrees(BY_NAME["take_along_dim"], torch.take_along_dim, tensor, index, dim)


@settings(max_examples=200, deadline=None)
@given(tensors(), axes, integers, st.lists(size, max_size=2))
def test_select(tensor: torch.Tensor, dim: int, dtype: torch.dtype, shape: list[int]) -> None:
    index = torch.zeros(shape, dtype=dtype)
    assert_agrees(BY_NAME["index_select"], torch.index_select, tensor, dim, index)
    assert_agrees(BY_NAME["take"], torch.take, tensor, index)


@settings(max_examples=250, deadline=None)
@given(
    named("scatter", "scatter_add", "scatter_reduce", "scatter_", "scatter_add_", "scatter_reduce_"),
    tensors(layouts=OWN_MEMORY, shape=st.lists(size, min_size=1, max_size=3).map(tuple)),
    axes,
    integers,
    st.data(),
)
def test_scatter(
    operator: Operator, tensor: torch.Tensor, dim: int, dtype: torch.dtype, data: st.DataObject
) -> None:
    draw = data.draw
    index = torch.zeros([max(side - draw(st.integers(-1, 2)), 1) for side in tensor.shape], dtype=dtype)
    shape = [side + draw(st.sampled_from([0, 0, 0, 0, 0, 1, -1])) for side in index.shape]
    source = torch.ones(shape, dtype=draw(st.sampled_from(FLOATS)))
    arguments: list[Any] = [source if draw(st.booleans()) or "_" in operator.name[:-1] else 2.0]
    options: dict[str, Any] = {}
    if operator.name.startswith("scatter_reduce"):
        arguments.append(draw(st.sampled_from(["sum", "amax", "mean", "max", "add"])))
    elif operator.name in ("scatter", "scatter_") and draw(st.booleans()):
        options["reduce"] = draw(st.sampled_from(["add", "multiply", "sum"]))
    assert_agrees(operator, function(operator), tensor, dim, index, *arguments, **options)


def test_a_reduction_that_does_not_exist() -> None:
    index, source = torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3)
    operator = BY_NAME["scatter_reduce"]
    assert_agrees(operator, torch.scatter_reduce, source, 1, index, source, "median")


@settings(max_examples=300, deadline=None)
@given(
    named("index_add", "index_copy", "index_fill", "index_add_", "index_copy_", "index_fill_"),
    tensors(layouts=OWN_MEMORY, shape=st.lists(size, min_size=1, max_size=3).map(tuple)),
    axes,
    integers,
    st.data(),
)
def test_index_write(
    operator: Operator, tensor: torch.Tensor, dim: int, dtype: torch.dtype, data: st.DataObject
) -> None:
    draw = data.draw
    index = torch.zeros([draw(size)] + [1] * draw(seldom), dtype=dtype)
    shape = [side + draw(seldom) for side in tensor.shape]
    if -len(shape) <= dim < len(shape):
        shape[dim] = len(index) + draw(seldom)
    source: Any = torch.ones(shape, dtype=draw(st.sampled_from(FLOATS)))
    if operator.name.startswith("index_fill"):
        source = draw(st.sampled_from([torch.ones(()), torch.ones(1), 2.0]))
    assert_agrees(operator, function(operator), tensor, dim, index, source)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([operator for operator in OPERATORS if isinstance(operator, Masked)]), st.data())
def test_masks(operator: Masked, data: st.DataObject) -> None:
    tensor, mask = data.draw(broadcastable(2))
    mask = mask.to(data.draw(st.sampled_from([torch.bool] * 8 + [torch.uint8])))
    value: Any = torch.ones(999)
    if operator.name == "masked_fill":
        value = data.draw(st.sampled_from([1.0, 1.0, torch.ones(()), torch.ones(1)]))
    assert_agrees(operator, function(operator), tensor, mask, value)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_masked_in_place(data: st.DataObject) -> None:
    tensor, mask = data.draw(broadcastable(2))
    operator = BY_NAME["masked_fill_"]
    if 0 in tensor.stride():
        tensor = tensor.contiguous()
    assert_agrees(operator, torch.Tensor.masked_fill_, tensor, mask.bool(), 1.0)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.integers(-5, 5), axes, axes)
def test_diagonals(tensor: torch.Tensor, offset: int, first: int, second: int) -> None:
    assert_agrees(BY_NAME["diag"], torch.diag, tensor, offset)
    if tensor.dim():
        assert_agrees(BY_NAME["diag_embed"], torch.diag_embed, tensor, offset, first, second, strides=False)


def test_uncertain_axes() -> None:
    select = BY_NAME["index_select"]
    data = TensorSpec((2, 3, 4), uncertain=frozenset({1, 2}))
    bound = select.bind([data, 1, TensorSpec((2,), "int64")], {})
    assert select.uncertain(bound, (TensorSpec((2, 2, 4)),)) == (frozenset({2}),)
