"""Embeddings against torch: verdicts and shapes."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators.base import TensorSpec
from cnnlint.operators.embedding import OPERATORS
from tests.operators.against_torch import assert_agrees, judge, table

BY_NAME = table(OPERATORS)
size = st.integers(1, 3)
seldom = st.sampled_from([0] * 12 + [1])
integers = st.sampled_from([torch.int64] * 8 + [torch.int16, torch.float32])
FLOATS = [torch.float32] * 6 + [torch.float64]


@settings(max_examples=150, deadline=None)
@given(st.lists(size, max_size=3), integers, st.lists(size, min_size=1, max_size=3), st.integers(-5, 5))
def test_embedding(shape: list[int], dtype: torch.dtype, weight: list[int], padding: int) -> None:
    indices = torch.zeros(shape, dtype=dtype)
    rows = torch.ones([*weight, 2][:2] if padding else weight)
    assert_agrees(BY_NAME["embedding"], F.embedding, indices, rows, padding_idx=padding or None)


@settings(max_examples=200, deadline=None)
@given(st.lists(size, max_size=3), integers, st.data())
def test_embedding_bag(shape: list[int], dtype: torch.dtype, data: st.DataObject) -> None:
    draw = data.draw
    indices = torch.zeros(shape, dtype=dtype)
    options: dict[str, Any] = {"mode": draw(st.sampled_from(["sum", "sum", "mean", "max", "min"]))}
    if draw(st.booleans()) if len(shape) != 1 else draw(st.integers(0, 5)):
        options["offsets"] = torch.zeros(draw(size), dtype=torch.int64)
    if draw(st.booleans()):
        samples = [side + draw(seldom) for side in shape]
        options["per_sample_weights"] = torch.ones(samples, dtype=draw(st.sampled_from(FLOATS)))
    assert_agrees(BY_NAME["embedding_bag"], F.embedding_bag, indices, torch.ones(4, 3), **options)


def test_message() -> None:
    refusal = judge(BY_NAME["embedding"], torch.ones(2, 3), torch.ones(5, 4))
    assert refusal is not None
    assert refusal.message == (
        "Embedding takes indices in int64 or int32, but the input is float32: convert with .long()"
    )
    bound = BY_NAME["embedding"].bind([TensorSpec((2, 3)), TensorSpec((5, 4))], {})
    assert BY_NAME["embedding"].recovered(bound, refusal) == TensorSpec((2, 3, 4))


def test_uncertain_axes() -> None:
    embedding = BY_NAME["embedding"]
    bound = embedding.bind([TensorSpec((2, 3), uncertain=frozenset({1})), TensorSpec((9, 5))], {})
    assert embedding.uncertain(bound, (TensorSpec((2, 3, 5)),)) == (frozenset({1}),)
