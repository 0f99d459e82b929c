"""Padding held against torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import padding
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge
from tests.operators.test_convolution import tensor

PAD = padding.OPERATORS[0]


@pytest.mark.parametrize("mode", padding.MODES)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_padding_agrees_with_torch(mode, data):
    draw = data.draw
    rank = draw(st.integers(1, 5))
    shape = draw(st.lists(st.integers(1, 5), min_size=rank, max_size=rank))
    size = st.integers(-2, 5) if draw(st.booleans()) else st.integers(0, 2)
    dims = max(rank - draw(st.integers(1, 2)), 1) if draw(st.booleans()) else draw(st.integers(0, 5))
    if mode == "circular":  # torch wraps what it has cut off in ways of its own
        size = draw(st.sampled_from([st.integers(0, 5), st.integers(-5, 0)]))
    pad = draw(st.lists(size, min_size=2 * dims, max_size=2 * dims))
    last = min(shape) > 1 and draw(st.booleans())
    assert_agrees(PAD, F.pad, tensor(shape, last=last), tuple(pad), mode)


@pytest.mark.parametrize("mode", padding.MODES)
def test_a_transposed_map(mode):
    assert_agrees(PAD, F.pad, torch.zeros(2, 3, 8, 9).mT, (1, 1, 1, 1), mode)


def test_cutting_off_keeps_the_order_in_memory():
    assert_agrees(PAD, F.pad, torch.zeros(2, 3, 8, 9).mT, (-1, -1))


@pytest.mark.parametrize("arguments", [
    {"pad": (1, 1, 1)}, {"pad": 1}, {"pad": (1.0, 1)}, {"pad": (1,) * 10}, {"pad": (1, 1), "mode": "edge"},
    {"pad": (1, 1, 1, 1), "mode": "reflect", "value": 1.0}, {"pad": (1, 1), "value": 1.0}, {"pad": ()},
])  # fmt: skip
def test_arguments_that_never_work(arguments):
    refusal = assert_agrees(PAD, F.pad, torch.zeros(2, 3, 8, 8), **arguments)
    assert refusal is None or refusal.reason == "argument"


@pytest.mark.parametrize("mode", padding.MODES)
@pytest.mark.parametrize("dtype", ("int64", "bool", "uint8", "float16"))
def test_dtypes(mode, dtype):
    data = torch.zeros(2, 3, 8, 8, dtype=getattr(torch, dtype))
    assert_agrees(PAD, F.pad, data, (1, 1, 1, 1), mode)


def test_the_formula_of_each_padded_axis():
    bound = PAD.bind((TensorSpec((2, 3, 8, 9)), (1, 2, 0, -1)), {})
    assert PAD.formula(bound) == ("8 + 0 − 1 = 7", "9 + 1 + 2 = 12")
    assert PAD.attributes(bound) == {"mode": "constant", "pad": (1, 2, 0, -1), "value": 0}


def test_a_reflection_says_what_size_it_needs():
    refusal = judge(PAD, torch.zeros(2, 3, 4, 4), (4, 0, 0, 0), "reflect")
    assert (refusal.reason, refusal.expected, refusal.actual) == ("collapse", 5, 4)


def test_recovery_of_an_axis_that_is_cut_off():
    bound = PAD.bind((TensorSpec((2, 3, 4, 4)), (-3, -3, 1, 1)), {})
    refusal = PAD.refuse(bound)
    assert PAD.recovered(bound, refusal) == TensorSpec((2, 3, 6, 1), uncertain=frozenset({3}))
