"""Sorting against torch: verdicts, shapes and memory order."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator, TensorSpec
from cnnlint.operators.sorting import OPERATORS
from tests.operators.against_torch import assert_agrees, resolve, table
from tests.operators.tensors import tensors

BY_NAME = table(OPERATORS)
axes = st.integers(-4, 3)


def function(operator: Operator) -> Any:
    return resolve(operator.names[0])


def named(*names: str) -> st.SearchStrategy[Operator]:
    return st.sampled_from([operator for operator in OPERATORS if operator.name in names])


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


def test_uncertain_axes() -> None:
    data = TensorSpec((2, 3, 4), uncertain=frozenset({1, 2}))
    cases: dict[str, tuple[int, frozenset[int]]] = {
        "topk": (3, frozenset({2})),
        "kthvalue": (2, frozenset({1})),
    }
    for name, (rank, expected) in cases.items():
        bound = BY_NAME[name].bind([data, 2, 1], {})
        assert BY_NAME[name].uncertain(bound, (TensorSpec((2,) * rank),) * 2) == (expected, expected)
