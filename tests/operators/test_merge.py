"""cat, stack and their like against torch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.merge import OPERATORS
from tests.operators.against_torch import assert_agrees, judge, table
from tests.operators.tensors import shapes, tensors

BY_NAME = table(OPERATORS)
DTYPES = (torch.float32, torch.float32, torch.int64, torch.float64)


@st.composite
def parts(draw: st.DrawFn) -> list[torch.Tensor]:
    """Tensors of one shape, or nearly."""
    base = draw(shapes)
    layout = draw(st.sampled_from([("contiguous",), ("channels_last",), ("permuted", "channels_last")]))
    found = []
    for _ in range(draw(st.integers(0, 3))):
        sizes = list(base)
        if sizes and draw(st.booleans()):
            sizes[draw(st.integers(0, len(sizes) - 1))] = draw(st.integers(1, 4))
        if draw(st.integers(0, 9)) == 0:
            sizes = [0] if draw(st.booleans()) else [*sizes, 2]
        found.append(draw(tensors(st.just(tuple(sizes)), DTYPES, layout)))
    return found


@settings(max_examples=400, deadline=None)
@given(parts(), st.integers(-5, 4))
def test_cat(given_parts: list[torch.Tensor], dim: int) -> None:
    assert_agrees(BY_NAME["cat"], torch.cat, given_parts, dim=dim)


@settings(max_examples=200, deadline=None)
@given(parts(), st.integers(-5, 4))
def test_stack(given_parts: list[torch.Tensor], dim: int) -> None:
    assert_agrees(BY_NAME["stack"], torch.stack, given_parts, dim)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["hstack", "vstack", "dstack", "column_stack"]), parts())
def test_numpy_forms(name: str, given_parts: list[torch.Tensor]) -> None:
    assert_agrees(BY_NAME[name], getattr(torch, name), given_parts)


@pytest.mark.parametrize("bad", [[None], [torch.ones(2), None], torch.ones(2)])
def test_not_tensors(bad: object) -> None:
    assert_agrees(BY_NAME["cat"], torch.cat, bad)


def test_message_of_a_skip_connection() -> None:
    refusal = judge(BY_NAME["cat"], [torch.ones(2, 64, 56, 56), torch.ones(2, 64, 57, 57)], 1)
    assert refusal is not None
    assert refusal.message == (
        "cat along axis 1 needs equal sizes elsewhere, but axes 2 and 3 are 56×56 in the first tensor "
        "and 57×57 in the second tensor"
    )
    assert refusal.axes == (("tensors.0", 2), ("tensors.0", 3), ("tensors.1", 2), ("tensors.1", 3))


def test_recovered_sums_the_joined_axis() -> None:
    cat = BY_NAME["cat"]
    bound = cat.bind([(TensorSpec((2, 64, 56, 56)), TensorSpec((2, 32, 57, 56))), 1], {})
    refusal = cat.refuse(bound)
    assert refusal is not None
    assert cat.recovered(bound, refusal) == TensorSpec((2, 96, 56, 56), uncertain=frozenset({2}))


def test_uncertain_axes() -> None:
    part = TensorSpec((2, 8), uncertain=frozenset({1}))
    cat, stack = BY_NAME["cat"], BY_NAME["stack"]
    bound = cat.bind([(part, TensorSpec((2, 3))), 1], {})
    assert cat.uncertain(bound, (TensorSpec((2, 11)),)) == (frozenset({1}),)
    bound = stack.bind([(part, part), 1], {})
    assert stack.uncertain(bound, (TensorSpec((2, 2, 8)),)) == (frozenset({2}),)
