"""Convolutions held against torch."""

from __future__ import annotations

import warnings

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnlint.operators import convolution
from cnnlint.operators.base import TensorSpec
from tests.operators.against_torch import assert_agrees, judge, resolve, table

OPERATORS = table(convolution.OPERATORS)
DIMS = (1, 2, 3)
few = settings(max_examples=120, deadline=None)


def given_per_axis(draw, values: st.SearchStrategy[int], dims: int):
    """An argument as people give it: one number, a tuple of one, or one an axis."""
    return draw(st.one_of(values, st.tuples(values), st.tuples(*[values] * dims)))


def tensor(shape, dtype=torch.float32, last=False, device="cpu"):
    """Zeros, channels-last where asked for; torch 2.14 dies of some such maps that are one position wide."""
    made = torch.zeros(shape, dtype=dtype, device=device)
    if last and made.dim() in (4, 5):
        layout = torch.channels_last if made.dim() == 4 else torch.channels_last_3d
        made = made.to(memory_format=layout)
    return made


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_convolutions_agree_with_torch(dims, data):
    draw = data.draw
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 0]))
    inner = draw(st.integers(1, 3))
    channels = inner * max(groups, 1) + draw(st.sampled_from([0, 0, 0, 1]))
    out = draw(st.integers(1, 3)) * max(groups, 1) + draw(st.sampled_from([0, 0, 0, 1]))
    space = draw(st.lists(st.integers(1, 7), min_size=dims, max_size=dims))
    kernel = draw(st.lists(st.integers(1, 4), min_size=dims, max_size=dims))
    shape = draw(st.sampled_from([(2, channels, *space), (2, channels, *space), (channels, *space)]))
    batched = len(shape) > dims + 1
    padding = draw(st.sampled_from(["same", "valid", "numbers", "numbers", "numbers"]))
    if padding == "numbers":
        padding = given_per_axis(draw, st.integers(-1, 2) if draw(st.booleans()) else st.integers(0, 2), dims)
    bias = torch.zeros(out + draw(st.sampled_from([0, 0, 0, 1]))) if draw(st.booleans()) else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_agrees(
            OPERATORS[f"conv{dims}d"],
            getattr(F, f"conv{dims}d"),
            tensor(shape, last=min(space) > 1 and channels > 1 and draw(st.booleans())),
            tensor((out, inner, *kernel), last=batched and min(inner, *kernel) > 1 and draw(st.booleans())),
            bias,
            stride=given_per_axis(draw, st.integers(1, 3), dims),
            padding=padding,
            dilation=given_per_axis(draw, st.integers(1, 3), dims),
            groups=groups,
        )


@pytest.mark.parametrize("dims", DIMS)
@few
@given(data=st.data())
def test_transposed_convolutions_agree_with_torch(dims, data):
    draw = data.draw
    groups = draw(st.sampled_from([1, 1, 1, 2, 3, 0]))
    channels = draw(st.integers(1, 2)) * max(groups, 1) + draw(st.sampled_from([0, 0, 0, 1]))
    inner = draw(st.integers(1, 3))
    given_channels = channels + draw(st.sampled_from([0, 0, 0, 1]))
    space = draw(st.lists(st.integers(1, 5), min_size=dims, max_size=dims))
    kernel = draw(st.lists(st.integers(1, 4), min_size=dims, max_size=dims))
    shape = (2, given_channels, *space) if draw(st.booleans()) else (given_channels, *space)
    assert_agrees(
        OPERATORS[f"conv_transpose{dims}d"],
        getattr(F, f"conv_transpose{dims}d"),
        tensor(shape, last=dims < 3 and min(*space, given_channels) > 1 and draw(st.booleans())),
        tensor((channels, inner, *kernel)),
        torch.zeros(inner * max(groups, 1)) if draw(st.booleans()) else None,
        stride=given_per_axis(draw, st.integers(1, 3), dims),
        padding=given_per_axis(draw, st.integers(0, 2), dims),
        output_padding=given_per_axis(draw, st.integers(0, 2), dims),
        groups=groups,
        dilation=given_per_axis(draw, st.integers(1, 3), dims),
    )


