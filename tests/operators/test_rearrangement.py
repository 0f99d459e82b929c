"""Shuffles and folds held against torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import rearrangement
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, table
from tests.operators.test_convolution import tensor

OPERATORS = table(rearrangement.OPERATORS)
few = settings(max_examples=150, deadline=None)


@few
@given(data=st.data())
def test_pixel_shuffles_agree_with_torch(data):
    draw = data.draw
    factor = draw(st.integers(-1, 3))
    shape = draw(st.lists(st.sampled_from([2, 4, 6, 8, 9, 12]), min_size=1, max_size=5))
    last = draw(st.booleans())
    for name in ("pixel_shuffle", "pixel_unshuffle"):
        assert_agrees(OPERATORS[name], getattr(F, name), tensor(shape, last=last and len(shape) == 4), factor)


@few
@given(data=st.data())
def test_channel_shuffle_agrees_with_torch(data):
    shape = data.draw(st.lists(st.integers(2, 6), min_size=1, max_size=5))
    last = data.draw(st.booleans()) and len(shape) == 4
    groups = data.draw(st.integers(-1, 4))
    assert_agrees(OPERATORS["channel_shuffle"], F.channel_shuffle, tensor(shape, last=last), groups)


def blocks(draw):
    """The window's arguments of a fold."""
    pair = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return {
        "kernel_size": draw(pair),
        "dilation": draw(pair),
        "padding": draw(st.one_of(st.integers(-1, 2), st.tuples(st.integers(0, 2), st.integers(0, 2)))),
        "stride": draw(pair),
    }


@few
@given(data=st.data())
def test_unfold_agrees_with_torch(data):
    shape = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    assert_agrees(OPERATORS["unfold"], F.unfold, torch.zeros(shape), **blocks(data.draw))


@few
@given(data=st.data())
def test_fold_undoes_unfold_and_agrees_with_torch(data):
    draw = data.draw
    size = draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    arguments = blocks(draw)
    shape = (2, 3, *size) if draw(st.booleans()) else (3, *size)
    try:
        columns = F.unfold(torch.zeros(shape), **arguments)
    except RuntimeError:
        columns = torch.zeros(2, draw(st.integers(1, 18)), draw(st.integers(1, 9)))
    assert_agrees(OPERATORS["fold"], F.fold, columns, size, **arguments)


@pytest.mark.parametrize("arguments", [
    {"output_size": (4, 4, 4)}, {"output_size": (4,)}, {"output_size": 0}, {"kernel_size": (2,)},
    {"stride": 0}, {"padding": -1}, {"dilation": 0}, {"kernel_size": 0}, {"output_size": 4.0},
    {"output_size": 1},
])  # fmt: skip
def test_arguments_that_never_work(arguments):
    arguments = {"output_size": 4, "kernel_size": 2, **arguments}
    assert_agrees(OPERATORS["fold"], F.fold, torch.zeros(2, 16, 9), **arguments)


@pytest.mark.parametrize("dtype", ("float16", "int64", "uint8", "bool", "complex64"))
def test_dtypes(dtype):
    made = getattr(torch, dtype)
    assert_agrees(OPERATORS["unfold"], F.unfold, torch.zeros(2, 4, 8, 8, dtype=made), 3)
    assert_agrees(OPERATORS["fold"], F.fold, torch.zeros(2, 16, 9, dtype=made), 4, 2)
    assert_agrees(OPERATORS["pixel_shuffle"], F.pixel_shuffle, torch.zeros(2, 4, 8, 8, dtype=made), 2)


def test_channels_that_do_not_divide():
    refusal = judge(OPERATORS["pixel_shuffle"], torch.zeros(2, 10, 4, 4), 2)
    assert refusal.message == "PixelShuffle(2) needs channels divisible by 2² = 4, but the input has 10"
    assert (refusal.expected, refusal.actual) == (12, 10)


def test_formulas():
    operator = OPERATORS["unfold"]
    bound = operator.bind((TensorSpec((2, 3, 8, 8)), 3), {"stride": 2, "padding": 1})
    assert operator.formula(bound) == ("3 × 3 × 3 = 27", "4 × 4 = 16")
    operator = OPERATORS["pixel_shuffle"]
    assert operator.formula(operator.bind((TensorSpec((2, 12, 8, 9)), 2), {})) == ("8 × 2 = 16", "9 × 2 = 18")
