"""Random tensors and fills against torch: verdicts, shapes and dtypes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.sampling import OPERATORS, Fill
from tests.operators.against_torch import assert_agrees, resolve, table
from tests.operators.tensors import NUMBERS, broadcastable, tensors

BY_NAME = table(OPERATORS)


def function(name: str) -> Any:
    return resolve(BY_NAME[name].names[0])


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((0.0, 1.0, (2, 3)), {}),
        ((0.0, -1.0, (2, 3)), {}),
        ((0, 1, (2,)), {"dtype": torch.int64}),
        ((0.0, 1.0), {}),
    ],
)
def test_normal_of_numbers(arguments: Any, options: Any) -> None:
    assert_agrees(BY_NAME["normal"], torch.normal, *arguments, **options)


@settings(max_examples=100, deadline=None)
@given(tensors(dtypes=NUMBERS))
def test_bernoulli(tensor: torch.Tensor) -> None:
    assert_agrees(BY_NAME["bernoulli"], torch.bernoulli, tensor)


@settings(max_examples=100, deadline=None)
@given(broadcastable(2, (torch.float32,) * 4 + (torch.int64,)))
def test_normal(operands: list[torch.Tensor]) -> None:
    assert_agrees(BY_NAME["normal"], torch.normal, *operands, strides=False)
    assert_agrees(BY_NAME["normal"], torch.normal, operands[0], 1.0, strides=False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
@pytest.mark.parametrize("shape", [(4,), (2, 4), (2, 2, 4)])
@pytest.mark.parametrize("count", [0, 1, 4, 5])
def test_multinomial(shape: tuple[int, ...], count: int, dtype: torch.dtype) -> None:
    for replacement in (False, True):
        assert_agrees(
            BY_NAME["multinomial"], torch.multinomial, torch.ones(shape, dtype=dtype), count, replacement
        )


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([operator for operator in OPERATORS if isinstance(operator, Fill)]),
    tensors(dtypes=(torch.float32, torch.float32, torch.float64, torch.int64)),
    st.lists(st.sampled_from([0, 0.5, 1, 2, -1]), max_size=2),
)
def test_fills(operator: Fill, tensor: torch.Tensor, numbers: list[float]) -> None:
    if operator.name == "random_":
        numbers = [int(number) for number in numbers]
    most = {"zero_": 0, "fill_": 1, "exponential_": 1, "bernoulli_": 1, "geometric_": 1}
    numbers = numbers[: most.get(operator.name, 2)]
    assert_agrees(operator, function(operator.name), tensor, *numbers)