@pytest.mark.parametrize("dims", (2, 3))
@pytest.mark.parametrize("name", ("conv", "conv_transpose"))
@pytest.mark.parametrize(("last_input", "last_weight"), [(True, False), (False, True), (True, True)])
def test_channels_last_stays_so(name, dims, last_input, last_weight):
    assert_agrees(
        OPERATORS[f"{name}{dims}d"],
        getattr(F, f"{name}{dims}d"),
        tensor((2, 3, *[6] * dims), last=last_input),
        tensor((3, 3, *[2] * dims), last=last_weight),
    )


def test_a_transposed_map_gives_a_contiguous_one():
    assert_agrees(OPERATORS["conv2d"], F.conv2d, torch.zeros(2, 3, 8, 9).mT, torch.zeros(4, 3, 3, 3))


@pytest.mark.parametrize("name", ("conv", "conv_transpose"))
@pytest.mark.parametrize("dims", DIMS)
@pytest.mark.parametrize("rank", range(7))
def test_ranks(name, dims, rank):
    assert_agrees(
        OPERATORS[f"{name}{dims}d"],
        getattr(F, f"{name}{dims}d"),
        torch.zeros([3] * rank),
        torch.zeros(3, 3, *[1] * dims),
    )


@pytest.mark.parametrize("arguments", [
    {"stride": 0}, {"stride": -1}, {"stride": (1, 1, 1)}, {"stride": 1.0}, {"dilation": 0},
    {"padding": (1, 1, 1)}, {"padding": "full"}, {"padding": "same", "stride": 2},
    {"padding": "same", "stride": (1, 1)}, {"padding": 0.5}, {"groups": 0}, {"groups": -1},
])  # fmt: skip
def test_arguments_that_never_work(arguments):
    assert_agrees(
        OPERATORS["conv2d"], F.conv2d, torch.zeros(2, 4, 8, 8), torch.zeros(4, 4, 3, 3), **arguments
    )


@pytest.mark.parametrize("types", [
    ("float64", "float32", "float32"), ("int64", "float32", "float32"), ("uint8", "float32", "float32"),
    ("float32", "float32", "float64"), ("bool", "bool", "bool"), ("float16", "float16", "float16"),
    ("int64", "int64", "int64"), ("complex64", "complex64", "complex64"),
])  # fmt: skip
def test_dtypes(types):
    of_input, of_weight, of_bias = (getattr(torch, name) for name in types)
    refusal = assert_agrees(
        OPERATORS["conv2d"],
        F.conv2d,
        torch.zeros(2, 4, 8, 8, dtype=of_input),
        torch.zeros(4, 4, 3, 3, dtype=of_weight),
        torch.zeros(4, dtype=of_bias),
    )
    assert refusal is None or refusal.reason == "dtype"


def test_wrong_channels_are_said_and_recovered():
    operator = OPERATORS["conv2d"]
    bound = operator.bind((TensorSpec((8, 1, 28, 28)), TensorSpec((32, 3, 3, 3))), {"stride": 2})
    refusal = operator.refuse(bound)
    assert refusal.reason == "channels"
    assert refusal.message == "Conv2d expects 3 channels, but the input has 1"
    assert (refusal.argument, refusal.expected, refusal.actual) == ("in_channels", 3, 1)
    assert refusal.axes == (("input", 1),)
    assert operator.recovered(bound, refusal) == TensorSpec((8, 32, 13, 13))


def test_groups_count_in_the_expected_channels():
    refusal = judge(OPERATORS["conv2d"], torch.zeros(2, 30, 8, 8), torch.zeros(64, 16, 3, 3), groups=2)
    assert (refusal.expected, refusal.actual) == (32, 30)


