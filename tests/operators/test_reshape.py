"""Reshaping, permuting and stretching: torch's own verdicts, and where each axis comes from."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, TensorSpec
from cnnlint.operators.reshape import OPERATORS
from cnnlint.operators.views import View
from tests.operators.against_torch import judge, resolve, spec, specs
from tests.operators.tensors import tensors

BY_NAME = {name: operator for operator in OPERATORS for name in operator.names}
many = settings(max_examples=250, deadline=None)
dims = st.integers(-4, 3)
DISTINCT = (2, 3, 5, 7)


def assert_same_verdict(name: str, tensor: torch.Tensor, *args: Any) -> torch.Tensor | None:
    """Whether torch raises is what we say. Returns torch's result."""
    operator, function = BY_NAME[name], resolve(name)
    refusal = judge(operator, tensor, *args)
    try:
        result = function(tensor, *args)
    except Exception as error:
        assert refusal is not None, f"torch raises {type(error).__name__}: {error}"
        return None
    assert refusal is None, f"torch gives {specs(result)}, but we say: {refusal.message}"
    return result


@st.composite
def asked_shapes(draw: st.DrawFn, count: int) -> tuple[int, ...]:
    """Sizes that hold `count` elements, or nearly."""
    sizes = []
    left = count
    for _ in range(draw(st.integers(0, 3))):
        size = draw(st.sampled_from([divisor for divisor in range(1, left + 1) if left % divisor == 0]))
        sizes.append(size)
        left //= size
    sizes.append(left)
    if draw(st.booleans()):
        sizes[draw(st.integers(0, len(sizes) - 1))] = draw(st.sampled_from([-1, -1, -1, 1, 5, 0, -2]))
    return tuple(draw(st.permutations(sizes)))


@settings(max_examples=600, deadline=None)
@given(st.data(), tensors(), st.sampled_from(["torch.Tensor.view", "torch.Tensor.reshape", "torch.reshape"]))
def test_reshape(data: st.DataObject, tensor: torch.Tensor, name: str) -> None:
    asked = data.draw(asked_shapes(tensor.numel()))
    result = assert_same_verdict(name, tensor, asked)
    if result is not None and name != "torch.reshape":
        assert_same_verdict(name, tensor, *asked)


@many
@given(tensors(), tensors(), st.sampled_from(["torch.Tensor.view_as", "torch.Tensor.reshape_as"]))
def test_reshape_as(tensor: torch.Tensor, other: torch.Tensor, name: str) -> None:
    assert_same_verdict(name, tensor, other)


@many
@given(tensors(), dims, dims)
def test_flatten(tensor: torch.Tensor, start: int, end: int) -> None:
    assert_same_verdict("torch.flatten", tensor, start, end)


@many
@given(tensors(), dims, st.lists(st.sampled_from([1, 2, 3, 4, -1]), max_size=3))
def test_unflatten(tensor: torch.Tensor, dim: int, sizes: list[int]) -> None:
    assert_same_verdict("torch.Tensor.unflatten", tensor, dim, sizes)


@many
@given(tensors(), st.one_of(dims, st.lists(dims, max_size=3).map(tuple)))
def test_squeeze(tensor: torch.Tensor, dim: Any) -> None:
    assert_same_verdict("torch.squeeze", tensor, dim)
    assert_same_verdict("torch.squeeze", tensor)
    if isinstance(dim, int):
        assert_same_verdict("torch.unsqueeze", tensor, dim)


@many
@given(tensors(), st.lists(dims, max_size=4).map(tuple), dims, dims)
def test_moving_axes(tensor: torch.Tensor, order: tuple[int, ...], one: int, other: int) -> None:
    assert_same_verdict("torch.permute", tensor, order)
    assert_same_verdict("torch.Tensor.permute", tensor, *order)
    assert_same_verdict("torch.transpose", tensor, one, other)
    assert_same_verdict("torch.movedim", tensor, one, other)
    assert_same_verdict("torch.movedim", tensor, order, order[::-1])
    assert_same_verdict("torch.movedim", tensor, order, (one,))


@many
@given(
    tensors(),
    st.sampled_from(
        ["torch.t", "torch.adjoint", *(f"torch.Tensor.{name}.__get__" for name in ("mT", "H", "mH"))]
    ),
)
@pytest.mark.filterwarnings("ignore")
def test_turning(tensor: torch.Tensor, name: str) -> None:
    assert_same_verdict(name, tensor)


@many
@given(st.data(), tensors())
def test_expand(data: st.DataObject, tensor: torch.Tensor) -> None:
    asked = [data.draw(st.sampled_from([size, size, -1, 3])) for size in tensor.shape]
    asked = data.draw(st.lists(st.sampled_from([2, 3, -1]), max_size=1)) + asked
    if data.draw(st.integers(0, 5)) == 0:
        asked = asked[1:]
    if -1 in asked[: len(asked) - tensor.dim()]:
        assert judge(BY_NAME["torch.Tensor.expand"], tensor, *asked) is not None
        return
    assert_same_verdict("torch.Tensor.expand", tensor, *asked)


