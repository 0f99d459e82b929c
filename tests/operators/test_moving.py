"""Moving and repeating against torch: verdicts, shapes and memory order."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, TensorSpec
from cnnlint.operators.moving import OPERATORS
from tests.operators.against_torch import assert_agrees, resolve, table
from tests.operators.tensors import tensors

BY_NAME = table(OPERATORS)
axes = st.integers(-4, 3)


def function(operator: Operator) -> Any:
    return resolve(operator.names[0])


@settings(max_examples=200, deadline=None)
@given(tensors(), st.lists(st.integers(-3, 3), max_size=2), st.one_of(st.none(), st.lists(axes, max_size=2)))
def test_roll(tensor: torch.Tensor, shifts: list[int], dims: list[int] | None) -> None:
    options: dict[str, Any] = {} if dims is None else {"dims": dims}
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


def test_repeats_that_are_a_tensor_depend_on_values() -> None:
    operator = BY_NAME["repeat_interleave"]
    bound = operator.bind([TensorSpec((3, 4)), TensorSpec((3,), "int64"), 0], {})
    assert operator.refuse(bound) is None
    with pytest.raises(NotImplementedError):
        operator.output(bound)
    assert operator.output({**bound, "output_size": 9}) == TensorSpec((9, 4))


def test_uncertain_axes() -> None:
    data = TensorSpec((2, 3, 4), uncertain=frozenset({1, 2}))
    turn, repeat = BY_NAME["rot90"], BY_NAME["repeat"]
    bound = turn.bind([data, 1, (0, 1)], {})
    assert turn.uncertain(bound, (TensorSpec((3, 2, 4)),)) == (frozenset({0, 2}),)
    bound = repeat.bind([data, 1, 1, 1, 2], {})
    assert repeat.uncertain(bound, (TensorSpec((1, 2, 3, 8)),)) == (frozenset({2, 3}),)