@pytest.mark.parametrize(("shape", "weight", "order"), [
    ((8, 28, 28, 1), (32, 1, 3, 3), "(0, 3, 1, 2)"),
    ((8, 100, 12), (32, 12, 3), "(0, 2, 1)"),
    ((8, 5, 28, 28, 3), (32, 3, 3, 3, 3), "(0, 4, 1, 2, 3)"),
])  # fmt: skip
def test_channels_last_axes_are_a_layout_fault(shape, weight, order):
    operator = OPERATORS[f"conv{len(weight) - 2}d"]
    bound = operator.bind((TensorSpec(shape), TensorSpec(weight)), {})
    refusal = operator.refuse(bound)
    assert refusal.reason == "rank"
    assert f"x.permute{order}" in refusal.message
    assert operator.recovered(bound, refusal).shape == (8, 32, *(size - 2 for size in shape[1:-1]))


def test_a_square_map_with_as_many_rows_as_channels_is_no_layout_fault():
    refusal = judge(OPERATORS["conv2d"], torch.zeros(8, 64, 16, 16), torch.zeros(32, 16, 3, 3))
    assert refusal.reason == "channels"


def test_a_missing_axis_is_named():
    refusal = judge(OPERATORS["conv2d"], torch.zeros(8, 28, 28), torch.zeros(32, 1, 3, 3))
    assert refusal.reason == "rank"
    assert "x.unsqueeze(1)" in refusal.message


def test_a_collapse_shows_the_formula_and_leaves_that_axis_unknown():
    operator = OPERATORS["conv2d"]
    bound = operator.bind((TensorSpec((8, 3, 2, 9)), TensorSpec((32, 3, 5, 5))), {"padding": 1})
    refusal = operator.refuse(bound)
    assert refusal.reason == "collapse"
    assert refusal.message.endswith("does not fit in the padded height of 4: (2 + 2×1 − 5)/1 + 1 = 0")
    assert (refusal.argument, refusal.expected, refusal.actual) == ("kernel_size", 3, 2)
    assert operator.recovered(bound, refusal) == TensorSpec((8, 32, 1, 7), uncertain=frozenset({2}))


def test_formula_and_windows():
    operator = OPERATORS["conv2d"]
    bound = operator.bind(
        (TensorSpec((8, 3, 28, 29)), TensorSpec((32, 3, 3, 4))), {"padding": "same", "dilation": 2}
    )
    assert operator.formula(bound) == (
        "(28 + 2×2 − 2×(3−1) − 1)/1 + 1 = 28",
        "(29 + 2×3 − 2×(4−1) − 1)/1 + 1 = 29",
    )
    bound = operator.bind((TensorSpec((8, 3, 28, 28)), TensorSpec((32, 3, 4, 4))), {"padding": "same"})
    assert operator.formula(bound)[0] == "(28 + 1 + 2 − 4)/1 + 1 = 28"
    window = operator.windows(bound)[0]
    assert (window.kernel_size, window.padding, window.end_padding) == (4, 1, 2)
    bound = operator.bind((TensorSpec((8, 3, 28, 28)), TensorSpec((32, 3, 3, 3))), {"stride": 2})
    assert operator.formula(bound)[0] == "⌊(28 + 2×0 − 3)/2⌋ + 1 = 13"


def test_macs_count_the_whole_call():
    operator = OPERATORS["conv2d"]
    bound = operator.bind((TensorSpec((2, 4, 8, 8)), TensorSpec((6, 2, 3, 3))), {"groups": 2})
    assert operator.macs(bound) == 2 * 6 * 6 * 6 * 2 * 9
    operator = OPERATORS["conv_transpose2d"]
    bound = operator.bind((TensorSpec((2, 4, 8, 8)), TensorSpec((4, 6, 2, 2))), {"stride": 2})
    assert operator.macs(bound) == 2 * 4 * 64 * 6 * 4


def test_channels_stay_certain_when_the_input_is_not():
    operator = OPERATORS["conv2d"]
    data = TensorSpec((2, 4, 8, 8), uncertain=frozenset({1, 2}))
    bound = operator.bind((data, TensorSpec((6, 4, 3, 3))), {})
    assert operator.uncertain(bound, (operator.output(bound),)) == (frozenset({2}),)


def test_every_name_is_torchs():
    for operator in convolution.OPERATORS:
        assert len({resolve(name) for name in operator.names}) == 1