MOVES: list[tuple[str, tuple[Any, ...]]] = [
    ("torch.permute", ((2, 0, 3, 1),)),
    ("torch.transpose", (1, -1)),
    ("torch.movedim", (0, 2)),
    ("torch.movedim", ((0, 1), (-1, 0))),
    ("torch.Tensor.mT.__get__", ()),
    ("torch.unsqueeze", (1,)),
    ("torch.unsqueeze", (-1,)),
    ("torch.Tensor.expand", (4, -1, -1, -1, -1)),
    ("torch.Tensor.contiguous", ()),
    ("torch.squeeze", ()),
    ("torch.Tensor.float", ()),
]


@pytest.mark.parametrize(("name", "arguments"), MOVES)
def test_each_axis_is_the_one_it_came_from(name: str, arguments: tuple[Any, ...]) -> None:
    tensor = torch.empty(DISTINCT, device="meta")
    operator = BY_NAME[name]
    assert isinstance(operator, View)
    result = resolve(name)(tensor, *arguments)
    bound = operator.bind([spec(tensor), *arguments], {})
    sources = operator.sources(bound, result.dim())
    assert sources is not None
    for size, source in zip(result.shape, sources, strict=True):
        assert source is None or DISTINCT[source] == size


def test_squeezed_axes_close_up() -> None:
    tensor = TensorSpec((2, 1, 5, 1), uncertain=frozenset({2}))
    squeeze = BY_NAME["torch.squeeze"]
    assert squeeze.uncertain(squeeze.bind([tensor, 1], {}), (TensorSpec((2, 5, 1)),)) == (frozenset({1}),)
    assert squeeze.uncertain(squeeze.bind([tensor], {}), (TensorSpec((2, 5)),)) == (frozenset({1}),)


def test_unflattened_axes() -> None:
    tensor = TensorSpec((2, 6, 5), uncertain=frozenset({1}))
    unflatten = BY_NAME["torch.unflatten"]
    bound = unflatten.bind([tensor, 1, (2, 3)], {})
    assert unflatten.uncertain(bound, (TensorSpec((2, 2, 3, 5)),)) == (frozenset({1, 2}),)


def bound_view(shape: tuple[int, ...], asked: tuple[int, ...], **about: Any) -> tuple[Operator, Any]:
    view = BY_NAME["torch.Tensor.view"]
    return view, view.bind([TensorSpec(shape, **about), *asked], {})


def test_message() -> None:
    view, bound = bound_view((8, 64, 7, 7), (8, 1568))
    refusal = view.refuse(bound)
    assert refusal is not None
    assert refusal.message == "view(8, 1568) needs 12544 elements, but the tensor has 8 × 64 × 7 × 7 = 25088"
    assert (refusal.reason, refusal.expected, refusal.actual) == ("reshape", 12544, 25088)
    view, bound = bound_view((8, 64, 7, 7), (-1, 1000))
    refusal = view.refuse(bound)
    assert refusal is not None
    assert refusal.message == (
        "view(−1, 1000) needs a multiple of 1000 elements, but the tensor has 8 × 64 × 7 × 7 = 25088"
    )


@pytest.mark.parametrize(
    ("asked", "recovered"),
    [
        ((8, 1568), TensorSpec((8, 3136))),
        ((-1, 1000), TensorSpec((8, 3136))),
        ((-1, 16, 5, 5), TensorSpec((8, 16, 5, 5))),
        ((8, 16, -1, 5), TensorSpec((8, 16, 39, 5), uncertain=frozenset({2}))),
    ],
)
def test_recovered(asked: tuple[int, ...], recovered: TensorSpec) -> None:
    view, bound = bound_view((8, 64, 7, 7), asked)
    refusal = view.refuse(bound)
    assert refusal is not None
    assert view.recovered(bound, refusal) == recovered


def test_a_view_of_another_order_recovers_what_was_asked() -> None:
    view, bound = bound_view((2, 3, 4), (2, -1), strides=(12, 1, 3))
    refusal = view.refuse(bound)
    assert refusal is not None
    assert "write reshape" in refusal.message
    assert view.recovered(bound, refusal) == TensorSpec((2, 12))


def test_sizes_asked_for_are_certain() -> None:
    view, bound = bound_view((8, 64, 7, 7), (-1, 64, 49), uncertain=frozenset({2, 3}))
    assert view.uncertain(bound, (TensorSpec((8, 64, 49)),)) == (frozenset({0}),)


@pytest.mark.parametrize(
    ("name", "arguments", "attributes"),
    [
        ("torch.Tensor.view", (-1, 400), {"shape": (-1, 400)}),
        ("torch.flatten", (1,), {"start_dim": 1, "end_dim": 3}),
        ("torch.Tensor.permute", (0, -1, 1, 2), {"dims": (0, 3, 1, 2)}),
        ("torch.squeeze", (-1,), {"dim": 3}),
        ("torch.unsqueeze", (-1,), {"dim": 4}),
        ("torch.transpose", (1, -1), {"dim0": 1, "dim1": 3}),
    ],
)
def test_attributes_count_from_0(name: str, arguments: tuple[int, ...], attributes: dict[str, Any]) -> None:
    operator = BY_NAME[name]
    tensor = TensorSpec((2, 25, 16, 1))
    assert prod(tensor.shape) == 800
    assert operator.attributes(operator.bind([tensor, *arguments], {})) == attributes
