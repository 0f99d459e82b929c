"""Activations and softmax against torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.activation import OPERATORS, Activation, PReLU, Softmax
from cnnlint.operators.base import Operator
from cnnlint.operators.pointwise import InPlace
from tests.operators.against_torch import assert_agrees, judge, resolve, spec, table
from tests.operators.tensors import ALL, tensors

BY_NAME = table(OPERATORS)
PLAIN = [op for op in OPERATORS if isinstance(op, (Activation, InPlace)) and not isinstance(op, PReLU)]


def arguments(operator: Operator) -> tuple[Any, ...]:
    return (0.5, 1.0) if operator.name.startswith("threshold") else ()


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(PLAIN), tensors(dtypes=ALL))
def test_every_activation(operator: Operator, tensor: torch.Tensor) -> None:
    if operator.name.startswith("hardtanh") and tensor.dtype == torch.uint8:
        tensor = tensor.int()  # releases differ on negative limits of unsigned numbers
    for name in operator.names:
        assert_agrees(operator, resolve(name), tensor.clone(), *arguments(operator))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([op for op in PLAIN if "inplace" in op.signature.names and not op.inplace]),
    tensors(dtypes=ALL),
)
def test_inplace_argument(operator: Operator, tensor: torch.Tensor) -> None:
    if operator.name == "threshold" and 0 in tensor.stride():
        tensor = tensor.clone()  # threshold alone writes into expanded tensors
    assert_agrees(operator, resolve(operator.names[0]), tensor, *arguments(operator), inplace=True)


@settings(max_examples=200, deadline=None)
@given(tensors(), tensors(st.lists(st.integers(1, 4), max_size=2).map(tuple)))
def test_prelu(tensor: torch.Tensor, weight: torch.Tensor) -> None:
    assert_agrees(BY_NAME["prelu"], torch.nn.functional.prelu, tensor, weight)


@settings(max_examples=200, deadline=None)
@given(tensors(), st.integers(-5, 4))
def test_glu(tensor: torch.Tensor, dim: int) -> None:
    assert_agrees(BY_NAME["glu"], torch.nn.functional.glu, tensor, dim)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([op for op in OPERATORS if isinstance(op, Softmax)]),
    tensors(dtypes=(torch.float32, torch.float16, torch.int64)),
    st.one_of(st.none(), st.integers(-5, 4)),
    st.sampled_from([None, torch.float64]),
)
def test_softmax(operator: Softmax, tensor: torch.Tensor, dim: int | None, dtype: Any) -> None:
    arguments = {"dtype": dtype} if "dtype" in operator.signature.names else {}
    for name in operator.names:
        if dim is None and not name.startswith("torch.nn"):
            continue
        if dim is None and operator.name == "gumbel_softmax":
            continue
        assert_agrees(operator, resolve(name), tensor, dim=dim, **arguments)


@pytest.mark.parametrize(("rank", "axis"), [(1, 0), (2, 1), (3, 0), (4, 1)])
@pytest.mark.filterwarnings("ignore")
def test_implicit_axis(rank: int, axis: int) -> None:
    softmax = BY_NAME["softmin"]
    tensor = torch.randn([3] * rank)
    total = torch.nn.functional.softmin(tensor).sum(axis)
    assert torch.allclose(total, torch.ones_like(total))
    assert softmax.attributes(softmax.bind([spec(tensor)], {}))["axis"] == axis


def test_prelu_message() -> None:
    refusal = judge(BY_NAME["prelu"], torch.ones(2, 8, 4, 4), torch.ones(16))
    assert refusal is not None
    assert (refusal.message, refusal.argument) == (
        "PReLU has 16 slopes, but the input has 8 channels",
        "num_parameters",
    )
