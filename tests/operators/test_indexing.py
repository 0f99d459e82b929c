"""Indexing, sorting, repeating and embeddings against torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, TensorSpec
from cnnlint.operators.indexing import OPERATORS, Masked
from tests.operators.against_torch import assert_agrees, judge, resolve, table
from tests.operators.tensors import LAYOUTS, broadcastable, tensors

BY_NAME = table(OPERATORS)
OWN_MEMORY = tuple(layout for layout in LAYOUTS if layout != "expanded")
size = st.integers(1, 3)
seldom = st.sampled_from([0] * 12 + [1])
axes = st.integers(-4, 3)
integers = st.sampled_from([torch.int64] * 8 + [torch.int16, torch.float32])


def function(operator: Operator) -> Any:
    return resolve(operator.names[0])


def named(*names: str) -> st.SearchStrategy[Operator]:
    return st.sampled_from([operator for operator in OPERATORS if operator.name in names])


@settings(max_examples=150, deadline=None)
@given(st.lists(size, max_size=3), integers, st.lists(size, min_size=1, max_size=3), st.integers(-5, 5))
def test_embedding(shape: list[int], dtype: torch.dtype, weight: list[int], padding: int) -> None:
    indices = torch.zeros(shape, dtype=dtype)
    rows = torch.ones([*weight, 2][:2] if padding else weight)
    assert_agrees(BY_NAME["embedding"], F.embedding, indices, rows, padding_idx=padding or None)


@settings(max_examples=200, deadline=None)
@given(st.lists(size, max_size=3), integers, st.data())
def test_embedding_bag(shape: list[int], dtype: torch.dtype, data: st.DataObject) -> None:
    draw = data.draw
    indices = torch.zeros(shape, dtype=dtype)
    options: dict[str, Any] = {"mode": draw(st.sampled_from(["sum", "sum", "mean", "max", "min"]))}
    if draw(st.booleans()) if len(shape) != 1 else draw(st.integers(0, 5)):
        options["offsets"] = torch.zeros(draw(size), dtype=torch.int64)
    if draw(st.booleans()):
        samples = [side + draw(seldom) for side in shape]
        options["per_sample_weights"] = torch.ones(samples, dtype=draw(st.sampled_from(FLOATS)))
    assert_agrees(BY_NAME["embedding_bag"], F.embedding_bag, indices, torch.ones(4, 3), **options)


FLOATS = [torch.float32] * 6 + [torch.float64]


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
    source = torch.ones(shape, dtype=draw(st.sampled_from(FLOATS)))
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


@settings(max_examples=300, deadline=None)
@given(named("sort", "argsort", "msort"), tensors(dtypes=(torch.float32, torch.int64, torch.bool)), axes)
def test_sort(operator: Operator, tensor: torch.Tensor, dim: int) -> None:
    if operator.name == "msort" and not tensor.dim():
        return
    arguments = () if operator.name == "msort" else (dim,)
    assert_agrees(operator, function(operator), tensor, *arguments)


@settings(max_examples=300, deadline=None)
@given(
    named("topk", "kthvalue"),
    tensors(dtypes=(torch.float32, torch.float32, torch.int64, torch.bool)),
    st.integers(-1, 5),
    axes,
    st.booleans(),
)
def test_top(operator: Operator, tensor: torch.Tensor, k: int, dim: int, option: bool) -> None:
    if tensor.dtype == torch.bool and not tensor.dim():  # kthvalue takes a lone bool, topk does not
        return
    assert_agrees(operator, function(operator), tensor, k, dim, option)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.lists(st.integers(-3, 3), max_size=2), st.one_of(st.none(), st.lists(axes, max_size=2)))
def test_roll(tensor: torch.Tensor, shifts: list[int], dims: list[int] | None) -> None:
    options = {} if dims is None else {"dims": dims}
    assert_agrees(BY_NAME["roll"], torch.roll, tensor, shifts, **options)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.lists(axes, max_size=3))
def test_flip(tensor: torch.Tensor, dims: list[int]) -> None:
    for operator in OPERATORS:
        if operator.name == "flip":
            assert_agrees(operator, function(operator), tensor, tuple(dims))
    for name in ("fliplr", "flipud"):
        assert_agrees(BY_NAME[name], getattr(torch, name), tensor)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.integers(-2, 5), st.lists(axes, min_size=2, max_size=2))
def test_rot90(tensor: torch.Tensor, turns: int, dims: list[int]) -> None:
    assert_agrees(BY_NAME["rot90"], torch.rot90, tensor, turns, dims)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["repeat", "tile"]),
    tensors(),
    st.lists(st.sampled_from([0, 1, 2, 2, 3, 3, -1]), min_size=1, max_size=5),
    st.booleans(),
)
def test_repeat(name: str, tensor: torch.Tensor, counts: list[int], spread: bool) -> None:
    arguments = counts if spread else [tuple(counts)]
    assert_agrees(BY_NAME[name], getattr(torch.Tensor, name), tensor, *arguments)


@settings(max_examples=150, deadline=None)
@given(tensors(), st.integers(-1, 3), st.one_of(axes, st.none()))
def test_repeat_interleave(tensor: torch.Tensor, count: int, dim: int | None) -> None:
    assert_agrees(BY_NAME["repeat_interleave"], torch.repeat_interleave, tensor, count, dim)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.integers(-5, 5), axes, axes)
def test_diagonals(tensor: torch.Tensor, offset: int, first: int, second: int) -> None:
    assert_agrees(BY_NAME["diag"], torch.diag, tensor, offset)
    if tensor.dim():
        assert_agrees(BY_NAME["diag_embed"], torch.diag_embed, tensor, offset, first, second, strides=False)


def test_repeats_that_are_a_tensor_depend_on_values() -> None:
    operator = BY_NAME["repeat_interleave"]
    bound = operator.bind([TensorSpec((3, 4)), TensorSpec((3,), "int64"), 0], {})
    assert operator.refuse(bound) is None
    with pytest.raises(NotImplementedError):
        operator.output(bound)
    assert operator.output({**bound, "output_size": 9}) == TensorSpec((9, 4))


def test_a_reduction_that_does_not_exist() -> None:
    index, source = torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3)
    operator = BY_NAME["scatter_reduce"]
    assert_agrees(operator, torch.scatter_reduce, source, 1, index, source, "median")


def test_message() -> None:
    refusal = judge(BY_NAME["embedding"], torch.ones(2, 3), torch.ones(5, 4))
    assert refusal is not None
    assert refusal.message == (
        "Embedding takes indices in int64 or int32, but the input is float32: convert with .long()"
    )
    bound = BY_NAME["embedding"].bind([TensorSpec((2, 3)), TensorSpec((5, 4))], {})
    assert BY_NAME["embedding"].recovered(bound, refusal) == TensorSpec((2, 3, 4))


def test_uncertain_axes() -> None:
    data = TensorSpec((2, 3, 4), uncertain=frozenset({1, 2}))
    cases = {
        "topk": ([data, 2, 1], [(2, 2, 4)] * 2, [{2}, {2}]),
        "kthvalue": ([data, 2, 1], [(2, 4)] * 2, [{1}, {1}]),
        "index_select": ([data, 1, TensorSpec((2,), "int64")], [(2, 2, 4)], [{2}]),
        "rot90": ([data, 1, (0, 1)], [(3, 2, 4)], [{0, 2}]),
        "embedding": ([data, TensorSpec((9, 5))], [(2, 3, 4, 5)], [{1, 2}]),
        "repeat": ([data, 1, 1, 1, 2], [(1, 2, 3, 8)], [{2, 3}]),
    }
    for name, (arguments, shapes, expected) in cases.items():
        bound = BY_NAME[name].bind(arguments, {})
        outputs = tuple(TensorSpec(shape) for shape in shapes)
        assert [set(found) for found in BY_NAME[name].uncertain(bound, outputs)] == expected, name
