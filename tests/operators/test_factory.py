"""Factories against torch: verdicts, shapes, dtypes and memory order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.factory import OPERATORS, Like
from tests.operators.against_torch import assert_agrees, judge, resolve, table
from tests.operators.tensors import NUMBERS, tensors

BY_NAME = table(OPERATORS)
DTYPES = st.sampled_from([None, None, torch.float32, torch.float64, torch.float16, torch.int64, torch.int32])
sizes = st.lists(st.sampled_from([0, 1, 2, 3, 3, 3, -1]), max_size=3)


def function(name: str) -> Any:
    return resolve(BY_NAME[name].names[0])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["zeros", "ones", "empty", "rand", "randn"]), sizes, st.booleans(), DTYPES)
def test_sizes(name: str, shape: list[int], spread: bool, dtype: torch.dtype | None) -> None:
    arguments = shape if spread else [tuple(shape)]
    if 0 in shape:  # no random number is asked for in a dtype that has none
        dtype = None
    assert_agrees(BY_NAME[name], function(name), *arguments, dtype=dtype)


@settings(max_examples=100, deadline=None)
@given(sizes, st.sampled_from([1, 1.5, True]), DTYPES)
def test_full(shape: list[int], value: float, dtype: torch.dtype | None) -> None:
    assert_agrees(BY_NAME["full"], torch.full, shape, value, dtype=dtype)
    assert_agrees(BY_NAME["new_full"], torch.Tensor.new_full, torch.ones(1), shape, value, dtype=dtype)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.integers(-9, 9), st.sampled_from([0.1, 0.5, 2.5, -1.3])), min_size=1, max_size=3),
    DTYPES,
)
def test_arange(ends: list[float], dtype: torch.dtype | None) -> None:
    if dtype in (torch.int64, torch.int32):  # releases differ in where they cut fractions
        ends = [int(end) for end in ends]
    assert_agrees(BY_NAME["arange"], torch.arange, *ends, dtype=dtype)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["tril_indices", "triu_indices"]), *[st.integers(-1, 5)] * 2, st.integers(-7, 7))
def test_triangles(name: str, rows: int, columns: int, offset: int) -> None:
    assert_agrees(BY_NAME[name], function(name), rows, columns, offset)


@pytest.mark.parametrize(
    ("name", "arguments", "options"),
    [
        ("arange", (), {"end": 5}),
        ("arange", (), {"start": 2, "end": 5}),
        ("arange", (2,), {"end": 5}),
        ("zeros", (2.0,), {}),
        ("zeros", (True,), {}),
        ("zeros", ((2,),), {"dtype": float}),
        ("zeros", (), {"size": (2, 3)}),
        ("linspace", (0, 1, 5), {}),
        ("linspace", (0, 1), {"steps": 0}),
        ("linspace", (0, 1, -1), {}),
        ("linspace", (0, 1, 3), {"dtype": torch.int64}),
        ("logspace", (0, 1, 5), {}),
        ("eye", (3,), {}),
        ("eye", (3, 2), {"dtype": torch.bool}),
        ("eye", (-1,), {}),
        ("randperm", (4,), {}),
        ("randperm", (-1,), {}),
        ("hann_window", (5,), {}),
        ("hamming_window", (5, False), {"dtype": torch.float64}),
        ("hann_window", (5,), {"dtype": torch.int64}),
        ("randint", (5, (2, 3)), {}),
        ("randint", (1, 5, (2,)), {"dtype": torch.float32}),
        ("randint", (), {"high": 5, "size": (2,)}),
        ("randint", (5, 1, (2,)), {}),
        ("randint", (5, 3), {}),
        ("empty_strided", ((2, 3), (1, 2)), {}),
        ("empty_strided", ((2, 3), (1,)), {}),
    ],
)
def test_calls(name: str, arguments: Any, options: Any) -> None:
    assert_agrees(BY_NAME[name], function(name), *arguments, **options)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([operator for operator in OPERATORS if isinstance(operator, Like)]),
    tensors(dtypes=NUMBERS),
    DTYPES,
    st.sampled_from([None, None, torch.preserve_format, torch.contiguous_format, torch.channels_last]),
)
def test_likes(operator: Like, tensor: torch.Tensor, dtype: torch.dtype | None, order: Any) -> None:
    arguments = (3,) if operator.name in ("full_like", "randint_like") else ()
    options = {} if order is None else {"memory_format": order}
    assert_agrees(operator, function(operator.name), tensor, *arguments, dtype=dtype, **options)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["new_zeros", "new_ones", "new_empty"]), sizes, st.sampled_from(NUMBERS), DTYPES)
def test_new(name: str, shape: list[int], dtype: torch.dtype, other: torch.dtype | None) -> None:
    assert_agrees(BY_NAME[name], function(name), torch.ones(2, dtype=dtype), tuple(shape), dtype=other)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["tril", "triu", "tril_", "triu_"]),
    tensors(dtypes=NUMBERS, layouts=("contiguous", "permuted", "strided")),
)
def test_of_tensors(name: str, tensor: torch.Tensor) -> None:
    assert_agrees(BY_NAME[name], function(name), tensor)


@pytest.mark.parametrize("count", [-2, 0, 1, 4])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.float32])
def test_one_hot(count: int, dtype: torch.dtype) -> None:
    assert_agrees(BY_NAME["one_hot"], F.one_hot, torch.zeros(2, 3, dtype=dtype), count)


def test_one_hot_without_classes_depends_on_values() -> None:
    one_hot = BY_NAME["one_hot"]
    with pytest.raises(NotImplementedError):
        one_hot.output(one_hot.bind([TensorSpec((2,), "int64")], {}))


@pytest.mark.parametrize("indexing", ["ij", "xy", "zz"])
def test_grids_are_judged(indexing: str) -> None:
    grids = ([torch.ones(3), torch.ones(2)], [torch.ones(3), torch.ones(2).long()], [torch.ones(3, 2)])
    for operands in grids:
        refusal = judge(BY_NAME["meshgrid"], *operands, indexing=indexing)
        try:
            torch.meshgrid(*operands, indexing=indexing)
        except RuntimeError:
            assert refusal is not None
        else:
            assert refusal is None


def test_message() -> None:
    refusal = judge(BY_NAME["zeros"], 2, -3)
    assert refusal is not None
    assert refusal.message == "zeros takes sizes of at least 0, but axis 1 is -3"
    bound = BY_NAME["zeros"].bind([2, -3], {})
    assert BY_NAME["zeros"].recovered(bound, refusal) == TensorSpec((2, 1), uncertain=frozenset({1}))
