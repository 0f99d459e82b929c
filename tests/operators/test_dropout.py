"""Dropout against torch."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import Operator
from cnnlint.operators.dropout import OPERATORS
from tests.operators.against_torch import assert_agrees, judge, resolve, spec
from tests.operators.tensors import tensors


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(OPERATORS),
    tensors(st.lists(st.integers(1, 3), max_size=5).map(tuple), (torch.float32, torch.float32, torch.int64)),
    st.sampled_from([0.5, 0.3, 1.0, 1.5, -0.1]),
)
@pytest.mark.filterwarnings("ignore")
def test_when_it_drops(operator: Operator, tensor: torch.Tensor, p: float) -> None:
    assert_agrees(operator, resolve(operator.names[0]), tensor, p, True)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([op for op in OPERATORS if not op.inplace]),
    tensors(),
    st.sampled_from([(0.0, True), (0.5, False)]),
)
@pytest.mark.filterwarnings("ignore")
def test_when_it_does_not(operator: Operator, tensor: torch.Tensor, how: tuple[float, bool]) -> None:
    """torch gives the input itself (or a view of it), so it is asked."""
    refusal = judge(operator, tensor, *how)
    try:
        result = resolve(operator.names[0])(tensor, *how)
    except RuntimeError:
        assert refusal is not None
        return
    assert refusal is None
    assert result.data_ptr() == tensor.data_ptr()
    with pytest.raises(NotImplementedError):
        operator.output(operator.bind([spec(tensor), *how], {}))
