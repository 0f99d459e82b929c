"""Reductions and running totals against torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import reduction
from cnnlint.operators.base import Operator, TensorSpec
from tests.operators.against_torch import assert_agrees, judge, resolve, spec, table
from tests.operators.tensors import tensors

OPERATORS = [operator for operator in reduction.OPERATORS if not operator.inplace]
BY_NAME = table(OPERATORS)
DTYPES = (torch.float32, torch.float32, torch.float64, torch.float16, torch.int64, torch.int32, torch.bool)
ONE_AXIS = frozenset("median nanmedian mode argmax argmin max min".split())
SEVERAL = [
    operator
    for operator in OPERATORS
    if "keepdim" in operator.signature.names and operator.name not in ONE_AXIS and operator.name != "prod"
]
dims = st.integers(-5, 4)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from([op for op in OPERATORS if "dim" in op.signature.names and op.name != "norm_except_dim"]),
    tensors(dtypes=DTYPES),
    dims,
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore")
def test_over_one_axis(operator: Operator, tensor: torch.Tensor, dim: int, keepdim: bool) -> None:
    arguments: dict[str, Any] = {"keepdim": True} if keepdim and "keepdim" in operator.signature.names else {}
    if operator.name in ("cummax", "cummin") and not tensor.dim():
        return  # older releases take any axis of a single number
    for name in operator.names:
        assert_agrees(operator, resolve(name), tensor, dim=dim, **arguments)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(SEVERAL), tensors(dtypes=DTYPES), st.lists(dims, max_size=3).map(tuple), st.booleans())
@pytest.mark.filterwarnings("ignore")
def test_over_several_axes(
    operator: Operator, tensor: torch.Tensor, dim: tuple[int, ...], keepdim: bool
) -> None:
    assert_agrees(operator, resolve(operator.names[0]), tensor, dim=dim, keepdim=keepdim)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(
        [operator for operator in OPERATORS if operator.signature.defaults.get("dim", 0) is None]
    ),
    tensors(dtypes=DTYPES),
)
@pytest.mark.filterwarnings("ignore")
def test_over_all(operator: Operator, tensor: torch.Tensor) -> None:
    for name in operator.names:
        assert_agrees(operator, resolve(name), tensor)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([operator for operator in OPERATORS if "dtype" in operator.signature.names]),
    tensors(dtypes=(torch.float32, torch.int64)),
    st.sampled_from([torch.float64, torch.int64, torch.float16]),
)
@pytest.mark.filterwarnings("ignore")
def test_with_a_dtype(operator: Operator, tensor: torch.Tensor, dtype: torch.dtype) -> None:
    if operator.name == "nansum" and dtype == torch.int64:
        return  # older releases do not take it
    arguments = {"dim": 0} if operator.signature.defaults["dim"] is not None else {}
    assert_agrees(operator, resolve(operator.names[0]), tensor, dtype=dtype, **arguments)


@pytest.mark.parametrize("dim", [-1, 0, 2])
def test_norm_except_dim(dim: int) -> None:
    """What `weight_norm` asks for at each forward."""
    assert_agrees(BY_NAME["norm_except_dim"], torch.norm_except_dim, torch.ones(2, 3, 4), 2, dim)


def test_the_elementwise_form_of_max_does_not_bind() -> None:
    with pytest.raises(TypeError):
        BY_NAME["max"].bind([TensorSpec((2,)), TensorSpec((2,))], {})


def test_an_axis_that_is_not_there() -> None:
    refusal = judge(BY_NAME["mean"], torch.ones(2, 3), 2)
    assert refusal is not None
    assert refusal.reason == "rank"
    assert refusal.message == "mean over axis 2, but the tensor has 2 axes: dim must be between -2 and 1"


def test_attributes() -> None:
    mean = BY_NAME["mean"]
    assert mean.attributes(mean.bind([spec(torch.ones(2, 3, 4)), (-1, 1)], {})) == {
        "dim": (2, 1),
        "keepdim": False,
    }
    assert mean.attributes(mean.bind([spec(torch.ones(2, 3, 4))], {})) == {"keepdim": False}


@pytest.mark.parametrize(("keepdim", "axes"), [(False, {0, 1}), (True, {0, 2})])
def test_uncertain_axes_move(keepdim: bool, axes: set[int]) -> None:
    mean = BY_NAME["mean"]
    given_tensor = TensorSpec((2, 3, 4), uncertain=frozenset({0, 1, 2}))
    output = TensorSpec((2, 1, 4) if keepdim else (2, 4))
    assert mean.uncertain(mean.bind([given_tensor, 1, keepdim], {}), (output,)) == (frozenset(axes),)
