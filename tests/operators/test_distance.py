"""Distances against torch: verdicts, shapes and dtypes."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.distance import OPERATORS
from tests.operators.against_torch import assert_agrees, resolve, table
from tests.operators.tensors import broadcastable

BY_NAME = table(OPERATORS)
size = st.integers(1, 3)
seldom = st.sampled_from([0] * 12 + [1])


def function(name: str) -> Any:
    return resolve(BY_NAME[name].names[0])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["cosine_similarity", "pairwise_distance"]),
    broadcastable(2, (torch.float32, torch.float32, torch.float64, torch.int64)),
    st.integers(-3, 3),
)
def test_distances(name: str, operands: list[torch.Tensor], option: int) -> None:
    options: dict[str, Any] = {"dim": option} if name == "cosine_similarity" else {"keepdim": option > 0}
    assert_agrees(BY_NAME[name], function(name), *operands, strides=False, **options)


@settings(max_examples=200, deadline=None)
@given(st.lists(size, max_size=3), st.data())
def test_all_distances(shape: list[int], data: st.DataObject) -> None:
    draw = data.draw
    other = [draw(st.sampled_from([side, side, 1])) + draw(seldom) for side in shape]
    other = other[draw(st.sampled_from([0, 0, 0, 1])) :]
    if shape and other:
        other[-1] = shape[-1] + draw(seldom)
    dtype = draw(st.sampled_from([torch.float32] * 6 + [torch.float64, torch.int64]))
    assert_agrees(BY_NAME["cdist"], torch.cdist, torch.ones(shape), torch.ones(other, dtype=dtype))
